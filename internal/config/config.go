// Package config reads a function's settings from its environment.
//
// infra/template.yaml sets the environment of each function, with only the
// variables that the function uses. A missing or malformed variable stops the
// function at start, before it takes a request.
package config

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
)

// Must returns the value of the variable key. It panics if key is not set.
// Lambda reports the panic as an init error that names the variable.
func Must(key string) string {
	v := os.Getenv(key)
	if v == "" {
		panic(fmt.Sprintf("config: %s is not set", key))
	}
	return v
}

// Or returns the value of the variable key, or def if key is not set.
func Or(key, def string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	return def
}

// Int returns the value of the variable key as a number, or def if key is not
// set. It panics if the value is not a whole number.
func Int(key string, def int) int {
	v := os.Getenv(key)
	if v == "" {
		return def
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		panic(fmt.Sprintf("config: %s must be a whole number", key))
	}
	return n
}

// List returns the comma-separated values of the variable key, without blanks
// and empty values. It panics if key is not set.
func List(key string) []string {
	var out []string
	for v := range strings.SplitSeq(Must(key), ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// AWS returns the configuration of the AWS clients. They wait one second for a
// connection and three seconds for the headers of a response. They make three
// attempts, at most 300 ms apart. A slow dependency thus becomes an error before
// the platform that called our webhook stops waiting. AWS panics if the
// configuration cannot be loaded.
func AWS(ctx context.Context) aws.Config {
	cfg, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 3
				o.MaxBackoff = 300 * time.Millisecond
			})
		}),
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = time.Second }).
			WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = 3 * time.Second })),
	)
	if err != nil {
		panic(fmt.Sprintf("config: %v", err))
	}
	return cfg
}

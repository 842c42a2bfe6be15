// Package config reads a function's settings from its environment.
//
// The environment is set by infra/template.yaml, and a function gets only the
// variables it uses; so each reads its own, and a missing one stops it at
// start, before it takes a request.
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

// Must returns the variable key. It panics if key is not set, which Lambda
// reports as an init error that names the variable.
func Must(key string) string {
	v := os.Getenv(key)
	if v == "" {
		panic(fmt.Sprintf("config: %s is not set", key))
	}
	return v
}

// Or returns the variable key, or def if it is not set.
func Or(key, def string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	return def
}

// Int returns the variable key as a number, or def if it is not set. It
// panics when the variable holds anything else.
func Int(key string, def int) int {
	v := os.Getenv(key)
	if v == "" {
		return def
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		panic(fmt.Sprintf("config: %s is no number", key))
	}
	return n
}

// List returns the comma-separated values of the variable key. It panics if
// key is not set.
func List(key string) []string {
	var out []string
	for v := range strings.SplitSeq(Must(key), ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// AWS returns the configuration of the AWS clients: connections in a second,
// answers in three, three attempts close together, so that a slow dependency is an error
// before the platform that waits for us gives up. It panics on failure:
// without it no function can do anything.
func AWS(ctx context.Context) aws.Config {
	cfg, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 3, 300*time.Millisecond })
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

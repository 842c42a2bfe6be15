// The behave function behaves as its event says, for the tests of package lambda.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string `json:"do"`
	Text string `json:"text"`
	Size int    `json:"size"`
}

type answer struct {
	Text      string `json:"text"`
	Env       string `json:"env"`
	PID       int    `json:"pid"`
	Count     int    `json:"count"`
	RequestID string `json:"requestID"`
	ARN       string `json:"arn"`
	TraceID   string `json:"traceID"`
	Left      int64  `json:"left"`
	Ticks     int64  `json:"ticks"`
}

var count int

func handle(ctx context.Context, e event) (any, error) {
	count++
	switch e.Do {
	case "error":
		return nil, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "big":
		return strings.Repeat("x", e.Size), nil
	case "stream":
		return io.MultiReader(strings.NewReader("half"), broken{}), nil
	case "log":
		fmt.Println(e.Text)
		fmt.Fprint(os.Stderr, "no newline, then exit")
		os.Exit(0)
	case "wait": // until the file exists
		for {
			if _, err := os.Stat(e.Text); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
	case "tick": // keeps running after the response
		go func() {
			for {
				time.Sleep(time.Millisecond)
				f, _ := os.OpenFile(e.Text, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
				_, _ = f.WriteString(".")
				_ = f.Close()
			}
		}()
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return answer{
		Text:      e.Text,
		Env:       os.Getenv(e.Text),
		PID:       os.Getpid(),
		Count:     count,
		RequestID: lc.AwsRequestID,
		ARN:       lc.InvokedFunctionArn,
		TraceID:   os.Getenv("_X_AMZN_TRACE_ID"),
		Left:      time.Until(deadline).Milliseconds(),
	}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken off") }

func main() {
	if os.Getenv("FAIL_INIT") != "" {
		fmt.Fprintln(os.Stderr, "cannot start")
		os.Exit(1)
	}
	lambda.Start(handle)
}

// The clock function does what is due, once a minute.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/clock"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("clock")
	c := &clock.Clock{
		Store:    wiring.Table(ctx, config.AWS(ctx)),
		Handlers: map[due.Kind]clock.Handler{},
		Meter:    telemetry.NewMeter("clock"),
		Now:      time.Now,
	}
	lambda.Start(c.Handle)
}

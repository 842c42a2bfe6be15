// The clock function does what is due, once a minute.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/clock"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("clock")
	cfg := config.AWS(ctx)
	table := wiring.Table(ctx, cfg)
	closer := &outbox.Closer{Store: table, Queue: queue.At(sqs.NewFromConfig(cfg), config.Must("CONTACT_EVENTS"))}
	c := &clock.Clock{
		Store: table,
		Handlers: map[due.Kind]clock.Handler{
			due.Contact: closer.Close,
		},
		Meter: telemetry.NewMeter("clock"),
		Now:   time.Now,
	}
	lambda.Start(c.Handle)
}

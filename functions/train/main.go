// The train function looks every two minutes whether there is a reason to train the
// classifier: a published taxonomy, the night, or a request of heardctl.
package main

import (
	"context"
	"time"
	_ "time/tzdata" // so that days do not depend on the machine

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/training"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("train")
	cfg := config.AWS(ctx)
	t := &training.Trainer{
		Table: wiring.Table(ctx, cfg), Blobs: wiring.Blobs(cfg), Deployed: wiring.FullTaxonomy,
		Zone: wiring.TimeZone(), Meter: telemetry.NewMeter("train"),
	}
	lambda.Start(func(ctx context.Context, ev events.EventBridgeEvent) error {
		now := ev.Time.UTC()
		if now.IsZero() {
			now = time.Now().UTC()
		}
		return t.Train(ctx, now)
	})
}

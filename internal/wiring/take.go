package wiring

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/intake"
	"github.com/heard-intake/heard/internal/telemetry"
)

// Taker returns what stores deliveries.
func Taker(ctx context.Context, cfg aws.Config) *intake.Taker {
	return &intake.Taker{Store: Table(ctx, cfg), Blobs: Blobs(cfg), Now: time.Now}
}

// Webhook returns the handler of a channel's webhooks. An app secret that is
// empty stops the function at start.
func Webhook(ctx context.Context, cfg aws.Config, ch contact.Channel, normalize func([]byte) (contact.Delivery, error)) *intake.Webhook {
	secrets := Secret(cfg, "SECRET")
	_, err := secrets.Values(ctx, "appSecret")
	must(err)
	return &intake.Webhook{
		Channel: ch, Secrets: secrets, Normalize: normalize, Taker: Taker(ctx, cfg), Meter: telemetry.NewMeter(string(ch)),
	}
}

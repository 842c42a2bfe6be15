package wiring

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/telemetry"
)

// Ingester returns an ingester that writes the table that TABLE names and the
// bucket that BLOBS names.
func Ingester(ctx context.Context, cfg aws.Config) *ingest.Ingester {
	return &ingest.Ingester{Store: ingest.StoreOf(Table(ctx, cfg)), Blobs: Blobs(cfg), Now: time.Now}
}

// WebhookHandler returns the handler of a Meta channel's webhooks, with the
// secret that SECRET names. It panics if the secret has no app secret, because
// no webhook could be verified.
func WebhookHandler(ctx context.Context, cfg aws.Config, ch message.Channel, normalize func([]byte) (message.Delivery, error)) *ingest.WebhookHandler {
	secrets := Secret(cfg, "SECRET")
	_, err := secrets.Values(ctx, "appSecret")
	must(err)
	return &ingest.WebhookHandler{
		Channel: ch, Secrets: secrets, Normalize: normalize, Ingester: Ingester(ctx, cfg), Meter: telemetry.NewMeter(string(ch)),
	}
}

// The email function ingests the mails that SES writes into the mail bucket, and
// SES's events about the mails that we sent.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("email")
	cfg := config.AWS(ctx)
	table := wiring.Table(ctx, cfg)
	h := &ingest.MailHandler{
		Bucket:     wiring.Bucket(cfg, "MAIL"),
		Prefix:     "in/",
		Parse:      wiring.MailParser(cfg),
		ParseEvent: wiring.ReadSendingEvent,
		Ingester:   &ingest.Ingester{Store: ingest.StoreOf(table), Blobs: wiring.Blobs(cfg), Now: time.Now},
		Sent:       table.Messages,
		Meter:      telemetry.NewMeter("email"),
	}
	lambda.Start(h.Handle)
}

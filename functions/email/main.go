// The email function takes in the mails that SES puts into the mail bucket.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/intake"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("email")
	cfg := config.AWS(ctx)
	h := &intake.Mail{
		Bucket: wiring.Bucket(cfg, "MAIL"),
		Normalize: func(raw []byte) (contact.Delivery, string, error) {
			d, parsed, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
			return d, parsed.Quarantine, err
		},
		Taker: wiring.Taker(ctx, cfg),
		Meter: telemetry.NewMeter("email"),
	}
	lambda.Start(h.Handle)
}

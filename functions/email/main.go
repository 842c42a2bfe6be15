// The email function takes in the mails that SES puts into the mail bucket,
// whichever way they are announced, and what SES says of the mails we sent.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/intake"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("email")
	cfg := config.AWS(ctx)
	table := wiring.Table(ctx, cfg)
	h := &intake.Mail{
		Bucket: wiring.Bucket(cfg, "MAIL"),
		Prefix: "in/",
		Read:   wiring.MailReader(cfg),
		Told:   wiring.MailTold,
		Taker:  &intake.Taker{Store: table, Blobs: wiring.Blobs(cfg), Now: time.Now},
		Sent:   table,
		Meter:  telemetry.NewMeter("email"),
	}
	lambda.Start(h.Handle)
}

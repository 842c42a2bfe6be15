// The whatsapp function takes in WhatsApp events: the webhooks of the Cloud
// API, and what AWS End User Messaging Social hands on through SNS.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/intake"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("whatsapp")
	hook := wiring.Webhook(ctx, config.AWS(ctx), contact.WhatsApp, whatsapp.Normalize)
	lambda.Start(intake.Either(hook, &intake.Notified{
		Channel: hook.Channel, Normalize: whatsapp.NormalizeSNS, Taker: hook.Taker, Meter: hook.Meter,
	}))
}

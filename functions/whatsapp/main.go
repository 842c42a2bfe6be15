// The whatsapp function takes in WhatsApp Cloud API webhooks.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("whatsapp")
	lambda.Start(wiring.Webhook(ctx, config.AWS(ctx), contact.WhatsApp, whatsapp.Normalize).Handle)
}

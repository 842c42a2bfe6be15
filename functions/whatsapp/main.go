// The whatsapp function ingests WhatsApp events: webhooks of the Cloud API, and
// notifications of AWS End User Messaging Social through SNS.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("whatsapp")
	hook := wiring.WebhookHandler(ctx, config.AWS(ctx), message.WhatsApp, whatsapp.Normalize)
	lambda.Start(ingest.RouteEvents(hook, &ingest.SNSHandler{
		Channel: hook.Channel, Normalize: whatsapp.NormalizeSNS, Ingester: hook.Ingester, Meter: hook.Meter,
	}))
}

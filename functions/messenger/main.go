// The messenger function ingests the webhooks of Messenger and Instagram.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("messenger")
	lambda.Start(wiring.WebhookHandler(ctx, config.AWS(ctx), message.Messenger, messenger.Normalize).Handle)
}

// The webchat function ingests the messages of web chat visitors, and returns
// their conversations.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/chatapi"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	telemetry.Start("webchat")
	ctx := context.Background()
	cfg := config.AWS(ctx)
	chat := &chatapi.API{
		Site:    config.Must("SITE"),
		Store:   wiring.Table(ctx, cfg),
		Blobs:   wiring.Blobs(cfg),
		Secrets: wiring.Secret(cfg, "SECRET"),
		Meter:   telemetry.NewMeter("webchat"),
		Now:     time.Now,
	}
	lambda.Start(httpapi.Lambda(chat.Handler()))
}

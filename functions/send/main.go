// The send function sends the answers that were written through the API.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/channel/email/ses"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/send"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("send")
	cfg := config.AWS(ctx)
	h := &send.Handler{
		Store:  wiring.Table(ctx, cfg).Messages,
		Blobs:  wiring.Blobs(cfg),
		Mailer: ses.New(cfg, config.Or("MAIL_SET", "")),
		Queue:  queue.At(sqs.NewFromConfig(cfg), config.Must("SEND_QUEUE")),
		Name:   config.Or("MAIL_NAME", ""),
		Meter:  telemetry.NewMeter("send"),
		Now:    time.Now,
	}
	lambda.Start(h.Handle)
}

// The media function fetches from Meta the data that its webhooks leave out: the
// files of messages and the names of customers.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/media"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("media")
	cfg := config.AWS(ctx)
	client, err := media.NewClient(config.List("MEDIA_HOSTS"))
	if err != nil {
		panic(err)
	}
	page := wiring.Secret(cfg, "MESSENGER_SECRET")
	table := wiring.Table(ctx, cfg)
	h := &media.Handler{
		Store: media.Store{Messages: table.Messages, Customers: table.Customers},
		Blobs: wiring.Blobs(cfg),
		Queue: queue.At(sqs.NewFromConfig(cfg), config.Must("MEDIA_QUEUE")),
		Tokens: map[message.Channel]media.Token{
			message.WhatsApp: wiring.Secret(cfg, "WHATSAPP_SECRET"), message.Messenger: page, message.Instagram: page,
		},
		Client: client,
		Graph:  config.Must("GRAPH"),
		Social: &media.SocialClient{Config: cfg, Endpoint: config.Or("AWS_ENDPOINT_URL_SOCIALMESSAGING", "")},
		Meter:  telemetry.NewMeter("media"),
		Now:    time.Now,
	}
	lambda.Start(h.Handle)
}

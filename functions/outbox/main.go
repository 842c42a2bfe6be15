// The outbox function puts problem items on the queues of their departments, and
// on that of the media function what has to be asked of a platform.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/telemetry"
)

func main() {
	ctx := context.Background()
	telemetry.Start("outbox")
	client := sqs.NewFromConfig(config.AWS(ctx))
	o := &outbox.Outbox{
		Queues: queue.New(client, config.Must("PROBLEM_QUEUES")),
		Jobs:   queue.At(client, config.Must("MEDIA_QUEUE")),
		Read:   store.ReadProblemImage,
		Job:    store.ReadJob,
		URL:    config.Must("API"),
	}
	lambda.Start(o.Handle)
}

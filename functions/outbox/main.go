// The outbox function puts problem items on the queues of their departments.
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
	o := &outbox.Outbox{
		Queues: queue.New(sqs.NewFromConfig(config.AWS(ctx)), config.Must("PROBLEM_QUEUES")),
		Read:   store.ReadProblemImage,
		URL:    config.Must("API"),
	}
	lambda.Start(o.Handle)
}

// The outbox function sends changes of the table to SQS queues: problem items
// and candidates to their departments, jobs to the media and send functions,
// and contact events to agent tools.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("outbox")
	cfg := config.AWS(ctx)
	client := sqs.NewFromConfig(cfg)
	o := &outbox.Outbox{
		Queues: queue.New(client, config.Must("PROBLEM_QUEUES")),
		Jobs:   queue.At(client, config.Must("MEDIA_QUEUE")),
		Sends:  queue.At(client, config.Must("SEND_QUEUE")),
		URL:    config.Must("API"),
		Events: &outbox.Events{Queue: queue.At(client, config.Must("CONTACT_EVENTS")), Plan: wiring.Table(ctx, cfg).Schedule},
		Dead:   &lambdabatch.DeadLetters{Function: lambdacontext.FunctionName, Queue: queue.At(client, config.Must("STREAM_DEAD")), Meter: telemetry.NewMeter("outbox")},
	}
	lambda.Start(o.Handle)
}

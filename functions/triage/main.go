// The triage function makes contacts of messages, keeps the waiting list and
// finds recurring causes.
package main

import (
	"context"
	"time"
	_ "time/tzdata" // what a day is must not depend on the machine

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("triage")
	cfg := config.AWS(ctx)
	rules := wiring.Rules(cfg)
	go rules.Current() // while the connection to the table is made
	meter := telemetry.NewMeter("triage")
	t := &triage.Triage{
		Store: wiring.Table(ctx, cfg),
		Zone:  wiring.Zone(),
		Meter: meter,
		Now:   time.Now,
		Dead:  &batch.DeadLetters{Function: lambdacontext.FunctionName, Queue: queue.At(sqs.NewFromConfig(cfg), config.Must("STREAM_DEAD")), Meter: meter},
	}
	rules.Current() // a deployed one that is broken stops the function here
	lambda.Start(func(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		t.Taxonomy = rules.Taxonomy(ctx) // one for all of a batch; an environment has one batch at a time
		return t.Handle(ctx, ev)
	})
}

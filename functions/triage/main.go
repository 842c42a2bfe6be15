// The triage function groups messages into contacts, maintains the waiting list
// and finds recurring causes.
package main

import (
	"context"
	"time"
	_ "time/tzdata" // so that days do not depend on the machine

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("triage")
	cfg := config.AWS(ctx)
	rules := wiring.TaxonomyReader(cfg)
	models := wiring.ModelReader(cfg)
	go rules.Current() // read it while the table's connection opens
	meter := telemetry.NewMeter("triage")
	t := &triage.Triage{
		Store:    triage.StoreOf(wiring.Table(ctx, cfg)),
		Zone:     wiring.TimeZone(),
		AppTexts: wiring.AppTexts(),
		Meter:    meter,
		Now:      time.Now,
		Dead:     &lambdabatch.DeadLetters{Function: lambdacontext.FunctionName, Queue: queue.At(sqs.NewFromConfig(cfg), config.Must("STREAM_DEAD")), Meter: meter},
	}
	rules.Current() // panics if the deployed taxonomy is broken
	lambda.Start(func(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		t.Taxonomy = rules.Taxonomy(ctx) // the same for a whole batch; an environment runs one batch at a time
		t.Model = models.Model(ctx, t.Taxonomy.Version)
		return t.Handle(ctx, ev)
	})
}

// The departmentqueue function applies the problem updates that departments send to
// their own queues.
package main

import (
	"context"
	"time"
	_ "time/tzdata" // so that days do not depend on the machine

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/updates"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	telemetry.Start("departmentqueue")
	ctx := context.Background()
	cfg := config.AWS(ctx)
	prefix := config.Must("UPDATE_QUEUES")
	h := &updates.Handler{
		Problems: &problems.Service{Store: problems.StoreOf(wiring.Table(ctx, cfg)), Taxonomy: wiring.TaxonomyReader(cfg).Current, Zone: wiring.TimeZone()},
		Prefix:   prefix,
		Dead:     queue.NewDeadLetters(sqs.NewFromConfig(cfg), prefix),
		Now:      time.Now,
		Meter:    telemetry.NewMeter("departmentqueue"),
	}
	lambda.Start(h.Handle)
}

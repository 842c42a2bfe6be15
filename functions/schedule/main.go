// The schedule function runs once a minute. It runs the jobs that are due, such as
// closing contacts and reminding departments. It also publishes a new taxonomy
// and looks for candidates.
package main

import (
	"context"
	"errors"
	"time"
	_ "time/tzdata" // so that days do not depend on the machine

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/clock"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/publish"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("schedule")
	cfg := config.AWS(ctx)
	meter := telemetry.NewMeter("schedule")
	table := wiring.Table(ctx, cfg)
	closer := &outbox.Closer{Store: table, Queue: queue.At(sqs.NewFromConfig(cfg), config.Must("CONTACT_EVENTS"))}
	service := &problems.Service{Store: table, Taxonomy: wiring.TaxonomyReader(cfg).Current, Zone: wiring.TimeZone()}
	c := &clock.Clock{
		Store: table,
		Handlers: map[due.Kind]clock.Handler{
			due.Contact:     closer.Close,
			due.Acknowledge: service.EscalateUnacknowledged,
			due.Expected:    service.RemindOverdue,
			due.Watch:       service.FinishWatch,
			due.Transfer:    service.ContinueMerge,
			due.Split:       service.ContinueSplit,
		},
		Meter: meter,
		Now:   time.Now,
	}
	p := &publish.Publisher{Blobs: wiring.Blobs(cfg), Deployed: wiring.DeployedTaxonomy, Check: wiring.CheckDepartments, Meter: meter}
	announcer := &problems.Announcer{Service: service}
	lambda.Start(func(ctx context.Context, ev events.EventBridgeEvent) error {
		now := ev.Time.UTC()
		if now.IsZero() {
			now = time.Now().UTC()
		}
		return errors.Join(p.Publish(ctx), announcer.Run(ctx, now), c.Handle(ctx, ev))
	})
}

// The schedule function runs once a minute. It runs the jobs that are due, such as
// closing contacts and reminding departments. It also publishes a new taxonomy,
// looks for candidates, and counts who waits.
package main

import (
	"context"
	"errors"
	"time"
	_ "time/tzdata" // so that days do not depend on the machine

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/schedule"
	"github.com/heard-intake/heard/internal/taxonomy/published"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("schedule")
	cfg := config.AWS(ctx)
	meter := telemetry.NewMeter("schedule")
	table := wiring.Table(ctx, cfg)
	closer := &outbox.Closer{Schedule: table.Schedule, Contacts: table.Contacts, Queue: queue.At(sqs.NewFromConfig(cfg), config.Must("CONTACT_EVENTS"))}
	service := &problems.Service{Store: problems.StoreOf(table), Taxonomy: wiring.TaxonomyReader(cfg).Current, Zone: wiring.TimeZone()}
	c := &schedule.Clock{
		Store: table.Schedule,
		Handlers: map[schedule.Kind]schedule.Handler{
			schedule.Contact:     closer.Close,
			schedule.Acknowledge: service.EscalateUnacknowledged,
			schedule.Expected:    service.RemindOverdue,
			schedule.Watch:       service.FinishWatch,
			schedule.Transfer:    service.ContinueMerge,
			schedule.Split:       service.ContinueSplit,
		},
		Meter: meter,
		Now:   time.Now,
	}
	p := &published.Publisher{Blobs: wiring.Blobs(cfg), Deployed: wiring.DeployedTaxonomy, Check: wiring.CheckDepartments, Meter: meter}
	announcer := &problems.Announcer{Service: service}
	lambda.Start(func(ctx context.Context, ev events.EventBridgeEvent) error {
		now := ev.Time.UTC()
		if now.IsZero() {
			now = time.Now().UTC()
		}
		departments := append(service.Taxonomy().DepartmentIDs(), contact.Unassigned)
		return errors.Join(p.Publish(ctx), announcer.Run(ctx, now), c.Handle(ctx, ev), table.Contacts.CountWaiting(ctx, departments, now))
	})
}

// The agentapi function serves the API of agents and agent tools.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/agentapi"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	telemetry.Start("agentapi")
	ctx := context.Background()
	cfg := config.AWS(ctx)
	table := wiring.Table(ctx, cfg)
	rules := wiring.TaxonomyReader(cfg)
	models := wiring.ModelReader(cfg)
	contacts := func(ctx context.Context) *triage.Triage {
		t := &triage.Triage{Store: triage.StoreOf(table), Taxonomy: rules.Taxonomy(ctx), Zone: time.UTC, Now: time.Now}
		t.Model = models.Model(ctx, t.Taxonomy.Version)
		return t
	}
	agents := &agentapi.API{
		Store:    table,
		Blobs:    wiring.Blobs(cfg),
		Taxonomy: rules.Current,
		Meter:    telemetry.NewMeter("agentapi"),
		Limiter:  &httpapi.Limiter{Counter: table, PerMinute: config.Int("REQUESTS_PER_MINUTE", 0)},
		Mailbox: agentapi.Mailbox{
			Domain: config.Or("MAIL_DOMAIN", ""), Default: config.Must("MAIL_FROM"), Tokens: wiring.MailTokens(cfg), Forms: wiring.KnownForms(),
		},
		Country: config.Or("PHONE_COUNTRY", ""),
		Now:     time.Now,
		Preview: func(ctx context.Context, k contact.Contact) (contact.Contact, bool, error) {
			return contacts(ctx).Preview(ctx, k)
		},
		Suggest: func(ctx context.Context, k contact.Contact) ([]contact.Suggestion, error) {
			return contacts(ctx).Suggest(ctx, k)
		},
		ModelID: func(ctx context.Context) string {
			if m := models.Model(ctx, rules.Taxonomy(ctx).Version); m != nil {
				return m.ID
			}
			return ""
		},
	}
	lambda.Start(httpapi.Lambda(agents.Handler()))
}

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
			t := triage.Triage{Store: triage.StoreOf(table), Taxonomy: rules.Current(), Zone: time.UTC, Now: time.Now}
			return t.Preview(ctx, k)
		},
	}
	lambda.Start(httpapi.Lambda(agents.Handler()))
}

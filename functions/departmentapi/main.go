// The departmentapi function serves the API of departments.
package main

import (
	"context"
	"time"
	_ "time/tzdata" // so that days do not depend on the machine

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/api"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	telemetry.Start("departmentapi")
	ctx := context.Background()
	cfg := config.AWS(ctx)
	table := wiring.Table(ctx, cfg)
	departments := &api.Departments{
		Problems: &problems.Service{Store: table, Taxonomy: wiring.TaxonomyReader(cfg).Current, Zone: wiring.TimeZone()},
		Store:    table,
		Limit:    &api.Limiter{Counter: table, PerMinute: config.Int("REQUESTS_PER_MINUTE", 0)},
		Now:      time.Now,
	}
	lambda.Start(departments.Handle)
}

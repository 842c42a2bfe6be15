// The departmentapi function serves the API of departments.
package main

import (
	"context"
	"time"
	_ "time/tzdata" // so that days do not depend on the machine

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/departmentapi"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	telemetry.Start("departmentapi")
	ctx := context.Background()
	cfg := config.AWS(ctx)
	table := wiring.Table(ctx, cfg)
	departments := &departmentapi.API{
		Problems: &problems.Service{Store: problems.StoreOf(table), Taxonomy: wiring.TaxonomyReader(cfg).Current, Zone: wiring.TimeZone()},
		Store:    table,
		Limiter:  &httpapi.Limiter{Counter: table, PerMinute: config.Int("REQUESTS_PER_MINUTE", 0)},
		Now:      time.Now,
	}
	lambda.Start(httpapi.Lambda(departments.Handler()))
}

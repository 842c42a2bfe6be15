// Problems is the API of departments.
package main

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/api"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	telemetry.Start("problems")
	ctx := context.Background()
	table := wiring.Table(ctx, config.AWS(ctx))
	departments := &api.Departments{
		Store:    table,
		Taxonomy: sync.OnceValue(wiring.Taxonomy),
		Limit:    &api.Limiter{Counter: table, PerMinute: config.Int("REQUESTS_PER_MINUTE", 0)},
		Now:      time.Now,
	}
	lambda.Start(departments.Handle)
}

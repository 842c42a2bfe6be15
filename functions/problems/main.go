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
	departments := &api.Departments{
		Store:    wiring.Table(ctx, config.AWS(ctx)),
		Taxonomy: sync.OnceValue(wiring.Taxonomy),
		Now:      time.Now,
	}
	lambda.Start(departments.Handle)
}

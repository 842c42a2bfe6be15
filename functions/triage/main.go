// The triage function makes contacts of messages, keeps the waiting list and
// finds recurring causes.
package main

import (
	"context"
	"sync"
	"time"
	_ "time/tzdata" // what a day is must not depend on the machine

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
	"github.com/heard-intake/heard/internal/wiring"
)

func main() {
	ctx := context.Background()
	telemetry.Start("triage")
	zone, err := time.LoadLocation(config.Or("TIME_ZONE", "Europe/Amsterdam"))
	if err != nil {
		panic(err)
	}
	taxonomy := sync.OnceValue(wiring.Taxonomy)
	go taxonomy() // while the connection to the table is made
	t := &triage.Triage{
		Store:    wiring.Table(ctx, config.AWS(ctx)),
		Taxonomy: taxonomy(),
		Zone:     zone,
		Meter:    telemetry.NewMeter("triage"),
		Now:      time.Now,
	}
	if err := t.Taxonomy.CheckQueues(config.List("DEPARTMENTS")); err != nil {
		panic(err)
	}
	lambda.Start(t.Handle)
}

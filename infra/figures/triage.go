package main

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/infra/heardctl/client"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/test/traffic"
)

const onStack = ", on the local stack"

// triages measures triage as the local stack runs it: how long a batch takes,
// and how long after the deciding contact the problem is on its queue.
func triages(ctx context.Context, r run) error {
	s, err := stack.Start(ctx, stack.Config{Root: r.root, Memory: true})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := s.Tick(ctx, time.Now()); err != nil {
		return err
	}
	if err := detection(ctx, r, s); err != nil {
		return err
	}
	return batches(ctx, r, s)
}

// detection measures from before the webhook of the contact that decides until
// its problem is received from the department's queue, for one product after
// the other.
func detection(ctx context.Context, r run, s *stack.Stack) error {
	c, err := client.New(ctx, s.Stack)
	if err != nil {
		return err
	}
	const customers = 5 // of whom the last decides
	var took []time.Duration
	for p, product := range []string{"koffiemachine", "robotstofzuiger", "airfryer", "koptelefoon", "tuinset"} {
		for i := range customers {
			who := traffic.Someone(100*p + i)
			said := traffic.Said{From: who, ID: traffic.Wamid(who, product), At: time.Now(), Text: "De handleiding van de " + product + " is onduidelijk"}
			began := time.Now()
			if err := c.SendWebhook(ctx, contact.WhatsApp, traffic.WhatsApp(said)); err != nil {
				return err
			}
			if i < customers-1 {
				continue
			}
			if err := received(ctx, c, "documentation"); err != nil {
				return fmt.Errorf("%s: %w", product, err)
			}
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	name := "detection, from the webhook that decides to the item received from the queue"
	r.add(figure{name + ", p50" + onStack, took[len(took)/2].Seconds(), "s", ""})
	r.add(figure{name + ", most of " + fmt.Sprint(len(took)) + onStack, took[len(took)-1].Seconds(), "s", atMost(60)})
	return nil
}

// received waits for an item on a department's queue, and removes it.
func received(ctx context.Context, c *client.Client, department string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		items, err := c.Items(ctx, department, true)
		if err != nil || len(items) > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no item came: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// The batches that are timed, and how many go before: what a process does once
// is no part of a batch.
const (
	batchSize     = 100
	timedMessages = 3_000 // inbound
	warmBatches   = 3
)

// batches measures batches of 100 records through the function itself, on a
// table that the stack does not read.
func batches(ctx context.Context, r run, s *stack.Stack) error {
	b, err := newBench(ctx, r, s)
	if err != nil {
		return err
	}
	defer b.close()
	key := "FIGURES" + crand.Text()
	env, err := b.environment(r, s)
	if err != nil {
		return err
	}
	const name = "triage-of-batches"
	for _, f := range s.Model.Functions {
		if filepath.Base(f.CodeURI) != "triage" {
			continue
		}
		for k, v := range f.Env {
			env = append(env, k+"="+v)
		}
		env = append(env, "TABLE="+storetest.Name, "AWS_ACCESS_KEY_ID="+key, "AWS_ENDPOINT_URL_DYNAMODB="+r.db.Endpoint)
		if err := b.add(name, filepath.Join(r.root, "build", "local", "triage"), env, f); err != nil {
			return err
		}
	}
	st, err := newStageOf(ctx, r, key)
	if err != nil {
		return err
	}
	var took []time.Duration
	st.handle = func(ctx context.Context, ev events.DynamoDBEvent) (resp events.DynamoDBEventResponse, err error) {
		payload, err := json.Marshal(ev)
		if err != nil {
			return resp, err
		}
		began := time.Now()
		res, err := b.manager.Invoke(ctx, name, payload)
		if err != nil || res.FunctionError != "" {
			return resp, fmt.Errorf("triage answered %s: %w", res.Payload, err)
		}
		took = append(took, time.Since(began))
		return resp, json.Unmarshal(res.Payload, &resp)
	}
	all := slices.DeleteFunc(week(timedMessages), func(m moment) bool { return m.what == status })
	for batch := range slices.Chunk(all, batchSize) {
		if len(batch) == batchSize {
			if err := st.play(ctx, batch); err != nil {
				return err
			}
		}
	}
	took = took[warmBatches:]
	slices.Sort(took)
	what := fmt.Sprintf("triage of a batch of %d records", batchSize)
	r.add(figure{what + ", p50" + onStack, ms(took[len(took)/2]), "ms", atMost(300)})
	r.add(figure{what + ", p95" + onStack, ms(took[len(took)*95/100]), "ms", atMost(300)})
	return nil
}

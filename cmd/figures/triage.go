package main

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/traffic"
)

const onStack = ", on the local stack"

// measureTriage measures triage on the local stack: the time of one batch, and
// the delay between the contact that makes a problem and its item on the queue.
func measureTriage(ctx context.Context, r run) error {
	s, err := stack.Start(ctx, stack.Config{Root: r.root, Memory: true, Idle: []string{"train"}})
	if err != nil {
		return fmt.Errorf("start the stack: %w", err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Tick(ctx, time.Now()); err != nil {
		return fmt.Errorf("publish the taxonomy: %w", err)
	}
	if err := measureDetection(ctx, r, s); err != nil {
		return fmt.Errorf("detection: %w", err)
	}
	return measureBatches(ctx, r, s)
}

// measureDetection measures the delay of detection for several products. The
// clock starts before the webhook of the fifth contact, which makes the problem,
// and stops when the item is received from the department's queue.
func measureDetection(ctx context.Context, r run, s *stack.Stack) error {
	c, err := stackclient.New(ctx, s.Stack)
	if err != nil {
		return fmt.Errorf("client of the stack: %w", err)
	}
	const customers = 5 // the last one makes the problem
	var took []time.Duration
	for p, product := range []string{"koffiemachine", "robotstofzuiger", "airfryer", "koptelefoon", "tuinset"} {
		for i := range customers {
			who := traffic.Someone(100*p + i)
			said := traffic.Said{From: who, ID: traffic.Wamid(who, product), At: time.Now(), Text: "De handleiding van de " + product + " is onduidelijk"}
			began := time.Now()
			if err := c.SendWebhook(ctx, message.WhatsApp, traffic.WhatsApp(said)); err != nil {
				return fmt.Errorf("%s, contact %d: %w", product, i+1, err)
			}
			if i < customers-1 {
				continue
			}
			if err := waitForItem(ctx, c, "documentation"); err != nil {
				return fmt.Errorf("%s: %w", product, err)
			}
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	name := "detection, from the webhook that decides to the item received from the queue"
	r.printFigure(figure{name + ", p50" + onStack, took[len(took)/2].Seconds(), "s", ""})
	r.printFigure(figure{name + ", most of " + fmt.Sprint(len(took)) + onStack, took[len(took)-1].Seconds(), "s", atMost(60)})
	return nil
}

// waitForItem waits for an item on a department's queue and deletes it. It gives
// up after two minutes.
func waitForItem(ctx context.Context, c *stackclient.Client, department string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		items, err := c.QueueItems(ctx, department, true)
		if err != nil || len(items) > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no item on the queue of %s: %w", department, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// The batches that are timed. The first warmBatches are not, because they include
// work that a process does once.
const (
	batchSize     = 100
	timedMessages = 3_000 // inbound
	warmBatches   = 3
)

// addTriage adds the triage function under another name. It uses the table in the
// database of an access key, instead of the table of the stack.
func (b *bench) addTriage(r run, s *stack.Stack, name, accessKey string) error {
	env, err := b.environment(r, s)
	if err != nil {
		return err
	}
	for _, f := range s.Model.Functions {
		if filepath.Base(f.CodeURI) != "triage" {
			continue
		}
		for k, v := range f.Env {
			env = append(env, k+"="+v)
		}
		env = append(env, "TABLE="+storetest.Name, "AWS_ACCESS_KEY_ID="+accessKey, "AWS_ENDPOINT_URL_DYNAMODB="+r.db.Endpoint)
		return b.addFunction(name, filepath.Join(r.root, "build", "local", "triage"), env, f)
	}
	return errors.New("the template has no function triage")
}

// measureBatches measures invocations of the triage function with 100 records. It
// uses a separate table, which the event sources of the stack do not read.
func measureBatches(ctx context.Context, r run, s *stack.Stack) error {
	b, err := newBench(ctx, r, s)
	if err != nil {
		return fmt.Errorf("start the functions: %w", err)
	}
	defer b.closeBench()
	key := "FIGURES" + crand.Text()
	const name = "triage-of-batches"
	if err := b.addTriage(r, s, name, key); err != nil {
		return err
	}
	st, err := newStageWithKey(ctx, r, key)
	if err != nil {
		return fmt.Errorf("prepare the table: %w", err)
	}
	var took []time.Duration
	st.handle = func(ctx context.Context, ev events.DynamoDBEvent) (resp events.DynamoDBEventResponse, err error) {
		payload, err := json.Marshal(ev)
		if err != nil {
			return resp, fmt.Errorf("encode the event: %w", err)
		}
		began := time.Now()
		res, err := b.manager.Invoke(ctx, name, payload)
		if err != nil {
			return resp, fmt.Errorf("invoke %s: %w", name, err)
		}
		if res.FunctionError != "" {
			return resp, fmt.Errorf("%s failed: %s", name, res.Payload)
		}
		took = append(took, time.Since(began))
		return resp, json.Unmarshal(res.Payload, &resp)
	}
	all := slices.DeleteFunc(generateWeek(timedMessages), func(m weekEvent) bool { return m.purpose == status })
	for batch := range slices.Chunk(all, batchSize) {
		if len(batch) == batchSize {
			if err := st.playBatch(ctx, batch); err != nil {
				return fmt.Errorf("batch %d: %w", len(took)+1, err)
			}
		}
	}
	took = took[warmBatches:]
	slices.Sort(took)
	what := fmt.Sprintf("triage of a batch of %d records", batchSize)
	r.printFigure(figure{what + ", p50" + onStack, milliseconds(took[len(took)/2]), "ms", atMost(300)})
	r.printFigure(figure{what + ", p95" + onStack, milliseconds(took[len(took)*95/100]), "ms", atMost(300)})
	return nil
}

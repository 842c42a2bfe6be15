package soak_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/infra/local/stack"
)

// A blow kills a part of the stack after a percentage of the load was sent.
type blow struct {
	percent int
	strike  func(context.Context) error
}

func TestStack_KilledParts(t *testing.T) {
	done := timeStep(t, "start")
	s := startStack(t, stack.Config{Dir: t.TempDir(), Idle: []string{"train"}, Chaos: sourceChaos})
	shortenMailTimeout(t, s)
	l := newLoad(t, s, messageCount(t)/4)
	done()
	kill := func(name string) func(context.Context) error {
		return func(context.Context) error { s.Kill(name); return nil }
	}
	blows := []blow{
		{5, kill("whatsapp")},
		{15, func(ctx context.Context) error { s.KillDynamoDB(); return s.StartDynamoDB(ctx) }},
		{30, kill("messenger")},
		{35, kill("triage")},
		{40, func(context.Context) error {
			if err := s.KillSQS(); err != nil {
				return err
			}
			return s.StartSQS()
		}},
		{50, kill("whatsapp")},
		{55, kill("email")},
		{60, kill("outbox")},
		{65, kill("webchat")},
		{70, func(ctx context.Context) error { s.KillDynamoDB(); return s.StartDynamoDB(ctx) }},
		{80, kill("triage")},
		{85, kill("whatsapp")},
	}
	all := l.deliveries()
	var mu sync.Mutex
	done = timeStep(t, "sending")
	failed, err := l.sendAll(t.Context(), all, func(n int) {
		mu.Lock() // a blow delays the next deliveries, but not those in progress
		defer mu.Unlock()
		for len(blows) > 0 && n*100 >= blows[0].percent*len(all) {
			if err := blows[0].strike(t.Context()); err != nil {
				t.Error(err)
			}
			blows = blows[1:]
		}
	})
	done()
	t.Logf("%d of %d deliveries failed", len(failed), len(all))
	if len(failed) == 0 {
		t.Error("no delivery failed: the kills had no effect")
	}
	waitDrained(t, s)
	f := readTable(t, s)
	for mark := range l.durable {
		if len(f.marks[mark]) != 1 {
			t.Errorf("message %s was answered 200: got %d copies, want 1", mark, len(f.marks[mark]))
		}
	}

	failed, err2 := l.sendAll(t.Context(), failed, func(int) {})
	if len(failed) > 0 {
		t.Fatalf("%d repeated deliveries failed: %v; first attempt: %v", len(failed), err2, err)
	}
	waitDrained(t, s)
	done = timeStep(t, "checking")
	defer done()
	f = readTable(t, s)
	f.checkMessages(t, l.messages)
	sequential := f.runSequentially(t, s)
	f.checkContacts(t, sequential)
	f.checkItems(t, s, f.checkProblems(t, sequential))
	checkDeadLetters(t, s)
}

// shortenMailTimeout shortens the visibility timeout of the mail queue to five seconds, so that
// a mail that a killed function held is delivered again soon. It raises
// maxReceiveCount in proportion, so that a mail survives an outage as long as
// before.
func shortenMailTimeout(t *testing.T, s *stack.Stack) {
	t.Helper()
	url, err := s.Queue(t.Context(), s.Clients(), "mail-arrived")
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Clients().SQS.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy},
	})
	if err != nil {
		t.Fatal(err)
	}
	var policy map[string]any
	if err := json.Unmarshal([]byte(out.Attributes["RedrivePolicy"]), &policy); err != nil {
		t.Fatal(err)
	}
	policy["maxReceiveCount"] = 360
	patient, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Clients().SQS.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: &url, Attributes: map[string]string{"VisibilityTimeout": "5", "RedrivePolicy": string(patient)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func waitDrained(t *testing.T, s *stack.Stack) {
	t.Helper()
	defer timeStep(t, "draining")()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	if err := s.Drained(ctx); err != nil {
		t.Fatal(err)
	}
}

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

// A blow is something that is killed after so many percent of the load.
type blow struct {
	percent int
	strike  func(context.Context) error
}

func TestNothingAnsweredIsLostWhenPartsAreKilled(t *testing.T) {
	done := lap(t, "start")
	s := start(t, stack.Config{Dir: t.TempDir(), Chaos: trouble})
	hurry(t, s)
	l := newLoad(t, s, messages(t)/4)
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
	done = lap(t, "sending")
	failed, err := l.send(t.Context(), all, func(n int) {
		mu.Lock() // a blow holds up the senders' next, not what is under way
		defer mu.Unlock()
		for len(blows) > 0 && n*100 >= blows[0].percent*len(all) {
			if err := blows[0].strike(t.Context()); err != nil {
				t.Error(err)
			}
			blows = blows[1:]
		}
	})
	done()
	t.Logf("%d of %d deliveries were not answered 200", len(failed), len(all))
	if len(failed) == 0 {
		t.Error("nothing was hit")
	}
	drained(t, s)
	f := read(t, s)
	for mark := range l.durable {
		if len(f.marks[mark]) != 1 {
			t.Errorf("message %s was answered 200, and is stored %d times", mark, len(f.marks[mark]))
		}
	}

	failed, err2 := l.send(t.Context(), failed, func(int) {})
	if len(failed) > 0 {
		t.Fatalf("%d deliveries were refused when sent again: %v; before: %v", len(failed), err2, err)
	}
	drained(t, s)
	done = lap(t, "checking")
	defer done()
	f = read(t, s)
	f.messages(t, l.messages)
	sequential := f.sequential(t, s)
	f.contacts(t, sequential)
	f.items(t, s, f.problems(t, sequential))
	nothingDead(t, s)
}

// hurry has the queue of mails give a mail that a killed function held to
// another one after seconds instead of minutes, and as many more times, so
// that it is given up after as long an outage as before.
func hurry(t *testing.T, s *stack.Stack) {
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

func drained(t *testing.T, s *stack.Stack) {
	t.Helper()
	defer lap(t, "draining")()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	if err := s.Drained(ctx); err != nil {
		t.Fatal(err)
	}
}

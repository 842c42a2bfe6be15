// Package soak_test tests the whole stack under load and failures. Many concurrent
// senders deliver every message three times, in random order. Event sources
// duplicate, reorder, split and lose batches, and processes are killed. The tests
// check three promises: no message that was answered 200 is lost, no message is
// stored twice, and contacts and problems are the same as in a sequential run.
//
// HEARD_SOAK is the number of messages; the default is 1,000.
package soak_test

import (
	"encoding/json"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/heard-intake/heard/infra/local/eventsource"
	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/stack"
)

// sourceChaos is how the event sources misbehave during all tests. The values are
// probabilities.
var sourceChaos = eventsource.Chaos{Seed: 7, Duplicate: 0.2, Reorder: 0.3, Split: 0.3, Concurrent: 0.3, Throttle: 0.05, Lose: 0.1}

func messageCount(t *testing.T) int {
	t.Helper()
	text := os.Getenv("HEARD_SOAK")
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// timeStep starts a clock. The function that it returns logs the duration of the step.
func timeStep(t *testing.T, step string) func() {
	t.Helper()
	began := time.Now()
	return func() { t.Helper(); t.Logf("%s took %s", step, time.Since(began).Round(time.Millisecond)) }
}

func startStack(t *testing.T, cfg stack.Config) *stack.Stack {
	t.Helper()
	cfg.Root = root
	cfg.Parameters = map[string]string{"MailAnnouncedBy": "s3"} // the load writes mail objects to S3, also repeatedly, as SES does
	s, err := stack.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStack_EveryMessageStoredOnce(t *testing.T) {
	counts := &tallies{}
	done := timeStep(t, "start")
	s := startStack(t, stack.Config{Memory: true, Idle: []string{"train"}, Chaos: sourceChaos, Freeze: true, Lines: counts.addLine})
	l := newLoad(t, s, messageCount(t))
	done()
	done = timeStep(t, "sending")
	failed, err := l.sendAll(t.Context(), l.deliveries(), func(int) {})
	done()
	if len(failed) > 0 {
		t.Fatalf("%d deliveries failed, want 0: %v", len(failed), err)
	}
	waitDrained(t, s)
	done = timeStep(t, "checking")
	defer done()

	f := readTable(t, s)
	f.checkMessages(t, l.messages)
	counts.checkBalance(t, len(l.messages))
	sequential := f.runSequentially(t, s)
	f.checkContacts(t, sequential)
	f.checkItems(t, s, f.checkProblems(t, sequential))
	checkDeadLetters(t, s)
}

// Tallies adds up the counts in the metrics that functions log.
type tallies struct {
	mu  sync.Mutex
	sum map[string]int
}

func (c *tallies) addLine(l lambda.Line) {
	var metric map[string]any
	if json.Unmarshal([]byte(l.Text), &metric) != nil || metric["_aws"] == nil || metric["In"] == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sum == nil {
		c.sum = map[string]int{}
	}
	for _, name := range []string{"In", "Stored", "Duplicate", "Quarantined", "Refused", "Erased"} {
		if n, ok := metric[name].(float64); ok {
			c.sum[name] += int(n)
		}
	}
}

// checkBalance checks that in = stored + duplicate + quarantined + refused + erased, and
// that the metric Stored equals the number of stored messages.
func (c *tallies) checkBalance(t *testing.T, stored int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.sum["Stored"] + c.sum["Duplicate"] + c.sum["Quarantined"] + c.sum["Refused"] + c.sum["Erased"]
	if c.sum["In"] != out || c.sum["Stored"] != stored || c.sum["Quarantined"]+c.sum["Refused"]+c.sum["Erased"] != 0 {
		t.Errorf("got metrics %v, want %d stored, no quarantined, refused or erased, and In equal to the sum of the others", c.sum, stored)
	}
}

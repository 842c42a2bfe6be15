// Package soak holds the whole stack under load to its promises: with every
// message delivered three times in any order by many senders at once, with
// event sources that duplicate, reorder, split and lose, and with parts of it
// killed. Nothing that was answered 200 is lost, nothing is stored twice, and
// what is made of it is what a quiet day would have made of it.
//
// HEARD_SOAK says how many messages; 1,000 unless it does.
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

// trouble is what event sources may do, and do here all the time.
var trouble = eventsource.Chaos{Seed: 7, Duplicate: 0.2, Reorder: 0.3, Split: 0.3, Concurrent: 0.3, Throttle: 0.05, Lose: 0.1}

func messages(t *testing.T) int {
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

// lap logs how long a step took.
func lap(t *testing.T, step string) func() {
	t.Helper()
	began := time.Now()
	return func() { t.Helper(); t.Logf("%s took %s", step, time.Since(began).Round(time.Millisecond)) }
}

func start(t *testing.T, cfg stack.Config) *stack.Stack {
	t.Helper()
	cfg.Root = root
	cfg.Parameters = map[string]string{"MailAnnouncedBy": "s3"} // the load writes objects as SES does when it repeats itself
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

func TestEveryMessageIsStoredOnce(t *testing.T) {
	counts := &tallies{}
	done := lap(t, "start")
	s := start(t, stack.Config{Memory: true, Chaos: trouble, Freeze: true, Lines: counts.line})
	l := newLoad(t, s, messages(t))
	done()
	done = lap(t, "sending")
	failed, err := l.send(t.Context(), l.deliveries(), func(int) {})
	done()
	if len(failed) > 0 {
		t.Fatalf("%d deliveries were refused: %v", len(failed), err)
	}
	drained(t, s)
	done = lap(t, "checking")
	defer done()

	f := read(t, s)
	f.messages(t, l.messages)
	counts.balance(t, len(l.messages))
	sequential := f.sequential(t, s)
	f.contacts(t, sequential)
	f.items(t, s, f.problems(t, sequential))
	nothingDead(t, s)
}

// Tallies adds up what the functions say that became of what they were given.
type tallies struct {
	mu  sync.Mutex
	sum map[string]int
}

func (c *tallies) line(l lambda.Line) {
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

// balance checks that in = stored + duplicate + quarantined + refused +
// erased, and that what is said to be stored is.
func (c *tallies) balance(t *testing.T, stored int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.sum["Stored"] + c.sum["Duplicate"] + c.sum["Quarantined"] + c.sum["Refused"] + c.sum["Erased"]
	if c.sum["In"] != out || c.sum["Stored"] != stored || c.sum["Quarantined"]+c.sum["Refused"]+c.sum["Erased"] != 0 {
		t.Errorf("the metrics say %v, want %d stored, and as many out as in", c.sum, stored)
	}
}

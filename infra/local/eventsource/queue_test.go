package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	localsqs "github.com/heard-intake/heard/infra/local/sqs"
)

// queue is a queue on an SQS stand-in of its own. Its visibility timeout is two seconds.
type queue struct {
	t        testing.TB
	c        *sqs.Client
	url, arn string
}

func newQueue(t testing.TB, name string, attributes map[string]string) *queue {
	t.Helper()
	server, err := localsqs.New(localsqs.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(server)
	t.Cleanup(func() {
		_ = server.Close() // ends long polls
		h.Close()
	})
	q := &queue{t: t, c: sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: &h.URL, HTTPClient: h.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})}
	return q.create(name, attributes)
}

// create creates another queue on the server of q.
func (q *queue) create(name string, attributes map[string]string) *queue {
	q.t.Helper()
	all := map[string]string{"VisibilityTimeout": "2"}
	if strings.HasSuffix(name, ".fifo") {
		all["FifoQueue"], all["ContentBasedDeduplication"] = "true", "true"
	}
	maps.Copy(all, attributes)
	out, err := q.c.CreateQueue(q.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: all})
	if err != nil {
		q.t.Fatal(err)
	}
	return &queue{t: q.t, c: q.c, url: *out.QueueUrl, arn: "arn:aws:sqs:eu-west-1:000000000000:" + name}
}

// send sends one message for each body. On a FIFO queue, the message group is the body up to its first dot.
func (q *queue) send(bodies ...string) {
	q.t.Helper()
	for _, body := range bodies {
		in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body}
		if strings.HasSuffix(q.arn, ".fifo") {
			group, _, _ := strings.Cut(body, ".")
			in.MessageGroupId = &group
		}
		if _, err := q.c.SendMessage(q.t.Context(), in); err != nil {
			q.t.Fatal(err)
		}
	}
}

func (q *queue) mapping(cfg QueueConfig) *Queue {
	q.t.Helper()
	cfg.Client, cfg.QueueURL, cfg.QueueARN, cfg.Function = q.c, q.url, q.arn, "f"
	cfg.Backoff = time.Millisecond
	m, err := NewQueue(cfg)
	if err != nil {
		q.t.Fatal(err)
	}
	return m
}

// consumer is an Invoker that records the bodies it processed. A message for which fail is true fails: alone if
// report is set, otherwise with its entire invocation.
type consumer struct {
	fail   func(m events.SQSMessage) bool
	report bool

	mu   sync.Mutex
	ok   []string   // bodies in the order processed
	seen [][]string // bodies of each invocation
}

func (c *consumer) Invoke(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
	var e events.SQSEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed, ok, all []string
	for _, m := range e.Records {
		all = append(all, m.Body)
		if c.fail != nil && c.fail(m) {
			failed = append(failed, m.MessageId)
		} else {
			ok = append(ok, m.Body)
		}
	}
	c.seen = append(c.seen, all)
	if len(failed) > 0 && !c.report {
		return nil, "Unhandled", nil
	}
	c.ok = append(c.ok, ok...)
	return []byte(report(failed...)), "", nil
}

func (c *consumer) processed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ok)
}

func isFirstReceive(m events.SQSMessage) bool { return m.Attributes["ApproximateReceiveCount"] == "1" }

func TestQueue_DeliversAndDeletes(t *testing.T) {
	t.Parallel()
	q, c := newQueue(t, "q", nil), &consumer{}
	m := q.mapping(QueueConfig{Invoker: c})
	q.send("before")
	start(t, m)
	drain(t, m)
	q.send("a", "b")
	drain(t, m)
	if got := c.processed(); !sameElements(got, []string{"before", "a", "b"}) {
		t.Errorf("processed %q, want before, a and b", got)
	}
}

func sameElements(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestQueue_FailedMessages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		report bool
		again  []string // bodies that are delivered twice
	}{
		{"function error", false, []string{"a", "bad", "c"}},
		{"partial failure", true, []string{"bad"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			q, seen := newQueue(t, "q", nil), map[string]int{}
			c := &consumer{report: test.report, fail: func(m events.SQSMessage) bool {
				seen[m.Body]++
				return m.Body == "bad" && isFirstReceive(m)
			}}
			m := q.mapping(QueueConfig{Invoker: c, ReportFailures: test.report})
			q.send("a", "bad", "c")
			start(t, m)
			drain(t, m)
			var again []string
			for body, times := range seen {
				if times == 2 {
					again = append(again, body)
				}
			}
			if !sameElements(again, test.again) {
				t.Errorf("delivered twice: %q, want %q", again, test.again)
			}
			if got := c.processed(); !sameElements(got, []string{"a", "bad", "c"}) {
				t.Errorf("processed %q, want each once", got)
			}
		})
	}
}

func TestQueueWaitDrained_DeadLetter(t *testing.T) {
	t.Parallel()
	q := newQueue(t, "dead", nil)
	dead := q
	q = q.create("q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead.arn + `","maxReceiveCount":2}`})
	c := &consumer{report: true, fail: func(m events.SQSMessage) bool { return m.Body == "bad" }}
	m := q.mapping(QueueConfig{Invoker: c, ReportFailures: true})
	q.send("good", "bad")
	start(t, m)
	drain(t, m)
	out, err := q.c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &dead.url})
	if err != nil || len(out.Messages) != 1 || *out.Messages[0].Body != "bad" {
		t.Errorf("dead-letter queue holds %+v, error %v, want the message bad", out, err)
	}
}

func TestQueue_FIFOOrder(t *testing.T) {
	t.Parallel()
	for name, chaos := range map[string]Chaos{
		"no chaos": {},
		"chaos":    {Seed: 5, Duplicate: 0.4, Reorder: 0.5, Split: 0.7, Concurrent: 0.5, Throttle: 0.2, Lose: 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueue(t, "q.fifo", nil)
			first := &consumer{}
			m := q.mapping(QueueConfig{Invoker: first, Chaos: chaos})
			var want []string
			for i := range 40 {
				body := fmt.Sprintf("g%d.%02d", i%4, i)
				q.send(body)
				want = append(want, body)
			}
			start(t, m)
			drain(t, m)
			var got []string // without repeats
			last := map[string]string{}
			for _, body := range first.processed() {
				if slices.Contains(got, body) {
					continue
				}
				got = append(got, body)
				group, _, _ := strings.Cut(body, ".")
				if body < last[group] {
					t.Errorf("%s was first processed after %s", body, last[group])
				}
				last[group] = body
			}
			if !sameElements(got, want) {
				t.Errorf("processed %q, want all", got)
			}
		})
	}
}

// After a failure the rest of the message group waits, also if Chaos splits the batch. Other groups continue.
func TestQueue_FIFOGroupWaitsAfterFailure(t *testing.T) {
	t.Parallel()
	q := newQueue(t, "q.fifo", nil)
	failed := false
	c := &consumer{report: true}
	c.fail = func(m events.SQSMessage) bool {
		if m.Body == "a.1" && isFirstReceive(m) {
			failed = true
			return true
		}
		return false
	}
	m := q.mapping(QueueConfig{Invoker: c, ReportFailures: true, Chaos: Chaos{Seed: 1, Split: 1}, BatchSize: 2})
	q.send("a.1", "a.2", "b.1", "a.3")
	start(t, m)
	drain(t, m)
	got := c.processed()
	if !failed || !sameElements(got, []string{"a.1", "a.2", "b.1", "a.3"}) {
		t.Fatalf("processed %q after failure %v, want all four after a failure", got, failed)
	}
	at := func(body string) int { return slices.Index(got, body) }
	if at("a.2") < at("a.1") || at("a.3") < at("a.2") {
		t.Errorf("processed %q: group a is out of order", got)
	}
	if at("b.1") > at("a.1") {
		t.Errorf("processed %q: group b waited for group a", got)
	}
}

func TestQueue_FilteredMessagesDeleted(t *testing.T) {
	t.Parallel()
	q, c := newQueue(t, "q", nil), &consumer{}
	filter, err := ParseFilter(`{"body":{"kind":["wanted"]}}`)
	if err != nil {
		t.Fatal(err)
	}
	m := q.mapping(QueueConfig{Invoker: c, Filter: filter})
	q.send(`{"kind":"other"}`, `{"kind":"wanted"}`, `plain`)
	start(t, m)
	drain(t, m)
	if diff := cmp.Diff([]string{`{"kind":"wanted"}`}, c.processed()); diff != "" {
		t.Errorf("processed (-want +got):\n%s", diff)
	}
}

func TestQueue_Window(t *testing.T) {
	t.Parallel()
	q, c := newQueue(t, "q", map[string]string{"VisibilityTimeout": "30"}), &consumer{}
	m := q.mapping(QueueConfig{Invoker: c, BatchSize: 25, Window: 30 * time.Second})
	var want []string
	for i := range 25 {
		want = append(want, strconv.Itoa(i))
	}
	q.send(want...)
	start(t, m)
	drain(t, m)
	if len(c.seen) != 1 || !sameElements(c.seen[0], want) {
		t.Errorf("invocations %q, want one with all messages", c.seen)
	}
}

func TestQueue_ThrottledInvocation(t *testing.T) {
	t.Parallel()
	q := newQueue(t, "q", map[string]string{"VisibilityTimeout": "30"})
	f := &function{answer: once("", "", errors.New("429"))}
	m := q.mapping(QueueConfig{Invoker: f})
	q.send("a")
	start(t, m)
	drain(t, m)
	if calls := f.seen(); len(calls) != 2 || calls[0] != calls[1] {
		t.Errorf("invocations %q, want two equal ones", calls)
	}
}

func TestQueue_MaxConcurrency(t *testing.T) {
	t.Parallel()
	q := newQueue(t, "q", map[string]string{"VisibilityTimeout": "30"})
	var (
		mu        sync.Mutex
		now, most int
		both      = make(chan struct{}) // closed when two run at the same time
	)
	m := q.mapping(QueueConfig{BatchSize: 1, MaxConcurrency: 2, Invoker: invokerFunc(func() {
		mu.Lock()
		if now++; now == 2 && most < 2 {
			close(both)
		}
		most = max(most, now)
		mu.Unlock()
		<-both
		mu.Lock()
		now--
		mu.Unlock()
	})})
	q.send("a", "b", "c", "d", "e", "f")
	start(t, m)
	drain(t, m)
	if most != 2 {
		t.Errorf("%d invocations at the same time, want 2", most)
	}
}

func TestQueue_ChaosLosesNothing(t *testing.T) {
	t.Parallel()
	q, c := newQueue(t, "q", nil), &consumer{report: true, fail: func(m events.SQSMessage) bool {
		return strings.HasSuffix(m.Body, "3") && isFirstReceive(m)
	}}
	m := q.mapping(QueueConfig{Invoker: c, ReportFailures: true, Chaos: Chaos{
		Seed: 2, Duplicate: 0.5, Reorder: 0.5, Split: 0.5, Concurrent: 0.5, Throttle: 0.2, Lose: 0.2,
	}})
	var want []string
	for i := range 40 {
		want = append(want, strconv.Itoa(i))
	}
	q.send(want...)
	start(t, m)
	drain(t, m)
	got := c.processed()
	for _, body := range want {
		if !slices.Contains(got, body) {
			t.Errorf("message %s was never processed", body)
		}
	}
	if len(got) == len(want) {
		t.Errorf("%d messages processed, want more than were sent: Chaos duplicates", len(got))
	}
}

func TestNewQueue_Invalid(t *testing.T) {
	t.Parallel()
	ok := QueueConfig{Client: &sqs.Client{}, QueueURL: "url", QueueARN: "arn:q", Function: "f", Invoker: &function{}}
	other, err := ParseFilter(`{"messageId":["x"]}`)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*QueueConfig)
	}{
		{"no queue", func(c *QueueConfig) { c.QueueURL = "" }},
		{"batch above ten without a window", func(c *QueueConfig) { c.BatchSize = 11 }},
		{"FIFO batch above ten", func(c *QueueConfig) { c.QueueARN, c.BatchSize, c.Window = "q.fifo", 11, time.Second }},
		{"FIFO window", func(c *QueueConfig) { c.QueueARN, c.Window = "q.fifo", time.Second }},
		{"batch too large", func(c *QueueConfig) { c.BatchSize, c.Window = 10_001, time.Second }},
		{"concurrency of one", func(c *QueueConfig) { c.MaxConcurrency = 1 }},
		{"filter on another field than body", func(c *QueueConfig) { c.Filter = other }},
	}
	if _, err := NewQueue(ok); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := ok
			test.change(&cfg)
			if _, err := NewQueue(cfg); err == nil {
				t.Error("error is nil, want one")
			}
		})
	}
}

func TestQueue_RecordContent(t *testing.T) {
	t.Parallel()
	q := newQueue(t, "q.fifo", nil)
	got := make(chan events.SQSMessage, 1)
	c := &consumer{fail: func(m events.SQSMessage) bool {
		got <- m
		return false
	}}
	start(t, q.mapping(QueueConfig{Invoker: c}))
	if _, err := q.c.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: &q.url, MessageBody: aws.String("hello"), MessageGroupId: aws.String("g"),
	}); err != nil {
		t.Fatal(err)
	}
	m := <-got
	if m.Md5OfBody != "5d41402abc4b2a76b9719d911017c592" || m.EventSource != "aws:sqs" || m.EventSourceARN != q.arn ||
		m.AWSRegion != "eu-west-1" || m.ReceiptHandle == "" || m.Attributes["MessageGroupId"] != "g" ||
		m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["SentTimestamp"] == "" {
		t.Errorf("message %+v, want the attributes of the sent message", m)
	}
}

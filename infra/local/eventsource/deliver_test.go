package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// function is an Invoker that answers by the ids of an event's records and remembers the ids of each call.
type function struct {
	answer func(ids []string) (response, functionError string, err error)

	mu    sync.Mutex
	calls []string // the ids of each event, with a space between
}

func (f *function) Invoke(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
	ids := recordIDs(payload)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, strings.Join(ids, " "))
	if f.answer == nil {
		return nil, "", nil
	}
	response, functionError, err := f.answer(ids)
	return []byte(response), functionError, err
}

func (f *function) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func recordIDs(payload []byte) []string {
	var e struct {
		Records []struct {
			MessageID string `json:"messageId"`
			DynamoDB  struct {
				SequenceNumber string `json:"SequenceNumber"`
			} `json:"dynamodb"`
		} `json:"Records"`
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		panic(err)
	}
	var ids []string
	for _, r := range e.Records {
		ids = append(ids, r.MessageID+r.DynamoDB.SequenceNumber)
	}
	return ids
}

// report is a ReportBatchItemFailures response.
func report(ids ...string) string {
	var items []string
	for _, id := range ids {
		items = append(items, `{"itemIdentifier":"`+id+`"}`)
	}
	return `{"batchItemFailures":[` + strings.Join(items, ",") + `]}`
}

// stream returns n records with sequence numbers from 1 and a key each.
func stream(n int) []record {
	var records []record
	for i := 1; i <= n; i++ {
		id := strconv.Itoa(i)
		records = append(records, record{
			id: id, key: "k" + id, arrived: time.Now(),
			json: json.RawMessage(`{"dynamodb":{"SequenceNumber":"` + id + `"}}`),
		})
	}
	return records
}

// run delivers records with the settings of cfg and returns the saved positions.
func run(t testing.TB, cfg StreamConfig, records []record) (saved []string) {
	t.Helper()
	cfg.Log, cfg.Backoff = slog.New(slog.DiscardHandler), time.Nanosecond
	cfg.Invoker = cfg.Chaos.wrapInvoker(cfg.Invoker)
	p := &progress{save: func(seq string) error { saved = append(saved, seq); return nil }}
	p.addRecords(records)
	d := &delivery{StreamConfig: &cfg, shard: "shard-1", finish: p.finishRecords}
	if err := d.deliverRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if err := d.flushDuplicates(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(p.unfinished) > 0 {
		t.Fatalf("record %s is neither processed nor given up", p.unfinished[0].id)
	}
	return saved
}

func times(n int) *int { return &n }

// failing answers with a function error if the event has a record of poison.
func failing(poison ...string) func([]string) (string, string, error) {
	return func(ids []string) (string, string, error) {
		if slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(poison, id) }) {
			return "", "Unhandled", nil
		}
		return "null", "", nil
	}
}

// reporting reports those records of poison that are in the event.
func reporting(poison ...string) func([]string) (string, string, error) {
	return func(ids []string) (string, string, error) {
		return report(slices.DeleteFunc(slices.Clone(poison), func(id string) bool { return !slices.Contains(ids, id) })...), "", nil
	}
}

// once gives the answer of its arguments to the first call, and success to later calls.
func once(response, functionError string, err error) func([]string) (string, string, error) {
	first := true
	return func([]string) (string, string, error) {
		if first {
			first = false
			return response, functionError, err
		}
		return "", "", nil
	}
}

func TestDeliverRecords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		cfg     StreamConfig
		records int
		answer  func([]string) (string, string, error)
		calls   []string
		saved   []string
		lost    []string // invocation records as "condition first-last count"
	}{
		{
			name: "success", records: 5, cfg: StreamConfig{BatchSize: 2},
			calls: []string{"1 2", "3 4", "5"}, saved: []string{"2", "4", "5"},
		},
		{
			name: "function error", records: 3, cfg: StreamConfig{BatchSize: 2},
			answer: once("", "Unhandled", nil),
			calls:  []string{"1 2", "1 2", "3"}, saved: []string{"2", "3"},
		},
		{
			name: "report without ReportFailures", records: 2, cfg: StreamConfig{BatchSize: 2},
			answer: reporting("1"),
			calls:  []string{"1 2"}, saved: []string{"2"},
		},
		{
			name: "partial failure", records: 5, cfg: StreamConfig{BatchSize: 5, ReportFailures: true},
			answer: once(report("4", "2"), "", nil),
			calls:  []string{"1 2 3 4 5", "2 3 4 5"}, saved: []string{"1", "5"},
		},
		{
			name: "empty report", records: 2, cfg: StreamConfig{BatchSize: 2, ReportFailures: true},
			answer: once(`{"batchItemFailures":[]}`, "", nil),
			calls:  []string{"1 2"}, saved: []string{"2"},
		},
		{
			name: "empty identifier", records: 2, cfg: StreamConfig{BatchSize: 2, ReportFailures: true},
			answer: once(report(""), "", nil),
			calls:  []string{"1 2", "1 2"}, saved: []string{"2"},
		},
		{
			name: "unknown identifier", records: 2, cfg: StreamConfig{BatchSize: 2, ReportFailures: true},
			answer: once(report("2", "9"), "", nil),
			calls:  []string{"1 2", "1 2"}, saved: []string{"2"},
		},
		{
			name: "retries exhausted", records: 3,
			cfg: StreamConfig{BatchSize: 2, MaxRetries: times(1)}, answer: failing("1"),
			calls: []string{"1 2", "1 2", "3"}, saved: []string{"2", "3"}, lost: []string{"RetryAttemptsExhausted 1-2 2"},
		},
		{
			name: "no retries", records: 1,
			cfg: StreamConfig{BatchSize: 2, MaxRetries: times(0)}, answer: failing("1"),
			calls: []string{"1"}, saved: []string{"1"}, lost: []string{"RetryAttemptsExhausted 1-1 1"},
		},
		{
			name: "retries exhausted by partial failures", records: 4,
			cfg:    StreamConfig{BatchSize: 3, MaxRetries: times(2), ReportFailures: true},
			answer: reporting("2"),
			calls:  []string{"1 2 3", "2 3", "2 3", "4"}, saved: []string{"1", "3", "4"},
			lost: []string{"RetryAttemptsExhausted 2-3 3"},
		},
		{
			name: "bisect after function error", records: 4,
			cfg: StreamConfig{BatchSize: 4, MaxRetries: times(1), Bisect: true}, answer: failing("3"),
			calls: []string{"1 2 3 4", "1 2", "3 4", "3", "3", "4"}, saved: []string{"2", "3", "4"},
			lost: []string{"RetryAttemptsExhausted 3-3 4"},
		},
		{
			name: "bisect after partial failure", records: 4,
			cfg:    StreamConfig{BatchSize: 4, MaxRetries: times(1), Bisect: true, ReportFailures: true},
			answer: reporting("3"),
			calls:  []string{"1 2 3 4", "3 4", "3 4"}, saved: []string{"2", "4"},
			lost: []string{"RetryAttemptsExhausted 3-4 3"},
		},
		{
			name: "throttled invocation", records: 1,
			cfg: StreamConfig{BatchSize: 1, MaxRetries: times(0)}, answer: once("", "", errors.New("429")),
			calls: []string{"1", "1"}, saved: []string{"1"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := &function{answer: test.answer}
			test.cfg.Invoker = f
			var lost []string
			test.cfg.OnFailure = func(_ context.Context, body []byte) error {
				var r invocationRecord
				if err := json.Unmarshal(body, &r); err != nil {
					t.Error(err)
				}
				lost = append(lost, fmt.Sprintf("%s %s-%s %d",
					r.RequestContext.Condition, r.Batch.Start, r.Batch.End, r.RequestContext.InvokeCount))
				return nil
			}
			saved := run(t, test.cfg, stream(test.records))
			if diff := cmp.Diff(test.calls, f.calls); diff != "" {
				t.Errorf("invocations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.saved, saved); diff != "" {
				t.Errorf("positions (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.lost, lost); diff != "" {
				t.Errorf("on-failure destination (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeliverRecords_ExpiredRecord(t *testing.T) {
	t.Parallel()
	records := stream(3)
	records[0].arrived = time.Now().Add(-time.Hour)
	f := &function{}
	var body []byte
	saved := run(t, StreamConfig{
		Invoker: f, BatchSize: 3, MaxAge: time.Minute,
		OnFailure: func(_ context.Context, b []byte) error { body = b; return nil },
	}, records)
	if diff := cmp.Diff([]string{"2 3"}, f.calls); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1", "3"}, saved); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
	if !strings.Contains(string(body), `"condition":"RecordAgeExceeded"`) || strings.Contains(string(body), "responseContext") {
		t.Errorf("invocation record %s, want condition RecordAgeExceeded and no responseContext", body)
	}
}

func TestNewInvocationRecord(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func([]string) (string, string, error)
		want   string
	}{
		"after a function error": {failing("1"), `"Unhandled"`},
		"after a report":         {reporting("1"), `null`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got map[string]any
			records := stream(2)
			records[0].arrived = time.Date(2026, 3, 1, 12, 0, 5, 0, time.UTC)
			records[1].arrived = records[0].arrived.Add(time.Second)
			d := &delivery{shard: "shardId-1", StreamConfig: &StreamConfig{
				Log: slog.New(slog.DiscardHandler), ReportFailures: true, Invoker: &function{answer: test.answer},
				FunctionARN: "arn:aws:lambda:eu-west-1:000000000000:function:f",
				StreamARN:   "arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/2026-03-01T00:00:00.000",
			}}
			out, err := d.invokeFunction(t.Context(), records)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(d.newInvocationRecord(attempt{records: records, invoked: 4, last: &out}, "RetryAttemptsExhausted"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			context := got["requestContext"].(map[string]any)
			if id, _ := context["requestId"].(string); len(id) != 36 {
				t.Errorf("requestId %q, want a UUID", id)
			}
			if _, err := time.Parse("2006-01-02T15:04:05.000Z", got["timestamp"].(string)); err != nil {
				t.Error(err)
			}
			delete(context, "requestId")
			delete(got, "timestamp")
			var want map[string]any
			if err := json.Unmarshal([]byte(`{
				"requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:000000000000:function:f",
					"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 4},
				"responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": `+test.want+`},
				"version": "1.0",
				"DDBStreamBatchInfo": {"shardId": "shardId-1", "startSequenceNumber": "1", "endSequenceNumber": "2",
					"approximateArrivalOfFirstRecord": "2026-03-01T12:00:05Z",
					"approximateArrivalOfLastRecord": "2026-03-01T12:00:06Z", "batchSize": 2,
					"streamArn": "arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/2026-03-01T00:00:00.000"}}`), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("invocation record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, response string
		failed         []int
		whole          bool
	}{
		{"empty response", ``, nil, false},
		{"null response", `null`, nil, false},
		{"empty object", `{}`, nil, false},
		{"empty list", `[]`, nil, false},
		{"null failures", `{"batchItemFailures":null}`, nil, false},
		{"no failures", `{"batchItemFailures":[]}`, nil, false},
		{"two failures", `{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"1"}]}`, []int{2, 0}, false},
		{"empty identifier", `{"batchItemFailures":[{"itemIdentifier":""}]}`, nil, true},
		{"null identifier", `{"batchItemFailures":[{"itemIdentifier":null}]}`, nil, true},
		{"misnamed identifier", `{"batchItemFailures":[{"id":"1"}]}`, nil, true},
		{"numeric identifier", `{"batchItemFailures":[{"itemIdentifier":1}]}`, nil, true},
		{"unknown identifier", `{"batchItemFailures":[{"itemIdentifier":"4"}]}`, nil, true},
		{"failures not a list", `{"batchItemFailures":"1"}`, nil, true},
		{"invalid JSON", `oops`, nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			failed, whole := parseFailures([]byte(test.response), stream(3))
			if whole != test.whole || !slices.Equal(failed, test.failed) {
				t.Errorf("parseFailures = %v, %v, want %v, %v", failed, whole, test.failed, test.whole)
			}
		})
	}
}

func FuzzParseFailures(f *testing.F) {
	f.Add(report("1", "3"))
	f.Add(`{"batchItemFailures":[{"itemIdentifier":{}}]}`)
	f.Fuzz(func(t *testing.T, response string) {
		failed, whole := parseFailures([]byte(response), stream(3))
		if whole && failed != nil {
			t.Error("whole is true and failed is not nil, want one of them")
		}
		for _, i := range failed {
			if i < 0 || i > 2 {
				t.Errorf("index %d of 3 records, want 0 to 2", i)
			}
		}
	})
}

func TestSplitBatches_Payload(t *testing.T) {
	t.Parallel()
	records := stream(7)
	for i := range records {
		records[i].json = json.RawMessage(`"` + strings.Repeat("x", 2<<20) + `"`)
	}
	var sizes []int
	for b := range splitBatches(records, Chaos{}.batchLimiter(100)) {
		if n := len(marshalEvent(b)); n > maxPayload {
			t.Errorf("payload of %d bytes, want at most %d", n, maxPayload)
		}
		sizes = append(sizes, len(b))
	}
	if diff := cmp.Diff([]int{2, 2, 2, 1}, sizes); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// world is the function and the on-failure destination of a property test. It records the calls to both.
type world struct {
	poison   map[string]bool // records that always fail
	flaky    map[string]int  // number of times that a record still fails
	report   bool            // report failed records, instead of a function error
	ok       map[string]int  // how often a record was processed
	gone     map[string]bool // records that reached the on-failure destination
	first    []string        // ids in the order they were first seen
	mu       sync.Mutex
	sequence []string
}

func (w *world) Invoke(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := recordIDs(payload)
	var failed []string
	for _, id := range ids {
		if !slices.Contains(w.first, id) {
			w.first = append(w.first, id)
		}
		if w.poison[id] || w.flaky[id] > 0 {
			w.flaky[id]--
			failed = append(failed, id)
		}
	}
	if len(failed) > 0 && !w.report {
		return nil, "Unhandled", nil
	}
	for _, id := range ids {
		if !slices.Contains(failed, id) {
			w.ok[id]++
		}
	}
	return []byte(report(failed...)), "", nil
}

func (w *world) onFailure(_ context.Context, body []byte) error {
	var r invocationRecord
	if err := json.Unmarshal(body, &r); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.sequence {
		if between(id, r.Batch.Start, r.Batch.End) {
			w.gone[id] = true
		}
	}
	return nil
}

func between(id, first, last string) bool {
	n, _ := strconv.Atoi(id)
	a, _ := strconv.Atoi(first)
	b, _ := strconv.Atoi(last)
	return a <= n && n <= b
}

// With any failures and any Chaos: each record is processed or sent to the on-failure destination, the position
// never passes a record that is neither, and records of one key are first delivered in order.
func TestDeliverRecords_Properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(rt, "records")
		records := stream(n)
		w := &world{
			poison: map[string]bool{}, flaky: map[string]int{}, ok: map[string]int{}, gone: map[string]bool{},
			report: rapid.Bool().Draw(rt, "report"),
		}
		cfg := StreamConfig{
			BatchSize: rapid.IntRange(1, 12).Draw(rt, "batch"), Bisect: rapid.Bool().Draw(rt, "bisect"),
			Parallel: rapid.IntRange(1, 4).Draw(rt, "parallel"), ReportFailures: w.report,
			Invoker: w, OnFailure: w.onFailure, Chaos: drawChaos(rt),
			Log: slog.New(slog.DiscardHandler), Backoff: time.Nanosecond,
		}
		limited := rapid.Bool().Draw(rt, "limited")
		if limited {
			cfg.MaxRetries = times(rapid.IntRange(0, 3).Draw(rt, "retries"))
		}
		for i := range records {
			records[i].key = rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(rt, "key")
			w.sequence = append(w.sequence, records[i].id)
			switch rapid.IntRange(0, 9).Draw(rt, "kind") {
			case 0:
				w.poison[records[i].id] = limited
			case 1:
				w.flaky[records[i].id] = rapid.IntRange(1, 3).Draw(rt, "tries")
			}
		}
		cfg.Invoker = cfg.Chaos.wrapInvoker(w)
		p := &progress{save: func(seq string) error {
			for _, id := range w.sequence {
				if between(id, "1", seq) && !isSettled(w, id) {
					rt.Errorf("the position is %s, and %s is neither processed nor given up", seq, id)
				}
			}
			return nil
		}}
		p.addRecords(records)
		d := &delivery{StreamConfig: &cfg, finish: p.finishRecords}
		if err := errors.Join(d.deliverRecords(context.Background(), records), d.flushDuplicates(context.Background())); err != nil {
			rt.Fatal(err)
		}
		for _, r := range records {
			if !isSettled(w, r.id) {
				rt.Errorf("record %s is neither processed nor given up", r.id)
			}
			if !limited && w.ok[r.id] == 0 {
				rt.Errorf("record %s was given up without a limit", r.id)
			}
		}
		checkOrder(rt, records, w.first)
		if cfg.Chaos == (Chaos{}) && len(w.poison)+len(w.flaky) == 0 {
			for id, times := range w.ok {
				if times != 1 {
					rt.Errorf("record %s was processed %d times although nothing failed", id, times)
				}
			}
		}
	})
}

func isSettled(w *world, id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ok[id] > 0 || w.gone[id]
}

// checkOrder fails the test if records of one key were first delivered out of order.
func checkOrder(t rapid.TB, records []record, first []string) {
	t.Helper()
	last := map[string]int{}
	for _, r := range records {
		i := slices.Index(first, r.id)
		if i < last[r.key] {
			t.Errorf("record %s of item %s was seen before an earlier one", r.id, r.key)
		}
		last[r.key] = i
	}
}

func drawChaos(t *rapid.T) Chaos {
	p := rapid.SampledFrom([]float64{0, 0, 0.3, 0.8})
	return Chaos{
		Seed: rapid.Uint64().Draw(t, "seed"), Duplicate: p.Draw(t, "duplicate"), Reorder: p.Draw(t, "reorder"),
		Split: p.Draw(t, "split"), Concurrent: p.Draw(t, "concurrent"), Throttle: p.Draw(t, "throttle"), Lose: p.Draw(t, "lose"),
	}
}

package schedule_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/schedule"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/telemetry"
)

var noon = time.Date(2031, 3, 3, 12, 0, 0, 0, time.UTC)

// A recorder stores the ids of the entries that a handler received.
type recorder struct {
	mu  sync.Mutex
	ids []string
}

func (l *recorder) recordingHandler(does func(id string) (time.Time, error)) schedule.Handler {
	return func(_ context.Context, e schedule.Entry, _ time.Time) (time.Time, error) {
		l.mu.Lock()
		l.ids = append(l.ids, e.Of)
		l.mu.Unlock()
		return does(e.Of)
	}
}

// takeIDs returns the ids received since the previous call, sorted.
func (l *recorder) takeIDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := l.ids
	l.ids = nil
	slices.Sort(ids)
	return ids
}

func noRepeat(string) (time.Time, error) { return time.Time{}, nil }

func newClock(table *store.Table, handlers map[schedule.Kind]schedule.Handler) *schedule.Clock {
	meter := telemetry.NewMeter("clock")
	meter.Out = io.Discard
	return &schedule.Clock{Store: table.Schedule, Handlers: handlers, Meter: meter, Now: func() time.Time { return noon }}
}

func putEntry(t *testing.T, table *store.Table, kind schedule.Kind, id string, at time.Time) {
	t.Helper()
	if err := table.Schedule.PutDue(t.Context(), store.ProblemDue(id, kind, at)); err != nil {
		t.Fatal(err)
	}
}

func handleAt(t *testing.T, c *schedule.Clock, at time.Time) {
	t.Helper()
	if err := c.Handle(t.Context(), events.EventBridgeEvent{Time: at}); err != nil {
		t.Fatal(err)
	}
}

func TestHandle_DueEntriesOnce(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &recorder{}
	c := newClock(table, map[schedule.Kind]schedule.Handler{schedule.Watch: seen.recordingHandler(noRepeat)})
	putEntry(t, table, schedule.Watch, "past", noon.Add(-time.Hour))
	putEntry(t, table, schedule.Watch, "now", noon)
	putEntry(t, table, schedule.Watch, "soon", noon.Add(time.Minute))
	handleAt(t, c, noon)
	if got := seen.takeIDs(); !slices.Equal(got, []string{"now", "past"}) {
		t.Errorf("entries handled at noon = %v, want now and past", got)
	}
	handleAt(t, c, noon)
	if got := seen.takeIDs(); got != nil {
		t.Errorf("entries handled in the second run = %v, want none", got)
	}
	handleAt(t, c, noon.Add(time.Minute))
	if got := seen.takeIDs(); !slices.Equal(got, []string{"soon"}) {
		t.Errorf("entries handled a minute later = %v, want soon", got)
	}
}

func TestHandle_EventWithoutTime(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &recorder{}
	putEntry(t, table, schedule.Watch, "now", noon)
	handleAt(t, newClock(table, map[schedule.Kind]schedule.Handler{schedule.Watch: seen.recordingHandler(noRepeat)}), time.Time{})
	if got := seen.takeIDs(); len(got) != 1 {
		t.Errorf("entries handled = %v", got)
	}
}

func TestHandle_HandlerRepeats(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &recorder{}
	c := newClock(table, map[schedule.Kind]schedule.Handler{schedule.Watch: seen.recordingHandler(func(string) (time.Time, error) { return noon.Add(time.Hour), nil })})
	putEntry(t, table, schedule.Watch, "p1", noon)
	handleAt(t, c, noon)
	handleAt(t, c, noon.Add(59*time.Minute))
	if got := seen.takeIDs(); len(got) != 1 {
		t.Errorf("entries handled before the hour = %v, want one", got)
	}
	handleAt(t, c, noon.Add(time.Hour))
	if got := seen.takeIDs(); len(got) != 1 {
		t.Errorf("entries handled after the hour = %v, want one", got)
	}
}

func TestHandle_HandlerMovesEntry(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &recorder{}
	c := newClock(table, map[schedule.Kind]schedule.Handler{schedule.Watch: seen.recordingHandler(func(id string) (time.Time, error) {
		putEntry(t, table, schedule.Watch, id, noon.Add(time.Hour))
		return time.Time{}, nil
	})})
	putEntry(t, table, schedule.Watch, "p1", noon)
	handleAt(t, c, noon)
	handleAt(t, c, noon.Add(time.Hour))
	if got := seen.takeIDs(); len(got) != 2 {
		t.Errorf("entries handled = %v", got)
	}
}

func TestHandle_FailedEntriesRetried(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	bad, good := &recorder{}, &recorder{}
	repaired := false
	c := newClock(table, schedule.MergeHandlers(map[schedule.Kind]schedule.Handler{
		schedule.Watch: bad.recordingHandler(func(id string) (time.Time, error) {
			if repaired {
				return time.Time{}, nil
			}
			if id == "p3" {
				panic("broken")
			}
			return time.Time{}, fault.New(fault.Unavailable, "not now")
		}),
	}, map[schedule.Kind]schedule.Handler{schedule.Expected: good.recordingHandler(noRepeat)}))
	const many = 250 // more than one page
	for i := range many {
		putEntry(t, table, schedule.Watch, fmt.Sprintf("p%d", i), noon.Add(-time.Hour))
	}
	putEntry(t, table, schedule.Kind("other"), "unhandled", noon.Add(-time.Hour))
	putEntry(t, table, schedule.Expected, "good", noon)
	handleAt(t, c, noon)
	if got := good.takeIDs(); !slices.Equal(got, []string{"good"}) {
		t.Errorf("entries of the working handler = %v, want good", got)
	}
	if got := bad.takeIDs(); len(got) != many {
		t.Errorf("failing entries tried = %d, want %d", len(got), many)
	}
	handleAt(t, c, noon.Add(time.Minute))
	if got := bad.takeIDs(); got != nil {
		t.Errorf("entries retried before Backoff = %v, want none", got)
	}
	repaired = true
	handleAt(t, c, noon.Add(schedule.Backoff))
	if got := bad.takeIDs(); len(got) != many {
		t.Errorf("entries retried after Backoff = %d, want %d", len(got), many)
	}
}

func TestHandle_StopsNearDeadline(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &recorder{}
	c := newClock(table, map[schedule.Kind]schedule.Handler{schedule.Watch: seen.recordingHandler(noRepeat)})
	putEntry(t, table, schedule.Watch, "p1", noon)
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	if err := c.Handle(ctx, events.EventBridgeEvent{Time: noon}); err != nil {
		t.Fatal(err)
	}
	if got := seen.takeIDs(); got != nil {
		t.Errorf("entries started near the deadline = %v, want none", got)
	}
	handleAt(t, c, noon)
	if got := seen.takeIDs(); len(got) != 1 {
		t.Errorf("entries handled by the next run = %v, want one", got)
	}
}

func TestHandle_ConcurrentClocks(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &recorder{}
	c := newClock(table, map[schedule.Kind]schedule.Handler{schedule.Watch: seen.recordingHandler(noRepeat)})
	for i := range 40 {
		putEntry(t, table, schedule.Watch, fmt.Sprintf("p%d", i), noon)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { handleAt(t, c, noon) })
	}
	wg.Wait()
	got := seen.takeIDs()
	if n := len(slices.Compact(got)); n != 40 {
		t.Errorf("distinct entries handled = %d, want 40", n)
	}
	if left, _, err := table.Schedule.Due(t.Context(), noon, 10, ""); err != nil || len(left) != 0 {
		t.Errorf("entries left = %v, %v, want none", left, err)
	}
}

func TestHandle_TableUnavailable(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newClock(storetest.New(t), nil).Handle(ctx, events.EventBridgeEvent{Time: noon}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Handle() error = %v, want kind %s", err, fault.Unavailable)
	}
}

package clock_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/clock"
	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/telemetry"
)

var noon = time.Date(2031, 3, 3, 12, 0, 0, 0, time.UTC)

// A log keeps what a handler was given.
type log struct {
	mu  sync.Mutex
	ids []string
}

func (l *log) handler(does func(id string) (time.Time, error)) clock.Handler {
	return func(_ context.Context, e due.Entry, _ time.Time) (time.Time, error) {
		l.mu.Lock()
		l.ids = append(l.ids, e.Of)
		l.mu.Unlock()
		return does(e.Of)
	}
}

// taken returns what was given since it was last asked.
func (l *log) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := l.ids
	l.ids = nil
	slices.Sort(ids)
	return ids
}

func never(string) (time.Time, error) { return time.Time{}, nil }

func newClock(table *store.Table, handlers map[due.Kind]clock.Handler) *clock.Clock {
	meter := telemetry.NewMeter("clock")
	meter.Out = io.Discard
	return &clock.Clock{Store: table, Handlers: handlers, Meter: meter, Now: func() time.Time { return noon }}
}

func put(t *testing.T, table *store.Table, kind due.Kind, id string, at time.Time) {
	t.Helper()
	if err := table.PutDue(t.Context(), due.Entry{Kind: kind, At: at, PK: "P#" + id}); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, c *clock.Clock, at time.Time) {
	t.Helper()
	if err := c.Handle(t.Context(), events.EventBridgeEvent{Time: at}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsDueIsDoneOnceAndWhatIsNotWaits(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &log{}
	c := newClock(table, map[due.Kind]clock.Handler{due.Watch: seen.handler(never)})
	put(t, table, due.Watch, "past", noon.Add(-time.Hour))
	put(t, table, due.Watch, "now", noon)
	put(t, table, due.Watch, "soon", noon.Add(time.Minute))
	run(t, c, noon)
	if got := seen.taken(); !slices.Equal(got, []string{"now", "past"}) {
		t.Errorf("at noon %v", got)
	}
	run(t, c, noon)
	if got := seen.taken(); got != nil {
		t.Errorf("again %v", got)
	}
	run(t, c, noon.Add(time.Minute))
	if got := seen.taken(); !slices.Equal(got, []string{"soon"}) {
		t.Errorf("a minute later %v", got)
	}
}

func TestAnEventWithoutATimeIsAboutNow(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &log{}
	put(t, table, due.Watch, "now", noon)
	run(t, newClock(table, map[due.Kind]clock.Handler{due.Watch: seen.handler(never)}), time.Time{})
	if got := seen.taken(); len(got) != 1 {
		t.Errorf("done %v", got)
	}
}

func TestAHandlerMayComeAgain(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &log{}
	c := newClock(table, map[due.Kind]clock.Handler{due.Watch: seen.handler(func(string) (time.Time, error) { return noon.Add(time.Hour), nil })})
	put(t, table, due.Watch, "p1", noon)
	run(t, c, noon)
	run(t, c, noon.Add(59*time.Minute))
	if got := seen.taken(); len(got) != 1 {
		t.Errorf("before the hour %v", got)
	}
	run(t, c, noon.Add(time.Hour))
	if got := seen.taken(); len(got) != 1 {
		t.Errorf("after the hour %v", got)
	}
}

func TestAHandlerThatMovedItsEntryIsLeftItsWay(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &log{}
	c := newClock(table, map[due.Kind]clock.Handler{due.Watch: seen.handler(func(id string) (time.Time, error) {
		put(t, table, due.Watch, id, noon.Add(time.Hour))
		return time.Time{}, nil
	})})
	put(t, table, due.Watch, "p1", noon)
	run(t, c, noon)
	run(t, c, noon.Add(time.Hour))
	if got := seen.taken(); len(got) != 2 {
		t.Errorf("done %v", got)
	}
}

func TestBadEntriesHoldUpNobodyAndComeAgain(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	bad, good := &log{}, &log{}
	mended := false
	c := newClock(table, clock.Join(map[due.Kind]clock.Handler{
		due.Watch: bad.handler(func(id string) (time.Time, error) {
			if mended {
				return time.Time{}, nil
			}
			if id == "p3" {
				panic("broken")
			}
			return time.Time{}, fault.New(fault.Unavailable, "not now")
		}),
	}, map[due.Kind]clock.Handler{due.Expected: good.handler(never)}))
	const many = 250 // more than are read at a time
	for i := range many {
		put(t, table, due.Watch, fmt.Sprintf("p%d", i), noon.Add(-time.Hour))
	}
	put(t, table, due.Kind("other"), "nobody's", noon.Add(-time.Hour))
	put(t, table, due.Expected, "good", noon)
	run(t, c, noon)
	if got := good.taken(); !slices.Equal(got, []string{"good"}) {
		t.Errorf("the good one: %v", got)
	}
	if got := bad.taken(); len(got) != many {
		t.Errorf("%d bad ones were tried", len(got))
	}
	run(t, c, noon.Add(time.Minute))
	if got := bad.taken(); got != nil {
		t.Errorf("tried again at once: %v", got)
	}
	mended = true
	run(t, c, noon.Add(clock.Backoff))
	if got := bad.taken(); len(got) != many {
		t.Errorf("%d came again", len(got))
	}
}

func TestARunBeginsNothingThatItCannotEnd(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &log{}
	c := newClock(table, map[due.Kind]clock.Handler{due.Watch: seen.handler(never)})
	put(t, table, due.Watch, "p1", noon)
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	if err := c.Handle(ctx, events.EventBridgeEvent{Time: noon}); err != nil {
		t.Fatal(err)
	}
	if got := seen.taken(); got != nil {
		t.Errorf("begun with no time left: %v", got)
	}
	run(t, c, noon)
	if got := seen.taken(); len(got) != 1 {
		t.Errorf("the next run did %v", got)
	}
}

func TestTwoClocksAtOnceLeaveNothing(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	seen := &log{}
	c := newClock(table, map[due.Kind]clock.Handler{due.Watch: seen.handler(never)})
	for i := range 40 {
		put(t, table, due.Watch, fmt.Sprintf("p%d", i), noon)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { run(t, c, noon) })
	}
	wg.Wait()
	got := seen.taken()
	if n := len(slices.Compact(got)); n != 40 {
		t.Errorf("%d were done", n)
	}
	if left, _, err := table.Due(t.Context(), noon, 10, ""); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestATableThatDoesNotAnswerIsAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newClock(storetest.New(t), nil).Handle(ctx, events.EventBridgeEvent{Time: noon}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}

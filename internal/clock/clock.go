// Package clock does what is due. Once a minute it reads what the table's
// index has under due# up to now, oldest first, and gives each entry to the
// handler of its kind.
//
// To have something done at a time, give an item a place among what is due
// (setDue and dueRow in package store), and register a [Handler] for its kind
// in functions/clock. Three things hold for every handler:
//
//   - It reads the thing itself and decides by that: the entry may be old, the
//     thing changed or erased, the work done before. It does nothing then.
//   - What it writes is conditional, so that two clocks at once, or one that
//     was killed halfway and runs again, end in the same table.
//   - It returns when to come again, or the zero time for never. The entry
//     is then moved or removed, but only if it still stands where it was: a
//     handler whose write moves or removes the entry itself is right, too.
//
// Contacts that close have one row for all that were answered together and
// close within the same minute (package outbox): a contact's own place in the
// index would cost two writes with every answer, and one with every question.
//
// An entry that fails holds up no other: it comes again after [Backoff], and
// the metric Failed counts it. A run begins nothing new in the last seconds
// before its time is over; what is left is the oldest of the next.
package clock

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/fault"
)

// Backoff is how long an entry that failed is left alone.
const Backoff = 10 * time.Minute

// Bounds of one run.
const (
	page     = 200              // entries read at a time
	parallel = 8                // handled at a time
	margin   = 10 * time.Second // before the end, within which nothing begins
	perEntry = 8 * time.Second  // for one entry
)

// A Store has what is due. [store.Table] is one.
type Store interface {
	Due(ctx context.Context, now time.Time, limit int, cursor string) ([]due.Entry, string, error)
	MoveDue(ctx context.Context, e due.Entry, at time.Time) error
	DropDue(ctx context.Context, e due.Entry) error
}

// A Handler does what an entry is about, at a time, and says when to come
// again; zero is never.
type Handler func(ctx context.Context, e due.Entry, now time.Time) (again time.Time, err error)

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Clock is the function's work.
type Clock struct {
	Store    Store
	Handlers map[due.Kind]Handler
	Meter    Meter
	Now      func() time.Time
}

// Handle does what is due at the time of the event, which is when the
// schedule meant it to run, or now when the event does not say.
func (c *Clock) Handle(ctx context.Context, ev events.EventBridgeEvent) error {
	now := ev.Time
	if now.IsZero() {
		now = c.Now()
	}
	counts := tally{}
	defer func() {
		all := map[string]int{"Done": 0, "Failed": 0}
		for kind, n := range counts {
			c.Meter.Count("Kind", string(kind), map[string]int{"Done": n.done, "Failed": n.failed})
			all["Done"] += n.done
			all["Failed"] += n.failed
		}
		c.Meter.Count("", "", all)
	}()
	cursor := ""
	for {
		entries, next, err := c.Store.Due(ctx, now.UTC(), page, cursor)
		if err != nil {
			return err
		}
		if !c.work(ctx, entries, now.UTC(), counts) || next == "" {
			return nil
		}
		cursor = next
	}
}

// A tally counts what was done and what failed, by kind.
type tally map[due.Kind]struct{ done, failed int }

// work handles entries, a few at a time, and reports whether there is time
// for more.
func (c *Clock) work(ctx context.Context, entries []due.Entry, now time.Time, counts tally) bool {
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, parallel)
	defer wg.Wait()
	for _, e := range entries {
		slots <- struct{}{}
		if over(ctx) {
			return false
		}
		wg.Go(func() {
			defer func() { <-slots }()
			err := c.one(ctx, e, now)
			mu.Lock()
			defer mu.Unlock()
			n := counts[e.Kind]
			if err != nil {
				n.failed++
			} else {
				n.done++
			}
			counts[e.Kind] = n
		})
	}
	return true
}

// over reports whether the time of the run is nearly over.
func over(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && time.Until(end) < margin
}

// one handles one entry, and moves or removes it.
func (c *Clock) one(ctx context.Context, e due.Entry, now time.Time) error {
	bounded, cancel := context.WithTimeout(ctx, perEntry)
	defer cancel()
	again, err := c.handle(bounded, e, now)
	if err != nil {
		slog.ErrorContext(ctx, "due entry failed", "entry", e.Kind, "due", e.At, "kind", fault.KindOf(err), "err", err)
		if moved := c.Store.MoveDue(ctx, e, now.Add(Backoff)); moved != nil {
			slog.ErrorContext(ctx, "due entry not moved", "entry", e.Kind, "kind", fault.KindOf(moved), "err", moved)
		}
		return err
	}
	if again.IsZero() {
		return c.Store.DropDue(ctx, e)
	}
	return c.Store.MoveDue(ctx, e, again)
}

// handle calls the handler. A panic in it is one entry's failure.
func (c *Clock) handle(ctx context.Context, e due.Entry, now time.Time) (again time.Time, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "panic: %v", r)
		}
	}()
	h, ok := c.Handlers[e.Kind]
	if !ok {
		return time.Time{}, fault.New(fault.Internal, "nobody handles this kind")
	}
	return h(ctx, e, now)
}

// Join puts the handlers of several into one registry.
func Join(parts ...map[due.Kind]Handler) map[due.Kind]Handler {
	all := map[due.Kind]Handler{}
	for _, p := range parts {
		maps.Copy(all, p)
	}
	return all
}

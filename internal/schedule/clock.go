package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
)

// Backoff is the delay before a failed entry is retried.
const Backoff = 10 * time.Minute

// Limits of one run.
const (
	pageSize     = 200              // entries per read
	maxParallel  = 8                // entries handled at the same time
	margin       = 10 * time.Second // time before the deadline in which no entry is started
	entryTimeout = 8 * time.Second  // for one handler call
)

// A Store holds the due entries. [store.Schedule] implements it.
type Store interface {
	// Due returns at most limit entries that are due at now, oldest first, and
	// the cursor of the next page, or "" after the last one.
	Due(ctx context.Context, now time.Time, limit int, cursor string) ([]Entry, string, error)
	// MoveDue and DropDue change nothing if the entry has left its place.
	MoveDue(ctx context.Context, e Entry, at time.Time) error
	DeleteDue(ctx context.Context, e Entry) error
}

// A Handler does the work of an entry. It returns the time at which the entry
// is due again, or the zero time if it is done.
type Handler func(ctx context.Context, e Entry, now time.Time) (again time.Time, err error)

// A Meter writes metrics. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Clock is the handler of the schedule function. All fields are required.
type Clock struct {
	Store    Store
	Handlers map[Kind]Handler
	Meter    Meter
	Now      func() time.Time
}

// Handle processes all entries that are due at the time of the event: the time
// for which EventBridge scheduled the run, or the current time if the event has
// none. It writes the metrics Done and Failed, in total and per kind. A failed
// entry is not an error of Handle; a failed read of the index is.
func (c *Clock) Handle(ctx context.Context, ev events.EventBridgeEvent) error {
	now := ev.Time
	if now.IsZero() {
		now = c.Now()
	}
	counts := outcomeCounts{}
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
		entries, next, err := c.Store.Due(ctx, now.UTC(), pageSize, cursor)
		if err != nil {
			return fmt.Errorf("read due entries: %w", err)
		}
		if !c.handleEntries(ctx, entries, now.UTC(), counts) || next == "" {
			return nil
		}
		cursor = next
	}
}

// outcomeCounts holds the numbers of finished and failed entries, by kind.
type outcomeCounts map[Kind]struct{ done, failed int }

// handleEntries processes entries, at most maxParallel at the same time. It
// reports false if it stopped because the deadline is near.
func (c *Clock) handleEntries(ctx context.Context, entries []Entry, now time.Time, counts outcomeCounts) bool {
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, maxParallel)
	defer wg.Wait()
	for _, e := range entries {
		slots <- struct{}{}
		if nearDeadline(ctx) {
			return false
		}
		wg.Go(func() {
			defer func() { <-slots }()
			err := c.processEntry(ctx, e, now)
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

// nearDeadline reports whether ctx is done or ends within the margin.
func nearDeadline(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < margin
}

// processEntry calls the handler of e, then moves or removes e. A failed entry
// is moved by [Backoff].
func (c *Clock) processEntry(ctx context.Context, e Entry, now time.Time) error {
	bounded, cancel := context.WithTimeout(ctx, entryTimeout)
	defer cancel()
	again, err := c.callHandler(bounded, e, now)
	if err != nil {
		slog.ErrorContext(ctx, "due entry failed", "entry", e.Kind, "due", e.At, "kind", fault.KindOf(err), "err", err)
		if moved := c.Store.MoveDue(ctx, e, now.Add(Backoff)); moved != nil {
			slog.ErrorContext(ctx, "due entry not moved", "entry", e.Kind, "kind", fault.KindOf(moved), "err", moved)
		}
		return err
	}
	if again.IsZero() {
		err = c.Store.DeleteDue(ctx, e)
	} else {
		err = c.Store.MoveDue(ctx, e, again)
	}
	if err != nil {
		slog.ErrorContext(ctx, "finished entry not moved or removed", "entry", e.Kind, "kind", fault.KindOf(err), "err", err)
	}
	return err
}

// callHandler calls the handler of e's kind. A panic becomes an error.
func (c *Clock) callHandler(ctx context.Context, e Entry, now time.Time) (again time.Time, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "panic: %v", r)
		}
	}()
	h, ok := c.Handlers[e.Kind]
	if !ok {
		return time.Time{}, fault.New(fault.Internal, "no handler for entries of kind %s", e.Kind)
	}
	return h(ctx, e, now)
}

// MergeHandlers returns one registry with the handlers of all parts.
func MergeHandlers(parts ...map[Kind]Handler) map[Kind]Handler {
	all := map[Kind]Handler{}
	for _, p := range parts {
		maps.Copy(all, p)
	}
	return all
}

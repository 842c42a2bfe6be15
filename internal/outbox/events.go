package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/schedule"
	"github.com/heard-intake/heard/internal/store"
)

// Mirror sends events to agent tools that mirror contacts. [queue.Queue]
// implements it.
type Mirror interface {
	PutAll(ctx context.Context, bodies [][]byte) error
}

// Planner stores events that are due later. [store.Schedule] implements it.
type Planner interface {
	PutDeferredEvents(ctx context.Context, minute time.Time, name string, all []contact.DeferredEvent) error
}

// Events sends the events of changes to agent tools, in no order: each event names
// the one that it follows.
type Events struct {
	Queue Mirror
	Plan  Planner

	// Read replaces [store.Change.Event] in tests; nil otherwise.
	Read func(c store.Change) (event contact.Event, later *contact.DeferredEvent, ok bool, err error)
}

// sendEvents sends the events of a batch, and stores the events that follow by
// time. When that fails it returns the index of the record to begin again with.
// It adds to bad the errors of changes that cannot be read, and sends the others.
func (n *Events) sendEvents(ctx context.Context, changes []indexedChange, bad map[int]error) (retry int, err error) {
	var bodies [][]byte
	deferred := map[time.Time][]contact.DeferredEvent{} // by minute
	first := -1
	sequence := ""
	for _, c := range changes {
		body, later, err := n.encodeEvent(ctx, c.Change)
		if err != nil {
			bad[c.index] = err
			continue
		}
		if body == nil {
			continue
		}
		bodies = append(bodies, body)
		if first < 0 {
			first = c.index
			sequence = c.Sequence
		}
		if later != nil {
			minute := later.At.Truncate(time.Minute)
			deferred[minute] = append(deferred[minute], *later)
		}
	}
	if err := n.Queue.PutAll(ctx, bodies); err != nil {
		return first, err
	}
	for minute, all := range deferred {
		if err := n.Plan.PutDeferredEvents(ctx, minute, sequence, all); err != nil {
			return first, fmt.Errorf("plan events for %s: %w", minute.Format(time.RFC3339), err)
		}
	}
	return -1, nil
}

// encodeEvent returns the event of one change as JSON, nil if it has none, and
// the event that follows by time, if any.
func (n *Events) encodeEvent(ctx context.Context, c store.Change) (body []byte, later *contact.DeferredEvent, err error) {
	err = lambdabatch.RecoverPanic(ctx, func() error {
		read := store.Change.Event
		if n.Read != nil {
			read = n.Read
		}
		event, after, ok, err := read(c)
		if err != nil || !ok {
			return err
		}
		later = after
		if body, err = json.Marshal(event); err != nil {
			return fault.Wrap(fault.Internal, err, "encode event")
		}
		return nil
	})
	return body, later, err
}

// A Closer sends the events of contacts that silence closed, and of promises that
// are due.
type Closer struct {
	Schedule store.Schedule
	Contacts store.Contacts
	Queue    Mirror
}

// Close sends the planned events of a due entry. It leaves out a contact with a
// message since the event was planned: another entry has its closing. The
// returned time is always zero.
func (c *Closer) Close(ctx context.Context, e schedule.Entry, now time.Time) (time.Time, error) {
	all, err := c.Schedule.DeferredEvents(ctx, e)
	if err != nil {
		return time.Time{}, err
	}
	var bodies [][]byte
	for _, l := range all {
		event, ok, err := c.currentEvent(ctx, l, now)
		if err != nil {
			return time.Time{}, err
		}
		if !ok {
			continue
		}
		body, err := json.Marshal(event.Named(l.Order))
		if err != nil {
			return time.Time{}, fault.Wrap(fault.Internal, err, "encode event")
		}
		bodies = append(bodies, body)
	}
	return time.Time{}, c.Queue.PutAll(ctx, bodies)
}

// currentEvent returns the event that was planned, or false when the contact is
// gone or does not close at the planned time any more.
func (c *Closer) currentEvent(ctx context.Context, l contact.DeferredEvent, now time.Time) (contact.Event, bool, error) {
	if l.Message != "" {
		return contact.Event{Kind: contact.PromiseDue, Customer: l.Customer, Message: l.Message, At: l.At}, true, nil
	}
	k, found, err := c.Contacts.ContactByKey(ctx, l.Customer, l.Start, l.Contact)
	if err != nil || !found {
		return contact.Event{}, false, err
	}
	if k.State(now) != "closed" || !k.ClosesAt.Equal(l.At) {
		return contact.Event{}, false, nil
	}
	return contact.Event{Kind: contact.ContactClosed, Customer: l.Customer, Contact: l.Contact, Start: l.Start, At: l.At}, true, nil
}

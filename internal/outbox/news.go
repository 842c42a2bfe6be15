package outbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store"
)

// A Mirror takes news for agent tools that mirror. [queue.Queue] is one.
type Mirror interface {
	PutAll(ctx context.Context, bodies [][]byte) error
}

// A Planner keeps what time brings. [store.Table] is one.
type Planner interface {
	PutDeferredEvents(ctx context.Context, minute time.Time, name string, all []contact.Later) error
}

// A News sends what agent tools that mirror are told, in no order: each piece
// says what came after what.
type News struct {
	Queue Mirror
	Plan  Planner

	// Read replaces [store.Change.News] in tests; nil otherwise.
	Read func(c store.Change) (event contact.News, later *contact.Later, ok bool, err error)
}

// send sends the news of a batch, and plans what time brings after it. After
// an error it returns the index of the record to begin again with. It adds to
// bad the errors of records that cannot be read; they keep back no other.
func (n *News) send(ctx context.Context, changes []indexed, bad map[int]error) (again int, err error) {
	var bodies [][]byte
	minutes := map[time.Time][]contact.Later{}
	first := -1
	sequence := ""
	for _, c := range changes {
		body, later, failed := n.read(ctx, c.Change)
		if failed != nil {
			bad[c.index] = failed
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
			minutes[minute] = append(minutes[minute], *later)
		}
	}
	if failed := n.Queue.PutAll(ctx, bodies); failed != nil {
		return first, failed
	}
	for minute, all := range minutes {
		if failed := n.Plan.PutDeferredEvents(ctx, minute, sequence, all); failed != nil {
			return first, failed
		}
	}
	return -1, nil
}

// read returns the news of one record, nil when it is none.
func (n *News) read(ctx context.Context, c store.Change) (body []byte, later *contact.Later, err error) {
	err = batch.Safely(ctx, func() error {
		read := store.Change.News
		if n.Read != nil {
			read = n.Read
		}
		told, after, ok, err := read(c)
		if err != nil || !ok {
			return err
		}
		later = after
		if body, err = json.Marshal(told); err != nil {
			return fault.Wrap(fault.Internal, err, "encode news")
		}
		return nil
	})
	return body, later, err
}

// Contacts is what is known of contacts. [store.Table] is one.
type Contacts interface {
	DeferredEvents(ctx context.Context, e due.Entry) ([]contact.Later, error)
	ContactByKey(ctx context.Context, c identity.CustomerID, start time.Time, id string) (contact.Contact, bool, error)
}

// A Closer tells of contacts that silence closed, and of promises that are
// due.
type Closer struct {
	Store Contacts
	Queue Mirror
}

// Close tells what became due with an entry of the clock. A contact in which
// something was said since is left out: there is an entry of its own for it.
func (c *Closer) Close(ctx context.Context, e due.Entry, now time.Time) (time.Time, error) {
	all, err := c.Store.DeferredEvents(ctx, e)
	if err != nil {
		return time.Time{}, err
	}
	var bodies [][]byte
	for _, l := range all {
		news, ok, err := c.news(ctx, l, now)
		if err != nil {
			return time.Time{}, err
		}
		if !ok {
			continue
		}
		body, err := json.Marshal(news.Named(l.Order))
		if err != nil {
			return time.Time{}, fault.Wrap(fault.Internal, err, "encode news")
		}
		bodies = append(bodies, body)
	}
	return time.Time{}, c.Queue.PutAll(ctx, bodies)
}

func (c *Closer) news(ctx context.Context, l contact.Later, now time.Time) (contact.News, bool, error) {
	if l.Message != "" {
		return contact.News{Kind: contact.PromiseDue, Customer: l.Customer, Message: l.Message, At: l.At}, true, nil
	}
	k, there, err := c.Store.ContactByKey(ctx, l.Customer, l.Start, l.Contact)
	if err != nil || !there || k.State(now) != "closed" || !k.ClosesAt.Equal(l.At) {
		return contact.News{}, false, err
	}
	return contact.News{Kind: contact.NowClosed, Customer: l.Customer, Contact: l.Contact, Start: l.Start, At: l.At}, true, nil
}

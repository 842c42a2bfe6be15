package problem

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// A Record is a problem as it is kept.
type Record struct {
	Problem
	Quotes []string // masked
	// Events are what the last change of the version has to tell.
	Events []Event
	// Filling says what has still to be moved to a part that was split off;
	// nil when it has all.
	Filling *Filling
	// Opening is the slot from which on those who were seen have still to join a
	// problem that was detected; empty when they all have.
	Opening string
	// Once makes the change that is written one that is made once only.
	Once IdempotencyKey
	// Resent counts how often the item of the latest version was asked for
	// again.
	Resent int
	// Revision counts the writes; a write is refused when it is not the one
	// that was read.
	Revision int64
	// Was is what was read: the zero value for a new problem. What differs is
	// told in the log.
	Was Problem
}

// Saved returns the record as it is once it was written.
func (r Record) Saved() Record {
	r.Revision++
	r.Was, r.Once = r.Problem, IdempotencyKey{}
	return r
}

// A IdempotencyKey is the name of a change, by which one that comes again is known until
// Expires. The zero value names none.
type IdempotencyKey struct {
	Key     string
	Print   string // of what was asked: under one name only the same can come again
	Expires time.Time
}

// An Affected is one customer whom a problem touches, and by which contacts.
// All that a problem counts is counted from these.
type Affected struct {
	Customer identity.CustomerID
	Seen     []Occurrence // each contact once, by their ids
}

// Contacts returns the ids of the contacts.
func (a Affected) Contacts() []string {
	ids := make([]string, len(a.Seen))
	for i, s := range a.Seen {
		ids[i] = s.Contact
	}
	return ids
}

// Since returns when the first contact showed the cause.
func (a Affected) Since() time.Time {
	var first time.Time
	for _, s := range a.Seen {
		if first.IsZero() || s.At.Before(first) {
			first = s.At
		}
	}
	return first
}

// Has reports whether a contact is one of them.
func (a Affected) Has(contact string) bool {
	return slices.ContainsFunc(a.Seen, func(s Occurrence) bool { return s.Contact == contact })
}

// A Occurrence is one customer with one cause on one day.
type Occurrence struct {
	Customer identity.CustomerID
	Contact  string
	Day      string // in the organisation's time zone, like 2026-03-01
	Hour     string // like 09, where a cause is counted by the hour; else empty
	At       time.Time
	Quote    string // masked; empty when in doubt
	Expires  time.Time
	// Text is what the customer said, to tell the parts of a problem by. It is
	// kept nowhere.
	Text string
}

// HourLayout is how an hour of a day is written as a slot: 2026-03-01T09.
const HourLayout = "2006-01-02T15"

// Slot is when s is counted: its day, or the hour of its day.
func (s Occurrence) Slot() string {
	if s.Hour == "" {
		return s.Day
	}
	return s.Day + "T" + s.Hour
}

// A Window is what is known of a cause beside its problem.
type Window struct {
	Problem string // id of the one that there is; then the rest is empty
	// Others are the problems of the same reason, for a cause without a
	// product: by product.
	Others map[string]string
	Seen   []Occurrence // latest first
}

// A AffectedChange is what becomes of one customer's part in a problem.
type AffectedChange struct {
	Affected              // as it will be; without contacts: no longer affected
	Was      []Occurrence // the contacts as they were read
}

// maxMerges bounds how many merges lead from one problem to the one that
// stands.
const maxMerges = 50

// FollowMerges returns the problem that the one with an id was merged into, in as
// many steps as it took, or that one itself. Read reads one; its refusal of any
// on the way is that of all.
func FollowMerges(ctx context.Context, id string, read func(ctx context.Context, id string) (Record, error)) (Record, error) {
	for range maxMerges {
		p, err := read(ctx, id)
		if err != nil || p.State != Merged || p.MergedInto == "" {
			return p, err
		}
		id = p.MergedInto
	}
	return Record{}, fault.New(fault.Internal, "problems are merged in a ring")
}

package problem

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// A Record is a stored problem.
type Record struct {
	Problem
	Quotes []string // masked
	// Events are the events of the current version.
	Events []Event
	// Filling has the contacts that are still to be moved to a part that was split
	// off; nil if the part has them all.
	Filling *SplitProgress
	// Opening is the first slot of the occurrences that have still to join a problem
	// that was detected; empty if they all have.
	Opening string
	// Once is the key of the change that is being written; the write is refused if
	// that change was applied before.
	Once IdempotencyKey
	// Resent counts the requests to send the item of the latest version again.
	Resent int
	// Revision counts the writes. A write is refused unless the stored revision is
	// this one.
	Revision int64
	// Was is the problem as it was read, the zero value for a new one. Members that
	// differ from it are logged.
	Was Problem
}

// Saved returns the record as it is stored after it was written.
func (r Record) Saved() Record {
	r.Revision++
	r.Was = r.Problem
	r.Once = IdempotencyKey{}
	return r
}

// Withhold returns the record for a caller that changed a problem and does not reach
// it any more. It has the id and the state that the change asked for, which is empty
// if it asked for none.
func Withhold(id string, state State) Record {
	return Record{Problem: Problem{ID: id, State: state}}
}

// IsWithheld reports whether the record comes from [Withhold].
func (r Record) IsWithheld() bool { return r.Version == 0 }

// An IdempotencyKey is the name of a change. A change with the same key is a
// repetition until Expires. The zero value names no change.
type IdempotencyKey struct {
	Key     string
	Print   string // a hash of the request: another request with the same key is a conflict
	Expires time.Time
}

// An Affected is a customer that a problem affects, with its contacts. All counts
// of a problem are computed from these.
type Affected struct {
	Customer    identity.CustomerID
	Occurrences []Occurrence // each contact once, in the order of their ids
}

// Contacts returns the ids of the contacts.
func (a Affected) Contacts() []string {
	ids := make([]string, len(a.Occurrences))
	for i, s := range a.Occurrences {
		ids[i] = s.Contact
	}
	return ids
}

// Located returns the contacts with their customer.
func (a Affected) Located() []Occurrence {
	all := slices.Clone(a.Occurrences)
	for i := range all {
		all[i].Customer = a.Customer
	}
	return all
}

// Since returns when the first contact showed the cause.
func (a Affected) Since() time.Time {
	var first time.Time
	for _, s := range a.Occurrences {
		if first.IsZero() || s.At.Before(first) {
			first = s.At
		}
	}
	return first
}

// Has reports whether a contact is one of the customer's.
func (a Affected) Has(contact string) bool {
	return slices.ContainsFunc(a.Occurrences, func(s Occurrence) bool { return s.Contact == contact })
}

// An Occurrence is a contact of a customer that shows a cause, on one day.
type Occurrence struct {
	Customer identity.CustomerID
	Contact  string
	Day      string // in the organisation's time zone, like 2026-03-01
	Hour     string // like 09, where a cause is counted by the hour; else empty
	At       time.Time
	Quote    string // masked; empty if the messages say too little
	Expires  time.Time
	// Text has the customer's words, to find the part of a problem that they belong
	// to. It is never stored.
	Text string
}

// HourLayout is how an hour of a day is written as a slot: 2026-03-01T09.
const HourLayout = "2006-01-02T15"

// Slot returns the day of an occurrence, or its day and hour if it has an hour.
func (s Occurrence) Slot() string {
	if s.Hour == "" {
		return s.Day
	}
	return s.Day + "T" + s.Hour
}

// A Window has the recent occurrences of a cause.
type Window struct {
	Problem string // id of the cause's problem; if it is set, the rest is empty
	// Others are the problems of the same reason, for a cause without a
	// product: by product.
	Others      map[string]string
	Occurrences []Occurrence // latest first
}

// An AffectedChange is a change of the contacts by which a problem affects one
// customer.
type AffectedChange struct {
	Affected              // after the change; without contacts it is no longer affected
	Was      []Occurrence // the contacts as they were read
}

// maxMerges bounds the chain of merges from a problem to the surviving one.
const maxMerges = 50

// FollowMerges returns the problem that a problem was merged into, over all merges
// in between, or the problem itself. If read refuses one of them, that is the error.
func FollowMerges(ctx context.Context, id string, read func(ctx context.Context, id string) (Record, error)) (Record, error) {
	for range maxMerges {
		p, err := read(ctx, id)
		if err != nil || p.State != Merged || p.MergedInto == "" {
			return p, err
		}
		id = p.MergedInto
	}
	return Record{}, fault.New(fault.Internal, "the problem is merged into itself through other problems")
}

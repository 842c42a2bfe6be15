package problem

import (
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// ApplyGrowth returns a problem after contacts joined it, of which the counts are
// up to date, and what to tell about it: nothing, but at a milestone of
// distinct customers, or when enough of them came back to reopen it.
func ApplyGrowth(p Problem, back bool, at time.Time) (Problem, []Event) {
	m, reached := Milestone(p.Milestone, p.Customers)
	if reached && (p.State.Open() || back && p.State.Solved()) {
		p.Milestone = m
	}
	switch {
	case back && p.State.Solved():
		return reopen(p, Update{At: at})
	case reached && p.State.Open():
		p.Version++
		return p, []Event{{Kind: EventMilestone, Department: p.Department, Milestone: m, At: at}}
	default:
		return p, nil
	}
}

// AddQuotes adds quotes to those that a problem has, until there are enough,
// and reports whether it added any.
func AddQuotes(have, more []string) ([]string, bool) {
	added := false
	for _, q := range more {
		same := func(x string) bool { return strings.EqualFold(x, q) }
		if q != "" && len(have) < maxQuotes && !slices.ContainsFunc(have, same) {
			have, added = append(slices.Clip(have), q), true
		}
	}
	return have, added
}

// With returns the change of a customer's part in a problem by contacts that
// are no longer evidence and others that are; false when there is nothing to
// change.
func (a Affected) With(gone, seen []Occurrence) (AffectedChange, bool) {
	c := AffectedChange{Affected: Affected{Customer: a.Customer, Seen: slices.Clone(a.Seen)}, Was: a.Seen}
	left := make(map[string]bool, len(gone))
	for _, s := range gone {
		left[s.Contact] = true
	}
	c.Seen = slices.DeleteFunc(c.Seen, func(o Occurrence) bool { return left[o.Contact] })
	has := make(map[string]bool, len(c.Seen))
	for _, s := range c.Seen {
		has[s.Contact] = true
	}
	for _, s := range seen {
		if !has[s.Contact] {
			has[s.Contact] = true
			c.Seen = append(c.Seen, Occurrence{Customer: a.Customer, Contact: s.Contact, Day: s.Day, At: s.At})
		}
	}
	slices.SortFunc(c.Seen, func(a, b Occurrence) int { return strings.Compare(a.Contact, b.Contact) })
	same := func(a, b Occurrence) bool { return a.Contact == b.Contact && a.Day == b.Day && a.At.Equal(b.At) }
	return c, !slices.EqualFunc(c.Seen, a.Seen, same)
}

// Count counts a customer whom a problem touches.
func (p *Problem) Count(a Affected) {
	p.Customers++
	for _, s := range a.Seen {
		p.Contacts++
		p.PerDay[s.Day]++
		if p.FirstSeen.IsZero() || s.At.Before(p.FirstSeen) {
			p.FirstSeen = s.At
		}
		if s.At.After(p.LastSeen) {
			p.LastSeen = s.At
		}
	}
}

// small is the milestone before which a problem is counted whenever somebody
// joins it: that is a few read units.
const small = 50

// Looks reports whether a problem is counted when these customers join it. One
// that grew is looked at by one in so many, the same ones however often they
// come: so many that a milestone is told some 2 % late, and that a join costs
// the same, on average, at any size.
func (p Problem) Looks(joining []identity.CustomerID) bool {
	if p.Milestone < small {
		return len(joining) > 0
	}
	return slices.ContainsFunc(joining, func(c identity.CustomerID) bool {
		h := fnv.New32a()
		h.Write([]byte(p.ID + string(c)))
		return h.Sum32()%uint32(p.Milestone/20) == 0 //nolint:gosec // a milestone is no more than there are people
	})
}

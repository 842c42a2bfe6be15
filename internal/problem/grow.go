package problem

import (
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// ApplyGrowth returns a problem after contacts joined it, and the events to
// publish: none, except at a milestone of distinct customers or when the problem
// reopens. The problem must have its current counts. Back is whether enough
// customers had the cause after it was solved.
func ApplyGrowth(p Problem, back bool, at time.Time) (Problem, []Event) {
	m, reached := Milestone(p.Milestone, p.Customers)
	reopens := back && p.State.Solved()
	if reached && (p.State.Open() || reopens) {
		p.Milestone = m
	}
	switch {
	case reopens:
		return reopen(p, Update{At: at})
	case reached && p.State.Open():
		p.Version++
		return p, []Event{{Kind: EventMilestone, Department: p.Department, Milestone: m, At: at}}
	default:
		return p, nil
	}
}

// AddQuotes adds quotes to those that a problem has, up to three in all and each
// once. It reports whether it added any.
func AddQuotes(have, more []string) (quotes []string, added bool) {
	for _, q := range more {
		same := func(x string) bool { return strings.EqualFold(x, q) }
		if q != "" && len(have) < maxQuotes && !slices.ContainsFunc(have, same) {
			have = append(slices.Clip(have), q)
			added = true
		}
	}
	return have, added
}

// With returns the change of an affected customer when occurrences leave and
// others join, and false if that changes nothing.
func (a Affected) With(leaving, joining []Occurrence) (AffectedChange, bool) {
	c := AffectedChange{Affected: Affected{Customer: a.Customer, Occurrences: slices.Clone(a.Occurrences)}, Was: a.Occurrences}
	left := make(map[string]bool, len(leaving))
	for _, s := range leaving {
		left[s.Contact] = true
	}
	c.Occurrences = slices.DeleteFunc(c.Occurrences, func(o Occurrence) bool { return left[o.Contact] })
	has := make(map[string]bool, len(c.Occurrences))
	for _, s := range c.Occurrences {
		has[s.Contact] = true
	}
	for _, s := range joining {
		if !has[s.Contact] {
			has[s.Contact] = true
			c.Occurrences = append(c.Occurrences, Occurrence{Customer: a.Customer, Contact: s.Contact, Day: s.Day, At: s.At})
		}
	}
	slices.SortFunc(c.Occurrences, func(a, b Occurrence) int { return strings.Compare(a.Contact, b.Contact) })
	same := func(a, b Occurrence) bool { return a.Contact == b.Contact && a.Day == b.Day && a.At.Equal(b.At) }
	return c, !slices.EqualFunc(c.Occurrences, a.Occurrences, same)
}

// Count adds an affected customer to the counts of a problem.
func (p *Problem) Count(a Affected) {
	p.Customers++
	for _, s := range a.Occurrences {
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

// sampledFrom is the milestone from which on a problem is not counted at every
// join. Below it, a count costs a few read units.
const sampledFrom = 50

// NeedsCount reports whether a problem must be counted when these customers join
// it. A large problem is counted for one in milestone/20 customers, always the same
// ones. So a milestone is published some 2 % late, and a join costs the same, on
// average, at any size.
func (p Problem) NeedsCount(joining []identity.CustomerID) bool {
	if p.Milestone < sampledFrom {
		return len(joining) > 0
	}
	return slices.ContainsFunc(joining, func(c identity.CustomerID) bool {
		h := fnv.New32a()
		h.Write([]byte(p.ID + string(c)))
		return h.Sum32()%uint32(p.Milestone/20) == 0 //nolint:gosec // a milestone is no more than there are people
	})
}

package problem

import (
	"slices"
	"strings"
	"time"
)

// Grown returns a problem after contacts joined it, of which the counts are
// up to date, and what to tell about it: nothing, but at a milestone of
// distinct customers, or when enough of them came back to reopen it.
func Grown(p Problem, back bool, at time.Time) (Problem, []Event) {
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
func (a Affected) With(gone, seen []Seen) (Change, bool) {
	c := Change{Affected: a, Was: a.Contacts, PerDay: map[string]int{}}
	c.Contacts = slices.Clone(a.Contacts)
	for _, s := range gone {
		if i := slices.Index(c.Contacts, s.Contact); i >= 0 {
			c.Contacts = slices.Delete(c.Contacts, i, i+1)
			c.PerDay[s.Day]--
		}
	}
	for _, s := range seen {
		if slices.Contains(c.Contacts, s.Contact) {
			continue
		}
		c.Contacts = append(c.Contacts, s.Contact)
		c.PerDay[s.Day]++
		if c.Since.IsZero() || s.At.Before(c.Since) {
			c.Since = s.At
		}
		if s.At.After(c.Last) {
			c.Last = s.At
		}
	}
	slices.Sort(c.Contacts)
	return c, !slices.Equal(c.Contacts, a.Contacts)
}

// See widens the time of a problem's contacts by a change.
func (p *Problem) See(c Change) {
	if !c.Since.IsZero() && (p.FirstSeen.IsZero() || c.Since.Before(p.FirstSeen)) {
		p.FirstSeen = c.Since
	}
	if c.Last.After(p.LastSeen) {
		p.LastSeen = c.Last
	}
}

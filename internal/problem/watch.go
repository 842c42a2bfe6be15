package problem

import (
	"math"
	"time"

	"github.com/heard-intake/heard/internal/schedule"
)

// WatchFor is how long a fixed problem is watched before it is confirmed or
// reopened.
const WatchFor = 14 * 24 * time.Hour

// A Proof compares the contacts of a problem before and after its fix: from the
// first contact to the fix, and during the watch after it, in whole days. The day
// of the fix belongs to neither side, unless the problem was fixed on the day it
// began.
//
// Both counts are taken as Poisson. The interval of their difference is that of
// Zou and Donner (MOVER), from Byar's 95 % limits of each rate, and is valid for
// counts down to 0. It cannot account for contacts that would have stopped by
// themselves, or for a change of season. A problem opens at a peak, so the low end
// of the interval is the safe figure.
type Proof struct {
	Before     int     `json:"before"` // contacts before the fix
	BeforeDays int     `json:"beforeDays"`
	After      int     `json:"after"` // contacts during the watch
	AfterDays  int     `json:"afterDays"`
	Avoided    float64 `json:"avoidedPerWeek"`
	Low        float64 `json:"avoidedPerWeekLow"`
	High       float64 `json:"avoidedPerWeekHigh"`
	Saved      float64 `json:"savedPerWeek,omitempty"` // in Currency; left out if the cost of a contact is unknown
	Currency   string  `json:"currency,omitempty"`
}

// Worth has the cost of a contact, which the saving is computed from, and the
// organisation's time zone, which days are counted in.
type Worth struct {
	PerContact float64
	Currency   string
	Zone       *time.Location
}

// Prove returns the comparison of the contacts before and after the fix at a time.
func Prove(p Problem, at time.Time, w Worth) Proof {
	fixed := dayOf(p.FixedAt, w.Zone)
	now := dayOf(at, w.Zone)
	first := fixed
	var r Proof
	for day, n := range p.PerDay {
		d, err := time.Parse(time.DateOnly, day)
		switch {
		case err != nil || n <= 0:
		case d.Before(fixed):
			r.Before += n
			first = earlierOf(first, d)
		case d.After(fixed) && d.Before(now):
			r.After += n
		}
	}
	r.BeforeDays = daysBetween(first, fixed)
	r.AfterDays = max(daysBetween(fixed, now)-1, 1)
	if r.BeforeDays == 0 {
		r.Before = p.PerDay[fixed.Format(time.DateOnly)]
		r.BeforeDays = 1
	}
	before, beforeLow, beforeHigh := ratePerWeek(r.Before, r.BeforeDays)
	after, afterLow, afterHigh := ratePerWeek(r.After, r.AfterDays)
	d := before - after
	r.Avoided = roundToCents(d)
	r.Low = roundToCents(d - math.Hypot(before-beforeLow, afterHigh-after))
	r.High = roundToCents(d + math.Hypot(beforeHigh-before, after-afterLow))
	if w.PerContact > 0 {
		r.Saved = roundToCents(d * w.PerContact)
		r.Currency = w.Currency
	}
	return r
}

// dayOf returns the day of a time in a zone, as midnight in UTC.
func dayOf(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func daysBetween(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }

func earlierOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// ratePerWeek returns a rate and Byar's 95 % limits of it.
func ratePerWeek(n, days int) (rate, low, high float64) {
	const z = 1.959964
	weeks := float64(days) / 7
	limit := func(n, sign float64) float64 {
		if n == 0 {
			return 0
		}
		return n * math.Pow(1-1/(9*n)+sign*z/(3*math.Sqrt(n)), 3)
	}
	c := float64(n)
	return c / weeks, limit(c, -1) / weeks, limit(c+1, 1) / weeks
}

func roundToCents(x float64) float64 { return math.Round(x*100) / 100 }

// Confirm ends the watch over a fixed problem. The problem is confirmed if its
// contacts went down with 95 % confidence or stopped, and reopened otherwise. Before
// the end of the watch, or for a problem that is not fixed, Confirm returns no
// events.
func Confirm(p Problem, at time.Time, w Worth) (Problem, []Event, error) {
	if p.State != Fixed || at.Before(p.FixedAt.Add(WatchFor)) {
		return p, nil, nil
	}
	proof := Prove(p, at, w)
	if proof.After > 0 && proof.Low <= 0 {
		evidence := &Evidence{Since: p.FixedAt, Contacts: proof.After}
		next, events := reopen(p, Update{At: at})
		events[0].Evidence = evidence
		return next, events, nil
	}
	next, events, err := ApplyUpdate(p, Update{To: Confirmed, At: at})
	next.Proof = &proof
	return next, events, err
}

// Escalate escalates a problem that was not acknowledged in time to the lead, a
// department that may be empty. The events are for both departments. A problem is
// escalated once; then there are no events.
func Escalate(p Problem, lead string, at time.Time) (Problem, []Event) {
	if p.State != Detected || !p.EscalatedAt.IsZero() {
		return p, nil
	}
	p.EscalatedAt = at
	p.Version++
	events := []Event{{Kind: EventEscalated, Department: p.Department, At: at, From: p.State, To: p.State}}
	if lead != "" && lead != p.Department {
		p.EscalatedTo = lead
		events = append(events, events[0])
		events[1].Department = lead
	}
	return p, events
}

// InheritEscalation returns a part with the escalation of the problem that it is
// split off, and the part's events with one for the lead. The lead then reaches the
// part until it is acknowledged, as it reaches the rest of the problem. The part of
// a problem that is not escalated to a lead stays as it is.
func InheritEscalation(part, from Problem, events []Event) (Problem, []Event) {
	if from.EscalatedTo == "" {
		return part, events
	}
	part.AcknowledgeBy = from.AcknowledgeBy
	part.EscalatedAt = from.EscalatedAt
	part.EscalatedTo = from.EscalatedTo
	lead := events[0]
	lead.Kind = EventEscalated
	lead.Department = from.EscalatedTo
	lead.From = part.State
	return part, append(events, lead)
}

// RemindOverdue returns the event that asks for a new time when the expected one has
// passed. There is one for each expected time.
func RemindOverdue(p Problem, at time.Time) (Problem, []Event) {
	if !p.awaitsFix() || at.Before(p.ExpectedAt) {
		return p, nil
	}
	p.OverdueAt = p.ExpectedAt
	p.Version++
	return p, []Event{{Kind: EventOverdue, Department: p.Department, At: at, From: p.State, To: p.State}}
}

// awaitsFix reports whether a fix is expected and its department was not reminded
// of it.
func (p Problem) awaitsFix() bool {
	return p.State.Open() && !p.ExpectedAt.IsZero() && !p.ExpectedAt.Equal(p.OverdueAt)
}

// Due returns the kinds of due entries of a problem, with their times.
func Due(p Problem) map[schedule.Kind]time.Time {
	all := map[schedule.Kind]time.Time{}
	if p.State == Detected && p.EscalatedAt.IsZero() {
		all[schedule.Acknowledge] = p.ChangedAt
		if !p.AcknowledgeBy.IsZero() {
			all[schedule.Acknowledge] = p.AcknowledgeBy
		}
	}
	if p.awaitsFix() {
		all[schedule.Expected] = p.ExpectedAt
	}
	if p.State == Fixed {
		all[schedule.Watch] = p.FixedAt.Add(WatchFor)
	}
	if p.State == Merged {
		all[schedule.Transfer] = p.ChangedAt
	}
	return all
}

// EvidenceOf returns the evidence that contacts about a solved problem came back:
// the number of contacts on the days after the fix, and the given quotes.
func EvidenceOf(p Problem, zone *time.Location, quotes []string) *Evidence {
	e := &Evidence{Since: p.FixedAt}
	fixed := dayOf(p.FixedAt, zone).Format(time.DateOnly)
	for day, n := range p.PerDay {
		if day > fixed {
			e.Contacts += n
		}
	}
	if e.Contacts == 0 { // all on the day of the fix itself
		e.Contacts = p.PerDay[fixed]
	}
	e.Quotes, _ = AddQuotes(nil, quotes)
	return e
}

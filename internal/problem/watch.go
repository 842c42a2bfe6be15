package problem

import (
	"math"
	"time"

	"github.com/heard-intake/heard/internal/due"
)

// WatchFor is how long contacts have to stay away after a fix before it is
// confirmed.
const WatchFor = 14 * 24 * time.Hour

// A Proof says by how much the contacts went down: from the first contact to
// the fix against the watch after it, in whole days. The day of the fix counts
// to neither side, unless the problem was fixed on the day it began.
//
// Both counts are taken as Poisson. The interval of their difference is that
// of Zou and Donner (MOVER), from Byar's 95 % limits of each rate; it holds for
// counts as small as none. What it cannot know: contacts that would have
// stopped by themselves, and a season that changed meanwhile. A problem opens
// at a peak, and so the low end of the interval is the honest figure.
type Proof struct {
	Before     int     `json:"before"` // contacts until the fix
	BeforeDays int     `json:"beforeDays"`
	After      int     `json:"after"` // contacts during the watch
	AfterDays  int     `json:"afterDays"`
	Avoided    float64 `json:"avoidedPerWeek"`
	Low        float64 `json:"avoidedPerWeekLow"`
	High       float64 `json:"avoidedPerWeekHigh"`
	Saved      float64 `json:"savedPerWeek,omitempty"` // in Currency; left out when the cost of a contact is not known
	Currency   string  `json:"currency,omitempty"`
}

// Worth is what a contact costs, to say what was saved, and the organisation's
// time zone, to say which day it is.
type Worth struct {
	PerContact float64
	Currency   string
	Zone       *time.Location
}

// Prove compares the contacts before and after the fix, at a time.
func Prove(p Problem, at time.Time, w Worth) Proof {
	fixed, now := dayOf(p.FixedAt, w.Zone), dayOf(at, w.Zone)
	first := fixed
	var r Proof
	for day, n := range p.PerDay {
		d, err := time.Parse(time.DateOnly, day)
		switch {
		case err != nil || n <= 0:
		case d.Before(fixed):
			r.Before += n
			first = earlier(first, d)
		case d.After(fixed) && d.Before(now):
			r.After += n
		}
	}
	r.BeforeDays, r.AfterDays = days(first, fixed), max(days(fixed, now)-1, 1)
	if r.BeforeDays == 0 {
		r.Before, r.BeforeDays = p.PerDay[fixed.Format(time.DateOnly)], 1
	}
	before, beforeLow, beforeHigh := perWeek(r.Before, r.BeforeDays)
	after, afterLow, afterHigh := perWeek(r.After, r.AfterDays)
	d := before - after
	r.Avoided = round(d)
	r.Low = round(d - math.Hypot(before-beforeLow, afterHigh-after))
	r.High = round(d + math.Hypot(beforeHigh-before, after-afterLow))
	if w.PerContact > 0 {
		r.Saved, r.Currency = round(d*w.PerContact), w.Currency
	}
	return r
}

// dayOf is the day that it is in a zone, as UTC has it.
func dayOf(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func days(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// perWeek returns a rate and Byar's 95 % limits of it.
func perWeek(n, days int) (rate, low, high float64) {
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

func round(x float64) float64 { return math.Round(x*100) / 100 }

// Confirm ends the watch over a fixed problem: it is confirmed when the
// contacts went down, and reopened when they cannot be shown to have. It does
// nothing before the watch is over, or to a problem that is not fixed.
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

// Escalate tells the lead, who may be nobody, and the department that a
// problem was not acknowledged in the time agreed. It does so once.
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

// Overdue asks for a new time when the expected one has passed. It does so
// once for each expected time.
func Overdue(p Problem, at time.Time) (Problem, []Event) {
	if !p.overdue() || at.Before(p.ExpectedAt) {
		return p, nil
	}
	p.OverdueAt = p.ExpectedAt
	p.Version++
	return p, []Event{{Kind: EventOverdue, Department: p.Department, At: at, From: p.State, To: p.State}}
}

func (p Problem) overdue() bool {
	return p.State.Open() && !p.ExpectedAt.IsZero() && !p.ExpectedAt.Equal(p.OverdueAt)
}

// Due returns what the clock has to look at, and when.
func Due(p Problem) map[due.Kind]time.Time {
	all := map[due.Kind]time.Time{}
	if p.State == Detected && p.EscalatedAt.IsZero() {
		all[due.Acknowledge] = p.ChangedAt
		if !p.AcknowledgeBy.IsZero() {
			all[due.Acknowledge] = p.AcknowledgeBy
		}
	}
	if p.overdue() {
		all[due.Expected] = p.ExpectedAt
	}
	if p.State == Fixed {
		all[due.Watch] = p.FixedAt.Add(WatchFor)
	}
	if p.State == Merged {
		all[due.Transfer] = p.ChangedAt
	}
	return all
}

// EvidenceOf returns what says that contacts about a solved problem came back:
// those of the days after it was fixed, and what was said last.
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

// Package problems also finds what may be a problem that the taxonomy does not
// know, tells a department of it, and does what a person decides about it.
//
// Triage keeps hints: which contacts were of unknown reason, and hashes of
// their words. Nothing else is counted or kept until somebody is told, so that
// a candidate is right whatever was repeated, merged, corrected or erased: of
// those contacts that would make one, each is read.
package problems

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// CandidateStore is what is known of contacts without a reason. [store.Table] is one.
type CandidateStore interface {
	Store
	UnknownContacts(ctx context.Context, from time.Time, limit int, now time.Time) ([]problem.Unknown, error)
	ContactByKey(ctx context.Context, c identity.CustomerID, start time.Time, id string) (contact.Contact, bool, error)
	DecidedWords(ctx context.Context, now time.Time) (map[string]string, error)
	DecideWords(ctx context.Context, hashes []string, by, decision string, expires time.Time) error
	WordHash(word string) string
	AnnouncedCandidates(ctx context.Context, now time.Time) (all []problem.Told, count int64, err error)
	AnnounceCandidate(ctx context.Context, c problem.Told, count int64) error
}

// A Desk is where candidates are looked for and decided about.
type Desk struct {
	Store    CandidateStore
	Taxonomy func() *taxonomy.Taxonomy
	Zone     *time.Location // of the organisation
}

// Bounds of what is looked at.
const (
	maxUnknown = 40_000 // hints: the latest, when there are more
	maxBursts  = 10
	maxChecked = 500 // contacts of a burst: the latest
	maxSampled = 6   // contacts of a candidate that are read for its words and quotes
	maxShown   = 8   // words
	parallel   = 8

	// MaxListed is how many candidates are listed at most.
	MaxListed = 50
)

// A Candidate is what may be a problem.
type Candidate struct {
	ID        string
	Words     []string // as customers wrote them
	Quotes    []string // masked
	Customers int
	Contacts  []problem.Unknown // the latest last
	First     time.Time
	Last      time.Time
	ToldAt    time.Time // when a department was told; zero when nobody was
	ToldTo    string    // that department

	hashes []string // of all of its words
}

// A place is where a contact was when it was hinted at.
type place struct {
	customer identity.CustomerID
	contact  string
}

func placeOf(u problem.Unknown) place { return place{u.Customer, u.Contact} }

// bursts derives the candidates from the hints, and then reads their contacts
// until all that make one are as they are now. Only those that wanted takes are
// read.
func (d *Desk) bursts(ctx context.Context, now time.Time, decided map[string]string, wanted func(problem.Burst) bool) ([]problem.Burst, error) {
	hints, err := d.Store.UnknownContacts(ctx, now.Add(-problem.BurstHistory), maxUnknown, now)
	if err != nil {
		return nil, err
	}
	is := map[place]identity.CustomerID{} // whose a contact is now; nobody's when it has a reason or is gone
	for {
		var all []problem.Unknown
		for _, u := range hints {
			if who, checked := is[placeOf(u)]; checked {
				u.Customer = who
			}
			if u.Customer != "" {
				all = append(all, u)
			}
		}
		found := slices.DeleteFunc(problem.Bursts(all, now, decided), func(b problem.Burst) bool { return !wanted(b) })
		found = found[:min(len(found), maxBursts)]
		var look []problem.Unknown
		for _, b := range found {
			for i, u := range slices.Backward(b.Contacts) {
				if _, checked := is[placeOf(u)]; checked {
					continue
				}
				if len(b.Contacts)-i > maxChecked {
					is[placeOf(u)] = ""
				} else if !slices.ContainsFunc(look, func(o problem.Unknown) bool { return placeOf(o) == placeOf(u) }) {
					look = append(look, u)
				}
			}
		}
		if len(look) == 0 {
			return found, nil
		}
		checked, err := d.check(ctx, look)
		if err != nil {
			return nil, err
		}
		for i, u := range look {
			is[placeOf(u)] = checked[i]
			is[place{checked[i], u.Contact}] = checked[i]
		}
	}
}

// check returns whose each of some contacts is now: nobody's, when it is gone
// or has a reason.
func (d *Desk) check(ctx context.Context, all []problem.Unknown) ([]identity.CustomerID, error) {
	out, errs := make([]identity.CustomerID, len(all)), make([]error, len(all))
	batch.Each(len(all), parallel, func(i int) { out[i], errs[i] = d.standing(ctx, all[i]) })
	return out, errors.Join(errs...)
}

func (d *Desk) standing(ctx context.Context, u problem.Unknown) (identity.CustomerID, error) {
	c, err := d.Store.Customer(ctx, u.Customer)
	if err != nil {
		return "", err
	}
	k, there, err := d.Store.ContactByKey(ctx, c.ID, u.At, u.Contact)
	if err == nil && !there && c.ID != u.Customer { // triage has not come to the merge yet
		k, there, err = d.Store.ContactByKey(ctx, u.Customer, u.At, u.Contact)
	}
	if err != nil || !there || len(k.Causes) > 0 {
		return "", err
	}
	return c.ID, nil
}

// List returns the candidates that a caller judges, as they are now, those of
// most customers first: the announced ones that are not decided, with the
// contacts that came since, and for a caller of all departments also those that
// were not announced yet.
func (d *Desk) List(ctx context.Context, caller problem.Caller, now time.Time) ([]Candidate, error) {
	told, _, err := d.Store.AnnouncedCandidates(ctx, now)
	if err != nil {
		return nil, err
	}
	judged := func(t problem.Told) bool { return caller.Judges(t.Department) }
	if !caller.All && !slices.ContainsFunc(told, judged) {
		return nil, nil
	}
	return d.list(ctx, told, now, func(_, announcedTo string, _ []string) bool { return caller.Judges(announcedTo) })
}

// Customers returns the customers of the candidates that were announced to a
// caller's departments: those of the announcement, also when it is decided, and
// those that joined since.
func (d *Desk) Customers(ctx context.Context, caller problem.Caller, now time.Time) ([]identity.CustomerID, error) {
	told, _, err := d.Store.AnnouncedCandidates(ctx, now)
	if err != nil {
		return nil, err
	}
	var out []identity.CustomerID
	for _, t := range told {
		if caller.Judges(t.Department) {
			for _, u := range t.Contacts {
				out = append(out, u.Customer)
			}
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	listed, err := d.List(ctx, caller, now)
	for _, c := range listed {
		for _, u := range c.Contacts {
			out = append(out, u.Customer)
		}
	}
	return out, err
}

// list reads only the candidates that are wanted, by their id, the department
// that they were announced to and the hashes of their words. Told are the
// announced ones.
func (d *Desk) list(ctx context.Context, told []problem.Told, now time.Time, wanted func(id, announcedTo string, hashes []string) bool) ([]Candidate, error) {
	decided, err := d.Store.DecidedWords(ctx, now)
	if err != nil {
		return nil, err
	}
	bursts, err := d.bursts(ctx, now, decided, func(problem.Burst) bool { return true })
	if err != nil {
		return nil, err
	}
	var out []Candidate
	for _, t := range told {
		if decisionOn(t, decided) != "" {
			continue
		}
		if wanted(t.ID, t.Department, t.Words) {
			c, err := d.since(ctx, t, bursts)
			if err != nil {
				return nil, err
			}
			if len(c.Contacts) > 0 {
				out = append(out, c)
			}
		}
		bursts = slices.DeleteFunc(bursts, t.Is)
	}
	bursts = slices.DeleteFunc(bursts, func(b problem.Burst) bool { return !wanted("", "", b.Words) })
	shown, errs := make([]Candidate, len(bursts)), make([]error, len(bursts))
	batch.Each(len(bursts), parallel, func(i int) { shown[i], errs[i] = d.show(ctx, bursts[i]) })
	out = append(out, shown...)
	slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Compare(b.Customers, a.Customers) })
	return out[:min(len(out), MaxListed)], errors.Join(errs...)
}

// decisionOn returns what somebody decided about a candidate; empty when
// nobody did.
func decisionOn(t problem.Told, decided map[string]string) string {
	for _, w := range t.Words {
		if decided[w] != "" {
			return decided[w]
		}
	}
	return ""
}

// since returns a candidate that somebody was told of, as it is now: without
// the contacts that are gone or have a reason, and with those of the bursts
// that are the same.
func (d *Desk) since(ctx context.Context, t problem.Told, bursts []problem.Burst) (Candidate, error) {
	c := Candidate{ID: t.ID, Words: t.Shown, Quotes: t.Quotes, ToldAt: t.At, ToldTo: t.Department, hashes: slices.Clone(t.Words)}
	customers, err := d.check(ctx, t.Contacts)
	if err != nil {
		return c, err
	}
	var all []problem.Unknown
	for i, u := range t.Contacts {
		if u.Customer = customers[i]; u.Customer != "" {
			all = append(all, u)
		}
	}
	for _, b := range bursts {
		if t.Is(b) {
			all = append(all, b.Contacts...)
			c.hashes = append(c.hashes, b.Words...)
		}
	}
	slices.SortStableFunc(all, func(a, b problem.Unknown) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Contact, b.Contact)) })
	who := map[identity.CustomerID]bool{}
	for _, u := range all {
		who[u.Customer] = true
		if !slices.ContainsFunc(c.Contacts, func(o problem.Unknown) bool { return placeOf(o) == placeOf(u) }) {
			c.Contacts = append(c.Contacts, u)
		}
	}
	if c.Customers = len(who); len(c.Contacts) > 0 {
		c.First, c.Last = c.Contacts[0].At, c.Contacts[len(c.Contacts)-1].At
	}
	slices.Sort(c.hashes)
	c.hashes = slices.Compact(c.hashes)
	return c, nil
}

// One returns the candidate of an id, which may be the hash of any of its
// words. A candidate that the caller does not judge is [fault.Forbidden],
// whether it is decided or not.
func (d *Desk) One(ctx context.Context, caller problem.Caller, id string, now time.Time) (Candidate, error) {
	told, _, err := d.Store.AnnouncedCandidates(ctx, now)
	if err != nil {
		return Candidate{}, err
	}
	if slices.ContainsFunc(told, func(t problem.Told) bool { return t.ID == id && !caller.Judges(t.Department) }) {
		return Candidate{}, problem.Foreign()
	}
	all, err := d.list(ctx, told, now, func(of, _ string, hashes []string) bool { return of == id || slices.Contains(hashes, id) })
	if err != nil {
		return Candidate{}, err
	}
	if len(all) == 0 {
		return Candidate{}, fault.New(fault.NotFound, "there is no such candidate, or not any more")
	}
	if i := slices.IndexFunc(all, func(c Candidate) bool { return caller.Judges(c.ToldTo) }); i >= 0 {
		return all[i], nil
	}
	return Candidate{}, problem.Foreign()
}

// show makes a burst readable: its words as some of the customers wrote them,
// and what they said, masked. A word is readable from here on only because
// several customers used it.
func (d *Desk) show(ctx context.Context, b problem.Burst) (Candidate, error) {
	c := Candidate{
		ID: b.Words[0], Customers: b.Customers, Contacts: b.Contacts, First: b.First, Last: b.Last, hashes: b.Words,
	}
	var said []problem.Candidate
	readable := map[string]string{}
	for _, u := range b.Contacts[max(0, len(b.Contacts)-maxSampled):] {
		texts, err := d.said(ctx, u)
		if err != nil {
			return c, err
		}
		for _, t := range texts {
			for _, w := range problem.Telltale(t.Text, t.Known) {
				readable[d.Store.WordHash(w)] = w
			}
		}
		said = append(said, texts...)
	}
	for _, hash := range b.Words {
		if w := readable[hash]; w != "" && len(c.Words) < maxShown {
			c.Words = append(c.Words, w)
		}
	}
	for i := range said { // what is shown anyway may stand in a quote
		said[i].Known.Public = append(slices.Clip(said[i].Known.Public), c.Words...)
	}
	c.Quotes = problem.Quotes(said, 3)
	return c, nil
}

// said returns what a customer wrote in a contact.
func (d *Desk) said(ctx context.Context, u problem.Unknown) ([]problem.Candidate, error) {
	c, err := d.Store.Customer(ctx, u.Customer)
	if err != nil {
		return nil, err
	}
	ms, err := d.Store.RecentMessages(ctx, c, u.At)
	if err != nil {
		return nil, err
	}
	known := KnownOf(d.Taxonomy(), c, ms)
	var out []problem.Candidate
	for _, k := range contact.Contacts(ms) {
		if k.ID != u.Contact {
			continue
		}
		for _, m := range k.Messages {
			if m.Direction == contact.Inbound && m.Origin != contact.Recorded && m.Text != "" {
				out = append(out, problem.Candidate{Customer: string(c.ID), Text: m.Text, Known: known})
			}
		}
	}
	return out, nil
}

// KnownOf is what is known of a customer who said something, to be masked.
func KnownOf(t *taxonomy.Taxonomy, c identity.Customer, ms []contact.Message) problem.Known {
	known := problem.Known{Names: []string{c.Name}, Accounts: []string{c.Account}, Public: t.PublicNames()}
	for _, m := range ms {
		known.Names = append(known.Names, m.Name, m.Username)
		known.Orders = append(known.Orders, t.OrderNumbers(m.Text)...)
		for _, a := range m.Addresses() {
			known.Address(a)
		}
	}
	return known
}

package api

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/workflow"
)

// Candidates are contacts of no known reason. [store.Table] has them.
type Candidates interface {
	Unknowns(ctx context.Context, from time.Time, limit int, now time.Time) ([]problem.Unknown, error)
	DecidedWords(ctx context.Context, now time.Time) (map[string]bool, error)
	DecideWords(ctx context.Context, hashes []string, by, decision string, expires time.Time) error
	WordHash(word string) string
}

// Bounds of what is looked at.
const (
	maxUnknown    = 4000 // contacts: the latest, when there are more
	maxCandidates = 10
	maxSampled    = 6   // contacts of a candidate that are read for its words and quotes
	maxConfirmed  = 500 // contacts of a candidate that join its problem
	maxShown      = 8   // words
)

// A candidateView is what may be a problem that the taxonomy does not know.
type candidateView struct {
	ID        string         `json:"id"`
	Words     []string       `json:"words"`
	Quotes    []string       `json:"quotes"`
	Customers int            `json:"customers"`
	Contacts  []workflow.Ref `json:"contacts"`
	FirstSeen time.Time      `json:"firstSeen"`
	LastSeen  time.Time      `json:"lastSeen"`
}

// bursts derives the candidates from what is there now: nothing is counted, and
// so nothing counts twice, or counts what a merge or an erasure took away.
func (d *Departments) bursts(ctx context.Context, now time.Time) ([]problem.Burst, error) {
	decided, err := d.Store.DecidedWords(ctx, now)
	if err != nil {
		return nil, err
	}
	all, err := d.Store.Unknowns(ctx, now.Add(-problem.BurstHistory), maxUnknown, now)
	return problem.Bursts(all, now, decided), err
}

func (d *Departments) candidates(ctx context.Context, r *request) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	bursts, err := d.bursts(ctx, r.now)
	if err != nil {
		return reply{}, err
	}
	bursts = bursts[:min(len(bursts), maxCandidates)]
	views, errs := make([]candidateView, len(bursts)), make([]error, len(bursts))
	var wg sync.WaitGroup
	for i, b := range bursts {
		wg.Go(func() { views[i], errs[i] = d.candidate(ctx, b) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return reply{}, err
		}
	}
	return reply{body: map[string]any{"candidates": views}}, nil
}

// candidate shows a burst: its words as some of the customers wrote them, and
// what they said, masked. A word is readable from here on only because several
// customers used it.
func (d *Departments) candidate(ctx context.Context, b problem.Burst) (candidateView, error) {
	v := candidateView{
		ID: b.Words[0], Words: []string{}, Quotes: []string{}, Customers: b.Customers, FirstSeen: b.First, LastSeen: b.Last,
		Contacts: refsOf(b)[:min(len(b.Contacts), workflow.MaxRefs)],
	}
	var said []problem.Candidate
	readable := map[string]string{}
	for _, u := range b.Contacts[max(0, len(b.Contacts)-maxSampled):] {
		texts, err := d.said(ctx, u)
		if err != nil {
			return v, err
		}
		for _, c := range texts {
			for _, w := range problem.Telltale(c.Text, c.Known) {
				readable[d.Store.WordHash(w)] = w
			}
		}
		said = append(said, texts...)
	}
	for _, hash := range b.Words {
		if w := readable[hash]; w != "" && len(v.Words) < maxShown {
			v.Words = append(v.Words, w)
		}
	}
	v.Quotes = append(v.Quotes, problem.Quotes(said, 3)...)
	return v, nil
}

// said returns what a customer wrote in a contact.
func (d *Departments) said(ctx context.Context, u problem.Unknown) ([]problem.Candidate, error) {
	c, err := d.Store.Customer(ctx, u.Customer)
	if err != nil {
		return nil, err
	}
	ms, err := d.Store.Recent(ctx, c, u.At)
	if err != nil {
		return nil, err
	}
	known := knownOf(d.Taxonomy(), c, ms)
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

// knownOf is what is known of a customer who said something, to be masked.
func knownOf(t *taxonomy.Taxonomy, c identity.Customer, ms []contact.Message) problem.Known {
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

func refsOf(b problem.Burst) []workflow.Ref {
	refs := make([]workflow.Ref, len(b.Contacts))
	for i, u := range b.Contacts {
		refs[i] = workflow.Ref{Customer: u.Customer, Contact: u.Contact}
	}
	return refs
}

// A judgement says whether a candidate is a problem, and of what reason.
type judgement struct {
	Decision string `json:"decision"`
	Why      string `json:"why"`
	Reason   string `json:"reason"`
	Product  string `json:"product"`
}

// decide dismisses a candidate for as long as its contacts are looked at, or
// opens its problem. Broken off in between it can be done again: contacts that
// are attached already change nothing.
func (d *Departments) decide(ctx context.Context, r *request) (reply, error) {
	var j judgement
	if err := r.decode(&j); err != nil {
		return reply{}, err
	}
	why, err := clean("why", j.Why, maxWhy, true)
	switch {
	case err != nil:
		return reply{}, err
	case j.Decision != "confirm" && j.Decision != "dismiss":
		return reply{}, fault.New(fault.Invalid, "decision must be confirm or dismiss")
	case (j.Decision == "confirm") != (j.Reason != "") || j.Reason == "" && j.Product != "":
		return reply{}, fault.New(fault.Invalid, "reason goes with confirm, and must be given then; product goes with reason")
	}
	bursts, err := d.bursts(ctx, r.now)
	if err != nil {
		return reply{}, err
	}
	i := slices.IndexFunc(bursts, func(b problem.Burst) bool { return slices.Contains(b.Words, r.param("id")) })
	if i < 0 {
		return reply{}, fault.New(fault.NotFound, "there is no such candidate, or not any more")
	}
	out := map[string]any{"id": r.param("id"), "decision": j.Decision}
	if j.Decision == "confirm" {
		if out["problem"], err = d.confirm(ctx, r, j, why, refsOf(bursts[i])); err != nil {
			return reply{}, err
		}
	}
	expires := r.now.Add(2 * problem.BurstHistory)
	if err := d.Store.DecideWords(ctx, bursts[i].Words, r.caller(), j.Decision, expires); err != nil {
		return reply{}, err
	}
	return reply{body: out}, nil
}

// confirm opens the problem of a candidate, or finds the one of its cause, and
// attaches the contacts. It returns the problem's id.
func (d *Departments) confirm(ctx context.Context, r *request, j judgement, why string, refs []workflow.Ref) (string, error) {
	refs = refs[:min(len(refs), maxConfirmed)]
	first := refs[:min(len(refs), workflow.MaxRefs)]
	_, id, err := d.flow().Open(ctx, workflow.Request{Reason: j.Reason, Product: j.Product, Comment: why, By: r.caller(), Contacts: first, At: r.now})
	if err == nil {
		refs = refs[len(first):]
	} else if fault.KindOf(err) != fault.Conflict || id == "" {
		return "", err
	}
	for some := range slices.Chunk(refs, workflow.MaxRefs) {
		if _, err := d.flow().Attach(ctx, id, some, false, r.caller(), why, r.now); err != nil {
			return "", err
		}
	}
	return id, nil
}

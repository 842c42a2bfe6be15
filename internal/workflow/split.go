package workflow

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// A Split takes a second cause out of a problem: the contacts that it names,
// and those that hold one of its words. Further contacts with the words go to
// the part; without words none do, but by hand.
type Split struct {
	Contacts    []Ref
	Words       []string
	By, Comment string
	Version     int // of the problem that the sender saw; 0 when they do not say
	At          time.Time
}

// maxSearched bounds in how many customers' messages words are looked for.
const maxSearched = 500

// Split splits a problem, and returns the part.
func (w *Workflow) Split(ctx context.Context, id string, s Split) (problem.Record, error) {
	words, ok := problem.Splits(s.Words)
	if !ok {
		return problem.Record{}, fault.New(fault.Invalid, "words must be up to 20 wordings of up to 60 characters")
	}
	if len(words) == 0 && len(s.Contacts) == 0 {
		return problem.Record{}, fault.New(fault.Invalid, "give contacts or words: what belongs to the part")
	}
	moving, err := w.moving(ctx, id, s.Contacts, problem.Part{Words: words})
	if err != nil {
		return problem.Record{}, err
	}
	part := problem.Record{}
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return part, err
		}
		from, err := w.Store.Problem(ctx, id)
		if err != nil {
			return part, err
		}
		if err := splits(from, s); err != nil {
			return from, err
		}
		from, part = split(from, s, words)
		if err = w.Store.SplitProblem(ctx, from, part); err == nil {
			break
		}
		if fault.KindOf(err) != fault.Conflict || try == maxTries-1 {
			return part, err
		}
	}
	// In both for a moment rather than in neither.
	for some := range slices.Chunk(moving, MaxRefs) {
		if _, err := w.alter(ctx, part.ID, nil, some); err != nil {
			return part, err
		}
		if _, err := w.alter(ctx, id, some, nil); err != nil {
			return part, err
		}
	}
	return w.Change(ctx, part.ID, func(p problem.Record) (problem.Record, error) {
		if len(moving) > 0 {
			p.Milestone, _ = problem.Milestone(0, p.Customers)
			p.Problem, p.Events = problem.Tell(p.Problem, problem.Event{Kind: problem.EventUpdated, By: s.By, At: s.At, Comment: s.Comment, Other: id})
		}
		return p, nil
	})
}

// splits refuses a problem that cannot be split.
func splits(from problem.Record, s Split) error {
	switch {
	case s.Version != 0 && s.Version != from.Version:
		return fault.New(fault.Conflict, "the problem is at version %d, not %d; read it again", from.Version, s.Version)
	case !from.State.Open():
		return fault.New(fault.Conflict, "a problem that is %s cannot be split; reopen it, or change the one it was merged into", from.State)
	case len(from.Parts) >= problem.MaxParts:
		return fault.New(fault.Conflict, "the problem has %d parts already; split one of those", problem.MaxParts)
	default:
		return nil
	}
}

// split returns a problem without its part, and the part with nobody in it
// yet.
func split(from problem.Record, s Split, words []string) (rest, part problem.Record) {
	opened, events := problem.Open(problem.Seed{
		ID: uuid.Must(uuid.NewV7()).String(), Reason: from.Reason, Product: from.Product, Department: from.Department, Names: from.Names,
		Severity: from.Severity, TaxonomyVersion: from.TaxonomyVersion, By: s.By, FirstSeen: s.At, LastSeen: s.At, PerDay: map[string]int{},
	}, s.At)
	opened.SplitFrom = from.ID
	events[0].Comment = s.Comment
	rest = from
	rest.Parts = append(slices.Clip(from.Parts), problem.Part{ID: opened.ID, Words: words})
	rest.Problem, rest.Events = problem.Tell(rest.Problem, problem.Event{Kind: problem.EventSplit, By: s.By, At: s.At, Comment: s.Comment, Other: opened.ID})
	return rest, problem.Record{Problem: opened, Events: events}
}

// moving returns the contacts that go to a part.
func (w *Workflow) moving(ctx context.Context, id string, refs []Ref, part problem.Part) ([]problem.Seen, error) {
	out, err := w.find(ctx, refs)
	if err != nil || len(part.Words) == 0 {
		return out, err
	}
	all, _, err := w.Store.AllAffected(ctx, id, maxSearched, "")
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		said, err := w.said(ctx, a)
		if err != nil {
			return nil, err
		}
		for _, k := range said {
			if slices.Contains(a.Contacts, k.ID) && part.Takes(words(k.Messages)) {
				out = append(out, w.seen(a.Customer, k.ID, k.Start))
			}
		}
	}
	return out, nil
}

// said returns the contacts of an affected customer with their messages.
func (w *Workflow) said(ctx context.Context, a problem.Affected) ([]contact.Contact, error) {
	c, err := w.Store.Customer(ctx, a.Customer)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ms, err := w.Store.Recent(ctx, c, a.Since)
	if err != nil {
		return nil, err
	}
	return contact.Contacts(ms), nil
}

func words(ms []contact.Message) string {
	var b strings.Builder
	for _, m := range ms {
		if m.Direction == contact.Inbound {
			b.WriteString(m.Text + "\n")
		}
	}
	return b.String()
}

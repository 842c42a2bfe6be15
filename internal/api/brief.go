package api

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// Bounds of what a brief looks at.
const (
	briefMessages = 100
	briefContacts = 50
	briefCauses   = 6
)

func (a *Agents) brief(ctx context.Context, r *request) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	c, err := a.customer(ctx, r)
	if err != nil {
		return reply{}, err
	}
	k := brief.Known{Customer: c.ID}
	var claims []contact.Claim
	err = together(
		func() (err error) {
			k.Contacts, _, err = a.Store.CustomerContacts(ctx, c, briefContacts, "")
			return err
		},
		func() (err error) { claims, err = a.Store.Claims(ctx, c.Members); return err },
		func() (err error) { k.Suggestions, err = a.suspects(ctx, c); return err },
		func() error { k.Taxonomy = a.Taxonomy(); return nil },
	)
	if err != nil {
		return reply{}, err
	}
	k.Claim = contact.Standing(claims, c.ID, r.now)
	from := r.now.Add(-brief.Window)
	k.Contacts = slices.DeleteFunc(k.Contacts, func(c contact.Contact) bool { return c.Start.Before(from) && c.State(r.now) == "closed" })
	for _, open := range k.Contacts {
		if open.Start.Before(from) {
			from = open.Start
		}
	}
	err = together(
		func() error {
			p, err := a.Store.History(ctx, c, contact.Query{Limit: briefMessages, From: from})
			k.Messages = p.Entries
			return err
		},
		func() (err error) { k.Problems, err = a.problemsOf(ctx, c, k.Contacts); return err },
	)
	if err == nil && len(k.Messages) == 0 {
		err = a.check(ctx, c)
	}
	if err != nil {
		return reply{}, err
	}
	return reply{body: brief.Make(k, r.now)}, nil
}

// suspects returns who else a customer may be.
func (a *Agents) suspects(ctx context.Context, c identity.Customer) ([]identity.Suggestion, error) {
	all, err := a.Store.Suggestions(ctx, c)
	return slices.DeleteFunc(all, func(s identity.Suggestion) bool { return slices.Contains(c.Members, s.Customer) }), err
}

// problemsOf returns the problems of the causes of contacts, as far as they
// touch the customer.
func (a *Agents) problemsOf(ctx context.Context, c identity.Customer, contacts []contact.Contact) ([]problem.Record, error) {
	type cause struct{ reason, product string }
	var causes []cause
	for _, k := range contacts {
		for _, x := range k.Causes {
			if one := (cause{x.Reason, x.Product}); !slices.Contains(causes, one) && len(causes) < briefCauses {
				causes = append(causes, one)
			}
		}
	}
	found := make([]*problem.Record, len(causes))
	var todo []func() error
	for i, x := range causes {
		todo = append(todo, func() (err error) { found[i], err = a.problemOf(ctx, c, x.reason, x.product); return err })
	}
	err := together(todo...)
	var out []problem.Record
	for _, p := range found {
		if p != nil && !slices.ContainsFunc(out, func(q problem.Record) bool { return q.ID == p.ID }) {
			out = append(out, *p)
		}
	}
	return out, err
}

func (a *Agents) problemOf(ctx context.Context, c identity.Customer, reason, product string) (*problem.Record, error) {
	id, err := a.Store.ProblemOfCause(ctx, reason, product)
	if err != nil || id == "" {
		return nil, err
	}
	p, err := problem.Standing(ctx, id, a.Store.ProblemHeader)
	if batch.IsPermanent(err) { // a brief without this problem is better than none
		slog.ErrorContext(ctx, "unreadable problem left out of a brief", "problem", id, "kind", fault.KindOf(err))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	touched, err := a.Store.AffectedAmong(ctx, p.ID, c.Members)
	if err != nil || len(touched) == 0 {
		return nil, err
	}
	p.Reason, p.Product = reason, product // of the contact, by which it touches the customer
	return &p, nil
}

// together does several things at once, and returns the first error.
func together(todo ...func() error) error {
	errs := make([]error, len(todo))
	var wg sync.WaitGroup
	for i, do := range todo {
		wg.Go(func() { errs[i] = do() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

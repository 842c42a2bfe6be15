package agentapi

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// Bounds of the records that a brief is made from.
const (
	briefMessages = 100
	briefContacts = 50
	briefCauses   = 6
)

func (a *API) getBrief(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.resolveCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	k := brief.Known{Customer: c.ID, Name: c.Name, Account: c.Account}
	var claims []contact.Claim
	err = runAll(
		func() (err error) {
			k.Contacts, _, err = a.Store.Contacts.CustomerContacts(ctx, c, briefContacts, "")
			return err
		},
		func() (err error) { claims, err = a.Store.Contacts.Claims(ctx, c.Members); return err },
		func() (err error) { k.Suggestions, err = a.otherSuggestions(ctx, c); return err },
		func() error { k.Taxonomy = a.Taxonomy(); return nil },
	)
	if err != nil {
		return httpapi.Response{}, err
	}
	k.Claim = contact.Standing(claims, c.ID, r.Now)
	var from time.Time
	k.Contacts, from = briefWindow(k.Contacts, r.Now)
	err = runAll(
		func() error {
			p, err := a.Store.Messages.History(ctx, c, message.Query{Limit: briefMessages, From: from})
			k.Messages = p.Entries
			return err
		},
		func() (err error) { k.Problems, err = a.readProblems(ctx, c, k.Contacts); return err },
	)
	if err == nil && len(k.Messages) == 0 {
		err = a.requireExists(ctx, c)
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Body: brief.Make(k, r.Now)}, nil
}

// briefWindow returns the contacts that a brief covers, and the time from which
// it needs messages. Contacts that closed before the window are left out, and
// an open contact widens the window to its start.
func briefWindow(contacts []contact.Contact, now time.Time) ([]contact.Contact, time.Time) {
	from := now.Add(-brief.Window)
	contacts = slices.DeleteFunc(contacts, func(k contact.Contact) bool { return k.Start.Before(from) && k.State(now) == "closed" })
	for _, k := range contacts {
		if k.Start.Before(from) {
			from = k.Start
		}
	}
	return contacts, from
}

// otherSuggestions returns the suggestions that name another customer than c.
func (a *API) otherSuggestions(ctx context.Context, c identity.Customer) ([]identity.Suggestion, error) {
	suggestions, err := a.Store.Customers.Suggestions(ctx, c)
	return slices.DeleteFunc(suggestions, func(s identity.Suggestion) bool { return slices.Contains(c.Members, s.Customer) }), err
}

// readProblems returns the problems that affect a customer by one of the causes
// of these contacts, each problem once.
func (a *API) readProblems(ctx context.Context, c identity.Customer, contacts []contact.Contact) ([]problem.Record, error) {
	type cause struct{ reason, product string }
	var causes []cause
	for _, k := range contacts {
		for _, x := range k.Causes {
			next := cause{x.Reason, x.Product}
			if !slices.Contains(causes, next) && len(causes) < briefCauses {
				causes = append(causes, next)
			}
		}
	}
	found := make([]*problem.Record, len(causes))
	var reads []func() error
	for i, x := range causes {
		reads = append(reads, func() (err error) { found[i], err = a.readProblem(ctx, c, x.reason, x.product); return err })
	}
	err := runAll(reads...)
	var problems []problem.Record
	for _, p := range found {
		if p != nil && !slices.ContainsFunc(problems, func(q problem.Record) bool { return q.ID == p.ID }) {
			problems = append(problems, *p)
		}
	}
	return problems, err
}

// readProblem returns the problem of a cause if it affects the customer, else
// nil.
func (a *API) readProblem(ctx context.Context, c identity.Customer, reason, product string) (*problem.Record, error) {
	id, err := a.Store.Causes.ProblemOfCause(ctx, reason, product)
	if err != nil || id == "" {
		return nil, err
	}
	p, err := problem.FollowMerges(ctx, id, a.Store.Problems.GetHeader)
	if lambdabatch.IsPermanent(err) { // a brief without this problem is better than no brief
		slog.ErrorContext(ctx, "unreadable problem left out of a brief", "problem", id, "kind", fault.KindOf(err))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	affected, err := a.Store.Problems.AffectedAmong(ctx, p.ID, c.Members)
	if err != nil || len(affected) == 0 {
		return nil, err
	}
	// After a merge of problems p has another cause. The brief names the one of
	// the customer's contact.
	p.Reason = reason
	p.Product = product
	return &p, nil
}

// runAll runs functions at the same time and returns the first error in their
// order.
func runAll(functions ...func() error) error {
	errs := make([]error, len(functions))
	var wg sync.WaitGroup
	for i, run := range functions {
		wg.Go(func() { errs[i] = run() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

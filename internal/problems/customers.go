package problems

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/problem"
)

// A caller that is limited to departments may name only customers that it was
// shown: those affected by a problem that it reaches, and those of candidates
// that were announced to it. Otherwise it could attach a customer of another
// department to a problem of its own, and read about them there.
//
// The table has no list of the problems that affect a customer. So the search
// goes from the cheapest place to the dearest, and ends when it has found every
// customer:
//
//  1. the problem that the request changes;
//  2. the problems of the causes of the customer's latest contacts, and the
//     problems that these were merged into or split into;
//  3. the latest problems of the caller's departments, for contacts that were
//     attached by hand;
//  4. the candidates that were announced to these departments.

// Bounds of the search for one request, which names at most [MaxContacts]
// customers.
const (
	contactsSearched = 100 // latest contacts of a customer
	recentSearched   = 50  // latest problems of each of the caller's departments
	problemsSearched = 300 // problems, over all steps
	parallelReads    = 8
)

// A customerSearch looks for the customers of a request among those that its
// caller was shown.
type customerSearch struct {
	*Service
	caller  problem.Caller
	missing []identity.Customer // not found yet
	visited map[string]bool     // problems that were looked at, by id
}

// refuseUnshownCustomers refuses contacts of a customer that the caller was not
// shown: [fault.Forbidden]. The refusal is the same whether that customer or
// contact exists or not. ProblemID is the problem that the request changes, empty
// for a new one.
func (s *Service) refuseUnshownCustomers(ctx context.Context, caller problem.Caller, contacts []problem.ContactRef, problemID string, now time.Time) error {
	if err := checkContactCount(contacts); err != nil || caller.All || len(contacts) == 0 {
		return err
	}
	named, err := s.readCustomers(ctx, contacts)
	if err != nil {
		return err
	}
	search := &customerSearch{Service: s, caller: caller, visited: map[string]bool{}}
	for _, c := range named {
		if c.ID != "" && !search.isMissing(c.ID) {
			search.missing = append(search.missing, c)
		}
	}
	if err := search.run(ctx, problemID, now); err != nil {
		return err
	}
	for i, ref := range contacts {
		if named[i].ID == "" || search.isMissing(named[i].ID) {
			return fault.New(fault.Forbidden, "contacts: the customer of %s is in none of your problems or candidates; "+
				"leave it out, or ask for a token with the scope problems:all; nothing was changed", ref.Contact)
		}
	}
	return nil
}

// readCustomers returns the customer of each contact, or the zero value for an id
// without a customer.
func (s *Service) readCustomers(ctx context.Context, contacts []problem.ContactRef) ([]identity.Customer, error) {
	customers := make([]identity.Customer, len(contacts))
	errs := make([]error, len(contacts))
	lambdabatch.Each(len(contacts), parallelReads, func(i int) {
		c, err := s.Store.Customers.Get(ctx, contacts[i].Customer)
		if fault.Is(err, fault.NotFound) {
			return
		}
		customers[i] = c
		errs[i] = err
	})
	return customers, errors.Join(errs...)
}

func (s *customerSearch) isMissing(id identity.CustomerID) bool {
	return slices.ContainsFunc(s.missing, func(c identity.Customer) bool { return c.ID == id })
}

// run takes the customers out of s.missing that the caller was shown.
func (s *customerSearch) run(ctx context.Context, problemID string, now time.Time) error {
	steps := []func(context.Context) ([]string, error){
		func(context.Context) ([]string, error) { return []string{problemID}, nil },
		s.problemsByCause,
		func(ctx context.Context) ([]string, error) {
			return s.Store.Problems.ProblemIDs(ctx, s.caller.Departments, recentSearched)
		},
	}
	for _, step := range steps {
		if len(s.missing) == 0 {
			return nil
		}
		ids, err := step(ctx)
		if err != nil {
			return err
		}
		if err := s.searchProblems(ctx, ids); err != nil {
			return err
		}
	}
	if len(s.missing) == 0 {
		return nil
	}
	announced, err := s.announcedCustomers(ctx, s.caller, now)
	if err != nil {
		return err
	}
	s.markFound(announced)
	return nil
}

// markFound takes customers out of s.missing. A merged customer is found under
// any of its ids.
func (s *customerSearch) markFound(shown []identity.CustomerID) {
	isShown := map[identity.CustomerID]bool{}
	for _, id := range shown {
		isShown[id] = true
	}
	s.missing = slices.DeleteFunc(s.missing, func(c identity.Customer) bool {
		return slices.ContainsFunc(allIDs(c), func(id identity.CustomerID) bool { return isShown[id] })
	})
}

// allIDs returns every id of a customer, its own first.
func allIDs(c identity.Customer) []identity.CustomerID {
	return append([]identity.CustomerID{c.ID}, c.Members...)
}

// problemsByCause returns the problems of the causes of the missing customers'
// latest contacts.
func (s *customerSearch) problemsByCause(ctx context.Context) ([]string, error) {
	pages := make([][]contact.Contact, len(s.missing))
	errs := make([]error, len(s.missing))
	lambdabatch.Each(len(s.missing), parallelReads, func(i int) {
		pages[i], _, errs[i] = s.Store.Contacts.CustomerContacts(ctx, s.missing[i], contactsSearched, "")
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	type cause struct{ reason, product string }
	var causes []cause
	for _, k := range slices.Concat(pages...) {
		for _, c := range k.Causes {
			causes = append(causes, cause{c.Reason, c.Product}, cause{c.Reason, ""})
		}
	}
	slices.SortFunc(causes, func(a, b cause) int {
		return cmp.Or(cmp.Compare(a.reason, b.reason), cmp.Compare(a.product, b.product))
	})
	causes = slices.Compact(causes)
	causes = causes[:min(len(causes), problemsSearched)]
	ids := make([]string, len(causes))
	errs = make([]error, len(causes))
	lambdabatch.Each(len(causes), parallelReads, func(i int) {
		ids[i], errs[i] = s.Store.Causes.ProblemOfCause(ctx, causes[i].reason, causes[i].product)
	})
	return ids, errors.Join(errs...)
}

// searchProblems looks for the missing customers in those problems that the
// caller reaches, and in the problems that these were merged into or split into.
func (s *customerSearch) searchProblems(ctx context.Context, ids []string) error {
	for len(ids) > 0 && len(s.missing) > 0 {
		ids = s.visitNew(ids)
		customers := s.missingIDs()
		related := make([][]string, len(ids))
		shown := make([][]identity.CustomerID, len(ids))
		errs := make([]error, len(ids))
		lambdabatch.Each(len(ids), parallelReads, func(i int) {
			related[i], shown[i], errs[i] = s.searchProblem(ctx, ids[i], customers)
		})
		if err := errors.Join(errs...); err != nil {
			return err
		}
		s.markFound(slices.Concat(shown...))
		ids = slices.Concat(related...)
	}
	return nil
}

// missingIDs returns every id of the missing customers, each once.
func (s *customerSearch) missingIDs() []identity.CustomerID {
	var ids []identity.CustomerID
	for _, c := range s.missing {
		ids = append(ids, allIDs(c)...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// visitNew marks problems as visited, and returns those that were not visited
// before, up to the bound.
func (s *customerSearch) visitNew(ids []string) []string {
	var added []string
	for _, id := range ids {
		if id == "" || s.visited[id] || len(s.visited) == problemsSearched {
			continue
		}
		s.visited[id] = true
		added = append(added, id)
	}
	return added
}

// searchProblem returns which of some customers a problem affects, if the caller
// reaches it, and the problems that it was merged into or split into.
func (s *customerSearch) searchProblem(ctx context.Context, id string, customers []identity.CustomerID) (related []string, shown []identity.CustomerID, err error) {
	p, err := s.Store.Problems.GetHeader(ctx, id)
	if lambdabatch.IsPermanent(err) { // deleted or unreadable: the other problems decide
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	related = append(related, p.MergedInto)
	for _, part := range p.Parts {
		related = append(related, part.ID)
	}
	if !s.caller.Reaches(p.Problem) {
		return related, nil, nil
	}
	affected, err := s.Store.Problems.AffectedAmong(ctx, id, customers)
	for c := range affected {
		shown = append(shown, c)
	}
	return related, shown, err
}

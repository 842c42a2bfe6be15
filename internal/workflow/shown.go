package workflow

import (
	"context"
	"errors"
	"slices"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// A caller who is limited to departments may name only customers that it was
// shown: those whom a problem touches that it reaches, and those of candidates
// that were announced to it. Otherwise it could attach a customer of another
// department to a problem of its own, and read about them there.
//
// The table has no list of the problems that touch a customer. So the search
// goes from the cheapest place to the dearest, and ends when it has found every
// customer:
//
//  1. the problem that the request changes;
//  2. the problems of the causes of the customer's latest contacts, and what
//     these were merged into or split into;
//  3. the latest problems of the caller's departments, for contacts that were
//     attached by hand;
//  4. the candidates that were announced to these departments.

// Bounds of the search for one request, which names at most [MaxRefs] customers.
const (
	contactsSearched = 100 // latest contacts of a customer
	recentSearched   = 50  // latest problems of each of the caller's departments
	problemsSearched = 300 // problems, over all steps
	atOnce           = 8   // reads
)

// A search finds those customers of a request that its caller was shown.
type search struct {
	*Workflow
	caller  problem.Caller
	missing []identity.Customer // not found yet
	looked  map[string]bool     // problems, by id
}

// refuseUnshown refuses a request that names a customer that its caller was
// not shown: [fault.Forbidden]. The refusal is the same whether that customer
// or contact exists or not. ProblemID is the problem that the request changes,
// empty for a new one.
func (w *Workflow) refuseUnshown(ctx context.Context, r Request, problemID string) error {
	if err := tooMany(r.Contacts); err != nil || r.By.All || len(r.Contacts) == 0 {
		return err
	}
	named, err := w.named(ctx, r.Contacts)
	if err != nil {
		return err
	}
	s := &search{Workflow: w, caller: r.By, looked: map[string]bool{}}
	for _, c := range named {
		if c.ID != "" && !slices.ContainsFunc(s.missing, func(o identity.Customer) bool { return o.ID == c.ID }) {
			s.missing = append(s.missing, c)
		}
	}
	if err := s.run(ctx, r, problemID); err != nil {
		return err
	}
	for i, ref := range r.Contacts {
		unshown := slices.ContainsFunc(s.missing, func(c identity.Customer) bool { return c.ID == named[i].ID })
		if named[i].ID == "" || unshown {
			return fault.New(fault.Forbidden, "contacts: %s is not of a customer of your problems or candidates; "+
				"leave it out, or ask for a token with the scope problems:all; nothing was changed", ref.Contact)
		}
	}
	return nil
}

// named returns the customer of each contact, or the zero value for an id
// without a customer.
func (w *Workflow) named(ctx context.Context, refs []Ref) ([]identity.Customer, error) {
	out, errs := make([]identity.Customer, len(refs)), make([]error, len(refs))
	batch.Each(len(refs), atOnce, func(i int) {
		c, err := w.Store.Customer(ctx, refs[i].Customer)
		if fault.KindOf(err) == fault.NotFound {
			c, err = identity.Customer{}, nil
		}
		out[i], errs[i] = c, err
	})
	return out, errors.Join(errs...)
}

func (s *search) run(ctx context.Context, r Request, problemID string) error {
	steps := []func(context.Context) ([]string, error){
		func(context.Context) ([]string, error) { return []string{problemID}, nil },
		s.byCause,
		func(ctx context.Context) ([]string, error) {
			return s.Store.ProblemIDs(ctx, s.caller.Departments, recentSearched)
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
		if err := s.lookIn(ctx, ids); err != nil {
			return err
		}
	}
	if len(s.missing) == 0 || s.Announced == nil {
		return nil
	}
	announced, err := s.Announced(ctx, s.caller, r.At)
	if err != nil {
		return err
	}
	s.found(announced)
	return nil
}

// found strikes customers off those that are missing. A merged customer is
// found under any of its ids.
func (s *search) found(shown []identity.CustomerID) {
	is := map[identity.CustomerID]bool{}
	for _, id := range shown {
		is[id] = true
	}
	s.missing = slices.DeleteFunc(s.missing, func(c identity.Customer) bool {
		return slices.ContainsFunc(idsOf(c), func(id identity.CustomerID) bool { return is[id] })
	})
}

// idsOf returns every id of a customer.
func idsOf(c identity.Customer) []identity.CustomerID {
	return append([]identity.CustomerID{c.ID}, c.Members...)
}

// byCause returns the problems of the causes of the missing customers' latest
// contacts.
func (s *search) byCause(ctx context.Context) ([]string, error) {
	pages, errs := make([][]contact.Contact, len(s.missing)), make([]error, len(s.missing))
	batch.Each(len(s.missing), atOnce, func(i int) {
		pages[i], _, errs[i] = s.Store.CustomerContacts(ctx, s.missing[i], contactsSearched, "")
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	type cause struct{ reason, product string }
	var causes []cause
	for _, page := range pages {
		for _, k := range page {
			for _, c := range k.Causes {
				causes = append(causes, cause{c.Reason, c.Product}, cause{c.Reason, ""})
			}
		}
	}
	slices.SortFunc(causes, func(a, b cause) int {
		return slices.Compare([]string{a.reason, a.product}, []string{b.reason, b.product})
	})
	causes = slices.Compact(causes)
	causes = causes[:min(len(causes), problemsSearched)]
	ids, errs := make([]string, len(causes)), make([]error, len(causes))
	batch.Each(len(causes), atOnce, func(i int) {
		ids[i], errs[i] = s.Store.ProblemOfCause(ctx, causes[i].reason, causes[i].product)
	})
	return ids, errors.Join(errs...)
}

// lookIn looks for the missing customers in those problems that the caller
// reaches, and in what these were merged into or split into.
func (s *search) lookIn(ctx context.Context, ids []string) error {
	for len(ids) > 0 && len(s.missing) > 0 {
		ids = s.fresh(ids)
		var members []identity.CustomerID
		for _, c := range s.missing {
			members = append(members, idsOf(c)...)
		}
		slices.Sort(members)
		members = slices.Compact(members)
		related, shown, errs := make([][]string, len(ids)), make([][]identity.CustomerID, len(ids)), make([]error, len(ids))
		batch.Each(len(ids), atOnce, func(i int) {
			related[i], shown[i], errs[i] = s.look(ctx, ids[i], members)
		})
		if err := errors.Join(errs...); err != nil {
			return err
		}
		s.found(slices.Concat(shown...))
		ids = slices.Concat(related...)
	}
	return nil
}

// fresh returns those problems that were not looked at, within the bound, and
// remembers them.
func (s *search) fresh(ids []string) []string {
	var out []string
	for _, id := range ids {
		if id != "" && !s.looked[id] && len(s.looked) < problemsSearched {
			s.looked[id] = true
			out = append(out, id)
		}
	}
	return out
}

// look returns which customers a problem touches, if the caller reaches it, and
// the problems that it was merged into or split into.
func (s *search) look(ctx context.Context, id string, customers []identity.CustomerID) (related []string, shown []identity.CustomerID, err error) {
	p, err := s.Store.ProblemHeader(ctx, id)
	if batch.IsPermanent(err) { // gone, or unreadable: the other problems decide
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
	affected, err := s.Store.AffectedAmong(ctx, id, customers)
	for c := range affected {
		shown = append(shown, c)
	}
	return related, shown, err
}

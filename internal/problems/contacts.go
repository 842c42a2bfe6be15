package problems

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// MaxContacts is how many contacts one request may name.
const MaxContacts = 50

// A ContactsChange names contacts to attach to a problem or to detach from it.
type ContactsChange struct {
	Contacts []problem.ContactRef
	Comment  string
	Version  int // of the problem that the caller read; 0: any version
	At       time.Time
}

// Attach makes contacts part of a problem, and notifies its department. Contacts
// that are part of it already change nothing.
//
// The caller must reach the problem, and may name only customers that it was
// shown: else [fault.Forbidden]. The error is a [*ConflictError] for an outdated
// version and for a problem that was merged.
func (s *Service) Attach(ctx context.Context, caller problem.Caller, id string, c ContactsChange) (problem.Record, error) {
	return s.changeContacts(ctx, caller, id, c, func(ctx context.Context, found []problem.Occurrence) (int, error) {
		return s.changeAffected(ctx, id, nil, found)
	})
}

// Detach takes contacts out of a problem, and notifies its department. Contacts
// that are not part of it change nothing. Its errors are those of
// [Service.Attach].
func (s *Service) Detach(ctx context.Context, caller problem.Caller, id string, c ContactsChange) (problem.Record, error) {
	return s.changeContacts(ctx, caller, id, c, func(ctx context.Context, found []problem.Occurrence) (int, error) {
		return s.changeAffected(ctx, id, found, nil)
	})
}

// changeContacts checks a request, writes it with apply, which returns how many
// customers changed, and notifies the department if any did.
func (s *Service) changeContacts(ctx context.Context, caller problem.Caller, id string, c ContactsChange,
	apply func(context.Context, []problem.Occurrence) (int, error),
) (problem.Record, error) {
	comment, err := checkContactsChange(c.Contacts, c.Comment, c.Version)
	if err != nil {
		return problem.Record{}, err
	}
	p, err := s.Header(ctx, caller, id)
	if err != nil {
		return problem.Record{}, err
	}
	if err := checkVersion(p, c.Version); err != nil {
		return problem.Record{}, err
	}
	if len(c.Contacts) == 0 {
		return problem.Record{}, fault.New(fault.Invalid, "contacts is missing; give at least one contact")
	}
	if p.State == problem.Merged {
		return problem.Record{}, conflict(p, "the problem was merged into %s; update that problem", p.MergedInto)
	}
	if err := s.refuseUnshownCustomers(ctx, caller, c.Contacts, id, c.At); err != nil {
		return problem.Record{}, err
	}
	found, err := s.findAllContacts(ctx, c.Contacts)
	if err != nil {
		return problem.Record{}, err
	}
	n, err := apply(ctx, found)
	if err != nil {
		return problem.Record{}, err
	}
	if n == 0 {
		return s.Store.Problems.Get(ctx, id)
	}
	quotes, words, err := s.describeProblem(ctx, id, c.At)
	if err != nil {
		return problem.Record{}, err
	}
	return s.editProblem(ctx, id, func(p problem.Record) (problem.Record, bool, error) {
		p.Quotes, _ = problem.AddQuotes(p.Quotes, quotes)
		p.Words = words
		p.Problem, p.Events = problem.AddEvent(p.Problem, problem.Event{Kind: problem.EventUpdated, By: caller.Name, At: c.At, Comment: comment})
		return p, true, nil
	})
}

// checkContactsChange checks the members of a request that names contacts. It
// returns the comment without surrounding space.
func checkContactsChange(contacts []problem.ContactRef, comment string, version int) (string, error) {
	if err := checkContacts(contacts); err != nil {
		return "", err
	}
	comment, err := cleanComment(comment)
	if err != nil {
		return "", err
	}
	return comment, checkVersionNumber(version)
}

// checkContacts refuses ids that no contact can have.
func checkContacts(contacts []problem.ContactRef) error {
	for _, c := range contacts {
		if !IsID(string(c.Customer), maxIDLength) || !IsID(c.Contact, maxIDLength) {
			return fault.New(fault.Invalid, "contacts: each entry must have customerId and contact, the id of a contact")
		}
	}
	return nil
}

// checkContactCount refuses more contacts than one request may name.
func checkContactCount(contacts []problem.ContactRef) error {
	if len(contacts) > MaxContacts {
		return fault.New(fault.Invalid, "contacts has %d entries, at most %d are allowed; send several requests", len(contacts), MaxContacts)
	}
	return nil
}

// findAllContacts returns contacts as a problem counts them, or [fault.Invalid] if
// one of them does not exist.
func (s *Service) findAllContacts(ctx context.Context, contacts []problem.ContactRef) ([]problem.Occurrence, error) {
	found, missing, err := s.findContacts(ctx, contacts)
	if err == nil && missing != "" {
		err = fault.New(fault.Invalid, "contacts: the customer has no contact %s; nothing was changed", missing)
	}
	return found, err
}

// findContacts returns those contacts that exist, as a problem counts them, and
// the id of one that does not; "" if all do.
func (s *Service) findContacts(ctx context.Context, contacts []problem.ContactRef) (found []problem.Occurrence, missing string, err error) {
	if err := checkContactCount(contacts); err != nil {
		return nil, "", err
	}
	for _, ref := range contacts {
		c, err := s.Store.Customers.Get(ctx, ref.Customer)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, "", err
		}
		start, ok, err := s.findContactStart(ctx, c, ref.Contact)
		if err != nil {
			return nil, "", err
		}
		if !ok {
			missing = cmp.Or(missing, ref.Contact)
			continue
		}
		found = append(found, problem.Occurrence{Customer: c.ID, Contact: ref.Contact, At: start, Day: start.In(s.Zone).Format(time.DateOnly)})
	}
	return found, missing, nil
}

// A contact is searched for among the latest contactPages times contactPage
// contacts of its customer.
const (
	contactPage  = 100
	contactPages = 10
)

// findContactStart returns when a contact of a customer began, and whether the
// customer has it. The zero customer has none.
func (s *Service) findContactStart(ctx context.Context, c identity.Customer, id string) (time.Time, bool, error) {
	if c.ID == "" {
		return time.Time{}, false, nil
	}
	cursor := ""
	for range contactPages {
		page, next, err := s.Store.Contacts.CustomerContacts(ctx, c, contactPage, cursor)
		if err != nil {
			return time.Time{}, false, err
		}
		for _, k := range page {
			if k.ID == id {
				return k.Start, true, nil
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	return time.Time{}, false, nil
}

// changeAffected takes contacts out of a problem and adds others. It returns how
// many customers changed; an attempt whose write was lost may have changed some
// of them before.
func (s *Service) changeAffected(ctx context.Context, id string, leaving, joining []problem.Occurrence) (changed int, err error) {
	customers := customersOf(slices.Concat(leaving, joining))
	err = retryLostWrites(ctx, func() (lost bool, err error) {
		known, err := s.Store.Problems.AffectedAmong(ctx, id, customers)
		if err != nil {
			return false, err
		}
		changes := affectedChanges(known, leaving, joining)
		changed = max(changed, len(changes))
		return isLostWrite(s.Store.Problems.ChangeAffected(ctx, id, changes))
	})
	return changed, err
}

// affectedChanges returns the change of each customer whose contacts leave or
// join a problem. Known has the customers that are affected already.
func affectedChanges(known map[identity.CustomerID]problem.Affected, leaving, joining []problem.Occurrence) []problem.AffectedChange {
	left := groupByCustomer(leaving)
	joined := groupByCustomer(joining)
	var changes []problem.AffectedChange
	for _, customer := range customersOf(slices.Concat(leaving, joining)) {
		affected := known[customer]
		affected.Customer = customer
		if change, differs := affected.With(left[customer], joined[customer]); differs {
			changes = append(changes, change)
		}
	}
	return changes
}

func groupByCustomer(all []problem.Occurrence) map[identity.CustomerID][]problem.Occurrence {
	groups := map[identity.CustomerID][]problem.Occurrence{}
	for _, o := range all {
		groups[o.Customer] = append(groups[o.Customer], o)
	}
	return groups
}

// customersOf returns the customers of contacts, each once.
func customersOf(all []problem.Occurrence) []identity.CustomerID {
	var customers []identity.CustomerID
	for _, o := range all {
		if !slices.Contains(customers, o.Customer) {
			customers = append(customers, o.Customer)
		}
	}
	return customers
}

package problems

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// An OpenRequest opens a problem by hand.
type OpenRequest struct {
	Reason   string
	Product  string // for a reason that is counted per product; else empty
	Comment  string
	Contacts []problem.ContactRef // the first contacts of the problem; may be empty
	At       time.Time
}

// Open opens a problem by hand.
//
// The caller must act for the department that owns the cause, and may name only
// customers that it was shown; else the error is [fault.Forbidden]. A cause has
// one problem at a time: if it has one, the error is an [*AlreadyOpenError], or
// a plain [fault.Conflict] if the caller does not reach that problem.
func (s *Service) Open(ctx context.Context, caller problem.Caller, r OpenRequest) (problem.Record, error) {
	comment, err := cleanComment(r.Comment)
	if err != nil {
		return problem.Record{}, err
	}
	if err := checkContacts(r.Contacts); err != nil {
		return problem.Record{}, err
	}
	seed, err := s.newSeed(caller, r)
	if err != nil {
		return problem.Record{}, err
	}
	if err := s.refuseUnshownCustomers(ctx, caller, r.Contacts, "", r.At); err != nil {
		return problem.Record{}, err
	}
	found, err := s.findAllContacts(ctx, r.Contacts)
	if err != nil {
		return problem.Record{}, err
	}
	if existing, err := s.Store.Causes.ProblemOfCause(ctx, r.Reason, r.Product); err != nil || existing != "" {
		return problem.Record{}, s.errAlreadyOpen(ctx, caller, existing, err)
	}
	quotes, words, err := s.describe(ctx, r.Reason, r.Product, found, r.At)
	if err != nil {
		return problem.Record{}, err
	}
	for _, c := range affectedChanges(nil, nil, found) {
		seed.Affected = append(seed.Affected, c.Affected)
	}
	opened, events := problem.Open(seed, r.At)
	events[0].Comment = comment
	opened.Words = words
	p := problem.Record{Problem: problem.SetAcknowledgeBy(opened, s.acknowledgeBy), Quotes: quotes, Events: events}
	err = s.Store.Problems.Create(ctx, p, seed.Affected)
	if fault.Is(err, fault.Conflict) {
		existing, err := s.Store.Causes.ProblemOfCause(ctx, r.Reason, r.Product)
		return problem.Record{}, s.errAlreadyOpen(ctx, caller, existing, err)
	}
	if err != nil {
		return problem.Record{}, err
	}
	return p.Saved(), nil
}

// newSeed returns a new problem of the request's reason and product, without
// contacts.
func (s *Service) newSeed(caller problem.Caller, r OpenRequest) (problem.Seed, error) {
	rules := s.Taxonomy()
	reason, ok := rules.Reason(r.Reason)
	if !ok {
		return problem.Seed{}, rules.NoReason(r.Reason)
	}
	var product taxonomy.Product
	if r.Product != "" {
		product, ok = rules.Product(r.Product)
		if !ok || !reason.PerProduct {
			return problem.Seed{}, fault.New(fault.Invalid, "product must be a product of the taxonomy, and is only allowed for a reason that is counted per product")
		}
	}
	department, _ := rules.Department(rules.Owner(r.Reason, r.Product))
	if !caller.ActsFor(department.ID) {
		return problem.Seed{}, fault.New(fault.Forbidden, "reason %s belongs to %s (%s); ask that department to open the problem",
			r.Reason, department.Names.EN, department.Names.NL)
	}
	return problem.Seed{
		ID: uuid.Must(uuid.NewV7()).String(), Reason: reason.ID, Product: r.Product, Department: department.ID,
		Names:    problem.Names{Department: problem.Label(department.Names), Reason: problem.Label(reason.Names), Product: problem.Label(product.Names)},
		Severity: string(reason.Severity), TaxonomyVersion: rules.Version, By: caller.Name,
	}, nil
}

// errAlreadyOpen returns the refusal to open a problem for a cause that has the
// existing one. Err is the failure to read which problem that is. The owner of a
// cause may have handed its problem over: then the refusal names the department
// that has it, and not the problem.
func (s *Service) errAlreadyOpen(ctx context.Context, caller problem.Caller, existing string, err error) error {
	if err != nil {
		return err
	}
	if existing == "" { // it was closed since the write was refused
		return errKeepsChanging()
	}
	p, err := s.Store.Problems.GetHeader(ctx, existing)
	if err != nil {
		return err
	}
	if !caller.Reaches(p.Problem) {
		return fault.New(fault.Conflict, "this reason and product have a problem already, which was handed over to %s (%s); ask that department",
			p.Names.Department.EN, p.Names.Department.NL)
	}
	return &AlreadyOpenError{ProblemID: existing, reason: fault.New(fault.Conflict,
		"this reason and product have problem %s already; attach the contacts to it, reopen it, or split it", existing)}
}

package problems

import (
	"context"
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/problem"
)

// maxDescribed limits how many contacts of a problem are read for its quotes and words.
const maxDescribed = 30

// describe returns quotes of the given contacts of a cause, and the words that set
// them apart.
func (s *Service) describe(ctx context.Context, reason, product string, contacts []problem.Occurrence, now time.Time) (quotes, words []string, err error) {
	rules := s.Taxonomy()
	reader := excerpt.Reader{Customers: s.Store.Customers, Contacts: s.Store.Contacts, Taxonomy: rules}
	read, err := reader.Read(ctx, contacts[:min(len(contacts), maxDescribed)])
	if err != nil || len(read) == 0 {
		return nil, nil, err
	}
	others, err := excerpt.OtherQuotes(ctx, s.Store.Causes, rules, reason, product, now)
	if err != nil {
		return nil, nil, fmt.Errorf("describe the problem: %w", err)
	}
	return excerpt.Select(rules, reason, read, nil), excerpt.Words(rules, reason, read, others), nil
}

// describeProblem is describe for the contacts that a problem has.
func (s *Service) describeProblem(ctx context.Context, id string, now time.Time) (quotes, words []string, err error) {
	p, err := s.Store.Problems.GetHeader(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("describe the problem: %w", err)
	}
	affected, _, err := s.Store.Problems.AffectedCustomers(ctx, id, maxDescribed, "")
	if err != nil {
		return nil, nil, fmt.Errorf("describe the problem: %w", err)
	}
	var contacts []problem.Occurrence
	for _, a := range affected {
		contacts = append(contacts, a.Located()...)
	}
	return s.describe(ctx, p.Reason, p.Product, contacts, now)
}

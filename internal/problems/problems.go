// Package problems changes problems and decides about candidates. It is the
// only package that does; the API of departments, the queues of updates and the
// scheduler are its callers, and it knows nothing of HTTP or SQS.
//
// # Definitions
//
// A problem is the cause behind recurring contacts. Package problem has its
// states and rules, which are pure. A [Service] reads a problem, applies a rule,
// and writes the result if the problem did not change since.
//
// A caller is the person, program or queue that asks, with the departments that
// it acts for. A caller reaches the problems that its departments own and those
// that were escalated to them. It may name only customers that it was shown
// (customers.go).
//
// A candidate is a possible problem that the taxonomy does not know yet: several
// customers share rare words within a day. It is announced once to one
// department, which confirms or dismisses it.
//
// Example: billing acknowledges problem p-1, which it read at version 3.
//
//	s.Update(ctx, problem.NewCaller("els", []string{"billing"}, false), "p-1",
//		problems.Change{To: problem.Acknowledged, Version: 3, At: now})
//
// returns the problem at version 4. If another change came first, the error is a
// [*ConflictError] with the version, state and possible next states.
//
// # Concurrent writes
//
// Every write has the condition that the revision is the one that was read. A
// write that is refused for that is repeated from the read on, after a pause,
// at most [maxAttempts] times. Two updates at once:
//
//  1. Billing and logistics both read p-1 at version 3.
//  2. Billing writes version 4.
//  3. The write of logistics is refused. Logistics reads version 4 and applies its
//     change to that: it writes version 5, or gets a [*ConflictError] if its change
//     named version 3.
//
// The test is TestUpdate_Concurrent.
//
// # Work in many steps
//
// Merges and splits write more items than one transaction takes. Each of their
// steps can be repeated, and the scheduler continues unfinished work.
//
// A merge of p-2 into p-1 ([Service.Absorb]):
//
//  1. Problem p-2 is written as merged. New contacts join p-1 from now on.
//  2. The contacts of p-2 are added to p-1, page by page. They stay in p-2 too.
//  3. Problem p-1 lists p-2 as absorbed, and its department is notified once.
//  4. The scheduler repeats step 2 until five minutes after step 1. It finds the
//     contacts that were joining p-2 during step 1.
//
// The test is TestContinueMerge_Repeated.
//
// A split of part p-3 off p-1 ([Service.Split]):
//
//  1. One transaction writes p-1 with its new part, and p-3 without contacts. The
//     item of p-3 lists the contacts and words that are still to be moved to it.
//  2. Each contact is added to p-3, and then removed from p-1. A process that dies
//     in between leaves it in both, and never in neither.
//  3. Problem p-3 is written as filled, and its department is notified once.
//
// The tests are TestSplit_ProcessDies and TestSplit_ContactLeavesMeanwhile.
//
// The announcement of a candidate by two schedulers at once:
//
//  1. Both read the announced candidates and their count, 7.
//  2. The first writes the candidate and the count 8.
//  3. The second finds that the count is not 7 any more, and stops until its
//     next run.
//
// The test is TestAnnounceCandidates_ConcurrentOrDying.
package problems

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/retry"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Store has the parts of the table that hold problems, candidates, and the contacts
// that they count. [StoreOf] returns those of a table.
type Store struct {
	Customers  Customers
	Contacts   Contacts
	Problems   Problems
	Causes     Causes
	Candidates Candidates
}

// StoreOf returns the parts of a table.
func StoreOf(t *store.Table) Store {
	return Store{
		Customers: t.Customers, Contacts: t.Contacts,
		Problems: t.Problems, Causes: t.Causes, Candidates: t.Candidates,
	}
}

// Problems has the problems and the customers that they affect.
type Problems interface {
	Get(ctx context.Context, id string) (problem.Record, error)
	GetHeader(ctx context.Context, id string) (problem.Record, error)
	ProblemIDs(ctx context.Context, departments []string, limit int) ([]string, error)
	Create(ctx context.Context, p problem.Record, affected []problem.Affected) error
	Save(ctx context.Context, p problem.Record) error
	Split(ctx context.Context, from, part problem.Record) error
	AlreadyApplied(ctx context.Context, problemID string, once problem.IdempotencyKey, now time.Time) (bool, error)
	Affected
}

// Affected has the customers that a problem affects.
type Affected interface {
	AffectedCustomers(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Affected, string, error)
	AffectedAmong(ctx context.Context, problemID string, customers []identity.CustomerID) (map[identity.CustomerID]problem.Affected, error)
	ChangeAffected(ctx context.Context, problemID string, changes []problem.AffectedChange) error
}

// Causes finds the problem of a cause.
type Causes interface {
	ProblemOfCause(ctx context.Context, reason, product string) (string, error)
	excerpt.Occurrences
}

// Customers reads customers.
type Customers interface {
	Get(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
}

// Contacts reads the contacts of a customer.
type Contacts interface {
	CustomerContacts(ctx context.Context, c identity.Customer, limit int, cursor string) ([]contact.Contact, string, error)
	ContactByKey(ctx context.Context, c identity.CustomerID, start time.Time, id string) (contact.Contact, bool, error)
	WithMessages(ctx context.Context, c identity.Customer, from time.Time) ([]contact.Contact, []message.Message, error)
}

// Candidates has the words of contacts without a known reason, the candidates that
// were announced, and the decisions about both.
type Candidates interface {
	UnknownContacts(ctx context.Context, from time.Time, limit int, now time.Time) ([]problem.UnclassifiedContact, error)
	DecidedWords(ctx context.Context, now time.Time) (map[string]string, error)
	DecideWords(ctx context.Context, hashes []string, by, decision string, expires time.Time) error
	WordHash(word string) string
	Announced(ctx context.Context, now time.Time) (all []problem.AnnouncedCandidate, count int64, err error)
	Announce(ctx context.Context, c problem.AnnouncedCandidate, count int64) error
}

// A Service changes problems and decides about candidates. Its methods may be
// called concurrently, also by several processes.
type Service struct {
	Store    Store
	Taxonomy func() *taxonomy.Taxonomy // called when a method needs it, since most need none
	Zone     *time.Location            // of the organisation: it decides on which day a contact counts
}

// CheckCaller refuses a caller of which the taxonomy has no department:
// [fault.Forbidden]. Without it, a department with a misspelt name would find
// empty lists.
func (s *Service) CheckCaller(caller problem.Caller) error {
	known := s.DepartmentIDs()
	if caller.ActsForAnyOf(known) {
		return nil
	}
	return fault.New(fault.Forbidden, "the taxonomy has no such department; use one of %s", strings.Join(known, ", "))
}

// DepartmentIDs returns the ids of the departments, sorted.
func (s *Service) DepartmentIDs() []string {
	departments := s.Taxonomy().Departments
	ids := make([]string, len(departments))
	for i, d := range departments {
		ids[i] = d.ID
	}
	slices.Sort(ids)
	return ids
}

// Problem returns a problem with its current counts: [fault.NotFound] without
// one, [fault.Forbidden] if the caller does not reach it.
func (s *Service) Problem(ctx context.Context, caller problem.Caller, id string) (problem.Record, error) {
	return readReachable(ctx, caller, id, s.Store.Problems.Get)
}

// Header is like [Service.Problem], with the counts of the last written version.
// It costs one read, however many customers the problem affects.
func (s *Service) Header(ctx context.Context, caller problem.Caller, id string) (problem.Record, error) {
	return readReachable(ctx, caller, id, s.Store.Problems.GetHeader)
}

func readReachable(ctx context.Context, caller problem.Caller, id string, read func(context.Context, string) (problem.Record, error)) (problem.Record, error) {
	if !IsID(id, maxIDLength) {
		return problem.Record{}, fault.New(fault.NotFound, "there is no such problem")
	}
	p, err := read(ctx, id)
	if err != nil {
		return problem.Record{}, err
	}
	if err := caller.Check(p.Problem); err != nil {
		return problem.Record{}, err
	}
	return p, nil
}

// Resend puts the item of a problem's latest version on its department's queue
// again, and on that of the department that it was escalated to. SQS keeps an item for 14 days, and a consumer may have lost one.
func (s *Service) Resend(ctx context.Context, caller problem.Caller, id string) (problem.Record, error) {
	return s.editProblem(ctx, id, func(p problem.Record) (problem.Record, bool, error) {
		if err := caller.Check(p.Problem); err != nil {
			return p, false, err
		}
		p.Resent++
		return p, true, nil
	})
}

// editProblem reads a problem with its counts, changes it and writes it, until
// the write is not lost to another one. It returns the problem as it is stored
// then. Change reports false when there is nothing to write.
func (s *Service) editProblem(ctx context.Context, id string, change func(problem.Record) (next problem.Record, changed bool, err error)) (stored problem.Record, err error) {
	if !IsID(id, maxIDLength) {
		return problem.Record{}, fault.New(fault.NotFound, "there is no such problem")
	}
	err = retryLostWrites(ctx, func() (lost bool, err error) {
		was, err := s.Store.Problems.Get(ctx, id)
		if err != nil {
			return false, err
		}
		next, changed, err := change(was)
		if err != nil {
			return false, err
		}
		if !changed {
			stored = was
			return false, nil
		}
		stored = next.Saved()
		return isLostWrite(s.Store.Problems.Save(ctx, next))
	})
	if err != nil {
		return problem.Record{}, err
	}
	return stored, nil
}

// maxAttempts bounds how often a change is attempted while others write the same
// problem. With [retry.Wait] the attempts take at most 2 s in all.
const maxAttempts = 8

// retryLostWrites calls attempt until it fails or its write is not lost. Each
// attempt must read the problem itself. If every attempt lost its write, the error
// is [fault.Unavailable].
func retryLostWrites(ctx context.Context, attempt func() (lost bool, err error)) error {
	for n := range maxAttempts {
		if err := retry.Wait(ctx, n); err != nil {
			return err
		}
		if lost, err := attempt(); err != nil || !lost {
			return err
		}
	}
	return errKeepsChanging()
}

// isLostWrite reports whether a conditional write was refused because another
// write came first. It returns every other error.
func isLostWrite(err error) (lost bool, _ error) {
	if fault.Is(err, fault.Conflict) {
		return true, nil
	}
	return false, err
}

func errKeepsChanging() error {
	return fault.New(fault.Unavailable, "other requests keep changing the problem; retry")
}

// ignoreNotFound returns nil for a problem that does not exist any more: nothing
// is due for it.
func ignoreNotFound(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// acknowledgeBy returns the time by which a department must acknowledge a
// problem that it received at since.
func (s *Service) acknowledgeBy(department string, since time.Time) time.Time {
	return s.Taxonomy().AcknowledgeBy(department, since, s.Zone)
}

// Package detection decides which causes recur, and keeps the problems that
// contacts belong to. It works on contacts that package triage computed, and
// does not know how.
//
// # Definitions
//
//   - A cause is a reason of the taxonomy, with a product where the taxonomy
//     counts each product separately: (late, kettle).
//   - An occurrence says that one contact of one customer names a cause. It is
//     dated by the message that names the cause. Its slot is the day of that
//     message, or the hour when the reason is detected by rises.
//   - The window of a cause holds its occurrences. They expire.
//   - Evidence is what a change of contacts adds to and removes from the
//     occurrences of one customer.
//   - A rule opens a problem: either enough distinct customers within the
//     reason's window of days, or more customers an hour than usual (a rise).
//   - The level of a cause is the number of distinct customers in each hour of a
//     day. Levels are what "usual" is computed from.
//   - A customer is affected by a problem when one of their contacts is in it.
//
// # Example
//
// The reason late has threshold 5. Five customers complain, one after another.
// Each of the first four writes is one occurrence in the window of the cause
// late. The fifth run writes, in this order:
//
//  1. The occurrence of the fifth customer. Then it reads the window and finds
//     five distinct customers.
//  2. The problem, in one transaction with the entry of its cause that says
//     which problem is open. The problem has an opening slot: customers with an
//     occurrence from that slot on have yet to be added. Package outbox sends
//     the problem to its department because of this write.
//  3. One affected customer for each of the five.
//  4. The problem again, without the opening slot.
//
// Package triage then saves the fifth contact. A sixth customer becomes one more
// affected customer, and the window gets no occurrence.
//
// # Repeats and crashes
//
// Evidence is recorded before the contact that shows it is saved. A run that
// dies in between is repeated. Every write has a key made of the contact or the
// customer, so that the repeat changes nothing.
//
// An opening is interrupted (TestOpenProblem_InterruptedOpening):
//
//  1. Run A writes the problem and two of five affected customers, and dies.
//  2. Run B records evidence of the same cause, or the batch of A is repeated.
//     It reads the problem, which still has its opening slot.
//  3. Run B adds all customers of the window from that slot on, and then its
//     own.
//
// Two runs open one problem
// (TestHandle_ConcurrentBatchesOpenOneProblem):
//
//  1. Run A writes the fourth occurrence, and run B the fifth.
//  2. Both read the window. Each wrote before it read, so that at least one of
//     them finds five customers.
//  3. Both write a problem for the cause. The write is conditional: B gets a
//     conflict, reads the cause again, and joins the problem of A.
//
// An earlier message arrives after a crash
// (TestRecord_EarlierMessageAfterKill):
//
//  1. A run records a contact that began with message 2, and dies before the
//     contact is saved.
//  2. Message 1 arrives. The contact begins with it and has another id.
//  3. The next run records the contact under its new id. It removes the ids that
//     the contact would have if it began with a later message.
//
// A problem is split or merged while a customer joins
// (TestJoinProblem_PartOfItself): the problem of a cause is
// read through its merges, and evidence that a part of it takes goes to the part.
//
// Identities change between two runs
// (TestReconcile_CountsAfterIdentityChanges and its variants):
//
//  1. A run records an occurrence of customer A.
//  2. A is merged into B. The occurrence is stored under A.
//  3. The identity change makes triage call [Detector.Reconcile]. It compares
//     the recorded occurrences of all customers that the change names with what
//     their contacts show now, and plans the additions and removals.
package detection

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Store has the parts of the table that detection reads and writes. [StoreOf]
// returns those of a table.
type Store struct {
	Customers  Customers
	Contacts   excerpt.Contacts
	Problems   Problems
	Causes     Causes
	Candidates Candidates
}

// StoreOf returns the parts of a table.
func StoreOf(t *store.Table) Store {
	return Store{Customers: t.Customers, Contacts: t.Contacts, Problems: t.Problems, Causes: t.Causes, Candidates: t.Candidates}
}

// Customers reads customers.
type Customers interface {
	Get(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
}

// Problems opens and changes problems, and the customers that they affect.
type Problems interface {
	Get(ctx context.Context, id string) (problem.Record, error)
	GetHeader(ctx context.Context, id string) (problem.Record, error)
	Create(ctx context.Context, p problem.Record, affected []problem.Affected) error
	Save(ctx context.Context, p problem.Record) error
	AffectedAmong(ctx context.Context, problemID string, customers []identity.CustomerID) (map[identity.CustomerID]problem.Affected, error)
	AffectedCustomers(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Affected, string, error)
	ChangeAffected(ctx context.Context, problemID string, changes []problem.AffectedChange) error
}

// Causes has the occurrences and levels of causes.
type Causes interface {
	ProblemOfCause(ctx context.Context, reason, product string) (string, error)
	CauseWindow(ctx context.Context, reason, product, first string, limit int, now time.Time) (problem.Window, error)
	CountingStart(ctx context.Context, at time.Time) (time.Time, error)
	Occurrences
	Levels
}

// Occurrences has the occurrences of causes.
type Occurrences interface {
	PutOccurrence(ctx context.Context, reason, product string, s problem.Occurrence) (bool, error)
	DropOccurrence(ctx context.Context, reason, product string, s problem.Occurrence) error
	Occurrences(ctx context.Context, reason, product, first, last string, limit int, now time.Time) ([]problem.Occurrence, error)
}

// Levels has the usual numbers of occurrences of causes, by hour.
type Levels interface {
	Levels(ctx context.Context, reason, product, firstDay string, now time.Time) (problem.Levels, string, error)
	PutLevel(ctx context.Context, reason, product, day string, l problem.Level, through string, expires time.Time) error
	OccurrencesPerHour(ctx context.Context, reason, product, first, end string, now time.Time) (problem.Levels, error)
}

// Candidates keeps the words of contacts without a known reason.
type Candidates interface {
	PutUnknownContacts(ctx context.Context, all []problem.UnclassifiedContact) error
}

// Meter counts events. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// Detector records evidence and opens, fills and reopens problems. Its methods
// may be called concurrently.
type Detector struct {
	Store    Store
	Taxonomy *taxonomy.Taxonomy
	Zone     *time.Location // decides on which day and in which hour an occurrence is
	Meter    Meter
	Now      func() time.Time
	Levels   *LevelCache // may be shared with other detectors of the same table
}

// MaxText limits how much text of one contact is read, in bytes.
const MaxText = 16 << 10

// parallel limits how many causes or writes of one cause are in progress at once.
const parallel = 8

// contactKey identifies a stored contact. Before a merge is known, two customers
// may have a contact with the same id.
type contactKey struct {
	customer identity.CustomerID
	id       string
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

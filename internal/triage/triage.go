// Package triage computes contacts from messages and keeps the waiting list. It
// passes the causes of contacts to package detection.
//
// # Definitions
//
//   - A contact is a group of one customer's messages about one concern. It is a
//     pure function of the messages, see [contact.Contacts].
//   - A hint names a customer and a time: contacts since that time may need a
//     write. Each record of the table's stream gives at most one hint.
//   - A plan holds the writes that make the stored contacts of a customer equal
//     to the computed ones.
//   - A round plans and saves each customer of a batch once. Customers who failed,
//     or whose contacts another run may change at the same time, get another round.
//
// The stream delivers a record at least once, and in order only within an item.
// So triage counts no records. The same batch twice, late or in another order
// leaves the same table.
//
// # Example
//
// Five customers write the same complaint (TestHandle_FiveCustomersOpenAProblem).
// The batch with the message of the fifth customer is handled like this:
//
//  1. The record gives a hint: customer c5, since the time of the message.
//  2. Triage reads the contacts and messages of c5 around that time and computes
//     one new contact. Its cause is (invoice-unclear).
//  3. Detection records that c5 has this cause. It is the fifth customer, so
//     detection opens a problem and adds all five customers.
//  4. Triage saves the contact, which puts it on the waiting list.
//  5. In a second round triage reads the contacts of c5 again, consistently.
//     They are as it left them, and nothing is written.
//
// # Order of writes
//
// The evidence of a contact is recorded before the contact is saved. A run that
// dies in between leaves the stored contact as it was, so that the repeated batch
// finds the same difference and records the same evidence again
// (TestOpenProblem_InterruptedOpening).
//
// A problem that cannot be read does not keep contacts from being saved
// (TestHandle_UnreadableProblem):
//
//  1. Detection cannot record the cause of a contact, because the item of its
//     problem is malformed.
//  2. Triage saves the contact, so that it waits, with the cause in
//     [contact.Contact.Unrecorded]. The record becomes a dead letter.
//  3. The item is mended. The next message of the customer, or a replay of the
//     dead letter, finds the cause unrecorded and records its evidence.
//
// # Races
//
// Two batches of one customer run at the same time
// (TestHandle_ConcurrentBatchesOfOneCustomer):
//
//  1. Run A reads message 1 and plans a contact that begins with it.
//  2. Run B reads messages 1 and 2 before A saved, and plans a contact, too.
//  3. Both save. Two stored contacts may share messages.
//  4. Each run created a contact, so each reads again. The later one sees the
//     contacts of both, and drops or corrects one.
//
// A customer is merged between two reads
// (TestHandle_IdentityChangeBeforeSave):
//
//  1. Run A reads customer X and computes its contacts.
//  2. X is merged into Y. Run B handles this identity change and moves the stored
//     contacts of X to Y.
//  3. Run A saves a contact under X, which no event names any more.
//  4. Run A created a contact, so it reads X again and finds it merged. It
//     continues with the hints that the identity change would have produced.
//
// An alias moves while a message is stored
// (TestHandle_MessageOfRecentlyMovedAlias):
//
//  1. A message from an alias of X is stored under X.
//  2. The alias moves to Y. Triage handles this change.
//  3. The message arrives from the stream as one of X. Triage sees the move in
//     the record of X, and looks at Y, too.
//
// Weak reads may lag behind an identity change
// (TestHandle_IdentityChangeWithStaleReads): the change is delivered only once, so its
// customers are read consistently.
//
// Recorded evidence and stored contacts differ after an identity change
// (TestReconcile_CountsAfterKills):
//
//  1. Run A records that X has a cause, and dies before it saves the contact.
//  2. X is merged into Y. The repeated batch of A computes a contact of Y, so that
//     no stored contact shows the evidence of X.
//  3. The run that handles the identity change compares all recorded evidence of
//     X and Y with their contacts, see [detection.Detector.Reconcile].
package triage

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/classifier/trained"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Store has the parts of the table that triage and detection read and write.
// [StoreOf] returns those of a table.
type Store struct {
	Customers Customers
	Messages  Messages
	Contacts  Contacts
	Detection detection.Store
}

// StoreOf returns the parts of a table.
func StoreOf(t *store.Table) Store {
	return Store{Customers: t.Customers, Messages: t.Messages, Contacts: t.Contacts, Detection: detection.StoreOf(t)}
}

// Customers reads customers, and the products of their orders.
type Customers interface {
	Get(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
	GetConsistently(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
	OrderProducts(ctx context.Context, order string) ([]string, error)
}

// Messages reads the messages of a customer.
type Messages interface {
	RecentMessages(ctx context.Context, c identity.Customer, from time.Time) ([]message.Message, error)
}

// Contacts reads and writes the contacts of a customer.
type Contacts interface {
	NearbyContacts(ctx context.Context, c identity.CustomerID, at time.Time, before int, consistent bool) (contact.NearbyContacts, error)
	List(ctx context.Context, c identity.CustomerID, limit int, cursor string) ([]contact.Contact, string, error)
	Save(ctx context.Context, c contact.Contact) error
	Delete(ctx context.Context, c contact.Contact) error
}

// Meter counts events. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// Triage handles the table's stream. Its methods may be called concurrently,
// but Handle may not run while a field changes.
type Triage struct {
	Store    Store
	Taxonomy *taxonomy.Taxonomy
	Model    *trained.Model   // guesses reasons where no phrase matches; may be nil
	Zone     *time.Location   // of the organisation; decides on which day an occurrence is
	AppTexts contact.AppTexts // messages that the company's apps send by themselves
	Meter    Meter
	Now      func() time.Time
	Dead     *lambdabatch.DeadLetters // takes records that can never be handled

	levels detection.LevelCache
}

// detector returns a detector with the current taxonomy. All share one cache.
func (t *Triage) detector() *detection.Detector {
	return &detection.Detector{Store: t.Store.Detection, Taxonomy: t.Taxonomy, Zone: t.Zone, Meter: t.Meter, Now: t.Now, Levels: &t.levels}
}

// parallel limits how many customers are in progress at once.
const parallel = 8

// maxRounds limits how often contacts that keep changing are computed.
const maxRounds = 6

// Shares of the remaining time. A batch leaves a sixth of its time for the answer
// and dead letters. In each round, planning may take half of the time, and
// recording evidence half of the rest. So one slow customer does not prevent the
// others from being saved.
const (
	workShare  = 5.0 / 6
	phaseShare = 1.0 / 2
)

// Handle handles one batch of the table's stream: new messages, corrections,
// delivery results, requests to classify again and identity changes. A record
// that can never be handled becomes a dead letter, see [lambdabatch.IsPermanent]. So
// does one whose problem cannot be read, after its contacts are saved; so do
// all records of a customer who fails permanently, or whose work takes too long
// again and again (setAsideTooSlow). After any other failure, or when time runs
// out, Lambda delivers the batch again from the earliest failure on.
func (t *Triage) Handle(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	work, cancel := lambdabatch.WithTimeShare(ctx, workShare)
	defer cancel()
	todo, bad := collectHints(work, ev)
	for round := 0; len(todo) > 0 && round < maxRounds; round++ {
		if work.Err() != nil {
			break
		}
		todo = t.runRound(work, todo, round > 0, bad)
		if round > 0 { // an error of the first round may come from a stale read
			todo = setAsidePermanent(todo, bad)
		}
	}
	todo = t.setAsideTooSlow(ctx, ev, todo, bad)
	firstFailed := -1
	for _, h := range todo {
		if h.err == nil {
			h.err = fault.New(fault.Conflict, "other runs changed the contacts in every round")
		}
		slog.ErrorContext(ctx, "customer not triaged", "kind", fault.KindOf(h.err), "err", h.err)
		if firstFailed < 0 || h.index < firstFailed {
			firstFailed = h.index
		}
	}
	t.Meter.Count("", "", map[string]int{"Records": len(ev.Records), "FailedCustomers": len(todo)})
	return t.Dead.Stream(ctx, ev, bad, firstFailed), nil
}

// setAsidePermanent adds the records of customers who failed permanently to bad,
// and returns the other hints.
func setAsidePermanent(todo []hint, bad map[int]error) (rest []hint) {
	for _, h := range todo {
		if !lambdabatch.IsPermanent(h.err) {
			rest = append(rest, h)
			continue
		}
		for _, i := range h.records {
			bad[i] = h.err
		}
	}
	return rest
}

// maxRetryAge is the age of a record from which on running out of time counts
// as permanent.
const maxRetryAge = 15 * time.Minute

// setAsideTooSlow adds the records of one customer to bad whose work takes
// longer than a function may run, and returns the other hints. Otherwise this
// customer would block the shard until the stream drops its records. All of
// these must hold:
//
//   - The customer has the batch's first record. Lambda delivers again from the
//     first failure on, so a customer who keeps failing gets there. Its work
//     starts before that of the others and has the whole time of each phase.
//   - Its work ran out of our own time. A table that refuses or throttles gives
//     another error.
//   - The record is older than maxRetryAge, so that it was tried before.
//   - The table answers now. A table that hangs would let all customers run out
//     of time.
func (t *Triage) setAsideTooSlow(ctx context.Context, ev events.DynamoDBEvent, todo []hint, bad map[int]error) (rest []hint) {
	i := slices.IndexFunc(todo, func(h hint) bool { return h.index == 0 && errors.Is(h.err, context.DeadlineExceeded) })
	if i < 0 {
		return todo
	}
	created := ev.Records[0].Change.ApproximateCreationDateTime.Time
	if created.IsZero() || t.Now().Sub(created) < maxRetryAge {
		return todo
	}
	probe, cancel := lambdabatch.WithTimeShare(ctx, phaseShare)
	defer cancel()
	if _, err := t.Store.Customers.Get(probe, todo[i].customer); err != nil {
		return todo
	}
	for _, record := range todo[i].records {
		bad[record] = fault.New(fault.TooLarge, "the work for the customer takes longer than a function may run")
	}
	return slices.Delete(todo, i, i+1)
}

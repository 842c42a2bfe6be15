// Package outbox sends messages about changes of the table: items of problems and
// candidates to the queues of departments, jobs to the media and send functions, and events
// to agent tools that mirror contacts.
//
// # Definitions
//
//   - A change is one record of the table's stream.
//   - An item is a message to a department about one version of a problem. It
//     tells the whole story, and replaces the items of earlier versions.
//   - A job is a message to one of our functions: fetch a file, send a message.
//   - An event tells an agent tool about a change of a contact. Events are in no
//     order; each names the one that it follows.
//
// The outbox works from the stream, so that no function has to write the table
// and a queue in one step. Each change in the table leaves at least once.
// Receivers ignore a version that they have seen, and a job that runs twice ends
// like one that runs once.
//
// # Example
//
// Five customers write the same complaint. Their messages, contacts and the
// problem are changes of the table. The outbox sends, in this order:
//
//  1. For each message with a file, a media job.
//  2. For version 1 of the problem, one item to its department. A repeated batch
//     sends the same item again; the queue drops it by its deduplication id, or
//     else the department does by its version
//     (TestHandle_OneItemPerVersion).
//  3. For each batch, the events of its contacts, and the planned events that
//     follow by time, such as the closing of a contact.
//
// # Races
//
// An item fails while others succeed (TestHandle_FailedProblemHoldsBackItself):
//
//  1. Version 1 of problem A cannot be sent. Version 1 of problem B is sent.
//  2. Version 2 of A waits, so that the items of A leave in order.
//  3. Lambda delivers the batch again from version 1 of A on. Version 1 of B is
//     sent again, and ignored.
//
// A version can never be sent (TestHandle_VersionsAfterBadRecord):
//
//  1. Version 1 of A is malformed, and becomes a dead letter.
//  2. Version 2 of A is sent.
//  3. An operator replays version 1. The department has seen version 2 and ignores
//     it.
//
// A contact is answered just before silence closes it (TestCloser_ClosedContact):
//
//  1. A planned event says that the contact closes at 18:00.
//  2. The customer writes at 17:59. The contact now closes later, which plans
//     another event.
//  3. The clock runs the first event. The contact does not close at 18:00 any
//     more, so no event is sent.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
)

// Queues sends items to departments. [queue.Departments] implements it.
type Queues interface {
	Send(ctx context.Context, department, group, deduplication string, body []byte) error
}

// Jobs sends jobs to one function. [queue.Queue] implements it.
type Jobs interface {
	Put(ctx context.Context, body []byte) error
}

// Outbox handles the table's stream. A field that is nil switches off the
// messages that it sends.
type Outbox struct {
	Queues Queues  // items of problems and candidates
	Jobs   Jobs    // of the media function
	Sends  Jobs    // of the function that sends messages to customers
	Events *Events // events for agent tools
	URL    string  // of the API, for the links in an item

	Dead *lambdabatch.DeadLetters // takes records that can never be handled
}

// workShare is the part of the function's time that the batch may use. The rest
// is for dead letters and the answer.
const workShare = 5.0 / 6

// Handle sends the items and jobs of each change in the batch, and then the events
// of the whole batch.
//
// The items of one problem leave in order. After a temporary failure the later
// changes of the problem wait, and those of other problems go on. Lambda delivers
// again from the earliest failure. A record that can never be handled becomes a
// dead letter, see [lambdabatch.IsPermanent], and the later versions of its problem go on.
func (o *Outbox) Handle(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	work, cancel := lambdabatch.WithTimeShare(ctx, workShare)
	defer cancel()
	changes, bad := decodeBatch(work, ev)
	first := o.dispatchBatch(work, changes, bad)
	if o.Events != nil {
		i, err := o.Events.sendEvents(work, changes, bad)
		if err != nil {
			slog.ErrorContext(ctx, "event not sent", "kind", fault.KindOf(err), "err", err)
			if first < 0 || i < first {
				first = i
			}
		}
	}
	return o.Dead.Stream(ctx, ev, bad, first), nil
}

// indexedChange is a change with the index of its record in the batch.
type indexedChange struct {
	store.Change
	index int
}

// decodeBatch decodes the records of a batch. bad has the errors of those that
// cannot be decoded, by index.
func decodeBatch(ctx context.Context, ev events.DynamoDBEvent) (changes []indexedChange, bad map[int]error) {
	bad = map[int]error{}
	for i, r := range ev.Records {
		err := lambdabatch.RecoverPanic(ctx, func() error {
			c, err := store.DecodeChange(r)
			if err == nil {
				changes = append(changes, indexedChange{c, i})
			}
			return err
		})
		if err != nil {
			bad[i] = err
		}
	}
	return changes, bad
}

// dispatchBatch sends the items and jobs of each change. It returns the index of
// the first temporary failure, or a negative one, and adds permanent errors to
// bad.
func (o *Outbox) dispatchBatch(ctx context.Context, changes []indexedChange, bad map[int]error) (first int) {
	first = -1
	stopped := map[string]bool{}
	for _, c := range changes {
		if stopped[c.Partition] {
			continue
		}
		err := lambdabatch.RecoverPanic(ctx, func() error { return o.dispatchChange(ctx, c.Change) })
		if err == nil {
			continue
		}
		if lambdabatch.IsPermanent(err) {
			bad[c.index] = err
			continue
		}
		slog.ErrorContext(ctx, "not sent", "record", c.Sequence, "kind", fault.KindOf(err), "err", err)
		stopped[c.Partition] = true
		if first < 0 {
			first = c.index
		}
	}
	return first
}

// dispatchChange sends the items or the job of one change. Most changes have none.
func (o *Outbox) dispatchChange(ctx context.Context, c store.Change) error {
	if o.Sends != nil {
		if job, ok := c.SendJob(); ok {
			return enqueueJob(ctx, o.Sends, job)
		}
	}
	if o.Jobs != nil {
		if job, ok := c.MediaJob(); ok {
			return enqueueJob(ctx, o.Jobs, job)
		}
	}
	candidate, ok, err := c.Announcement()
	if err != nil {
		return fmt.Errorf("decode a candidate of the stream: %w", err)
	}
	if ok {
		return o.sendCandidate(ctx, candidate)
	}
	newVersion, err := c.HasNewVersion()
	if err != nil {
		return fmt.Errorf("decode a problem of the stream: %w", err)
	}
	resent, err := c.IsResent()
	if err != nil {
		return fmt.Errorf("decode a problem of the stream: %w", err)
	}
	if !newVersion && !resent {
		return nil
	}
	rec, err := c.ProblemAfter()
	if err != nil {
		return fmt.Errorf("decode a problem of the stream: %w", err)
	}
	return o.sendProblem(ctx, rec, !newVersion)
}

// sendCandidate sends a candidate to its department.
func (o *Outbox) sendCandidate(ctx context.Context, c problem.AnnouncedCandidate) error {
	body, err := c.Item(o.URL).Marshal()
	if err != nil {
		return fmt.Errorf("item of candidate %s: %w", c.ID, err)
	}
	return o.Queues.Send(ctx, c.Department, c.ID, c.ID+".1", body)
}

func enqueueJob(ctx context.Context, to Jobs, job message.Job) error {
	body, err := json.Marshal(job)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode job")
	}
	return to.Put(ctx, body)
}

// sendProblem sends the latest event of a problem to each department that it
// concerns. With resend it sends the item again to the owner, and to the department
// that the problem is escalated to. SQS drops
// deduplication ids that it saw in the last five minutes, so a resent item has
// another id.
func (o *Outbox) sendProblem(ctx context.Context, rec problem.Record, resend bool) error {
	events := rec.Events
	if resend {
		events = problem.EventsToResend(rec.Problem, rec.Events)
	}
	latest := map[string]problem.Event{}
	for _, e := range events {
		latest[e.Department] = e
	}
	deduplication := fmt.Sprintf("%s.%d", rec.ID, rec.Version)
	if resend {
		deduplication += fmt.Sprintf(".%d", rec.Resent)
	}
	for department, e := range latest {
		body, err := problem.ItemOf(rec.Problem, e, rec.Quotes, o.URL).Marshal()
		if err != nil {
			return fmt.Errorf("item of problem %s, version %d: %w", rec.ID, rec.Version, err)
		}
		if err := o.Queues.Send(ctx, department, rec.ID, deduplication, body); err != nil {
			return fmt.Errorf("item of problem %s, version %d: %w", rec.ID, rec.Version, err)
		}
	}
	return nil
}

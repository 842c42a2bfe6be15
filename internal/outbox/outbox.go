// Package outbox sends what has to leave the table: problem items and
// candidates to the queues of their departments, to the media function what it has to ask of
// a platform, to notify what it has to send, and news to agent tools that
// mirror.
//
// It hangs off the table's stream, so that nothing has to write the table and
// a queue in one step: what is in the table will leave, once or more often.
// Consumers ignore a version of a problem that they have seen; a job that is
// done twice ends as one that is done once.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
)

// A Queues takes items. [queue.Departments] is one.
type Queues interface {
	Send(ctx context.Context, department, group, deduplication string, body []byte) error
}

// Jobs takes what the media function is to do. [queue.Queue] is one.
type Jobs interface {
	Put(ctx context.Context, body []byte) error
}

// An Outbox handles the table's stream. A field that is nil switches off what
// it serves.
type Outbox struct {
	Queues Queues // problem items and candidates
	Jobs   Jobs   // of the media function
	Sends  Jobs   // of the function that sends messages to customers
	News   *News  // events for agent tools
	URL    string // of the API, for the links in an item

	Dead *batch.DeadLetters // of records that can never be handled
}

// workShare is the part of the function's time that the batch may take: the
// rest is for dead letters and the answer.
const workShare = 5.0 / 6

// Handle sends an item for every new version of a problem in the batch, and a
// job for what is new. News of the whole batch goes after them.
//
// Items of one problem leave in order. After a failure that may pass, the rest
// of the problem waits, while others go on; Lambda delivers again from the
// earliest failure. A record that can never be handled becomes a dead letter
// (see [batch.Permanent]), and the later versions of its problem go on: each
// tells the whole story, and replaces those before it. So a version that is
// replayed comes after newer ones, and its department leaves it out.
func (o *Outbox) Handle(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	work, cancel := batch.Within(ctx, workShare)
	defer cancel()
	changes, bad := decodeAll(work, ev)
	first := o.leaveAll(work, changes, bad)
	if o.News != nil {
		i, err := o.News.send(work, changes, bad)
		if err != nil {
			slog.ErrorContext(ctx, "news not sent", "kind", fault.KindOf(err), "err", err)
			if first < 0 || i < first {
				first = i
			}
		}
	}
	return o.Dead.Stream(ctx, ev, bad, first), nil
}

// An indexed change is a change with the index of its record in the batch.
type indexed struct {
	store.Change
	index int
}

// decodeAll decodes the records of a batch. bad has the errors of those that
// cannot be decoded, by index.
func decodeAll(ctx context.Context, ev events.DynamoDBEvent) (changes []indexed, bad map[int]error) {
	bad = map[int]error{}
	for i, r := range ev.Records {
		err := batch.Safely(ctx, func() error {
			c, err := store.DecodeChange(r)
			if err == nil {
				changes = append(changes, indexed{c, i})
			}
			return err
		})
		if err != nil {
			bad[i] = err
		}
	}
	return changes, bad
}

// leaveAll sends what has to leave because of each change. It returns the index
// of the first that failed and may pass, negative without one, and adds to bad
// the errors of those that can never be handled.
func (o *Outbox) leaveAll(ctx context.Context, changes []indexed, bad map[int]error) (first int) {
	first = -1
	stopped := map[string]bool{}
	for _, c := range changes {
		if stopped[c.Partition] {
			continue
		}
		err := batch.Safely(ctx, func() error { return o.leave(ctx, c.Change) })
		if err == nil {
			continue
		}
		if batch.Permanent(err) {
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

// leave sends what has to leave because of one change.
func (o *Outbox) leave(ctx context.Context, c store.Change) error {
	if o.Sends != nil {
		if job, ok := c.SendJob(); ok {
			return put(ctx, o.Sends, job)
		}
	}
	if o.Jobs != nil {
		if job, ok := c.MediaJob(); ok {
			return put(ctx, o.Jobs, job)
		}
	}
	if candidate, ok, err := c.Announcement(); ok || err != nil {
		return o.tell(ctx, candidate, err)
	}
	version, err := c.HasNewVersion()
	if err != nil {
		return err
	}
	again, err := c.IsResent()
	if err != nil {
		return err
	}
	if !version && !again {
		return nil
	}
	rec, err := c.ProblemAfter()
	if err != nil {
		return err
	}
	return o.send(ctx, rec, !version)
}

// tell tells a department of a candidate.
func (o *Outbox) tell(ctx context.Context, c problem.Told, err error) error {
	if err != nil {
		return err
	}
	body, err := c.Item(o.URL).Marshal()
	if err != nil {
		return err
	}
	return o.Queues.Send(ctx, c.Department, c.ID, c.ID+".1", body)
}

func put(ctx context.Context, to Jobs, job contact.Job) error {
	body, err := json.Marshal(job)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode job")
	}
	return to.Put(ctx, body)
}

// send tells each department concerned the latest of what happened; again,
// when that was asked for, to the owner alone. SQS would drop what it saw in
// the last five minutes, so that an item that is sent again has an id of its own.
func (o *Outbox) send(ctx context.Context, rec problem.Record, again bool) error {
	latest := map[string]problem.Event{}
	for _, e := range rec.Events {
		if !again || e.Department == rec.Department {
			latest[e.Department] = e
		}
	}
	id := fmt.Sprintf("%s.%d", rec.ID, rec.Version)
	if again {
		id += fmt.Sprintf(".%d", rec.Resent)
	}
	for department, e := range latest {
		body, err := problem.ItemOf(rec.Problem, e, rec.Quotes, o.URL).Marshal()
		if err != nil {
			return err
		}
		if err := o.Queues.Send(ctx, department, rec.ID, id, body); err != nil {
			return err
		}
	}
	return nil
}

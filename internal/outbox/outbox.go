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
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// A Queues takes items. [queue.Departments] is one.
type Queues interface {
	Send(ctx context.Context, department, group, deduplication string, body []byte) error
}

// Jobs takes what the media function is to do. [queue.Queue] is one.
type Jobs interface {
	Put(ctx context.Context, body []byte) error
}

// An Outbox is the function's work.
type Outbox struct {
	Queues Queues
	Jobs   Jobs
	Read   func(image map[string]events.DynamoDBAttributeValue) (problem.Record, error)
	URL    string // where the API is, for the links in an item

	// Told says which candidate a department is to be told of because of a
	// change. If it is nil, none is.
	Told func(r events.DynamoDBEventRecord) (problem.Told, bool, error)

	// Send says which message is to be sent because of a change, and Sends takes
	// it. If they are nil, nothing is.
	Send  func(r events.DynamoDBEventRecord) (contact.Job, bool)
	Sends Jobs

	// Job says what has to be asked of a platform because of a change. If it is
	// nil, nothing is.
	Job func(r events.DynamoDBEventRecord) (contact.Job, bool)

	// News is what agent tools that mirror are told. If it is nil, nothing is.
	News *News
}

// Handle sends an item for every new version of a problem in the batch, and a
// job for what is new. Items of one problem leave in order: after its first
// failure the rest of it waits, while others go on. News of the whole batch goes
// after them. Lambda delivers again from the earliest failure.
func (o *Outbox) Handle(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	first := -1
	stopped := map[string]bool{}
	for i, r := range ev.Records {
		pk := r.Change.Keys["pk"]
		if pk.DataType() != events.DataTypeString || stopped[pk.String()] {
			continue
		}
		if err := o.leave(ctx, r); err != nil {
			slog.ErrorContext(ctx, "not sent", "record", r.Change.SequenceNumber, "kind", fault.KindOf(err), "err", err)
			stopped[pk.String()] = true
			if first < 0 {
				first = i
			}
		}
	}
	if o.News != nil {
		if i, err := o.News.send(ctx, ev.Records); err != nil {
			slog.ErrorContext(ctx, "news not sent", "kind", fault.KindOf(err), "err", err)
			if first < 0 || i < first {
				first = i
			}
		}
	}
	return batch.Stream(ev, first), nil
}

// leave sends what has to leave because of one change.
func (o *Outbox) leave(ctx context.Context, r events.DynamoDBEventRecord) error {
	if o.Send != nil {
		if job, ok := o.Send(r); ok {
			return put(ctx, o.Sends, job)
		}
	}
	if job, ok := o.job(r); ok {
		return put(ctx, o.Jobs, job)
	}
	if o.Told != nil {
		if c, ok, err := o.Told(r); ok || err != nil {
			return o.tell(ctx, c, err)
		}
	}
	switch c := r.Change; {
	case number(c.NewImage, "n") > number(c.OldImage, "n"):
		return o.send(ctx, c.NewImage, false)
	case number(c.NewImage, "sn") > number(c.OldImage, "sn"):
		return o.send(ctx, c.NewImage, true)
	default:
		return nil
	}
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

func (o *Outbox) job(r events.DynamoDBEventRecord) (contact.Job, bool) {
	if o.Job == nil {
		return contact.Job{}, false
	}
	return o.Job(r)
}

// number returns an attribute of an image: n is the version, sn counts how often
// its item was asked for again.
func number(image map[string]events.DynamoDBAttributeValue, name string) int64 {
	n, ok := image[name]
	if !ok || n.DataType() != events.DataTypeNumber {
		return 0
	}
	v, err := strconv.ParseInt(n.Number(), 10, 64)
	if err != nil {
		return 0
	}
	return v
}

// send tells each department concerned the latest of what happened; again,
// when that was asked for, to the owner alone. SQS would drop what it saw in
// the last five minutes, so that an item that is sent again has an id of its own.
func (o *Outbox) send(ctx context.Context, image map[string]events.DynamoDBAttributeValue, again bool) error {
	rec, err := o.Read(image)
	if err != nil {
		return err
	}
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

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
	"strings"

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
	first, bad := o.leaveAll(work, ev)
	if o.News != nil {
		unreadable, i, err := o.News.send(work, ev.Records)
		for i, err := range unreadable {
			bad[i] = err
		}
		if err != nil {
			slog.ErrorContext(ctx, "news not sent", "kind", fault.KindOf(err), "err", err)
			if first < 0 || i < first {
				first = i
			}
		}
	}
	return o.Dead.Stream(ctx, ev, bad, first), nil
}

// leaveAll sends what has to leave because of each change. It returns the index
// of the first that failed and may pass, negative without one, and the errors of
// those that can never be handled.
func (o *Outbox) leaveAll(ctx context.Context, ev events.DynamoDBEvent) (first int, bad map[int]error) {
	first, bad = -1, map[int]error{}
	stopped := map[string]bool{}
	for i, r := range ev.Records {
		pk, _, err := batch.Keys(r)
		if stopped[pk] {
			continue
		}
		if err == nil {
			err = batch.Safely(ctx, func() error { return o.leave(ctx, r) })
		}
		if err == nil {
			continue
		}
		if batch.Permanent(err) {
			bad[i] = err
			continue
		}
		slog.ErrorContext(ctx, "not sent", "record", r.Change.SequenceNumber, "kind", fault.KindOf(err), "err", err)
		stopped[pk] = true
		if first < 0 {
			first = i
		}
	}
	return first, bad
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
	if pk, sk, err := batch.Keys(r); err != nil || sk != "P" || !strings.HasPrefix(pk, "P#") {
		return err
	}
	version, err := rises(r.Change, "n")
	if err != nil {
		return err
	}
	again, err := rises(r.Change, "sn")
	if err != nil {
		return err
	}
	switch {
	case version:
		return o.send(ctx, r.Change.NewImage, false)
	case again:
		return o.send(ctx, r.Change.NewImage, true)
	default:
		return nil
	}
}

// rises reports whether a change raises a number of a problem: n is the
// version, sn counts how often its item was asked for again.
func rises(c events.DynamoDBStreamRecord, name string) (bool, error) {
	before, err := number(c.OldImage, name)
	if err != nil {
		return false, err
	}
	after, err := number(c.NewImage, name)
	return after > before, err
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

// number returns an attribute of an image, 0 when it is not there.
func number(image map[string]events.DynamoDBAttributeValue, name string) (int64, error) {
	n, ok := image[name]
	if !ok {
		return 0, nil
	}
	if n.DataType() != events.DataTypeNumber {
		return 0, fault.New(fault.Invalid, "attribute %s is not a number", name)
	}
	v, err := strconv.ParseInt(n.Number(), 10, 64)
	if err != nil {
		return 0, fault.New(fault.Invalid, "attribute %s is not a whole number", name)
	}
	return v, nil
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

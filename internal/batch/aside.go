package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
)

// A Putter takes dead letters. [queue.Queue] is one.
type Putter interface {
	Put(ctx context.Context, body []byte) error
}

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// DeadLetters takes the records of a stream that a function can never handle,
// so that they do not stop the records behind them. The zero value and nil take
// none: then such a record is delivered again.
type DeadLetters struct {
	Function string // who is to handle the record when it is replayed
	Queue    Putter
	Meter    Meter
}

// A DeadLetter is the message about a record set aside. It has the
// form of what Lambda itself sends about records that it gave up on. It tells
// where the record is, and holds nothing of what it says.
type DeadLetter struct {
	Version        string         `json:"version"`
	Timestamp      time.Time      `json:"timestamp"`
	RequestContext RequestContext `json:"requestContext"`
	SetAside       *SetAside      `json:"setAside"`
}

// A RequestContext says which function gave up, and why.
type RequestContext struct {
	FunctionARN string `json:"functionArn"` // or the function's name
	Condition   string `json:"condition"`
}

// Condition is the condition of a [DeadLetter].
const Condition = "SetAside"

// SetAside is a record that was set aside: where it is in the stream, and the
// key of its item, which outlives the stream.
type SetAside struct {
	Kind           fault.Kind `json:"kind"`
	Reason         string     `json:"reason"`
	EventName      string     `json:"eventName,omitempty"`
	StreamARN      string     `json:"streamArn,omitempty"`
	SequenceNumber string     `json:"sequenceNumber,omitempty"`
	Created        time.Time  `json:"created,omitzero"` // about when the item changed
	PK             string     `json:"pk,omitempty"`
	SK             string     `json:"sk,omitempty"`
}

// Permanent reports whether an error stays when what caused it is repeated. A
// table or queue that does not answer, throttles or is too slow is not such an
// error, and neither is a change by another run.
func Permanent(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.TooMany, fault.Conflict:
		return false
	default:
		return true
	}
}

// Stream answers a batch of which some records failed. The record at index
// again is the first that has to be delivered again; a negative index means
// none. Bad are permanent errors by the index of their record. A bad record
// before again becomes a dead letter and counts as done. A bad record after it
// is delivered again in any case, and becomes a dead letter then: so each
// becomes one once. One that cannot be sent is delivered again.
func (d *DeadLetters) Stream(ctx context.Context, ev events.DynamoDBEvent, bad map[int]error, again int) events.DynamoDBEventResponse {
	aside := 0
	for _, i := range slices.Sorted(maps.Keys(bad)) {
		if again >= 0 && i >= again {
			break
		}
		if err := d.bury(ctx, ev.Records[i], bad[i]); err != nil {
			slog.ErrorContext(ctx, "record not set aside", "record", ev.Records[i].Change.SequenceNumber,
				"kind", fault.KindOf(bad[i]), "reason", reason(bad[i]), "err", err)
			again = i
			break
		}
		slog.ErrorContext(ctx, "record set aside", "record", ev.Records[i].Change.SequenceNumber,
			"kind", fault.KindOf(bad[i]), "reason", reason(bad[i]))
		aside++
	}
	if aside > 0 && d.Meter != nil {
		d.Meter.Count("", "", map[string]int{"SetAside": aside})
	}
	return Stream(ev, again)
}

func (d *DeadLetters) bury(ctx context.Context, r events.DynamoDBEventRecord, why error) error {
	if d == nil || d.Queue == nil {
		return fault.New(fault.Unavailable, "there is no dead-letter queue")
	}
	body, err := json.Marshal(DeadLetter{
		Version: "1.0", Timestamp: time.Now().UTC(),
		RequestContext: RequestContext{FunctionARN: d.Function, Condition: Condition},
		SetAside: &SetAside{
			Kind: fault.KindOf(why), Reason: reason(why), EventName: r.EventName, StreamARN: r.EventSourceArn,
			SequenceNumber: r.Change.SequenceNumber, Created: r.Change.ApproximateCreationDateTime.UTC(),
			PK: keyPart(r, "pk"), SK: keyPart(r, "sk"),
		},
	})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode dead letter")
	}
	return d.Queue.Put(ctx, body)
}

// keyPart returns a part of a record's key; empty when the record has none, or
// one that is not a text.
func keyPart(r events.DynamoDBEventRecord, name string) string {
	if v, ok := r.Change.Keys[name]; ok && v.DataType() == events.DataTypeString {
		return v.String()
	}
	return ""
}

// Keys returns the key of a record's item. Without it the error is
// [fault.Invalid].
func Keys(r events.DynamoDBEventRecord) (pk, sk string, err error) {
	pk, sk = keyPart(r, "pk"), keyPart(r, "sk")
	if pk == "" || sk == "" {
		return "", "", fault.New(fault.Invalid, "the record has no key")
	}
	return pk, sk, nil
}

// reason is what an error says of itself without what caused it, which may
// quote a customer.
func reason(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Msg
	}
	return fmt.Sprintf("an error of type %T", err)
}

// Safely calls do. A panic is an error of kind [fault.Internal], so that one
// record cannot stop the function. The log gets its stack and, unless the
// runtime raised it, no more than its type: it may hold what a customer said.
func Safely(ctx context.Context, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			p := caught(r)
			err = fault.New(fault.Internal, "panic: %s", p.what())
			slog.ErrorContext(ctx, "panic", "what", p.what(), "stack", string(p.stack))
		}
	}()
	return do()
}

// panicked is a panic on its way to another goroutine.
type panicked struct {
	value any
	stack []byte
}

// caught must be called where a panic is recovered, for the stack.
func caught(r any) panicked {
	if p, ok := r.(panicked); ok {
		return p
	}
	return panicked{r, debug.Stack()}
}

func (p panicked) what() string {
	if e, ok := p.value.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("%T", p.value)
}

// Within returns ctx with a deadline that comes when a share of the time left
// is used, so that there is time to answer for what did not finish. Without a
// deadline of its own ctx gets none.
func Within(ctx context.Context, share float64) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := time.Until(end)
	return context.WithDeadline(ctx, end.Add(-left+time.Duration(share*float64(left))))
}

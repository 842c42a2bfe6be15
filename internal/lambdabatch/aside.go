package lambdabatch

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

// Putter sends a message to a queue. [queue.Queue] implements it.
type Putter interface {
	Put(ctx context.Context, body []byte) error
}

// Meter counts events. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// DeadLetters sends dead letters for the records of a stream that a function can
// never handle, so that they do not block the records behind them. The zero value
// and nil send none; then such records are delivered again.
type DeadLetters struct {
	Function string // handles the record when it is replayed
	Queue    Putter
	Meter    Meter // may be nil
}

// DeadLetter is the message about a record that was set aside. It has the form
// of the messages that Lambda itself sends about records that it gave up on. It
// says where the record is, and nothing about its content.
type DeadLetter struct {
	Version        string         `json:"version"`
	Timestamp      time.Time      `json:"timestamp"`
	RequestContext RequestContext `json:"requestContext"`
	SetAside       *SetAside      `json:"setAside"`
}

// RequestContext says which function gave up, and under which condition.
type RequestContext struct {
	FunctionARN string `json:"functionArn"` // or the function's name
	Condition   string `json:"condition"`
}

// Condition is the condition of every [DeadLetter].
const Condition = "SetAside"

// SetAside describes a record that was set aside: its position in the stream, and
// the key of its item, which outlives the stream.
type SetAside struct {
	Kind           fault.Kind `json:"kind"`
	Reason         string     `json:"reason"`
	EventName      string     `json:"eventName,omitempty"`
	StreamARN      string     `json:"streamArn,omitempty"`
	SequenceNumber string     `json:"sequenceNumber,omitempty"`
	Created        time.Time  `json:"created,omitzero"` // approximately when the item changed
	PK             string     `json:"pk,omitempty"`
	SK             string     `json:"sk,omitempty"`
}

// IsPermanent reports whether a repeat of the operation would give the same error.
// A table or queue that does not answer, throttles or is too slow gives a
// temporary error; so does a conflict with another run. nil is not permanent.
func IsPermanent(err error) bool {
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

// Stream returns the answer to a batch, and sends dead letters first. retry is
// the index of the first record to deliver again, or negative. bad has permanent
// errors by the index of their record.
//
// A bad record before retry becomes a dead letter and is done. A bad record
// behind it is delivered again in any case, and becomes a dead letter then. So
// each bad record becomes one dead letter. When a dead letter cannot be sent,
// its record is delivered again.
func (d *DeadLetters) Stream(ctx context.Context, ev events.DynamoDBEvent, bad map[int]error, retry int) events.DynamoDBEventResponse {
	sent := 0
	for _, i := range slices.Sorted(maps.Keys(bad)) {
		if retry >= 0 && i >= retry {
			break
		}
		attributes := []any{
			"record", ev.Records[i].Change.SequenceNumber,
			"kind", fault.KindOf(bad[i]), "reason", publicReason(bad[i]),
		}
		if err := d.sendDeadLetter(ctx, ev.Records[i], bad[i]); err != nil {
			slog.ErrorContext(ctx, "record not set aside", append(attributes, "err", err)...)
			retry = i
			break
		}
		slog.ErrorContext(ctx, "record set aside", attributes...)
		sent++
	}
	if sent > 0 && d.Meter != nil {
		d.Meter.Count("", "", map[string]int{"SetAside": sent})
	}
	return Stream(ev, retry)
}

func (d *DeadLetters) sendDeadLetter(ctx context.Context, r events.DynamoDBEventRecord, cause error) error {
	if d == nil || d.Queue == nil {
		return fault.New(fault.Unavailable, "there is no dead-letter queue")
	}
	body, err := json.Marshal(DeadLetter{
		Version: "1.0", Timestamp: time.Now().UTC(),
		RequestContext: RequestContext{FunctionARN: d.Function, Condition: Condition},
		SetAside: &SetAside{
			Kind: fault.KindOf(cause), Reason: publicReason(cause), EventName: r.EventName, StreamARN: r.EventSourceArn,
			SequenceNumber: r.Change.SequenceNumber, Created: r.Change.ApproximateCreationDateTime.UTC(),
			PK: keyAttribute(r, "pk"), SK: keyAttribute(r, "sk"),
		},
	})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode dead letter")
	}
	return d.Queue.Put(ctx, body)
}

// keyAttribute returns an attribute of a record's key, or "" when it is missing
// or not text.
func keyAttribute(r events.DynamoDBEventRecord, name string) string {
	if v, ok := r.Change.Keys[name]; ok && v.DataType() == events.DataTypeString {
		return v.String()
	}
	return ""
}

// publicReason returns the message of the outermost [fault.Error] without its
// cause, which may quote a customer.
func publicReason(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Msg
	}
	return fmt.Sprintf("an error of type %T", err)
}

// RecoverPanic calls do and returns its error. A panic becomes an error of kind
// [fault.Internal], so that one record cannot end the function. The log gets its
// stack. It gets its value only if the Go runtime raised the panic, else only its
// type: the value may contain a customer's text.
func RecoverPanic(ctx context.Context, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			p := capturePanic(r)
			err = fault.New(fault.Internal, "panic: %s", p.describe())
			slog.ErrorContext(ctx, "panic", "what", p.describe(), "stack", string(p.stack))
		}
	}()
	return do()
}

// caughtPanic is a panic that is passed on to another goroutine.
type caughtPanic struct {
	value any
	stack []byte
}

// capturePanic returns the recovered value r with its stack. Call it in the
// deferred function that recovered r.
func capturePanic(r any) caughtPanic {
	if p, ok := r.(caughtPanic); ok {
		return p
	}
	return caughtPanic{r, debug.Stack()}
}

func (p caughtPanic) describe() string {
	if e, ok := p.value.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("%T", p.value)
}

// WithTimeShare returns ctx with a deadline after a share of its remaining time, so that
// time is left to answer. If ctx has no deadline, the result has none.
func WithTimeShare(ctx context.Context, share float64) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := time.Until(end)
	return context.WithDeadline(ctx, end.Add(-left+time.Duration(share*float64(left))))
}

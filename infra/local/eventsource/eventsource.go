// Package eventsource is Lambda's event source mappings for the local stack: it reads a DynamoDB stream or an SQS queue
// and invokes a function with what it found, with the rules of AWS.
//
// The rules matter more than the reading. Which records a retry repeats, what a half failed batch means, when a record
// is given up on and where word of it goes: on these a function loses or doubles a message, so they are kept to the
// letter here, and a function that is right on this machine is right on AWS. For what AWS may do but seldom does
// (deliver twice, out of order, in smaller batches, at the same time, or lose an answer) there is Chaos.
//
// Everything is at least once. A position is written to disk only after the function has processed what lies before it.
package eventsource

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// An Invoker invokes a Lambda function synchronously.
type Invoker interface {
	// Invoke returns the function's response. functionError is set ("Unhandled") when the function itself failed; err
	// is set when it could not be invoked at all (throttled, 429), which never counts as one of its retries.
	Invoke(ctx context.Context, function string, payload []byte) (response []byte, functionError string, err error)
}

// maxPayload is what an event may weigh: Lambda's 6 MB for a synchronous invocation.
const maxPayload = 6 << 20

// record is one element of an event: a stream record or a queue message.
type record struct {
	id      string    // what batchItemFailures names: a sequence number or a message id
	key     string    // records of one key keep their order: the item's key or the message group
	arrived time.Time // when it came into the stream or queue
	json    json.RawMessage
}

// event returns the JSON of the event that holds records.
func marshalEvent(records []record) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i, r := range records {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(r.json)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// batches cuts records into batches of at most size records and one payload. size is asked anew for each batch.
func splitBatches(records []record, size func(first record) int) iter.Seq[[]record] {
	return func(yield func([]record) bool) {
		for len(records) > 0 {
			n, limit := 0, max(1, size(records[0]))
			for weight := len(`{"Records":[]}`); n < len(records) && n < limit; n++ {
				weight += len(records[n].json) + 1
				if weight > maxPayload && n > 0 {
					break
				}
			}
			if !yield(records[:n:n]) {
				return
			}
			records = records[n:]
		}
	}
}

// failures reads a function's ReportBatchItemFailures response to the event that held records. It returns the places of
// the records that failed, or whole when AWS takes the answer for a failure of the whole batch: no JSON, or an
// identifier that is empty, missing, no string, or of no record in the batch.
func parseFailures(response []byte, records []record) (failed []int, whole bool) {
	response = bytes.TrimSpace(response)
	if len(response) == 0 || bytes.Equal(response, []byte("[]")) {
		return nil, false // AWS takes an empty list in place of the object for a success
	}
	var r struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(response, &r) != nil {
		return nil, true
	}
	for _, f := range r.Failures {
		i := slices.IndexFunc(records, func(r record) bool { return r.id == f.ID })
		if f.ID == "" || i < 0 {
			return nil, true
		}
		failed = append(failed, i)
	}
	return failed, false
}

// backoff waits before try n (from 0) is repeated: first, doubled each time up to 5 seconds. AWS waits longer; nobody
// watching a local stack would.
func waitBackoff(ctx context.Context, first time.Duration, n int) error {
	return sleepOrWake(ctx, min(first<<min(n, 16), 5*time.Second), nil)
}

// sleep waits for d, or until wake, or until ctx ends.
func sleepOrWake(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	case <-wake:
	}
	return nil
}

// bell wakes everybody who waits for it.
type broadcaster struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that the next ring closes.
func (b *broadcaster) subscribe() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcaster) broadcast() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

func loggerOrDiscard(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}

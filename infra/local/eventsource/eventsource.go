// Package eventsource implements Lambda's event source mappings for the local stack. A [Stream] reads a DynamoDB stream
// and a [Queue] reads an SQS queue. Each invokes one function with batches of records, by AWS's rules.
//
// The retry rules follow the AWS documentation exactly: which records a retry repeats, how a partial batch failure is
// read, and when a record is given up and reported to the on-failure destination. A function that handles them
// correctly here handles them correctly on AWS. [Chaos] produces the rare behavior that AWS allows: duplicates,
// reordering, smaller batches, concurrency and lost answers.
//
// Delivery is at least once. A stream mapping works in this order, so that a crash repeats records and never skips one
// (TestStream_RestartRedelivers):
//
//  1. Read records from a shard.
//  2. Invoke the function with a batch until the batch is processed or given up.
//  3. Report a batch that was given up to the on-failure destination.
//  4. Write the position after the batch to the checkpoint file.
//
// A queue mapping receives messages, invokes the function, and then deletes the messages that were processed. A crash
// before the delete makes the queue show them again after the visibility timeout.
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
	// Invoke returns the function's response. functionError is "Unhandled" if the function ran and failed.
	// err is set if the function did not run, for example because it was throttled (429); this uses up no retry.
	Invoke(ctx context.Context, function string, payload []byte) (response []byte, functionError string, err error)
}

// maxPayload is the largest event in bytes: Lambda's 6 MB limit for a synchronous invocation.
const maxPayload = 6 << 20

// record is one element of an event: a stream record or a queue message.
type record struct {
	id      string    // itemIdentifier in batchItemFailures: the sequence number or message id
	key     string    // ordering key: the table item's key, or the FIFO message group
	arrived time.Time // in the stream or queue
	json    json.RawMessage
}

// marshalEvent returns the JSON of the event that holds records.
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

// splitBatches cuts records into batches. A batch holds at most size(first record) records and fits in one payload; a
// single record over maxPayload is a batch of its own.
func splitBatches(records []record, size func(first record) int) iter.Seq[[]record] {
	return func(yield func([]record) bool) {
		for len(records) > 0 {
			n := 0
			limit := max(1, size(records[0]))
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

// parseFailures reads a function's ReportBatchItemFailures response to the event that held records. failed holds the
// indexes of the failed records. whole is true if AWS treats the response as a failure of the entire batch: the
// response is not JSON, or an identifier is empty, missing, not a string, or unknown in this batch.
func parseFailures(response []byte, records []record) (failed []int, whole bool) {
	response = bytes.TrimSpace(response)
	if len(response) == 0 || bytes.Equal(response, []byte("[]")) {
		return nil, false // AWS reads an empty response or an empty list as success
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

// waitBackoff waits before repetition n, counted from 0. The wait is first, doubled with every repetition up to 5
// seconds. AWS waits longer, which would slow down work on a local stack.
func waitBackoff(ctx context.Context, first time.Duration, n int) error {
	return sleepOrWake(ctx, min(first<<min(n, 16), 5*time.Second), nil)
}

// sleepOrWake returns after d or when wake is closed, whichever is first. It returns the error of ctx if ctx ends
// before.
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

// broadcaster wakes all goroutines that wait for a change. The zero value is ready to use.
type broadcaster struct {
	mu sync.Mutex
	ch chan struct{}
}

// subscribe returns a channel that the next broadcast closes.
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

// Package lambdabatch runs handlers over the records of a Lambda batch, answers which
// records Lambda must deliver again, and sets aside records that can never be
// handled. It also bounds concurrency within a batch.
//
// # Definitions
//
//   - An error is temporary if a repeat may succeed, else it is permanent, see
//     [IsPermanent].
//   - A dead letter is a message about a record with a permanent error. It says
//     where the record is, and has none of its content.
//   - The answer to a batch names the records to deliver again. Lambda reads it
//     only if the event source has FunctionResponseTypes
//     [ReportBatchItemFailures]. Otherwise the batch counts as handled.
//
// # Example
//
// Five customers write the same complaint, and the stream delivers five records.
// Record 2 is malformed, and record 3 fails because the table throttles
// (TestDeadLetters_Stream, "a failure between bad records"):
//
//  1. A dead letter about record 2 is sent.
//  2. The answer names record 3.
//  3. Lambda delivers records 3, 4 and 5 again. Record 2 is done.
//
// # Races
//
// A dead letter and a failure in one batch: a bad record behind the failure is
// delivered again in any case, so its dead letter is sent then, and once.
//
//  1. Record 2 fails temporarily, and record 4 permanently.
//  2. The answer names record 2. No dead letter is sent.
//  3. Lambda delivers records 2 to 5 again. Record 2 succeeds, record 4 becomes a
//     dead letter.
//
// A dead letter that cannot be sent: the answer names its record, so that Lambda
// delivers it again.
//
// A panic in a goroutine of [Each] would end the function. Each passes it to its
// caller, where [RecoverPanic] makes it an error. golang.org/x/sync/errgroup does not do
// so, which is why Each does not use it.
package lambdabatch

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
)

// Queue calls handle for each message of an SQS batch, in order. Messages of a
// standard queue are independent: the answer names those that failed, and the
// others are done.
func Queue(ctx context.Context, ev events.SQSEvent, handle func(context.Context, events.SQSMessage) error) events.SQSEventResponse {
	var resp events.SQSEventResponse
	for _, m := range ev.Records {
		if err := handle(ctx, m); err != nil {
			slog.ErrorContext(ctx, "message failed", "id", m.MessageId, "kind", fault.KindOf(err), "err", err)
			resp.BatchItemFailures = append(resp.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return resp
}

// Stream returns the answer to a batch of stream records. failed is the index of
// the first record to deliver again; Lambda delivers all records behind it again,
// too. It is negative when all records are done.
func Stream(ev events.DynamoDBEvent, failed int) events.DynamoDBEventResponse {
	if failed < 0 {
		return events.DynamoDBEventResponse{}
	}
	return events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{
		{ItemIdentifier: ev.Records[failed].Change.SequenceNumber},
	}}
}

// Each calls do for 0 to n-1, at most limit at a time, and returns when all calls
// have returned. A single call runs on the caller's goroutine. If a call panics,
// Each panics on the caller's goroutine after all calls have returned.
func Each(n, limit int, do func(i int)) {
	if n == 1 {
		do(0)
		return
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, limit)
	var first atomic.Pointer[caughtPanic]
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					p := capturePanic(r)
					first.CompareAndSwap(nil, &p)
				}
				<-slots
			}()
			do(i)
		})
	}
	wg.Wait()
	if p := first.Load(); p != nil {
		panic(*p)
	}
}

// Package batch runs a handler over the records of a batch and tells Lambda
// which of them to deliver again; and does one thing for many, a few at a time.
//
// To deliver again it needs FunctionResponseTypes: [ReportBatchItemFailures] on the event
// source; without it, Lambda ignores the answer and takes the batch as done.
package batch

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
)

// Queue handles each message of an SQS batch. Messages of a standard queue
// are independent: one that fails is delivered again, the others are done.
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

// Stream answers a batch of stream records of which the one at index failed
// is the first that has to come again; none, when it is negative. Lambda goes
// back to the earliest failure and delivers all that follow again.
func Stream(ev events.DynamoDBEvent, failed int) events.DynamoDBEventResponse {
	if failed < 0 {
		return events.DynamoDBEventResponse{}
	}
	return events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{
		{ItemIdentifier: ev.Records[failed].Change.SequenceNumber},
	}}
}

// Each calls do for 0 to n-1, at most atOnce at a time, and returns when all
// are done. One alone is done in place. A panic of do becomes the caller's,
// when all are done.
func Each(n, atOnce int, do func(i int)) {
	if n == 1 {
		do(0)
		return
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	var first atomic.Pointer[panicked]
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					p := caught(r)
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

package lambdabatch_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/lambdabatch"
)

func TestQueue_RetriesOnlyTheFailedMessage(t *testing.T) {
	t.Parallel()
	ev := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "a"}, {MessageId: "b"}, {MessageId: "c"}}}
	var seen []string
	resp := lambdabatch.Queue(t.Context(), ev, func(_ context.Context, m events.SQSMessage) error {
		seen = append(seen, m.MessageId)
		if m.MessageId == "b" {
			return errors.New("not now")
		}
		return nil
	})
	if len(seen) != 3 || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "b" {
		t.Errorf("handled %v and answered %+v, want all three handled and b failed", seen, resp)
	}
}

func TestStream_RetriesFromTheFailure(t *testing.T) {
	t.Parallel()
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		{Change: events.DynamoDBStreamRecord{SequenceNumber: "1"}}, {Change: events.DynamoDBStreamRecord{SequenceNumber: "2"}},
	}}
	if got := lambdabatch.Stream(ev, 1); len(got.BatchItemFailures) != 1 || got.BatchItemFailures[0].ItemIdentifier != "2" {
		t.Errorf("Stream(1) = %+v, want record 2", got)
	}
	if got := lambdabatch.Stream(ev, -1); len(got.BatchItemFailures) != 0 {
		t.Errorf("Stream(-1) = %+v, want no failure", got)
	}
}

func TestEach_Limit(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 3, 50} {
		var now, most atomic.Int32
		done := make([]atomic.Int32, n)
		lambdabatch.Each(n, 3, func(i int) {
			at := now.Add(1)
			for m := most.Load(); at > m && !most.CompareAndSwap(m, at); m = most.Load() {
			}
			done[i].Add(1)
			runtime.Gosched() // lets other calls start
			now.Add(-1)
		})
		for i := range done {
			if times := done[i].Load(); times != 1 {
				t.Errorf("Each(%d) called do(%d) %d times, want once", n, i, times)
			}
		}
		if most.Load() > 3 || now.Load() != 0 {
			t.Errorf("Each(%d) made %d calls at once, want at most 3; %d calls did not return, want 0", n, most.Load(), now.Load())
		}
	}
}

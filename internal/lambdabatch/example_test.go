package lambdabatch_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/lambdabatch"
)

type printer struct{}

func (printer) Put(_ context.Context, body []byte) error {
	fmt.Println("a dead letter is sent")
	return nil
}

// Record 1 is malformed, and record 2 hit a table that throttles.
func ExampleDeadLetters_Stream() {
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		{Change: events.DynamoDBStreamRecord{SequenceNumber: "1"}},
		{Change: events.DynamoDBStreamRecord{SequenceNumber: "2"}},
	}}
	bad := map[int]error{0: fault.New(fault.Invalid, "the record has no key")}
	dead := &lambdabatch.DeadLetters{Function: "heard-triage", Queue: printer{}}
	response := dead.Stream(context.Background(), ev, bad, 1)
	fmt.Println("deliver again from record", response.BatchItemFailures[0].ItemIdentifier)
	// Output:
	// a dead letter is sent
	// deliver again from record 2
}

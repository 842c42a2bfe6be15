package eventsource

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/internal/golden"
)

var created = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func everyAttributeType() types.Record {
	return types.Record{
		AwsRegion: aws.String("ddblocal"), EventID: aws.String("e-1"), EventName: types.OperationTypeRemove,
		EventSource: aws.String("aws:dynamodb"), EventVersion: aws.String("1.1"),
		UserIdentity: &types.Identity{Type: aws.String("Service"), PrincipalId: aws.String("dynamodb.amazonaws.com")},
		Dynamodb: &types.StreamRecord{
			ApproximateCreationDateTime: &created, SequenceNumber: aws.String("000000000000000000007"),
			SizeBytes: aws.Int64(99), StreamViewType: types.StreamViewTypeNewAndOldImages,
			Keys: map[string]types.AttributeValue{"pk": s("C#1"), "sk": s("M#1")},
			OldImage: map[string]types.AttributeValue{
				"pk": s("C#1"), "sk": s("M#1"), "n": &types.AttributeValueMemberN{Value: "12.50"},
				"b": &types.AttributeValueMemberB{Value: []byte{0, 1}}, "t": &types.AttributeValueMemberBOOL{Value: false},
				"u": &types.AttributeValueMemberNULL{Value: true}, "e": s(""),
				"ss": &types.AttributeValueMemberSS{Value: []string{"x"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1"}},
				"bs": &types.AttributeValueMemberBS{Value: [][]byte{{2}}},
				"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{s("a"), &types.AttributeValueMemberL{}}},
				"m":  &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": s("<v>")}},
			},
		},
	}
}

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

func TestNewStreamRecord_LambdaShape(t *testing.T) {
	t.Parallel()
	arn := "arn:aws:dynamodb:eu-west-1:000000000000:table/heard/stream/2026-03-01T00:00:00.000"
	r, err := newStreamRecord(everyAttributeType(), arn, "eu-west-1", created.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	golden.JSON(t, "testdata/stream-event.json", json.RawMessage(marshalEvent([]record{r})))
	if want := `{"pk":{"S":"C#1"},"sk":{"S":"M#1"}}`; r.key != want {
		t.Errorf("key %s, want %s", r.key, want)
	}

	var e events.DynamoDBEvent
	if err := json.Unmarshal(marshalEvent([]record{r}), &e); err != nil {
		t.Fatal(err)
	}
	got := e.Records[0]
	if got.Change.SequenceNumber != r.id || got.UserIdentity.PrincipalID != "dynamodb.amazonaws.com" ||
		!got.Change.ApproximateCreationDateTime.Equal(created) || got.Change.OldImage["l"].List()[0].String() != "a" {
		t.Errorf("decoded by aws-lambda-go: %+v, want the fields of the record", got)
	}
}

func TestNewStreamRecord_ArrivalTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		created, readAt time.Time
		want            time.Time
	}{
		{"whole minute", created, created.Add(time.Hour), created.Add(time.Minute)},
		{"whole minute, read within it", created, created.Add(5 * time.Second), created.Add(5 * time.Second)},
		{"with seconds", created.Add(7 * time.Second), created.Add(time.Hour), created.Add(7 * time.Second)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := everyAttributeType()
			in.Dynamodb.ApproximateCreationDateTime = &test.created
			r, err := newStreamRecord(in, "arn", "eu-west-1", test.readAt)
			if err != nil {
				t.Fatal(err)
			}
			if !r.arrived.Equal(test.want) {
				t.Errorf("arrived %v, want %v", r.arrived, test.want)
			}
		})
	}
}

func TestNewQueueRecord_LambdaShape(t *testing.T) {
	t.Parallel()
	r, err := newQueueRecord(sqstypes.Message{
		MessageId: aws.String("m-1"), ReceiptHandle: aws.String("handle"), Body: aws.String(`{"a":1}`), MD5OfBody: aws.String("md5"),
		Attributes: map[string]string{
			"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "MessageGroupId": "g", "MessageDeduplicationId": "d",
			"SequenceNumber": "1", "SenderId": "sender", "ApproximateFirstReceiveTimestamp": "1545082649185",
		},
		MD5OfMessageAttributes: aws.String("md5a"),
		MessageAttributes: map[string]sqstypes.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("x")},
			"raw":  {DataType: aws.String("Binary"), BinaryValue: []byte{1}},
		},
	}, "arn:aws:sqs:eu-west-1:000000000000:q.fifo", "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	golden.JSON(t, "testdata/queue-event.json", json.RawMessage(marshalEvent([]record{r})))
	if r.key != "g" {
		t.Errorf("key %s, want the message group g", r.key)
	}
	var e events.SQSEvent
	if err := json.Unmarshal(marshalEvent([]record{r}), &e); err != nil {
		t.Fatal(err)
	}
	if got := e.Records[0]; got.MessageId != "m-1" || *got.MessageAttributes["kind"].StringValue != "x" || got.MessageAttributes["raw"].BinaryValue[0] != 1 {
		t.Errorf("decoded by aws-lambda-go: %+v, want the fields of the record", got)
	}
}

func TestFilterView(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, pattern, body string
		want                bool
	}{
		{"JSON body", `{"body":{"kind":["a"]}}`, `{"kind":"a"}`, true},
		{"JSON body with other value", `{"body":{"kind":["a"]}}`, `{"kind":"b"}`, false},
		{"number in a JSON body", `{"body":{"n":[{"numeric":[">",9]}]}}`, `{"n":10}`, true},
		{"plain body", `{"body":["hello"]}`, `hello`, true},
		{"plain body, field pattern", `{"body":{"kind":["a"]}}`, `hello`, false},
		{"JSON body, plain pattern", `{"body":[{"prefix":"{"}]}`, `{"kind":"a"}`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := ParseFilter(test.pattern)
			if err != nil {
				t.Fatal(err)
			}
			r, err := newQueueRecord(sqstypes.Message{Body: &test.body}, "arn", "eu-west-1")
			if err != nil {
				t.Fatal(err)
			}
			if got := f.matchValue(filterView(r)); got != test.want {
				t.Errorf("match = %v, want %v", got, test.want)
			}
		})
	}
}

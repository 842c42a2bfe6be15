package sqs_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestReceiveMessage_FIFOGroupOrder(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).fifo("out.fifo", nil)
	for _, body := range []string{"a1", "a2", "b1", "a3"} {
		f.sendTo(body[:1], body)
	}
	first := f.receive(2)
	if *first[0].Body != "a1" || *first[1].Body != "a2" || first[0].Attributes["SequenceNumber"] >= first[1].Attributes["SequenceNumber"] {
		t.Fatalf("received %v, want a1 and a2 with rising sequence numbers", first)
	}
	b := f.want("b1")[0]
	if err := f.delete(first[0]); err != nil {
		t.Fatal(err)
	}
	f.want() // a2 is still in flight
	if err := f.hide(first[1], 0); err != nil {
		t.Fatal(err)
	}
	f.want("a2", "a3")
	f.clock.Advance(31 * time.Second)
	wantCode(t, f.delete(b), "InvalidParameterValue") // after its visibility timeout
	f.want("a2", "a3", "b1")
}

func TestSendMessage_DuplicateInWindow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		attrs     map[string]string
		otherTwin bool // the same id in another group is a duplicate
	}{
		{"queue scope", nil, true},
		{"group scope", map[string]string{"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := overHTTP(t).fifo("out.fifo", tt.attrs)
			send := func(group string) *awssqs.SendMessageOutput {
				return f.sendInput(&awssqs.SendMessageInput{MessageBody: aws.String("body"), MessageGroupId: &group, MessageDeduplicationId: aws.String("problem-1.7")})
			}
			first := send("a")
			m := f.want("body")[0]
			if err := f.delete(m); err != nil {
				t.Fatal(err)
			}
			f.clock.Advance(5*time.Minute - time.Millisecond)
			again := send("a")
			if *again.MessageId != *first.MessageId || *again.SequenceNumber != *first.SequenceNumber {
				t.Errorf("message id of the duplicate %s, want %s", *again.MessageId, *first.MessageId)
			}
			f.want()
			if other := send("b"); (*other.MessageId == *first.MessageId) != tt.otherTwin {
				t.Errorf("message id in another group %s, in the first %s, want equal ids %t", *other.MessageId, *first.MessageId, tt.otherTwin)
			}
			f.clock.Advance(time.Millisecond)
			if late := send("a"); *late.MessageId == *first.MessageId {
				t.Error("the first message id after five minutes, want a new one")
			}
		})
	}
}

func TestSendMessage_ContentBasedDeduplication(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).fifo("out.fifo", nil)
	f.sendTo("a", "same")
	f.sendTo("a", "same")
	f.sendTo("a", "other")
	m := f.want("same", "other")[0]
	if m.Attributes["MessageDeduplicationId"] != "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5" {
		t.Errorf("deduplication id %s, want the body's SHA-256", m.Attributes["MessageDeduplicationId"])
	}
}

func TestReceiveMessage_DeadLetterFreesGroup(t *testing.T) {
	t.Parallel()
	server := overHTTP(t)
	dead := server.fifo("dead.fifo", nil)
	f := server.fifo("out.fifo", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead.arn() + `","maxReceiveCount":1}`})
	f.sendTo("a", "poison")
	f.receive(1)
	f.sendTo("a", "next")
	f.clock.Advance(31 * time.Second)
	f.want("next")
	m := dead.want("poison")[0]
	if m.Attributes["MessageGroupId"] != "a" {
		t.Errorf("group of the dead letter %q, want a", m.Attributes["MessageGroupId"])
	}
}

func TestSendMessage_InvalidFIFO(t *testing.T) {
	t.Parallel()
	server := overHTTP(t)
	f := server.fifo("out.fifo", map[string]string{"ContentBasedDeduplication": "false"})
	standard := server.queue("intake", nil)
	body, group, dedupe := aws.String("b"), aws.String("g"), aws.String("d")
	for _, tt := range []struct {
		name string
		in   awssqs.SendMessageInput
		code string
	}{
		{"no group", awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: body, MessageDeduplicationId: dedupe}, "MissingParameter"},
		{"no deduplication id", awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: body, MessageGroupId: group}, "InvalidParameterValue"},
		{"delay", awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: body, MessageGroupId: group, MessageDeduplicationId: dedupe, DelaySeconds: 2}, "InvalidParameterValue"},
		{"group with a space", awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: body, MessageGroupId: aws.String("a b"), MessageDeduplicationId: dedupe}, "InvalidParameterValue"},
		{"deduplication id on a standard queue", awssqs.SendMessageInput{QueueUrl: standard.url, MessageBody: body, MessageDeduplicationId: dedupe}, "InvalidParameterValue"},
	} {
		_, err := f.c.SendMessage(t.Context(), &tt.in)
		if err == nil {
			t.Errorf("%s: error is nil, want one", tt.name)
			continue
		}
		wantCode(t, err, tt.code)
	}
	_, err := f.c.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: f.url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("1"), MessageBody: body, MessageGroupId: group, MessageDeduplicationId: dedupe}, {Id: aws.String("2"), MessageBody: body},
	}})
	wantCode(t, err, "InvalidParameterValue")
	f.wantCounts("0 0 0")
}

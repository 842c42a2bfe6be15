package sqs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestReceiveMessage_Content(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", nil)
	body := "Héllo <wereld> & 👋\r\n\ttab"
	sent := f.sendInput(&awssqs.SendMessageInput{ // the client verifies all checksums
		MessageBody: &body,
		MessageAttributes: map[string]types.MessageAttributeValue{
			"text":   {DataType: aws.String("String.label"), StringValue: aws.String("één")},
			"number": {DataType: aws.String("Number"), StringValue: aws.String("-1.5e3")},
			"bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 0xff}},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5759e988-bd862e3fe1be46a994272793")},
		},
		MessageGroupId: aws.String("tenant-1"),
	})
	m := f.receive(1)[0]
	if *m.Body != body || *m.MessageId != *sent.MessageId || *m.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes {
		t.Errorf("received %+v, want the content of %+v", m, sent)
	}
	if string(m.MessageAttributes["bytes"].BinaryValue) != "\x00\x01\xff" || *m.MessageAttributes["text"].StringValue != "één" {
		t.Errorf("attributes %v, want the values that were sent", m.MessageAttributes)
	}
	want := map[string]string{
		"SenderId": "111122223333", "SentTimestamp": "1772366400000", "ApproximateReceiveCount": "1",
		"ApproximateFirstReceiveTimestamp": "1772366400000", "MessageGroupId": "tenant-1",
		"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
	}
	for name, value := range want {
		if m.Attributes[name] != value {
			t.Errorf("%s = %q, want %q", name, m.Attributes[name], value)
		}
	}
	if len(m.Attributes) != len(want) {
		t.Errorf("attributes %v, want %v", m.Attributes, want)
	}
}

func TestReceiveMessage_AttributeSelection(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", nil)
	value := types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("x")}
	f.sendInput(&awssqs.SendMessageInput{MessageBody: aws.String("b"), MessageAttributes: map[string]types.MessageAttributeValue{"a": value, "b.c": value, "b.d": value}})
	for _, tt := range []struct {
		name  string
		names []string
		want  int
	}{
		{"default", nil, 0},
		{"name", []string{"a"}, 1},
		{"All", []string{"All"}, 3},
		{"wildcard", []string{".*"}, 3},
		{"prefix", []string{"b.*"}, 2},
		{"other name", []string{"z"}, 0},
	} {
		out, err := f.c.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: f.url, MessageAttributeNames: tt.names})
		if err != nil || len(out.Messages) != 1 || len(out.Messages[0].MessageAttributes) != tt.want || len(out.Messages[0].Attributes) != 0 {
			t.Errorf("%s: messages %+v, error %v, want one message with %d attributes", tt.name, out.Messages, err, tt.want)
		}
		f.clock.Advance(31 * time.Second)
	}
}

func TestReceiveMessage_VisibilityTimeout(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", nil)
	f.send("a")
	f.want("a")
	f.wantCounts("0 1 0")
	f.want()
	f.clock.Advance(30*time.Second - time.Millisecond)
	f.want()
	f.clock.Advance(time.Millisecond)
	f.wantCounts("1 0 0")
	m := f.want("a")[0]
	if m.Attributes["ApproximateReceiveCount"] != "2" {
		t.Errorf("receive count %s, want 2", m.Attributes["ApproximateReceiveCount"])
	}
	if err := f.hide(m, 100); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(99 * time.Second)
	f.want()
	if err := f.hide(m, 0); err != nil {
		t.Fatal(err)
	}
	f.want("a")
}

func TestDeleteMessage_StaleHandle(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", nil)
	f.send("a")
	first := f.want("a")[0]
	f.clock.Advance(31 * time.Second)
	second := f.want("a")[0]
	if err := f.delete(first); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.hide(first, 5), "InvalidParameterValue")
	f.wantCounts("0 1 0")
	f.clock.Advance(31 * time.Second) // after the timeout the latest handle still works
	for range 2 {
		if err := f.delete(second); err != nil {
			t.Fatal(err)
		}
	}
	f.wantCounts("0 0 0")
	wantCode(t, f.hide(second, 5), "InvalidParameterValue")
	wantCode(t, f.delete(types.Message{ReceiptHandle: aws.String("nonsense")}), "ReceiptHandleIsInvalid")
}

func TestSendMessage_Delay(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", map[string]string{"DelaySeconds": "10"})
	f.send("queue's delay")
	f.sendInput(&awssqs.SendMessageInput{MessageBody: aws.String("own delay"), DelaySeconds: 5})
	f.wantCounts("0 0 2")
	f.want()
	f.clock.Advance(5 * time.Second)
	f.want("own delay")
	f.clock.Advance(5 * time.Second)
	f.want("queue's delay")
}

func TestReceiveMessage_Retention(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", map[string]string{"MessageRetentionPeriod": "60"})
	f.send("a")
	f.send("b")
	f.clock.Advance(time.Minute)
	f.want()
	f.send("c")
	f.wantCounts("1 0 0")
}

func TestReceiveMessage_DeadLetterAndRedrive(t *testing.T) {
	t.Parallel()
	server := overHTTP(t)
	dead := server.queue("dead", nil)
	f := server.queue("intake", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead.arn() + `","maxReceiveCount":"2"}`})
	f.send("poison")
	id := *f.want("poison")[0].MessageId
	f.clock.Advance(31 * time.Second)
	f.want("poison")
	f.clock.Advance(31 * time.Second)
	f.want()
	f.wantCounts("0 0 0")
	m := dead.want("poison")[0]
	if *m.MessageId != id || m.Attributes["DeadLetterQueueSourceArn"] != f.arn() || m.Attributes["ApproximateReceiveCount"] != "3" {
		t.Errorf("dead letter %s with %v, want id %s, the source queue and receive count 3", *m.MessageId, m.Attributes, id)
	}
	sources, err := f.c.ListDeadLetterSourceQueues(t.Context(), &awssqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead.url})
	if err != nil || !equal(sources.QueueUrls, []string{*f.url}) {
		t.Errorf("sources %v, error %v, want %s", sources, err, *f.url)
	}
	dead.clock.Advance(31 * time.Second)

	if _, err = f.c.StartMessageMoveTask(t.Context(), &awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(dead.arn())}); err != nil {
		t.Fatal(err)
	}
	tasks, err := f.c.ListMessageMoveTasks(t.Context(), &awssqs.ListMessageMoveTasksInput{SourceArn: aws.String(dead.arn())})
	if err != nil || len(tasks.Results) != 1 || *tasks.Results[0].Status != "COMPLETED" || tasks.Results[0].ApproximateNumberOfMessagesMoved != 1 {
		t.Fatalf("tasks %+v, error %v, want one completed with 1 message", tasks, err)
	}
	again := f.want("poison")[0]
	if *again.MessageId == id || again.Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("redriven message %s with %v, want a new id and receive count 1", *again.MessageId, again.Attributes)
	}
}

func TestSendMessageBatch_PartialFailure(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", map[string]string{"MaximumMessageSize": "1024"})
	sent, err := f.c.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: f.url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("good"), MessageBody: aws.String("a"), MessageAttributes: map[string]types.MessageAttributeValue{"k": {DataType: aws.String("String"), StringValue: aws.String("v")}}},
		{Id: aws.String("long"), MessageBody: aws.String(strings.Repeat("x", 1025))},
		{Id: aws.String("odd"), MessageBody: aws.String("nul \x00")},
	}})
	if err != nil || len(sent.Successful) != 1 || len(sent.Failed) != 2 {
		t.Fatalf("sent %+v, error %v, want 1 success and 2 failures", sent, err)
	}
	if *sent.Failed[0].Id != "long" || *sent.Failed[0].Code != "InvalidParameterValue" || *sent.Failed[1].Code != "InvalidMessageContents" {
		t.Errorf("failed %+v, want long with InvalidParameterValue and odd with InvalidMessageContents", sent.Failed)
	}
	m := f.want("a")[0]
	hidden, err := f.c.ChangeMessageVisibilityBatch(t.Context(), &awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: f.url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: aws.String("1"), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0}, {Id: aws.String("2"), ReceiptHandle: aws.String("x"), VisibilityTimeout: 1},
	}})
	if err != nil || len(hidden.Successful) != 1 || len(hidden.Failed) != 1 {
		t.Fatalf("visibility changes %+v, error %v, want 1 success and 1 failure", hidden, err)
	}
	m = f.want("a")[0]
	deleted, err := f.c.DeleteMessageBatch(t.Context(), &awssqs.DeleteMessageBatchInput{QueueUrl: f.url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("1"), ReceiptHandle: m.ReceiptHandle}, {Id: aws.String("2"), ReceiptHandle: aws.String("x")},
	}})
	if err != nil || len(deleted.Successful) != 1 || *deleted.Failed[0].Code != "ReceiptHandleIsInvalid" || !deleted.Failed[0].SenderFault {
		t.Fatalf("deletes %+v, error %v, want 1 success and 1 ReceiptHandleIsInvalid of the sender", deleted, err)
	}
	f.wantCounts("0 0 0")
}

func TestSendMessage_LargestMessage(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", nil)
	body := strings.Repeat("\x7f", 1<<20)
	f.send(body)
	f.want(body)
	tooLong := body + "x"
	_, err := f.c.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: &tooLong})
	wantCode(t, err, "InvalidParameterValue")
	half := strings.Repeat("x", 1<<19+1)
	_, err = f.c.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: f.url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("1"), MessageBody: &half}, {Id: aws.String("2"), MessageBody: &half},
	}})
	wantCode(t, err, "AWS.SimpleQueueService.BatchRequestTooLong")
}

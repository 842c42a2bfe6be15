package sqs_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestCreateQueue_Existing(t *testing.T) {
	t.Parallel()
	server := overHTTP(t)
	dead := server.queue("dead", nil)
	policy := `{"deadLetterTargetArn":"` + dead.arn() + `","maxReceiveCount":3}`
	f := server.queue("intake", map[string]string{"VisibilityTimeout": "60", "RedrivePolicy": policy})
	for _, same := range []map[string]string{
		nil,
		{"VisibilityTimeout": "60"},
		{"DelaySeconds": "0"},
		{"RedrivePolicy": `{"maxReceiveCount": 3, "deadLetterTargetArn": "` + dead.arn() + `"}`},
	} {
		if again := server.queue("intake", same); *again.url != *f.url {
			t.Errorf("url %s, want %s", *again.url, *f.url)
		}
	}
	_, err := f.c.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("intake"), Attributes: map[string]string{"VisibilityTimeout": "61"}})
	wantCode(t, err, "QueueAlreadyExists")
	var exists *types.QueueNameExists
	if !errors.As(err, &exists) {
		t.Errorf("error %T, want QueueNameExists", err)
	}
}

func TestGetQueueAttributes(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).fifo("out.fifo", map[string]string{"VisibilityTimeout": "60"})
	f.clock.Advance(time.Second)
	if _, err := f.c.SetQueueAttributes(t.Context(), &awssqs.SetQueueAttributesInput{QueueUrl: f.url, Attributes: map[string]string{"VisibilityTimeout": "61", "Policy": "{}"}}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
		"ContentBasedDeduplication": "true", "CreatedTimestamp": "1772366400", "DeduplicationScope": "queue", "DelaySeconds": "0",
		"FifoQueue": "true", "FifoThroughputLimit": "perQueue", "LastModifiedTimestamp": "1772366401", "MaximumMessageSize": "1048576",
		"MessageRetentionPeriod": "345600", "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:out.fifo", "ReceiveMessageWaitTimeSeconds": "0",
		"SqsManagedSseEnabled": "true", "VisibilityTimeout": "61", "Policy": "{}",
	}
	got := f.attributes()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %q, want %q", name, got[name], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("attributes %v, want %v", got, want)
	}
	out, err := f.c.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: f.url, AttributeNames: []types.QueueAttributeName{"DelaySeconds"}})
	if err != nil || len(out.Attributes) != 1 {
		t.Errorf("got %v, error %v, want one attribute", out, err)
	}
}

func TestListQueues_Pages(t *testing.T) {
	t.Parallel()
	server := overHTTP(t)
	var want []string
	for _, name := range []string{"updates-billing", "updates-it", "updates-logistics"} {
		want = append(want, *server.queue(name, nil).url)
	}
	server.queue("other", nil)
	var got []string
	for p := awssqs.NewListQueuesPaginator(server.c, &awssqs.ListQueuesInput{QueueNamePrefix: aws.String("updates-"), MaxResults: aws.Int32(2)}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.QueueUrls...)
	}
	if !equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	url, err := server.c.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("updates-it")})
	if err != nil || *url.QueueUrl != want[1] {
		t.Errorf("url %v, error %v, want %s", url, err, want[1])
	}
}

func TestPurgeQueue_DeleteAndRecreate(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", nil)
	f.send("a")
	f.send("b")
	f.receive(1)
	purge := func() error {
		_, err := f.c.PurgeQueue(t.Context(), &awssqs.PurgeQueueInput{QueueUrl: f.url})
		return err
	}
	if err := purge(); err != nil {
		t.Fatal(err)
	}
	f.wantCounts("0 0 0")
	wantCode(t, purge(), "AWS.SimpleQueueService.PurgeQueueInProgress")
	f.clock.Advance(time.Minute)
	if err := purge(); err != nil {
		t.Fatal(err)
	}
	f.send("c")
	if _, err := f.c.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: f.url}); err != nil {
		t.Fatal(err)
	}
	_, err := f.c.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: f.url})
	wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue")
	f.queue("intake", nil).wantCounts("0 0 0")
}

func TestTagQueue(t *testing.T) {
	t.Parallel()
	server := overHTTP(t)
	made, err := server.c.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("intake"), Tags: map[string]string{"a": "1", "b": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.c.TagQueue(t.Context(), &awssqs.TagQueueInput{QueueUrl: made.QueueUrl, Tags: map[string]string{"b": "3", "c": ""}}); err != nil {
		t.Fatal(err)
	}
	if _, err := server.c.UntagQueue(t.Context(), &awssqs.UntagQueueInput{QueueUrl: made.QueueUrl, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	out, err := server.c.ListQueueTags(t.Context(), &awssqs.ListQueueTagsInput{QueueUrl: made.QueueUrl})
	if err != nil || len(out.Tags) != 2 || out.Tags["b"] != "3" {
		t.Errorf("tags %v, error %v, want b=3 and c", out, err)
	}
}

func TestCreateQueue_Invalid(t *testing.T) {
	t.Parallel()
	server := overHTTP(t)
	fifo := server.fifo("dead.fifo", nil)
	closed := server.queue("closed", map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`})
	redrive := func(arn, count string) map[string]string {
		return map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":` + count + `}`}
	}
	for _, tt := range []struct {
		name  string
		queue string
		attrs map[string]string
		code  string
	}{
		{"name with a dot", "in.take", nil, "InvalidParameterValue"},
		{"FIFO name without FifoQueue", "in.fifo", nil, "InvalidParameterValue"},
		{"FifoQueue without FIFO name", "in", map[string]string{"FifoQueue": "true"}, "InvalidParameterValue"},
		{"unknown attribute", "in", map[string]string{"Colour": "blue"}, "InvalidAttributeName"},
		{"FIFO attribute", "in", map[string]string{"DeduplicationScope": "queue"}, "InvalidAttributeName"},
		{"number out of range", "in", map[string]string{"DelaySeconds": "901"}, "InvalidAttributeValue"},
		{"throughput limit per group without its scope", "in.fifo", map[string]string{"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"}, "InvalidAttributeValue"},
		{"unknown dead-letter queue", "in", redrive("arn:aws:sqs:eu-west-1:111122223333:none", "3"), "InvalidParameterValue"},
		{"dead-letter queue of the other type", "in", redrive(fifo.arn(), "3"), "InvalidParameterValue"},
		{"dead-letter queue that denies the source", "in", redrive(closed.arn(), "3"), "InvalidParameterValue"},
		{"maxReceiveCount of 0", "in", redrive(closed.arn(), "0"), "InvalidAttributeValue"},
	} {
		_, err := server.c.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &tt.queue, Attributes: tt.attrs})
		if err == nil {
			t.Errorf("%s: error is nil, want one", tt.name)
			continue
		}
		wantCode(t, err, tt.code)
	}
}

func TestServeHTTP_InvalidRequests(t *testing.T) {
	t.Parallel()
	f := overHTTP(t).queue("intake", nil)
	ctx := t.Context()
	send := func(attrs map[string]types.MessageAttributeValue) error {
		_, err := f.c.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: aws.String("b"), MessageAttributes: attrs})
		return err
	}
	value := func(kind, text string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: &kind, StringValue: &text}
	}
	batch := func(ids ...string) error {
		entries := []types.DeleteMessageBatchRequestEntry{}
		for _, id := range ids {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: &id, ReceiptHandle: aws.String("x")})
		}
		_, err := f.c.DeleteMessageBatch(ctx, &awssqs.DeleteMessageBatchInput{QueueUrl: f.url, Entries: entries})
		return err
	}
	receive := func(in awssqs.ReceiveMessageInput) error {
		in.QueueUrl = f.url
		_, err := f.c.ReceiveMessage(ctx, &in)
		return err
	}
	set := func(name, v string) error {
		_, err := f.c.SetQueueAttributes(ctx, &awssqs.SetQueueAttributesInput{QueueUrl: f.url, Attributes: map[string]string{name: v}})
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		code string
	}{
		{"attribute without a value", send(map[string]types.MessageAttributeValue{"a": value("String", "")}), "InvalidParameterValue"},
		{"attribute of an unknown type", send(map[string]types.MessageAttributeValue{"a": value("Text", "x")}), "InvalidParameterValue"},
		{"attribute with a reserved prefix", send(map[string]types.MessageAttributeValue{"AWS.x": value("String", "x")}), "InvalidParameterValue"},
		{"invalid number", send(map[string]types.MessageAttributeValue{"a": value("Number", "x")}), "InvalidParameterValue"},
		{"empty batch", batch(), "AWS.SimpleQueueService.EmptyBatchRequest"},
		{"eleven entries", batch("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
		{"repeated id", batch("1", "1"), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
		{"invalid id", batch("1:1"), "AWS.SimpleQueueService.InvalidBatchEntryId"},
		{"eleven messages", receive(awssqs.ReceiveMessageInput{MaxNumberOfMessages: 11}), "InvalidParameterValue"},
		{"wait time too long", receive(awssqs.ReceiveMessageInput{WaitTimeSeconds: 21}), "InvalidParameterValue"},
		{"change of type", set("FifoQueue", "true"), "InvalidAttributeValue"},
		{"read-only attribute", set("QueueArn", "x"), "InvalidAttributeName"},
	} {
		if tt.err == nil {
			t.Errorf("%s: error is nil, want one", tt.name)
			continue
		}
		wantCode(t, tt.err, tt.code)
	}
	_, err := f.c.AddPermission(ctx, &awssqs.AddPermissionInput{QueueUrl: f.url, Label: aws.String("l"), AWSAccountIds: []string{"1"}, Actions: []string{"*"}})
	wantCode(t, err, "AWS.SimpleQueueService.UnsupportedOperation")
}

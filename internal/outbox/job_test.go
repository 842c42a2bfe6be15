package outbox_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/queue"
)

// change returns a record of the stream.
func change(seq, event, pk, sk string, attributes ...string) events.DynamoDBEventRecord {
	r := events.DynamoDBEventRecord{EventName: event}
	r.Change.SequenceNumber = seq
	r.Change.Keys = map[string]events.DynamoDBAttributeValue{"pk": events.NewStringAttribute(pk), "sk": events.NewStringAttribute(sk)}
	r.Change.NewImage = map[string]events.DynamoDBAttributeValue{}
	for _, a := range attributes {
		r.Change.NewImage[a] = events.NewNumberAttribute("1")
	}
	return r
}

func TestHandle_MediaJobs(t *testing.T) {
	t.Parallel()
	client := newQueues(t)
	made, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("heard-media")})
	if err != nil {
		t.Fatal(err)
	}
	o := &outbox.Outbox{Jobs: queue.At(client, *made.QueueUrl)}
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		change("1", "INSERT", "C#who", "M#1772442000000#whatsapp#wamid.A", "f"),
		change("2", "INSERT", "C#who", "M#1772442000001#whatsapp#wamid.B"),
		change("3", "MODIFY", "C#who", "M#1772442000000#whatsapp#wamid.A", "f"),
		change("4", "REMOVE", "C#who", "M#1772442000000#whatsapp#wamid.A"),
		change("5", "INSERT", "C#who", "X#whatsapp#wamid.A", "f"),
		change("6", "INSERT", "A#psid#hash", "A"),
		change("7", "INSERT", "A#igsid#hash", "A"),
		change("8", "INSERT", "A#phone#hash", "A"),
		change("9", "INSERT", "A#psid~claimed#hash", "A"),
	}}
	if resp, err := o.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) != 0 {
		t.Fatal(resp, err)
	}
	out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var jobs []message.Job
	for _, m := range out.Messages {
		var j message.Job
		if err := json.Unmarshal([]byte(*m.Body), &j); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(a, b message.Job) int { return strings.Compare(a.Alias, b.Alias) })
	want := []message.Job{{Customer: "who", Message: "1772442000000:whatsapp:wamid.A"}, {Alias: "A#igsid#hash"}, {Alias: "A#psid#hash"}}
	if diff := cmp.Diff(want, jobs); diff != "" {
		t.Error(diff)
	}
}

func TestHandle_MediaQueueUnavailable(t *testing.T) {
	t.Parallel()
	client := newQueues(t, "billing")
	o := &outbox.Outbox{
		Queues: queue.New(client, "heard-problems-"), Jobs: queue.At(client, "http://127.0.0.1:1/none"),
	}
	p, evs := opened("p1", "billing")
	resp, err := o.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		change("1", "INSERT", "C#who", "M#1772442000000#whatsapp#wamid.A", "f"), record("2", "p1", nil, image(t, p, evs)),
	}})
	if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "1" {
		t.Fatal(resp, err)
	}
	if got := items(t, client, "billing"); len(got) != 1 {
		t.Errorf("items %+v", got)
	}
}

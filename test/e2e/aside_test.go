package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
)

// TestStreamDead_PoisonedItems writes what nothing can read into the table. It
// must stop no other customer, and can be replayed once it is mended.
func TestStreamDead_PoisonedItems(t *testing.T) {
	t.Parallel()
	b := own(t, stack.Config{Memory: true})
	key := func(pk, sk string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
	}
	put := func(it map[string]types.AttributeValue) {
		t.Helper()
		if _, err := b.SDK.DynamoDB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &b.Table, Item: it}); err != nil {
			t.Fatal(err)
		}
	}
	drop := func(pk, sk string) {
		t.Helper()
		if _, err := b.SDK.DynamoDB.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &b.Table, Key: key(pk, sk)}); err != nil {
			t.Fatal(err)
		}
	}

	who, other := someone(), someone()
	b.say(who, message.WhatsApp, "Hallo")
	b.settle()
	p, err := b.FindCustomer(t.Context(), "phone:"+who.Phone)
	if err != nil {
		t.Fatal(err)
	}
	const noTime = "M#nonsense"
	put(key("C#nobody", noTime)) // for triage and outbox
	broken := key("C#"+string(p.ID), "K#nonsense")
	put(broken) // for outbox, and for triage when the customer says more
	b.say(who, message.WhatsApp, "Waar blijft mijn bestelling?")
	b.say(other, message.WhatsApp, "Waar blijft mijn pakket?")
	b.settle()

	found, err := b.FindCustomer(t.Context(), "phone:"+other.Phone)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := b.Contacts(t.Context(), found.ID)
	if err != nil || len(theirs) != 1 {
		t.Fatalf("the other customer has %d contacts (%v), want 1", len(theirs), err)
	}
	want := []string{"heard-outbox K#nonsense", "heard-outbox M#nonsense", "heard-triage M#nonsense", "heard-triage a message of the customer"}
	if got := b.setAside(string(p.ID)); !slices.Equal(got, want) {
		t.Errorf("set aside %q, want %q", got, want)
	}

	drop("C#"+string(p.ID), "K#nonsense")
	drop("C#nobody", noTime)
	// A record that has left the stream is replayed by its item.
	drop("C#"+string(found.ID), fmt.Sprintf("K#%013d#%s", theirs[0].Start.UnixMilli(), theirs[0].ID))
	said, err := b.Messages(t.Context(), found.ID, 1)
	if err != nil || len(said) != 1 {
		t.Fatalf("%d messages, %v", len(said), err)
	}
	b.bury(lambdabatch.DeadLetter{
		RequestContext: lambdabatch.RequestContext{FunctionARN: "heard-triage"},
		SetAside:       &lambdabatch.SetAside{EventName: "INSERT", PK: "C#" + string(found.ID), SK: "M#" + strings.Replace(string(said[0].ID), ":", "#", 2)},
	})
	b.revive()
	b.settle()
	if ks, err := b.Contacts(t.Context(), found.ID); err != nil || len(ks) != 1 {
		t.Errorf("after the replay the other customer has %d contacts (%v), want 1", len(ks), err)
	}
	ks, err := b.Contacts(t.Context(), p.ID)
	if err != nil || len(ks) != 1 || len(ks[0].Causes) == 0 {
		t.Errorf("after the replay the customer's contacts are %+v (%v), want one with the reason of the last message", ks, err)
	}
	// Records that are still unreadable are set aside again, once. The removals of
	// the contact and of the message are records, too.
	want = []string{"heard-outbox K#nonsense", "heard-outbox K#nonsense", "heard-outbox M#nonsense", "heard-outbox M#nonsense", "heard-triage M#nonsense"}
	if got := b.setAside(string(p.ID)); !slices.Equal(got, want) {
		t.Errorf("after the replay set aside %q, want %q", got, want)
	}
}

// setAside returns what the dead letters of the stream are about, and shows
// them again.
func (b *bench) setAside(customer string) []string {
	b.Helper()
	url, err := b.Queue(b.Context(), b.SDK, "stream-dead")
	if err != nil {
		b.Fatal(err)
	}
	var all []string
	var receipts []*string
	for {
		out, err := b.SDK.SQS.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: 600})
		if err != nil {
			b.Fatal(err)
		}
		if len(out.Messages) == 0 {
			break
		}
		for _, m := range out.Messages {
			var d lambdabatch.DeadLetter
			if err := json.Unmarshal([]byte(*m.Body), &d); err != nil || d.SetAside == nil {
				b.Fatalf("dead letter %s: %v", *m.Body, err)
			}
			about := d.SetAside.SK
			if d.SetAside.PK == "C#"+customer && strings.HasPrefix(about, "M#") {
				about = "a message of the customer"
			}
			function := d.RequestContext.FunctionARN[strings.LastIndexByte(d.RequestContext.FunctionARN, ':')+1:]
			all, receipts = append(all, function+" "+about), append(receipts, m.ReceiptHandle)
		}
	}
	for _, r := range receipts {
		if _, err := b.SDK.SQS.ChangeMessageVisibility(b.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: r}); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(all)
	return all
}

// bury puts a dead letter into the queue.
func (b *bench) bury(d lambdabatch.DeadLetter) {
	b.Helper()
	url, err := b.Queue(b.Context(), b.SDK, "stream-dead")
	if err != nil {
		b.Fatal(err)
	}
	body, err := json.Marshal(d)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.SDK.SQS.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(string(body))}); err != nil {
		b.Fatal(err)
	}
}

// revive replays the dead letters of the stream.
func (b *bench) revive() {
	b.Helper()
	queues, err := b.DeadLetterQueues(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range queues {
		if d.Name != "stream-dead" {
			continue
		}
		if _, err := b.RedriveQueue(b.Context(), d); err != nil {
			b.Fatal(err)
		}
	}
}

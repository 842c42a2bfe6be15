package e2e_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/message"
)

// tell sends an update to the queue of a department.
func (b *bench) tell(department, body string) {
	b.Helper()
	queue, err := b.Queue(b.Context(), b.SDK, "updates-"+department)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.SDK.SQS.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}); err != nil {
		b.Fatal(err)
	}
}

func TestUpdatesQueue(t *testing.T) {
	t.Parallel()
	b := own(t, stack.Config{Memory: true})
	for range 5 {
		b.say(someone(), message.WhatsApp, "De handleiding van de koptelefoon klopt niet")
	}
	b.settle()
	items := b.items("documentation", "manual-unclear", "headphones")
	if len(items) != 1 {
		t.Fatalf("got items %+v, want 1", items)
	}
	id := items[0].ID
	b.tell("documentation", `{"problem":"`+id+`","version":1,"to":"acknowledged","comment":"We look into step 4."}`)
	b.tell("billing", `{"problem":"`+id+`","to":"rejected","comment":"Not ours."}`)
	b.settle()
	if err := b.ResendItem(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	b.settle()
	var got []string
	for _, i := range b.items("documentation", "manual-unclear", "headphones") {
		got = append(got, string(i.Event)+" "+string(i.State)+" "+i.By)
	}
	told := "state acknowledged queue:documentation"
	if want := "opened detected ," + told + "," + told; strings.Join(got, ",") != want {
		t.Errorf("got items %q, want %q", strings.Join(got, ","), want)
	}
	queue, err := b.Queue(t.Context(), b.SDK, "updates-billing-dead")
	if err != nil {
		t.Fatal(err)
	}
	dead, err := b.SDK.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MessageAttributeNames: []string{"All"}})
	if err != nil || len(dead.Messages) != 1 || aws.ToString(dead.Messages[0].MessageAttributes["reason"].StringValue) != "the problem or candidate belongs to another department" {
		t.Errorf("got dead letters %+v, %v, want the update of billing with its reason", dead, err)
	}
}

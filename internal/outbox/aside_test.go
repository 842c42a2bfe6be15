package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// newOutbox returns an outbox with all its queues, their client and their URLs.
func newOutbox(t *testing.T) (*outbox.Outbox, *awssqs.Client, map[string]string) {
	t.Helper()
	client := newQueues(t, "billing")
	urls := map[string]string{}
	for _, name := range []string{"media", "send", "events", "dead"} {
		made, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("heard-" + name)})
		if err != nil {
			t.Fatal(err)
		}
		urls[name] = *made.QueueUrl
	}
	return &outbox.Outbox{
		Queues: queue.New(client, "heard-problems-"), Jobs: queue.At(client, urls["media"]), Sends: queue.At(client, urls["send"]),
		URL:    "https://api.example.com",
		Events: &outbox.Events{Queue: queue.At(client, urls["events"]), Plan: storetest.New(t).Schedule},
		Dead:   &lambdabatch.DeadLetters{Function: "heard-outbox", Queue: queue.At(client, urls["dead"])},
	}, client, urls
}

// taken receives and deletes all messages of a queue.
func taken[T any](t *testing.T, client *awssqs.Client, url string) (all []T) {
	t.Helper()
	for {
		out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			var v T
			if err := json.Unmarshal([]byte(*m.Body), &v); err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
		}
	}
}

// neighbours returns a batch in which bad is between a problem and a new message.
func neighbours(t *testing.T, bad events.DynamoDBEventRecord) events.DynamoDBEvent {
	t.Helper()
	p, evs := opened("p1", "billing")
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		record("", "p1", nil, image(t, p, evs)), bad, change("", "INSERT", "C#who", "M#1772442000000#whatsapp#wamid.A"),
	}}
	for i := range ev.Records {
		ev.Records[i].Change.SequenceNumber = fmt.Sprint(i)
	}
	return ev
}

func TestHandle_BadRecords(t *testing.T) {
	t.Parallel()
	text, number := events.NewStringAttribute, events.NewNumberAttribute
	type image = map[string]events.DynamoDBAttributeValue
	with := func(r events.DynamoDBEventRecord, it image) events.DynamoDBEventRecord {
		r.Change.NewImage = it
		return r
	}
	message := change("", "INSERT", "C#bad", "M#1772442000000#whatsapp#wamid.B")
	tests := map[string]struct {
		record events.DynamoDBEventRecord
		panics bool
		reason string // empty: the record is ignored
		kind   fault.Kind
	}{
		"no keys":                        {record: events.DynamoDBEventRecord{EventName: "INSERT"}, reason: "decode stream record: the key is missing or is not text", kind: fault.Invalid},
		"a key that is a number":         {record: events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{Keys: image{"pk": number("7"), "sk": text("P")}}}, reason: "decode stream record: the key is missing or is not text", kind: fault.Invalid},
		"a message without a time":       {record: change("", "INSERT", "C#bad", "M#nonsense"), reason: "decode stream record: the key of a message is malformed", kind: fault.Invalid},
		"a message of no channel":        {record: change("", "INSERT", "C#bad", "M#1772442000000#fax#1"), reason: "decode stream record: the key of a message is malformed", kind: fault.Invalid},
		"a message that is no JSON":      {record: with(message, image{"j": text("[")}), reason: "decode stream record: the message is malformed", kind: fault.Invalid},
		"aliases that are no JSON":       {record: with(message, image{"al": text("{")}), reason: "decode stream record: the message is malformed", kind: fault.Invalid},
		"a contact that is no JSON":      {record: with(change("", "MODIFY", "C#bad", "K#1772442000000#x"), image{"cs": text("{")}), reason: "decode stream record: the contact is malformed", kind: fault.Invalid},
		"a contact without an id":        {record: change("", "INSERT", "C#bad", "K#x"), reason: "decode stream record: the key of a contact is malformed", kind: fault.Invalid},
		"a problem that is no JSON":      {record: with(record("", "bad", nil, nil), image{"j": text("{"), "n": number("1")}), reason: "decode stream record: the problem is malformed", kind: fault.Invalid},
		"a version that is text":         {record: with(record("", "bad", nil, nil), image{"n": text("1")}), reason: "decode stream record: the problem is malformed", kind: fault.Invalid},
		"a version that is no number":    {record: with(record("", "bad", nil, nil), image{"n": number("x")}), reason: "decode stream record: the problem is malformed", kind: fault.Invalid},
		"a candidate that is no JSON":    {record: with(change("", "INSERT", "U#told", "T#bad"), image{"j": text("{")}), reason: "decode stream record: the candidate announcement is malformed", kind: fault.Invalid},
		"a record whose reading panics":  {record: message, panics: true, reason: "panic: string", kind: fault.Internal},
		"another kind of item":           {record: change("", "INSERT", "C#bad", "S#who")},
		"another kind of partition":      {record: change("", "INSERT", "Q#1", "M#nonsense")},
		"an effect without its message":  {record: change("", "INSERT", "C#bad", "X#whatsapp#wamid.B")},
		"a problem whose version stands": {record: record("", "bad", nil, nil)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, client, urls := newOutbox(t)
			if tt.panics {
				o.Events.Read = func(c store.Change) (contact.Event, *contact.DeferredEvent, bool, error) {
					if c.Sequence == "1" {
						panic("Jansen said 0612345678")
					}
					return c.Event()
				}
			}
			resp, err := o.Handle(t.Context(), neighbours(t, tt.record))
			if err != nil || len(resp.BatchItemFailures) > 0 {
				t.Errorf("delivered again %+v, error %v", resp.BatchItemFailures, err)
			}
			if got := items(t, client, "billing"); len(got) != 1 || got[0].ID != "p1" {
				t.Errorf("items %+v, want that of p1", got)
			}
			if got := taken[contact.Event](t, client, urls["events"]); len(got) != 1 || got[0].Customer != "who" {
				t.Errorf("events %+v, want that of who", got)
			}
			got := taken[lambdabatch.DeadLetter](t, client, urls["dead"])
			if tt.reason == "" {
				if len(got) > 0 {
					t.Errorf("dead letters %+v, want none", got[0].SetAside)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("%d dead letters, want 1", len(got))
			}
			if a := got[0].SetAside; a.Reason != tt.reason || a.Kind != tt.kind || a.SequenceNumber != "1" || got[0].RequestContext.FunctionARN != "heard-outbox" {
				t.Errorf("dead letter %+v of %q, want record 1 of heard-outbox with %q of kind %s", a, got[0].RequestContext.FunctionARN, tt.reason, tt.kind)
			}
		})
	}
}

func TestHandle_DeadLetterHoldsNoText(t *testing.T) {
	t.Parallel()
	o, client, urls := newOutbox(t)
	bad := change("", "INSERT", "C#bad", "M#1772442000000#whatsapp#wamid.B")
	bad.Change.NewImage = map[string]events.DynamoDBAttributeValue{"t": events.NewStringAttribute("Jansen zegt iets"), "n": events.NewStringAttribute("Jansen"), "j": events.NewStringAttribute("[")}
	if resp, err := o.Handle(t.Context(), neighbours(t, bad)); err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
	got := taken[json.RawMessage](t, client, urls["dead"])
	if len(got) != 1 || strings.Contains(string(got[0]), "Jansen") || !strings.Contains(string(got[0]), `"sk":"M#1772442000000#whatsapp#wamid.B"`) {
		t.Errorf("dead letters %s, want one with the key and no text", got)
	}
}

// A version that cannot be read does not hold back the next, which has the whole
// story. When the first is replayed, it arrives last with the lower version.
func TestHandle_VersionsAfterBadRecord(t *testing.T) {
	t.Parallel()
	o, client, urls := newOutbox(t)
	p, evs := opened("p2", "billing")
	next, told, err := problem.ApplyUpdate(p, problem.Update{To: problem.Acknowledged, By: "els", At: at})
	if err != nil {
		t.Fatal(err)
	}
	first, second := image(t, p, evs), image(t, next, told)
	broken := map[string]events.DynamoDBAttributeValue{"n": first["n"], "j": events.NewStringAttribute("{")}
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record("1", "p2", nil, broken), record("2", "p2", broken, second)}}
	if resp, err := o.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
	if got := items(t, client, "billing"); len(got) != 1 || got[0].Version != 2 {
		t.Errorf("items %+v, want version 2", got)
	}
	if got := taken[lambdabatch.DeadLetter](t, client, urls["dead"]); len(got) != 1 || got[0].SetAside.SequenceNumber != "1" {
		t.Errorf("dead letters %+v, want record 1", got)
	}
	if resp, err := o.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record("1", "p2", nil, first)}}); err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
	if got := items(t, client, "billing"); len(got) != 1 || got[0].Version != 1 {
		t.Errorf("items of the replay %+v, want version 1", got)
	}
}

// refusing is a queue that refuses every item.
type refusing struct{ err error }

func (r refusing) Send(context.Context, string, string, string, []byte) error { return r.err }

func TestHandle_RetriesTemporaryErrors(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]error{
		"a queue that does not answer": fault.New(fault.Unavailable, "send item"),
		"a queue that throttles":       fault.New(fault.TooMany, "send item"),
		"a deadline":                   fmt.Errorf("send: %w", context.DeadlineExceeded),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, client, urls := newOutbox(t)
			queues := o.Queues
			o.Queues = refusing{refused}
			ev := neighbours(t, change("", "INSERT", "C#bad", "M#nonsense"))
			resp, err := o.Handle(t.Context(), ev)
			if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "0" {
				t.Errorf("delivered again %+v, error %v; want record 0", resp.BatchItemFailures, err)
			}
			if got := taken[lambdabatch.DeadLetter](t, client, urls["dead"]); len(got) > 0 {
				t.Errorf("dead letters %+v, want none", got[0].SetAside)
			}
			o.Queues = queues
			if resp, err := o.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
				t.Errorf("when it has passed: delivered again %+v, error %v", resp.BatchItemFailures, err)
			}
			if got := items(t, client, "billing"); len(got) != 1 {
				t.Errorf("when it has passed: items %+v, want 1", got)
			}
			if got := taken[lambdabatch.DeadLetter](t, client, urls["dead"]); len(got) != 1 || got[0].SetAside.SequenceNumber != "1" {
				t.Errorf("when it has passed: dead letters %+v, want record 1", got)
			}
		})
	}
}

func TestHandle_DeadLettersUnavailable(t *testing.T) {
	t.Parallel()
	o, client, urls := newOutbox(t)
	o.Dead.Queue = queue.At(client, "http://127.0.0.1:1/none")
	resp, err := o.Handle(t.Context(), neighbours(t, change("", "INSERT", "C#bad", "M#nonsense")))
	if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "1" {
		t.Errorf("delivered again %+v, error %v; want record 1", resp.BatchItemFailures, err)
	}
	if got := items(t, client, "billing"); len(got) != 1 {
		t.Errorf("items %+v, want 1", got)
	}
	if got := taken[contact.Event](t, client, urls["events"]); len(got) != 1 {
		t.Errorf("events %+v, want 1", got)
	}
}

// stuckQueues is a queue that never answers.
type stuckQueues struct{}

func (stuckQueues) Send(ctx context.Context, _, _, _ string, _ []byte) error {
	<-ctx.Done()
	return fault.Wrap(fault.Unavailable, ctx.Err(), "send item")
}

func TestHandle_AnswersBeforeItsTimeLimit(t *testing.T) {
	t.Parallel()
	o, _, _ := newOutbox(t)
	o.Queues = stuckQueues{}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	resp, err := o.Handle(ctx, neighbours(t, change("", "INSERT", "C#bad", "M#1772442000000#whatsapp#wamid.B")))
	if ctx.Err() != nil {
		t.Error("the batch was answered after the function's time limit")
	}
	if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "0" {
		t.Errorf("delivered again %+v, error %v; want record 0", resp.BatchItemFailures, err)
	}
}

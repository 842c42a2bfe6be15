package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
)

func newQueues(t *testing.T, departments ...string) *awssqs.Client {
	t.Helper()
	srv, err := sqs.New(sqs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(func() { web.Close(); _ = srv.Close() })
	client := awssqs.New(awssqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(web.URL), Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	for _, d := range departments {
		_, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{
			QueueName: aws.String("heard-problems-" + d + ".fifo"), Attributes: map[string]string{"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return client
}

// items receives all items of a department's queue.
func items(t *testing.T, client *awssqs.Client, department string) []problem.Item {
	t.Helper()
	url, err := client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("heard-problems-" + department + ".fifo")})
	if err != nil {
		t.Fatal(err)
	}
	var out []problem.Item
	for {
		got, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return out
		}
		for _, m := range got.Messages {
			var i problem.Item
			if err := json.Unmarshal([]byte(*m.Body), &i); err != nil {
				t.Fatal(err)
			}
			out = append(out, i)
			if _, err := client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: url.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func image(t *testing.T, p problem.Problem, evs []problem.Event) map[string]events.DynamoDBAttributeValue {
	t.Helper()
	r, err := store.NewProblemRecord(nil, problem.Record{Problem: p, Events: evs, Quotes: []string{"Ik snap mijn factuur niet"}})
	if err != nil {
		t.Fatal(err)
	}
	return r.Change.NewImage
}

func record(seq, id string, before, after map[string]events.DynamoDBAttributeValue) events.DynamoDBEventRecord {
	r, err := store.NewProblemRecord(nil, problem.Record{Problem: problem.Problem{ID: id}})
	if err != nil {
		panic(err) // an empty problem can be encoded
	}
	r.EventName = string(events.DynamoDBOperationTypeModify)
	r.Change.SequenceNumber = seq
	r.Change.OldImage = before
	r.Change.NewImage = after
	return r
}

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func opened(id, department string) (problem.Problem, []problem.Event) {
	return problem.Open(problem.Seed{ID: id, Reason: "invoice-unclear", Department: department}, at)
}

func TestHandle_OneItemPerVersion(t *testing.T) {
	t.Parallel()
	client := newQueues(t, "billing")
	o := &outbox.Outbox{Queues: queue.New(client, "heard-problems-"), URL: "https://api.example.com"}
	p, evs := opened("p1", "billing")
	first := image(t, p, evs)
	counted := p
	counted.Contacts++ // a contact joined, which gives no event
	second := image(t, counted, evs)
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record("1", "p1", nil, first), record("2", "p1", first, second)}}
	for range 3 {
		if resp, err := o.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) != 0 {
			t.Fatal(resp, err)
		}
	}
	got := items(t, client, "billing")
	if len(got) != 1 || got[0].ID != "p1" || got[0].Version != 1 || got[0].Event != problem.EventOpened || len(got[0].Quotes) != 1 {
		t.Errorf("items %+v", got)
	}
}

func TestHandle_OneItemPerCandidate(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../events/outbox/candidate.json")
	if err != nil {
		t.Fatal(err)
	}
	var ev events.DynamoDBEvent
	if err := json.Unmarshal(data, &ev); err != nil {
		t.Fatal(err)
	}
	client := newQueues(t, "customer-care")
	o := &outbox.Outbox{Queues: queue.New(client, "heard-problems-"), URL: "https://api.example.com"}
	expired := ev.Records[0]
	expired.EventName, expired.Change.OldImage, expired.Change.NewImage = "REMOVE", expired.Change.NewImage, nil
	ev.Records = append(ev.Records, ev.Records[0], expired)
	for range 3 {
		if resp, err := o.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) != 0 {
			t.Fatal(resp, err)
		}
	}
	got := items(t, client, "customer-care")
	if len(got) != 1 || got[0].Event != problem.EventCandidate || got[0].Customers != 5 || got[0].Link != "https://api.example.com/v1/candidates/"+got[0].ID {
		t.Errorf("items %+v", got)
	}
	broken := ev.Records[0]
	broken.Change.NewImage = map[string]events.DynamoDBAttributeValue{"j": events.NewStringAttribute("{")}
	if resp, err := o.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{broken}}); err != nil || len(resp.BatchItemFailures) != 1 {
		t.Errorf("one that cannot be read: %v, %v", resp, err)
	}
}

func TestHandle_MoveToAnotherDepartment(t *testing.T) {
	t.Parallel()
	client := newQueues(t, "billing", "it")
	o := &outbox.Outbox{Queues: queue.New(client, "heard-problems-"), URL: "https://api.example.com"}
	p, evs := opened("p1", "billing")
	moved, told, err := problem.ApplyUpdate(p, problem.Update{To: problem.Moved, Department: "it", By: "els", At: at.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record("1", "p1", image(t, p, evs), image(t, moved, told))}}
	if resp, err := o.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) != 0 {
		t.Fatal(resp, err)
	}
	if old := items(t, client, "billing"); len(old) != 1 || old[0].State != problem.Moved {
		t.Errorf("the old owner got %+v", old)
	}
	if owner := items(t, client, "it"); len(owner) != 1 || owner[0].State != problem.Detected {
		t.Errorf("the new owner got %+v", owner)
	}
}

// broken fails for one problem until it is repaired.
type broken struct {
	outbox.Queues
	id string
}

func (b *broken) Send(ctx context.Context, department, group, dedup string, body []byte) error {
	if group == b.id {
		return errors.New("the queue does not answer")
	}
	return b.Queues.Send(ctx, department, group, dedup, body)
}

func TestHandle_FailedProblemHoldsBackItself(t *testing.T) {
	t.Parallel()
	client := newQueues(t, "billing")
	q := &broken{Queues: queue.New(client, "heard-problems-"), id: "bad"}
	o := &outbox.Outbox{Queues: q, URL: "https://api.example.com"}
	bad, badEvents := opened("bad", "billing")
	next, nextEvents, err := problem.ApplyUpdate(bad, problem.Update{To: problem.Acknowledged, By: "els", At: at})
	if err != nil {
		t.Fatal(err)
	}
	good, goodEvents := opened("good", "billing")
	one, two := image(t, bad, badEvents), image(t, next, nextEvents)
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		record("1", "bad", nil, one), record("2", "good", nil, image(t, good, goodEvents)), record("3", "bad", one, two),
	}}
	resp, err := o.Handle(t.Context(), ev)
	if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "1" {
		t.Fatalf("%+v %v", resp, err)
	}
	if got := items(t, client, "billing"); len(got) != 1 || got[0].ID != "good" {
		t.Fatalf("items %+v", got)
	}
	q.id = ""
	if resp, err := o.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) != 0 {
		t.Fatal(resp, err)
	}
	got := items(t, client, "billing")
	if len(got) != 2 || got[0].Version != 1 || got[1].Version != 2 {
		t.Errorf("after mending %+v", got)
	}
}

func TestHandle_MissingQueue(t *testing.T) {
	t.Parallel()
	o := &outbox.Outbox{Queues: queue.New(newQueues(t), "heard-problems-")}
	p, evs := opened("p1", "billing")
	resp, err := o.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record("7", "p1", nil, image(t, p, evs))}})
	if err != nil || len(resp.BatchItemFailures) != 1 {
		t.Errorf("%+v %v", resp, err)
	}
}

// A lead that asks for an item again gets it, and so does the owner. A version that
// was sent to the owner only is sent to the lead, too.
func TestHandle_ResentItemOfAnEscalatedProblem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		comment bool // a version after the escalation
		kind    problem.EventKind
		version int
	}{
		"the escalation":  {false, problem.EventEscalated, 2},
		"a version since": {true, problem.EventUpdated, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newQueues(t, "billing", "it")
			o := &outbox.Outbox{Queues: queue.New(client, "heard-problems-"), URL: "https://api.example.com"}
			p, _ := opened("p1", "billing")
			p, evs := problem.Escalate(p, "it", at)
			if tt.comment {
				var err error
				if p, evs, err = problem.ApplyUpdate(p, problem.Update{Comment: "x", At: at}); err != nil {
					t.Fatal(err)
				}
			}
			before, after := image(t, p, evs), image(t, p, evs)
			after["sn"] = events.NewNumberAttribute("1")
			resp, err := o.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record("1", "p1", before, after)}})
			if err != nil || len(resp.BatchItemFailures) != 0 {
				t.Fatal(resp, err)
			}
			for _, department := range []string{"billing", "it"} {
				got := items(t, client, department)
				if len(got) != 1 {
					t.Errorf("%s got %d items, want 1", department, len(got))
					continue
				}
				if got[0].Version != tt.version || got[0].Event != tt.kind || got[0].Department != department {
					t.Errorf("%s got version %d, event %s, for %s; want %d, %s", department, got[0].Version, got[0].Event, got[0].Department, tt.version, tt.kind)
				}
			}
		})
	}
}

// SQS drops messages whose deduplication id it saw in the last five minutes.
func TestHandle_ResentItem(t *testing.T) {
	t.Parallel()
	client := newQueues(t, "billing", "it")
	o := &outbox.Outbox{Queues: queue.New(client, "heard-problems-"), URL: "https://api.example.com"}
	p, _ := opened("p1", "billing")
	p, evs, err := problem.ApplyUpdate(p, problem.Update{To: problem.Moved, Department: "it", At: at})
	if err != nil {
		t.Fatal(err)
	}
	moved := image(t, p, evs)
	again := image(t, p, evs)
	again["sn"] = events.NewNumberAttribute("1")
	twice := image(t, p, evs)
	twice["sn"] = events.NewNumberAttribute("2")
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		record("1", "p1", nil, moved), record("2", "p1", moved, again), record("3", "p1", again, again), record("4", "p1", again, twice),
	}}
	for range 2 {
		if resp, err := o.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) != 0 {
			t.Fatal(resp, err)
		}
	}
	if got := items(t, client, "billing"); len(got) != 1 {
		t.Errorf("billing got %d items", len(got))
	}
	got := items(t, client, "it")
	if len(got) != 3 || got[0].Version != 2 || !reflect.DeepEqual(got[0], got[2]) {
		t.Errorf("it got %+v", got)
	}
}

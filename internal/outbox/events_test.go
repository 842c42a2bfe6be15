package outbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

var nine = time.Date(2031, 3, 3, 9, 0, 0, 0, time.UTC)

// mirror is a table with an outbox behind it, and the queue of its events.
type mirror struct {
	*testing.T
	table  *store.Table
	db     *dynamodb.Client
	client *awssqs.Client
	url    string
	queue  *queue.Queue
	outbox *outbox.Outbox
	seen   map[string]map[string]types.AttributeValue
	seq    int
}

func newMirror(t *testing.T) *mirror {
	t.Helper()
	table, db := storetest.NewWithClient(t)
	m := &mirror{T: t, table: table, db: db, client: newQueues(t)}
	made, err := m.client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("heard-contact-events")})
	if err != nil {
		t.Fatal(err)
	}
	m.url, m.queue = *made.QueueUrl, queue.At(m.client, *made.QueueUrl)
	m.outbox = &outbox.Outbox{Events: &outbox.Events{Queue: m.queue, Plan: table.Schedule}}
	return m
}

// did handles all changes of the table since its last call, twice, as the stream
// may deliver them.
func (m *mirror) did(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
	out, err := m.db.Scan(m.Context(), &dynamodb.ScanInput{TableName: aws.String(storetest.Name)})
	if err != nil {
		m.Fatal(err)
	}
	now := map[string]map[string]types.AttributeValue{}
	var ev events.DynamoDBEvent
	for _, it := range out.Items {
		id := fmt.Sprint(store.StreamRecord(nil, it).Change.Keys)
		now[id] = it
		if old, ok := m.seen[id]; !ok || fmt.Sprint(image2(old)) != fmt.Sprint(image2(it)) {
			ev.Records = append(ev.Records, m.record(old, it))
		}
	}
	for id, old := range m.seen {
		if now[id] == nil {
			ev.Records = append(ev.Records, m.record(old, nil))
		}
	}
	m.seen = now
	for range 2 {
		if resp, err := m.outbox.Handle(m.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
			m.Fatal(resp, err)
		}
	}
}

func (m *mirror) record(before, after map[string]types.AttributeValue) events.DynamoDBEventRecord {
	m.seq++
	r := store.StreamRecord(before, after)
	r.Change.SequenceNumber = fmt.Sprint(m.seq)
	r.Change.ApproximateCreationDateTime = events.SecondsEpochTime{Time: nine}
	return r
}

func image2(it map[string]types.AttributeValue) map[string]events.DynamoDBAttributeValue {
	out := map[string]events.DynamoDBAttributeValue{}
	for name, v := range it {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			out[name] = events.NewStringAttribute(v.Value)
		case *types.AttributeValueMemberN:
			out[name] = events.NewNumberAttribute(v.Value)
		case *types.AttributeValueMemberSS:
			out[name] = events.NewStringSetAttribute(slices.Sorted(slices.Values(v.Value)))
		}
	}
	return out
}

// events receives the events of the queue without duplicates, like a consumer, and
// checks them against their schema.
func (m *mirror) events() []contact.Event {
	m.Helper()
	var schema openapi3.Schema
	if err := json.Unmarshal(contact.EventJSONSchema, &schema); err != nil {
		m.Fatal(err)
	}
	by := map[string]contact.Event{}
	for {
		out, err := m.client.ReceiveMessage(m.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &m.url, MaxNumberOfMessages: 10, VisibilityTimeout: 60})
		if err != nil {
			m.Fatal(err)
		}
		if len(out.Messages) == 0 {
			break
		}
		for _, msg := range out.Messages {
			var n contact.Event
			var v any
			if err := errors.Join(json.Unmarshal([]byte(*msg.Body), &n), json.Unmarshal([]byte(*msg.Body), &v)); err != nil {
				m.Fatal(err)
			}
			if err := schema.VisitJSON(v, openapi3.EnableJSONSchema2020()); err != nil {
				m.Errorf("%s: %v", *msg.Body, err)
			}
			by[n.ID] = n
			if _, err := m.client.DeleteMessage(m.Context(), &awssqs.DeleteMessageInput{QueueUrl: &m.url, ReceiptHandle: msg.ReceiptHandle}); err != nil {
				m.Fatal(err)
			}
		}
	}
	var all []contact.Event
	for _, n := range by {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b contact.Event) int { return cmpText(a.Order+string(a.Kind), b.Order+string(b.Kind)) })
	return all
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func kinds(all []contact.Event) []contact.EventKind {
	var out []contact.EventKind
	for _, n := range all {
		out = append(out, n.Kind)
	}
	return out
}

const who = identity.CustomerID("01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f")

func (m *mirror) says(dir message.Direction, at time.Time, note *message.Remark) message.Message {
	m.Helper()
	msg := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, at, at.String()), ProviderID: at.String(), CustomerID: who,
		Channel: message.WhatsApp, Direction: dir, Kind: message.Text, Text: "tekst", SentAt: at, Note: note, Passive: note != nil,
		Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: "31970100001"}, Assurance: identity.Verified},
	}
	_, err := m.table.Messages.Put(m.Context(), msg, "")
	m.did(err)
	return msg
}

func TestNews_Kinds(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	asked := m.says(message.Inbound, nine, nil)
	k := contact.Contacts(contact.Read([]message.Message{asked}, nil))[0]
	k.Department = "logistics"
	m.did(m.table.Contacts.Save(t.Context(), k))
	k.Version, k.Department = 1, "billing"
	m.did(m.table.Contacts.Save(t.Context(), k)) // sends no event
	agent := contact.Party{Kind: contact.Agent, ID: "agent-7"}
	claim := contact.Claim{Customer: who, Contact: k.ID, Version: 1, Holder: &agent, Since: nine, Until: nine.Add(time.Hour)}
	m.did(m.table.Contacts.SaveClaim(t.Context(), claim, nil))
	answered := contact.Contacts(contact.Read([]message.Message{asked, m.says(message.Outbound, nine.Add(time.Minute), nil)}, nil))[0]
	answered.Department, answered.Version = "billing", 2
	m.did(m.table.Contacts.Save(t.Context(), answered))
	m.did(m.table.Contacts.SaveClaim(t.Context(), contact.Claim{Customer: who, Version: 2}, []contact.Claim{claim}))

	got := m.events()
	want := []contact.EventKind{contact.MessageStored, contact.WaitStarted, contact.CustomerAssigned, contact.MessageStored, contact.ContactAnswered, contact.CustomerReleased}
	if !slices.Equal(kinds(got), want) {
		t.Fatalf("told %v, want %v", kinds(got), want)
	}
	if n := got[0]; n.Message != asked.ID || n.Channel != message.WhatsApp || n.Direction != message.Inbound || !n.At.Equal(nine) {
		t.Errorf("the message: %+v", n)
	}
	if n := got[2]; n.Holder == nil || *n.Holder != agent || n.Version != 1 || n.Contact != k.ID {
		t.Errorf("who has it: %+v", n)
	}
	if n := got[4]; n.Contact != k.ID || !n.ClosesAt.Equal(answered.ClosesAt) {
		t.Errorf("the answer: %+v", n)
	}
}

func TestCloser_ClosedContact(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	asked := m.says(message.Inbound, nine, nil)
	first := m.says(message.Outbound, nine.Add(time.Hour), nil)
	k := contact.Contacts(contact.Read([]message.Message{asked, first}, nil))[0]
	m.did(m.table.Contacts.Save(t.Context(), k))
	m.events()
	closer := &outbox.Closer{Schedule: m.table.Schedule, Contacts: m.table.Contacts, Queue: m.queue}
	tick := func(at time.Time) []contact.EventKind {
		t.Helper()
		all, _, err := m.table.Schedule.Due(t.Context(), at, 10, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			for range 2 { // the clock repeats an entry after a crash
				if again, err := closer.Close(t.Context(), e, at); err != nil || !again.IsZero() {
					t.Fatal(again, err)
				}
			}
			if err := m.table.Schedule.DeleteDue(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		m.did(nil)
		return kinds(m.events())
	}
	if got := tick(k.ClosesAt.Add(-time.Minute)); got != nil {
		t.Errorf("told %v before it closed", got)
	}
	// An answer later that day postpones the closing.
	second := m.says(message.Outbound, nine.Add(5*time.Hour), nil)
	later := contact.Contacts(contact.Read([]message.Message{asked, first, second}, nil))[0]
	later.Version = 1
	m.did(m.table.Contacts.Save(t.Context(), later))
	m.events()
	if got := tick(k.ClosesAt.Add(time.Minute)); got != nil {
		t.Errorf("told %v though it was put off", got)
	}
	if got := tick(later.ClosesAt.Add(time.Minute)); !slices.Equal(got, []contact.EventKind{contact.ContactClosed}) {
		t.Errorf("told %v when it closed", got)
	}
	if got := tick(later.ClosesAt.Add(time.Hour)); got != nil {
		t.Errorf("told %v after it closed", got)
	}
}

func TestNews_OrderOfClosed(t *testing.T) {
	t.Parallel()
	answered := contact.Event{Kind: contact.ContactAnswered, Customer: who, Contact: "k"}.Named("100000000003498069978")
	later, ok := answered.Deferred()
	closed := contact.Event{Kind: contact.ContactClosed, Customer: who, Contact: "k"}.Named(later.Order)
	if !ok || closed.Order != answered.Order || closed.ID == answered.ID || closed.Order >= (contact.Event{}).Named("100000000003498069979").Order {
		t.Errorf("%+v after %+v", closed, answered)
	}
}

func TestCloser_DuePromise(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	note := m.says(message.Outbound, nine, &message.Remark{Kind: message.Promised, Due: nine.Add(48 * time.Hour)})
	all, _, err := m.table.Schedule.Due(t.Context(), nine.Add(49*time.Hour), 10, "")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	m.events()
	closer := &outbox.Closer{Schedule: m.table.Schedule, Contacts: m.table.Contacts, Queue: m.queue}
	if _, err := closer.Close(t.Context(), all[0], nine.Add(49*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := m.events(); len(got) != 1 || got[0].Kind != contact.PromiseDue || got[0].Message != note.ID {
		t.Errorf("told %+v", got)
	}
}

func TestNews_MergeAndDroppedContact(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	asked := m.says(message.Inbound, nine, nil)
	k := contact.Contacts(contact.Read([]message.Message{asked}, nil))[0]
	m.did(m.table.Contacts.Save(t.Context(), k))
	const other = identity.CustomerID("01931c2e-0000-7c1e-9d3b-5f2a6c7d8e9f")
	_, err := m.table.Customers.JoinByEvidence(t.Context(), who, other, identity.Evidence{Rule: "register", At: nine})
	m.did(err)
	k.Version = 1
	m.did(m.table.Contacts.Delete(t.Context(), k))
	got := m.events()
	if want := []contact.EventKind{contact.MessageStored, contact.WaitStarted, contact.CustomerMerged, contact.ContactDropped}; !slices.Equal(kinds(got), want) {
		t.Fatalf("told %v, want %v", kinds(got), want)
	}
	if n := got[2]; n.Customer != other || n.Into != who {
		t.Errorf("%+v", n)
	}
}

func TestNews_UnreadableRecord(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	good := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, nine, "a"), ProviderID: "a", CustomerID: who, Channel: message.WhatsApp,
		Direction: message.Inbound, Kind: message.Text, SentAt: nine,
		Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: "31970100001"}, Assurance: identity.Verified},
	}
	if _, err := m.table.Messages.Put(t.Context(), good, ""); err != nil {
		t.Fatal(err)
	}
	out, err := m.db.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(storetest.Name)})
	if err != nil {
		t.Fatal(err)
	}
	bad := m.record(nil, out.Items[0])
	sk := bad.Change.Keys[storetest.SortKey].String()
	bad.Change.Keys[storetest.SortKey] = events.NewStringAttribute(sk[:5]) // ends within the time
	resp, err := m.outbox.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{bad, m.record(nil, out.Items[0])}})
	if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "1" {
		t.Errorf("answered %+v, %v", resp, err)
	}
	if got := m.events(); len(got) != 1 || got[0].Message != good.ID {
		t.Errorf("told %+v", got)
	}
}

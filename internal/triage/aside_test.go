package triage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/triage"
)

// deadQueue is a dead-letter queue on the SQS stand-in.
type deadQueue struct {
	client *awssqs.Client
	url    string
}

func newDeadQueue(t *testing.T) deadQueue {
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
	made, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("heard-stream-dead")})
	if err != nil {
		t.Fatal(err)
	}
	return deadQueue{client, *made.QueueUrl}
}

func (q deadQueue) letters() *lambdabatch.DeadLetters {
	return &lambdabatch.DeadLetters{Function: "heard-triage", Queue: queue.At(q.client, q.url)}
}

// take receives and deletes all dead letters.
func (q deadQueue) take(t *testing.T) []lambdabatch.DeadLetter {
	t.Helper()
	var all []lambdabatch.DeadLetter
	for {
		out, err := q.client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &q.url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			var d lambdabatch.DeadLetter
			if err := json.Unmarshal([]byte(*m.Body), &d); err != nil {
				t.Fatal(err)
			}
			all = append(all, d)
		}
	}
}

// faulty makes some customers of a table fail.
type faulty struct {
	customer func(id identity.CustomerID) error
	affected func(changes []problem.AffectedChange) error
}

// storeOn returns the parts of a table, of which some are faulty.
func (f faulty) storeOn(table *store.Table) triage.Store {
	s := triage.StoreOf(table)
	s.Customers = faultyCustomers{table.Customers, f}
	s.Detection.Customers = s.Customers
	s.Detection.Problems = faultyProblems{table.Problems, f}
	return s
}

type faultyCustomers struct {
	store.Customers
	faulty
}

type faultyProblems struct {
	store.Problems
	faulty
}

func (f faultyCustomers) Get(ctx context.Context, id identity.CustomerID) (identity.Customer, error) {
	if err := f.customer(id); err != nil {
		return identity.Customer{}, err
	}
	return f.Customers.Get(ctx, id)
}

func (f faultyCustomers) GetConsistently(ctx context.Context, id identity.CustomerID) (identity.Customer, error) {
	if err := f.customer(id); err != nil {
		return identity.Customer{}, err
	}
	return f.Customers.GetConsistently(ctx, id)
}

func (f faultyProblems) ChangeAffected(ctx context.Context, id string, changes []problem.AffectedChange) error {
	if f.affected != nil {
		if err := f.affected(changes); err != nil {
			return err
		}
	}
	return f.Problems.ChangeAffected(ctx, id, changes)
}

func none(identity.CustomerID) error { return nil }

// failing returns an error for the customer of the bad record only.
func failing(err error) func(identity.CustomerID) error {
	return func(id identity.CustomerID) error {
		if id == badCustomer {
			return err
		}
		return nil
	}
}

const badCustomer = "c666"

// keyed returns a stream record with a key.
func keyed(pk, sk string, image map[string]events.DynamoDBAttributeValue) events.DynamoDBEventRecord {
	return events.DynamoDBEventRecord{EventName: "INSERT", Change: events.DynamoDBStreamRecord{
		NewImage: image, Keys: map[string]events.DynamoDBAttributeValue{"pk": events.NewStringAttribute(pk), "sk": events.NewStringAttribute(sk)},
	}}
}

// between returns a batch in which bad is between the records of two other customers.
func between(bad events.DynamoDBEventRecord, before, after message.Message) events.DynamoDBEvent {
	ev := batchOf(before, after)
	ev.Records = slices.Insert(ev.Records, 1, bad)
	for i := range ev.Records {
		ev.Records[i].Change.SequenceNumber = fmt.Sprint(i)
	}
	return ev
}

func wantContacts(t *testing.T, table *store.Table, ids ...identity.CustomerID) {
	t.Helper()
	for _, id := range ids {
		if list, _, err := table.Contacts.List(t.Context(), id, 10, ""); err != nil || len(list) != 1 {
			t.Errorf("customer %s has %d contacts (%v), want 1", id, len(list), err)
		}
	}
}

func TestHandle_BadRecords(t *testing.T) {
	t.Parallel()
	text, number := events.NewStringAttribute, events.NewNumberAttribute
	type image = map[string]events.DynamoDBAttributeValue
	bad := says(666, 1, time.Minute, unclear)
	message := batchOf(bad).Records[0]
	raw := func(it map[string]types.AttributeValue) func(*testing.T, *dynamodb.Client) {
		return func(t *testing.T, db *dynamodb.Client) {
			it["pk"] = &types.AttributeValueMemberS{Value: "C#" + badCustomer}
			if _, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(storetest.Name), Item: it}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	sk := message.Change.Keys["sk"].String()
	tests := map[string]struct {
		record   events.DynamoDBEventRecord
		put      func(*testing.T, *dynamodb.Client)
		customer func(identity.CustomerID) error
		reason   string // empty: the record is ignored
		kind     fault.Kind
	}{
		"no keys":                {record: events.DynamoDBEventRecord{}, reason: "decode stream record: the key is missing or is not text", kind: fault.Invalid},
		"no sort key":            {record: events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{Keys: image{"pk": text("C#x")}}}, reason: "decode stream record: the key is missing or is not text", kind: fault.Invalid},
		"a key that is a number": {record: events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{Keys: image{"pk": text("C#x"), "sk": number("7")}}}, reason: "decode stream record: the key is missing or is not text", kind: fault.Invalid},
		"no customer":            {record: keyed("C#", sk, nil), reason: "decode stream record: the key of a message is malformed", kind: fault.Invalid},
		"no time":                {record: keyed("C#x", "M#nonsense", nil), reason: "decode stream record: the key of a message is malformed", kind: fault.Invalid},
		"no such channel":        {record: keyed("C#x", "M#1772442000000#fax#1", nil), reason: "decode stream record: the key of a message is malformed", kind: fault.Invalid},
		"a correction of nothing": {
			record: keyed("C#x", "K~1772442000000", nil), reason: "decode stream record: the key of a correction is malformed", kind: fault.Invalid,
		},
		"to be classified at no time": {record: keyed("C#x", "Z#soon", nil), reason: "decode stream record: the key of a reclassify request is malformed", kind: fault.Invalid},
		"lost at a time that is text": {record: keyed("C#x", "X#email#1", image{"la": text("now")}), reason: "decode stream record: the effect is malformed", kind: fault.Invalid},
		"a change that is no JSON":    {record: keyed("C#x", "J#1#1", image{"j": text("{")}), reason: "decode stream record: the identity change is malformed", kind: fault.Invalid},
		"a change that is a number":   {record: keyed("C#x", "J#1#1", image{"j": number("1")}), reason: "decode stream record: the identity change is malformed", kind: fault.Invalid},
		"a change that names many ids": {
			record: keyed("C#x", "J#1#1", image{"j": text(manyIDs(65))}),
			reason: "decode stream record: the identity change names 65 ids, and at most 64 are possible", kind: fault.Invalid,
		},
		"a change that names all ids of two customers": {record: keyed("C#x", "J#1#1", image{"j": text(manyIDs(64))})},
		"another kind of partition":                    {record: keyed("P#x", "P", nil)},
		"another kind of item":                         {record: keyed("C#x", "S#y", nil)},
		"an effect that loses nothing":                 {record: keyed("C#x", "X#email#1", nil)},
		"a contact that cannot be read":                {record: message, put: raw(map[string]types.AttributeValue{"sk": s("K#1772442000000#x"), "cs": s("{")}), reason: "read contact", kind: fault.Internal},
		"a contact key of another form":                {record: message, put: raw(map[string]types.AttributeValue{"sk": s("K#x")}), reason: "read contact: malformed key", kind: fault.Internal},
		"a message that cannot be decoded":             {record: message, put: raw(map[string]types.AttributeValue{"sk": s(sk), "j": s("[")}), reason: "read message", kind: fault.Internal},
		"a customer who panics": {record: message, customer: func(id identity.CustomerID) error {
			if id == badCustomer {
				panic("Jansen said 0612345678")
			}
			return nil
		}, reason: "panic: string", kind: fault.Internal},
		"a customer who fails for good": {record: message, customer: failing(fault.New(fault.Invalid, "too much")), reason: "too much", kind: fault.Invalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, db := storetest.NewWithClient(t)
			dead := newDeadQueue(t)
			tr := on(table)
			tr.Dead = dead.letters()
			if tt.customer != nil {
				tr.Store = faulty{customer: tt.customer}.storeOn(table)
			}
			before, after := says(1, 1, 0, unclear), says(2, 1, 0, unclear)
			put(t, table, before, after)
			if tt.put != nil {
				tt.put(t, db)
			}
			resp, err := tr.Handle(t.Context(), between(tt.record, before, after))
			if err != nil || len(resp.BatchItemFailures) > 0 {
				t.Errorf("delivered again %+v, error %v", resp.BatchItemFailures, err)
			}
			wantContacts(t, table, before.CustomerID, after.CustomerID)
			got := dead.take(t)
			if tt.reason == "" {
				if len(got) > 0 {
					t.Errorf("dead letters %+v, want none", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("%d dead letters, want 1: %+v", len(got), got)
			}
			if a := got[0].SetAside; a.Reason != tt.reason || a.Kind != tt.kind || a.SequenceNumber != "1" {
				t.Errorf("dead letter %+v, want record 1 with %q of kind %s", a, tt.reason, tt.kind)
			}
			if got[0].RequestContext.FunctionARN != "heard-triage" {
				t.Errorf("dead letter of %q", got[0].RequestContext.FunctionARN)
			}
		})
	}
}

func TestHandle_RetriesTemporaryErrors(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"the table does not answer": fault.New(fault.Unavailable, "read item"),
		"the table throttles":       fault.New(fault.TooMany, "throttled"),
		"another run changes it":    fault.New(fault.Conflict, "the contact changed"),
		"a deadline":                fmt.Errorf("read: %w", context.DeadlineExceeded),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := storetest.New(t)
			dead := newDeadQueue(t)
			tr := on(table)
			tr.Dead = dead.letters()
			tr.Store = faulty{customer: failing(err)}.storeOn(table)
			before, bad, after := says(1, 1, 0, unclear), says(666, 1, 0, unclear), says(2, 1, 0, unclear)
			put(t, table, before, bad, after)
			ev := between(batchOf(bad).Records[0], before, after)
			// A record that can never be read is delivered again after an earlier failure, and becomes a dead letter once.
			ev.Records = append(ev.Records, keyed("C#x", "M#nonsense", nil))
			ev.Records[3].Change.SequenceNumber = "3"
			resp, err := tr.Handle(t.Context(), ev)
			if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "1" {
				t.Errorf("delivered again %+v, error %v; want record 1", resp.BatchItemFailures, err)
			}
			wantContacts(t, table, before.CustomerID, after.CustomerID)
			if got := dead.take(t); len(got) > 0 {
				t.Errorf("dead letters %+v, want none", got)
			}
			tr.Store = triage.StoreOf(table)
			ev.Records = ev.Records[1:]
			if resp, err := tr.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
				t.Errorf("when it has passed: delivered again %+v, error %v", resp.BatchItemFailures, err)
			}
			wantContacts(t, table, bad.CustomerID)
			if got := dead.take(t); len(got) != 1 || got[0].SetAside.SequenceNumber != "3" {
				t.Errorf("when it has passed: dead letters %+v, want record 3", got)
			}
		})
	}
}

func TestHandle_DeadLettersUnavailable(t *testing.T) {
	t.Parallel()
	for name, dead := range map[string]*lambdabatch.DeadLetters{
		"no queue":                   nil,
		"a queue that is not there":  {Queue: queue.At(newDeadQueue(t).client, "http://127.0.0.1:1/none")},
		"a queue that was not named": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			tr.Dead = dead
			before, after := says(1, 1, 0, unclear), says(2, 1, 0, unclear)
			put(t, table, before, after)
			resp, err := tr.Handle(t.Context(), between(keyed("C#x", "M#nonsense", nil), before, after))
			if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "1" {
				t.Errorf("delivered again %+v, error %v; want record 1", resp.BatchItemFailures, err)
			}
			wantContacts(t, table, before.CustomerID, after.CustomerID)
		})
	}
}

// One customer's evidence fails permanently in a write that it shares with others.
func TestHandle_OneCustomerFailsACause(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func() error{
		"an error": func() error { return fault.New(fault.Internal, "write item") },
		"a panic":  func() error { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			dead := newDeadQueue(t)
			tr.Dead = dead.letters()
			for c := range 5 {
				m := says(10+c, 1, time.Duration(c)*time.Minute, unclear)
				put(t, table, m)
				handle(t, tr, m)
			}
			tr.Store = faulty{customer: none, affected: func(changes []problem.AffectedChange) error {
				if slices.ContainsFunc(changes, func(c problem.AffectedChange) bool { return c.Customer == badCustomer }) {
					return refuse()
				}
				return nil
			}}.storeOn(table)
			before, bad, after := says(1, 1, 0, unclear), says(666, 1, 0, unclear), says(2, 1, 0, unclear)
			put(t, table, before, bad, after)
			resp, err := tr.Handle(t.Context(), between(batchOf(bad).Records[0], before, after))
			if err != nil || len(resp.BatchItemFailures) > 0 {
				t.Errorf("delivered again %+v, error %v", resp.BatchItemFailures, err)
			}
			wantContacts(t, table, before.CustomerID, after.CustomerID)
			if got := dead.take(t); len(got) != 1 || got[0].SetAside.SequenceNumber != "1" {
				t.Errorf("dead letters %+v, want record 1", got)
			}
			if p := problems(t, table, "billing")[0]; p.Customers != 7 {
				t.Errorf("the problem has %d customers, want 7", p.Customers)
			}
		})
	}
}

// A customer who takes too long is delivered again. The others of the batch are
// saved before the function's time limit.
func TestHandle_SlowCustomer(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	dead := newDeadQueue(t)
	tr := on(table)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	tr.Dead = dead.letters()
	tr.Store.Messages = stuck{table.Messages}
	before, slow, after := says(1, 1, 0, unclear), says(666, 1, 0, unclear), says(2, 1, 0, unclear)
	put(t, table, before, slow, after)
	resp, err := tr.Handle(ctx, between(batchOf(slow).Records[0], before, after))
	if ctx.Err() != nil {
		t.Error("the batch was answered after the function's time limit")
	}
	if err != nil || len(resp.BatchItemFailures) != 1 || resp.BatchItemFailures[0].ItemIdentifier != "1" {
		t.Errorf("delivered again %+v, error %v; want record 1", resp.BatchItemFailures, err)
	}
	wantContacts(t, table, before.CustomerID, after.CustomerID)
	if got := dead.take(t); len(got) > 0 {
		t.Errorf("dead letters %+v, want none", got)
	}
}

// A customer who runs out of time again and again does not block the records
// behind it. A table that does not answer sets no record aside.
func TestHandle_CustomerTakesTooLong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		age     time.Duration
		first   bool // the slow customer has the first record
		hangs   bool // the table hangs for every read of the slow customer
		dead    bool
		retried string
	}{
		"an old record":                {age: 16 * time.Minute, first: true, dead: true},
		"a record of a few minutes":    {age: 14 * time.Minute, first: true, retried: "0"},
		"an old record behind another": {age: 16 * time.Minute, retried: "1"},
		"a table that does not answer": {age: 16 * time.Minute, first: true, hangs: true, retried: "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := storetest.New(t)
			dead := newDeadQueue(t)
			tr := on(table)
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			tr.Dead = dead.letters()
			tr.Store.Messages = stuck{table.Messages}
			if tt.hangs {
				tr.Store.Customers = hanging{table.Customers}
				tr.Store.Detection.Customers = tr.Store.Customers
			}
			slow, after := says(666, 1, 0, unclear), says(2, 1, 0, unclear)
			put(t, table, slow, after)
			ev := batchOf(slow, after)
			if !tt.first {
				ev = batchOf(after, slow)
			}
			for i := range ev.Records {
				ev.Records[i].Change.SequenceNumber = fmt.Sprint(i)
				ev.Records[i].Change.ApproximateCreationDateTime.Time = time.Now().Add(-tt.age)
			}
			resp, err := tr.Handle(ctx, ev)
			if err != nil || ctx.Err() != nil {
				t.Fatalf("error %v; the function's time is over: %v", err, ctx.Err())
			}
			retried := ""
			for _, f := range resp.BatchItemFailures {
				retried += f.ItemIdentifier
			}
			if retried != tt.retried {
				t.Errorf("delivered again from record %q, want %q", retried, tt.retried)
			}
			wantContacts(t, table, after.CustomerID)
			got := dead.take(t)
			if !tt.dead {
				if len(got) > 0 {
					t.Errorf("dead letters %+v, want none", got)
				}
				return
			}
			if len(got) != 1 || got[0].SetAside.Reason != "the work for the customer takes longer than a function may run" {
				t.Errorf("dead letters %+v, want one of the slow customer", got)
			}
		})
	}
}

// hanging are customers of whom one cannot be read in time.
type hanging struct{ store.Customers }

func (h hanging) Get(ctx context.Context, id identity.CustomerID) (identity.Customer, error) {
	if id == badCustomer {
		<-ctx.Done()
		return identity.Customer{}, fault.Wrap(fault.Unavailable, ctx.Err(), "read customer")
	}
	return h.Customers.Get(ctx, id)
}

// manyIDs returns an identity change that names n ids.
func manyIDs(n int) string {
	ids := make([]identity.CustomerID, n)
	for i := range ids {
		ids[i] = identity.CustomerID(fmt.Sprintf("c9%03d", i))
	}
	data, err := json.Marshal(identity.Change{Kind: identity.Merged, Before: [][]identity.CustomerID{ids[:1], ids[1:]}, After: [][]identity.CustomerID{ids}})
	if err != nil {
		panic(err) // texts can be encoded
	}
	return string(data)
}

// stuck are messages that block when those of one customer are read.
type stuck struct{ store.Messages }

func (s stuck) RecentMessages(ctx context.Context, c identity.Customer, from time.Time) ([]message.Message, error) {
	if c.ID == badCustomer {
		<-ctx.Done()
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "query")
	}
	return s.Messages.RecentMessages(ctx, c, from)
}

package soak_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
)

// root is the repository.
const root = "../.."

// A found is what the table holds in the end.
type found struct {
	table     *store.Table
	shop      *taxonomy.Taxonomy
	customers map[identity.CustomerID][]contact.Message // who has messages
	marks     map[string][]contact.Message              // by the mark in their text
}

var mark = regexp.MustCompile(`\(m\d+\.\d+\)`)

func read(t *testing.T, s *stack.Stack) *found {
	t.Helper()
	ctx := t.Context()
	values, err := s.Secret(ctx, "pepper")
	if err != nil {
		t.Fatal(err)
	}
	f := &found{
		table: store.New(s.Clients().DynamoDB, s.Table, store.Pepper(values["pepper"])), shop: shop(t),
		customers: map[identity.CustomerID][]contact.Message{}, marks: map[string][]contact.Message{},
	}
	pages := dynamodb.NewScanPaginator(s.Clients().DynamoDB, &dynamodb.ScanInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("pk, sk"),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			id, isCustomer := strings.CutPrefix(text(it["pk"]), "C#")
			if isCustomer && strings.HasPrefix(text(it["sk"]), "M#") {
				f.customers[identity.CustomerID(id)] = nil
			}
		}
	}
	for id := range f.customers {
		ms, err := f.table.Recent(ctx, identity.Customer{ID: id, Members: []identity.CustomerID{id}}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		f.customers[id] = ms
		for _, m := range ms {
			at := mark.FindString(m.Text)
			f.marks[at] = append(f.marks[at], m)
		}
	}
	return f
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func shop(t *testing.T) *taxonomy.Taxonomy {
	t.Helper()
	data, err := os.ReadFile(root + "/infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	shop, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return shop
}

// messages checks that every message sent is stored once, with its customer.
func (f *found) messages(t *testing.T, sent []message) {
	t.Helper()
	whose := map[int]identity.CustomerID{}
	who := map[identity.CustomerID]int{}
	for _, m := range sent {
		got := f.marks[m.mark]
		if len(got) != 1 {
			t.Errorf("message %s by %s is stored %d times", m.mark, m.channel, len(got))
			continue
		}
		if (got[0].Direction == contact.Outbound) != m.ours || got[0].Channel != m.channel {
			t.Errorf("message %s is stored as %s by %s", m.mark, got[0].Direction, got[0].Channel)
		}
		id := got[0].CustomerID
		if have, ok := whose[m.customer]; ok && have != id {
			t.Errorf("customer %d is two: %s and %s", m.customer, have, id)
		}
		if have, ok := who[id]; ok && have != m.customer {
			t.Errorf("customers %d and %d are one", m.customer, have)
		}
		whose[m.customer], who[id] = id, m.customer
	}
	stored := 0
	for _, ms := range f.customers {
		stored += len(ms)
	}
	if stored != len(sent) {
		t.Errorf("%d messages are stored, want %d", stored, len(sent))
	}
	for customer, id := range whose {
		f.aliases(t, customer, id)
	}
}

// aliases checks that a customer's aliases are all that customer's.
func (f *found) aliases(t *testing.T, customer int, id identity.CustomerID) {
	t.Helper()
	for _, m := range f.customers[id] {
		for _, a := range m.Addresses() {
			got, _, err := f.table.Find(t.Context(), a.Alias)
			if err != nil || got != id {
				t.Errorf("an alias of customer %d (%s) is that of %s, want %s: %v", customer, a.Kind, got, id, err)
			}
		}
	}
}

// sequential makes the contacts and problems of the same messages in a table
// of its own: stored and triaged one after the other, in order of time.
func (f *found) sequential(t *testing.T, s *stack.Stack) *store.Table {
	t.Helper()
	ctx := t.Context()
	db := dynamodb.New(dynamodb.Options{
		Region: s.Region, BaseEndpoint: aws.String(s.Endpoints["DynamoDB"]), DisableValidateResponseChecksum: true,
		Credentials: credentials.NewStaticCredentialsProvider("SEQUENTIAL", "local", ""),
	})
	if _, err := db.CreateTable(ctx, storetest.Schema(storetest.Name)); err != nil {
		t.Fatal(err)
	}
	table := store.New(db, storetest.Name, storetest.Pepper)
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	meter := telemetry.NewMeter("triage")
	meter.Out = io.Discard
	tr := &triage.Triage{Store: table, Taxonomy: f.shop, Zone: zone, Meter: meter, Now: time.Now}
	var all []contact.Message
	for _, ms := range f.customers {
		all = append(all, ms...)
	}
	slices.SortFunc(all, func(a, b contact.Message) int {
		return cmp.Or(a.SentAt.Compare(b.SentAt), cmp.Compare(a.ID, b.ID), cmp.Compare(a.CustomerID, b.CustomerID))
	})
	for batch := range slices.Chunk(all, 20) {
		put(t, table, batch)
		resp, err := tr.Handle(ctx, streamOf(batch))
		if err != nil || len(resp.BatchItemFailures) > 0 {
			t.Fatal(resp, err)
		}
	}
	return table
}

func put(t *testing.T, table *store.Table, ms []contact.Message) {
	t.Helper()
	var wg sync.WaitGroup
	for _, m := range ms {
		wg.Go(func() {
			m.Origin = "" // an echo looks for its twin, and there is none
			if _, err := table.PutMessage(t.Context(), m, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func streamOf(ms []contact.Message) events.DynamoDBEvent {
	var ev events.DynamoDBEvent
	for i, m := range ms {
		ev.Records = append(ev.Records, events.DynamoDBEventRecord{EventName: "INSERT", Change: events.DynamoDBStreamRecord{
			SequenceNumber: fmt.Sprint(i),
			Keys: map[string]events.DynamoDBAttributeValue{
				"pk": events.NewStringAttribute("C#" + string(m.CustomerID)),
				"sk": events.NewStringAttribute("M#" + strings.Replace(string(m.ID), ":", "#", 2)),
			},
		}})
	}
	return ev
}

// contacts checks that each customer's contacts are those that the messages
// make, and those of a sequential run.
func (f *found) contacts(t *testing.T, sequential *store.Table) {
	t.Helper()
	pure := cmpopts.IgnoreFields(contact.Contact{}, "Messages", "Version", "Department", "Causes", "Taxonomy")
	for id, ms := range f.customers {
		got, want := contactsOf(t, f.table, id), contactsOf(t, sequential, id)
		// Which wording decided is not worth a write of its own.
		if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(contact.Contact{}, "Version"), cmpopts.IgnoreFields(contact.Cause{}, "Words")); diff != "" {
			t.Errorf("contacts of a customer with %d messages differ from those of a sequential run:\n%s", len(ms), diff)
		}
		made := contact.Contacts(ms)
		slices.Reverse(made)
		if diff := gocmp.Diff(made, got, pure, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("contacts of a customer with %d messages differ from those that the messages make:\n%s", len(ms), diff)
		}
	}
	f.waiting(t)
}

func contactsOf(t *testing.T, table *store.Table, id identity.CustomerID) []contact.Contact {
	t.Helper()
	cs, cursor, err := table.Contacts(t.Context(), id, 200, "")
	if err != nil || cursor != "" {
		t.Fatal(cursor, err)
	}
	return cs
}

// waiting checks that the waiting lists name exactly who waits.
func (f *found) waiting(t *testing.T) {
	t.Helper()
	want := map[string]string{}
	for id := range f.customers {
		for _, k := range contactsOf(t, f.table, id) {
			if k.Waiting() {
				want[k.ID] = k.Department
			}
		}
	}
	got := map[string]string{}
	departments := []string{contact.Unassigned}
	for _, d := range f.shop.Departments {
		departments = append(departments, d.ID)
	}
	for _, d := range departments {
		list, _, err := f.table.Waiting(t.Context(), d, 100_000, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range list {
			got[w.ID] = d
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("waiting lists:\n%s", diff)
	}
}

// problems checks that each cause has the one problem of a sequential run.
func (f *found) problems(t *testing.T, sequential *store.Table) map[string]problem.Record {
	t.Helper()
	got, want := f.problemsIn(t, f.table), f.problemsIn(t, sequential)
	if len(want) == 0 {
		t.Error("no cause has a problem")
	}
	byID := map[string]problem.Record{}
	for cause, ps := range got {
		if len(ps) != 1 {
			t.Errorf("%s has %d problems", cause, len(ps))
		}
		if _, ok := want[cause]; !ok {
			t.Errorf("%s has a problem, and has none in a sequential run", cause)
		}
		for _, p := range ps {
			byID[p.ID] = p
		}
	}
	for cause, ps := range want {
		if len(got[cause]) == 0 {
			t.Errorf("%s has no problem", cause)
			continue
		}
		g, w := got[cause][0], ps[0]
		// A contact that turns out to have begun earlier is another contact, and
		// was counted before under its first name.
		if g.Customers != w.Customers || g.Contacts < w.Contacts {
			t.Errorf("problem %s: %d customers in %d contacts, want %d in at least %d", cause, g.Customers, g.Contacts, w.Customers, w.Contacts)
		}
	}
	return byID
}

func (f *found) problemsIn(t *testing.T, table *store.Table) map[string][]problem.Record {
	t.Helper()
	out := map[string][]problem.Record{}
	for _, d := range f.shop.Departments {
		ps, cursor, err := table.Problems(t.Context(), d.ID, "", 1000, "")
		if err != nil || cursor != "" {
			t.Fatal(cursor, err)
		}
		for _, p := range ps {
			cause := p.Reason + " " + p.Product
			out[cause] = append(out[cause], p)
		}
	}
	return out
}

// items checks that the departments got every version of every problem, and
// each once for somebody who ignores versions that were seen.
func (f *found) items(t *testing.T, s *stack.Stack, problems map[string]problem.Record) {
	t.Helper()
	seen := map[string]int{} // the highest version of each problem
	for _, d := range f.shop.Departments {
		for _, body := range receive(t, s, "problems-"+d.ID+".fifo") {
			var item problem.Item
			if err := json.Unmarshal([]byte(body), &item); err != nil {
				t.Fatal(err)
			}
			if item.Department != d.ID || problems[item.ID].ID == "" {
				t.Errorf("%s got an item of %s about a problem that there is %v", d.ID, item.Department, problems[item.ID].ID != "")
			}
			switch {
			case item.Version <= seen[item.ID]:
				continue // told before
			case item.Version != seen[item.ID]+1:
				t.Errorf("version %d of a problem came after version %d", item.Version, seen[item.ID])
			}
			seen[item.ID] = item.Version
		}
	}
	for id, p := range problems {
		if seen[id] != p.Version {
			t.Errorf("the department knows version %d of a problem, want %d", seen[id], p.Version)
		}
	}
}

// nothingDead checks that no queue of dead letters holds anything.
func nothingDead(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, q := range []string{"stream-dead", "mail-dead", "problems-dead.fifo"} {
		if got := receive(t, s, q); len(got) > 0 {
			t.Errorf("%d dead letters in %s, the first %.300s", len(got), q, got[0])
		}
	}
}

// receive takes everything out of a queue.
func receive(t *testing.T, s *stack.Stack, name string) []string {
	t.Helper()
	ctx := t.Context()
	url, err := s.Queue(ctx, s.Clients(), name)
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for {
		out, err := s.Clients().SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return bodies
		}
		for _, m := range out.Messages {
			bodies = append(bodies, *m.Body)
			if _, err := s.Clients().SQS.DeleteMessage(context.WithoutCancel(ctx), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

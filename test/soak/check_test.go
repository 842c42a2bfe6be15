package soak_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
)

// root is the folder of the repository.
const root = "../.."

// A tableContent is the content of the table after the load.
type tableContent struct {
	table     *store.Table
	shop      *taxonomy.Taxonomy
	customers map[identity.CustomerID][]message.Message // messages by customer
	marks     map[string][]message.Message              // messages by the mark in their text
}

var mark = regexp.MustCompile(`\(m\d+\.\d+\)`)

func readTable(t *testing.T, s *stack.Stack) *tableContent {
	t.Helper()
	ctx := t.Context()
	values, err := s.Secret(ctx, "pepper")
	if err != nil {
		t.Fatal(err)
	}
	f := &tableContent{
		table: store.New(s.Clients().DynamoDB, s.Table, store.Pepper(values["pepper"])), shop: loadTaxonomy(t),
		customers: map[identity.CustomerID][]message.Message{}, marks: map[string][]message.Message{},
	}
	pages := dynamodb.NewScanPaginator(s.Clients().DynamoDB, &dynamodb.ScanInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String(storetest.PartitionKey + ", " + storetest.SortKey),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			c, err := store.DecodeChange(store.StreamRecord(nil, it))
			if err != nil {
				t.Fatal(err)
			}
			if c.Kind == store.KindMessage {
				f.customers[c.Customer] = nil
			}
		}
	}
	for id := range f.customers {
		ms, err := f.table.Messages.RecentMessages(ctx, identity.Customer{ID: id, Members: []identity.CustomerID{id}}, time.Time{})
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

func loadTaxonomy(t *testing.T) *taxonomy.Taxonomy {
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

// checkMessages checks that every message is stored once, with the right direction,
// channel and customer.
func (f *tableContent) checkMessages(t *testing.T, sent []sentMessage) {
	t.Helper()
	whose := map[int]identity.CustomerID{}
	who := map[identity.CustomerID]int{}
	for _, m := range sent {
		got := f.marks[m.mark]
		if len(got) != 1 {
			t.Errorf("message %s by %s: got %d copies, want 1", m.mark, m.channel, len(got))
			continue
		}
		if (got[0].Direction == message.Outbound) != m.ours || got[0].Channel != m.channel {
			t.Errorf("message %s is stored as %s by %s", m.mark, got[0].Direction, got[0].Channel)
		}
		id := got[0].CustomerID
		if have, ok := whose[m.customer]; ok && have != id {
			t.Errorf("customer %d has two ids: %s and %s", m.customer, have, id)
		}
		if have, ok := who[id]; ok && have != m.customer {
			t.Errorf("customers %d and %d have the same id", m.customer, have)
		}
		whose[m.customer] = id
		who[id] = m.customer
	}
	stored := 0
	for _, ms := range f.customers {
		stored += len(ms)
	}
	if stored != len(sent) {
		t.Errorf("got %d stored messages, want %d", stored, len(sent))
	}
	for customer, id := range whose {
		f.checkAliases(t, customer, id)
	}
}

// checkAliases checks that all aliases in a customer's messages belong to that customer.
func (f *tableContent) checkAliases(t *testing.T, customer int, id identity.CustomerID) {
	t.Helper()
	for _, m := range f.customers[id] {
		for _, a := range m.Addresses() {
			got, _, err := f.table.Customers.FindCustomer(t.Context(), a.Alias)
			if err != nil || got != id {
				t.Errorf("alias %s of customer %d: got owner %s, want %s: %v", a.Kind, customer, got, id, err)
			}
		}
	}
}

// runSequentially returns another table with the same messages. They are stored and
// triaged one batch after the other, in order of time.
func (f *tableContent) runSequentially(t *testing.T, s *stack.Stack) *store.Table {
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
	tr := &triage.Triage{Store: triage.StoreOf(table), Taxonomy: f.shop, Zone: zone, Meter: meter, Now: time.Now}
	var all []message.Message
	for _, ms := range f.customers {
		all = append(all, ms...)
	}
	slices.SortFunc(all, func(a, b message.Message) int {
		return cmp.Or(a.SentAt.Compare(b.SentAt), cmp.Compare(a.ID, b.ID), cmp.Compare(a.CustomerID, b.CustomerID))
	})
	for batch := range slices.Chunk(all, 20) {
		putMessages(t, table, batch)
		ev, err := storetest.MessageEvent(batch...)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tr.Handle(ctx, ev)
		if err != nil || len(resp.BatchItemFailures) > 0 {
			t.Fatal(resp, err)
		}
	}
	return table
}

func putMessages(t *testing.T, table *store.Table, ms []message.Message) {
	t.Helper()
	var wg sync.WaitGroup
	for _, m := range ms {
		wg.Go(func() {
			m.Origin = "" // an echo would look for the answer that it repeats, which this table lacks
			if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// checkContacts checks that the contacts of each customer equal those computed from the
// messages, and those of a sequential run.
func (f *tableContent) checkContacts(t *testing.T, sequential *store.Table) {
	t.Helper()
	pure := cmpopts.IgnoreFields(contact.Contact{}, "Messages", "Version", "Department", "Causes", "Severity", "Taxonomy")
	for id, ms := range f.customers {
		got, want := listContacts(t, f.table, id), listContacts(t, sequential, id)
		// Words may differ: a change of the matched words alone is not written.
		if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(contact.Contact{}, "Version"), cmpopts.IgnoreFields(contact.Cause{}, "Words")); diff != "" {
			t.Errorf("contacts of a customer with %d messages differ from those of a sequential run:\n%s", len(ms), diff)
		}
		made := contact.Contacts(f.readings(ms))
		slices.Reverse(made)
		if diff := gocmp.Diff(made, got, pure, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("contacts of a customer with %d messages differ from those computed from the messages:\n%s", len(ms), diff)
		}
	}
	f.checkWaiting(t)
}

// readings returns the readings of messages by the taxonomy alone.
func (f *tableContent) readings(ms []message.Message) []contact.Reading {
	readings := contact.Read(ms, nil)
	for i, m := range ms {
		if m.Direction != message.Inbound || m.Passive {
			continue
		}
		for _, r := range f.shop.ClassifyAll(m.TextWithSubject(), taxonomy.Hints{}, nil) {
			if r.Reason != "" {
				readings[i].Causes = append(readings[i].Causes, contact.Cause{Reason: r.Reason, Product: r.Product, Department: r.Department, Message: m.ID})
			}
		}
	}
	return readings
}

func listContacts(t *testing.T, table *store.Table, id identity.CustomerID) []contact.Contact {
	t.Helper()
	cs, cursor, err := table.Contacts.List(t.Context(), id, 200, "")
	if err != nil || cursor != "" {
		t.Fatal(cursor, err)
	}
	return cs
}

// checkWaiting checks that the waiting lists have exactly the contacts that wait.
func (f *tableContent) checkWaiting(t *testing.T) {
	t.Helper()
	want := map[string]string{}
	for id := range f.customers {
		for _, k := range listContacts(t, f.table, id) {
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
		list, _, err := f.table.Contacts.WaitingContacts(t.Context(), []string{d}, 100_000, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range list {
			got[w.ID] = d
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("waiting lists (-want +got):\n%s", diff)
	}
}

// checkProblems checks that each cause has one problem, as in a sequential run. It
// returns the problems by id.
func (f *tableContent) checkProblems(t *testing.T, sequential *store.Table) map[string]problem.Record {
	t.Helper()
	got, want := f.listProblems(t, f.table), f.listProblems(t, sequential)
	if len(want) == 0 {
		t.Error("the sequential run has no problems, want some")
	}
	byID := map[string]problem.Record{}
	for cause, ps := range got {
		if len(ps) != 1 {
			t.Errorf("%s: got %d problems, want 1", cause, len(ps))
		}
		if _, ok := want[cause]; !ok {
			t.Errorf("%s: got a problem, want none as in the sequential run", cause)
		}
		for _, p := range ps {
			byID[p.ID] = p
		}
	}
	for cause, ps := range want {
		if len(got[cause]) == 0 {
			t.Errorf("%s: got no problem, want one as in the sequential run", cause)
			continue
		}
		g := got[cause][0]
		w := ps[0]
		// The number of contacts can be larger. If an earlier message arrives
		// late, its contact gets another id and is counted under both.
		if g.Customers != w.Customers || g.Contacts < w.Contacts {
			t.Errorf("problem %s: got %d customers in %d contacts, want %d in at least %d", cause, g.Customers, g.Contacts, w.Customers, w.Contacts)
		}
	}
	return byID
}

func (f *tableContent) listProblems(t *testing.T, table *store.Table) map[string][]problem.Record {
	t.Helper()
	out := map[string][]problem.Record{}
	for _, d := range f.shop.Departments {
		ps, cursor, err := table.Problems.List(t.Context(), d.ID, "", 1000, "")
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

// checkItems checks that the departments received every version of every problem in
// order. A version that a consumer has seen may come again.
func (f *tableContent) checkItems(t *testing.T, s *stack.Stack, problems map[string]problem.Record) {
	t.Helper()
	seen := map[string]int{} // the highest version of each problem
	for _, d := range f.shop.Departments {
		for _, body := range receiveAll(t, s, "problems-"+d.ID+".fifo") {
			var item problem.Item
			if err := json.Unmarshal([]byte(body), &item); err != nil {
				t.Fatal(err)
			}
			if item.Department != d.ID || problems[item.ID].ID == "" {
				t.Errorf("%s got an item for %s (problem exists: %t), want its own and an existing problem", d.ID, item.Department, problems[item.ID].ID != "")
			}
			switch {
			case item.Version <= seen[item.ID]:
				continue // a repeated item
			case item.Version != seen[item.ID]+1:
				t.Errorf("got version %d of a problem after version %d", item.Version, seen[item.ID])
			}
			seen[item.ID] = item.Version
		}
	}
	for id, p := range problems {
		if seen[id] != p.Version {
			t.Errorf("got version %d of a problem as the last item, want %d", seen[id], p.Version)
		}
	}
}

// checkDeadLetters checks that all dead-letter queues are empty.
func checkDeadLetters(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, q := range []string{"stream-dead", "mail-dead", "problems-dead.fifo"} {
		if got := receiveAll(t, s, q); len(got) > 0 {
			t.Errorf("got %d dead letters in %s, want 0; the first: %.300s", len(got), q, got[0])
		}
	}
}

// receiveAll receives and deletes all messages of a queue.
func receiveAll(t *testing.T, s *stack.Stack, name string) []string {
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

package triage_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/triage"
)

// crowd is a number of customers who report one cause. Some of them are merged,
// unmerged or lose aliases to each other.
type crowd struct {
	*testing.T
	rnd     *rand.Rand
	triage  *triage.Triage
	table   *store.Table
	members []identity.CustomerID
	said    int
	due     []events.DynamoDBEvent // not yet delivered
	again   []events.DynamoDBEvent // whose handling was interrupted
	heard   map[string]bool        // identity changes that were delivered
	db      *dynamodb.Client
	kills   bool // triage is sometimes interrupted between two writes
	meddles bool // identities sometimes change between two writes
}

// mortal makes a table fail all writes after a number of them.
type mortal struct {
	left atomic.Int64
}

// storeOn returns the parts of a table, of which some are mortal.
func (m *mortal) storeOn(table *store.Table) triage.Store {
	s := triage.StoreOf(table)
	s.Contacts = mortalContacts{table.Contacts, m}
	s.Detection.Problems = mortalProblems{table.Problems, m}
	s.Detection.Causes = mortalCauses{table.Causes, m}
	return s
}

type mortalContacts struct {
	store.Contacts
	*mortal
}

type mortalProblems struct {
	store.Problems
	*mortal
}

type mortalCauses struct {
	store.Causes
	*mortal
}

var errDead = fault.New(fault.Unavailable, "dead")

func (m *mortal) dead() bool { return m.left.Add(-1) < 0 }

func (m mortalContacts) Save(ctx context.Context, k contact.Contact) error {
	if m.dead() {
		return errDead
	}
	return m.Contacts.Save(ctx, k)
}

func (m mortalContacts) Delete(ctx context.Context, k contact.Contact) error {
	if m.dead() {
		return errDead
	}
	return m.Contacts.Delete(ctx, k)
}

func (m mortalProblems) Create(ctx context.Context, p problem.Record, affected []problem.Affected) error {
	if m.dead() {
		return errDead
	}
	return m.Problems.Create(ctx, p, affected)
}

func (m mortalProblems) Save(ctx context.Context, p problem.Record) error {
	if m.dead() {
		return errDead
	}
	return m.Problems.Save(ctx, p)
}

// ChangeAffected counts one write for each customer.
func (m mortalProblems) ChangeAffected(ctx context.Context, id string, changes []problem.AffectedChange) error {
	for i := range changes {
		if m.dead() {
			return errDead
		}
		if err := m.Problems.ChangeAffected(ctx, id, changes[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (m mortalCauses) PutOccurrence(ctx context.Context, reason, product string, s problem.Occurrence) (bool, error) {
	if m.dead() {
		return false, errDead
	}
	return m.Causes.PutOccurrence(ctx, reason, product, s)
}

func (m mortalCauses) DropOccurrence(ctx context.Context, reason, product string, s problem.Occurrence) error {
	if m.dead() {
		return errDead
	}
	return m.Causes.DropOccurrence(ctx, reason, product, s)
}

var decided = identity.Decision{By: "agent", Why: "test"}

func (c *crowd) any() identity.CustomerID { return c.members[c.rnd.IntN(len(c.members))] }

func (c *crowd) standing(id identity.CustomerID) identity.Customer {
	c.Helper()
	who, err := c.table.Customers.Get(c.Context(), id)
	if err != nil {
		c.Fatal(err)
	}
	return who
}

// says stores a report of the cause by the alias with that number, and sometimes
// an answer.
func (c *crowd) says(person int) {
	c.Helper()
	c.said++
	m := says(person, c.said, time.Duration(c.rnd.IntN(40*60))*time.Minute, unclear)
	id, err := c.table.Customers.Identify(c.Context(), m.Addresses(), identity.Evidence{Rule: identity.RuleWebhook, At: m.SentAt})
	if err != nil {
		c.Fatal(err)
	}
	m.CustomerID = id
	if !slices.Contains(c.members, id) {
		c.members = append(c.members, id)
	}
	ms := []message.Message{m}
	if c.rnd.IntN(2) == 0 {
		ms = append(ms, answeredAfter(m))
	}
	put(c.T, c.table, ms...)
	c.due = append(c.due, batchOf(ms...))
}

// changes merges or unmerges two customers, or moves an alias.
func (c *crowd) changes() {
	c.Helper()
	d := decided
	d.At = time.Now()
	a, b := c.any(), c.any()
	switch whole := c.standing(a); c.rnd.IntN(5) {
	case 0, 1:
		_, _ = c.table.Customers.MergeCustomers(c.Context(), whole.ID, c.standing(b).ID, d) // may be merged already
	case 2, 3:
		_, _, _ = c.table.Customers.UnmergeCustomer(c.Context(), a, d) // may not be merged
	default:
		alias := identity.Alias{Kind: identity.Phone, Value: says(c.rnd.IntN(6), 0, 0, "").Customer.Value}
		from := start.Add(time.Duration(c.rnd.IntN(40)) * time.Hour)
		_, _ = c.table.Customers.MoveAlias(c.Context(), whole, identity.AliasMove{Alias: alias, From: from, To: b}, d) // may not own the alias
	}
	c.hears()
}

// hears adds the events of new identity changes to those that are due.
func (c *crowd) hears() {
	c.Helper()
	out, err := c.db.Scan(c.Context(), &dynamodb.ScanInput{TableName: aws.String(storetest.Name), ConsistentRead: aws.Bool(true)})
	if err != nil {
		c.Fatal(err)
	}
	due := map[identity.CustomerID][]events.DynamoDBEventRecord{}
	for _, it := range out.Items {
		r := store.StreamRecord(nil, it)
		change, err := store.DecodeChange(r)
		if err != nil {
			c.Fatal(err)
		}
		if key := fmt.Sprint(r.Change.Keys); change.Kind == store.KindIdentityChange && !c.heard[key] {
			c.heard[key] = true
			r.Change.SequenceNumber = "1"
			due[change.Customer] = append(due[change.Customer], r)
		}
	}
	for _, id := range c.members {
		for _, r := range due[id] {
			c.due = append(c.due, events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{r}})
		}
	}
}

// delivers handles up to n of the due events, in any order, some of them twice.
func (c *crowd) delivers(n int) {
	c.Helper()
	c.rnd.Shuffle(len(c.due), func(i, j int) { c.due[i], c.due[j] = c.due[j], c.due[i] })
	for _, ev := range c.due[:n] {
		if c.kills && c.rnd.IntN(3) == 0 {
			m := &mortal{}
			m.left.Store(c.rnd.Int64N(5))
			c.triage.Store = m.storeOn(c.table)
			if resp, err := c.triage.Handle(c.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
				c.again = append(c.again, ev)
			}
			c.triage.Store = triage.StoreOf(c.table)
			continue
		}
		if c.meddles {
			c.triage.Store = (&meddled{meddle: c.meddle}).storeOn(c.table)
		}
		for range 1 + c.rnd.IntN(2) {
			if resp, err := c.triage.Handle(c.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
				c.Fatal(resp, err)
			}
			c.triage.Store = triage.StoreOf(c.table)
		}
	}
	c.due = append(c.due[n:], c.again...)
	c.again = nil
}

// meddle changes identities and handles the change in another run at once.
func (c *crowd) meddle() {
	before := len(c.due)
	c.changes()
	told := c.due[before:]
	c.due = c.due[:before]
	for _, ev := range told {
		if resp, err := on(c.table).Handle(c.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
			c.Error(resp, err)
		}
	}
}

// expected returns the customers with the cause and their contacts, computed from
// their messages.
func (c *crowd) expected() map[identity.CustomerID][]string {
	c.Helper()
	out := map[identity.CustomerID][]string{}
	for _, id := range c.members {
		who := c.standing(id)
		if out[who.ID] != nil {
			continue
		}
		ms, err := c.table.Messages.RecentMessages(c.Context(), who, time.Time{})
		if err != nil {
			c.Fatal(err)
		}
		for _, k := range contact.Contacts(contact.Read(ms, nil)) {
			out[who.ID] = append(out[who.ID], k.ID)
		}
		slices.Sort(out[who.ID])
	}
	return out
}

func TestReconcile_CountsAfterIdentityChanges(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		play(t, seed, crowd{})
	}
}

// Triage may be interrupted between any two writes. Identities may change before
// the batch is repeated.
func TestReconcile_CountsAfterKills(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1015, 1030, 1032, 1, 2, 3} { // the first three found defects
		play(t, seed, crowd{kills: true})
	}
}

// Identities may change between any two writes, and the change may be handled
// before the next write.
func TestReconcile_CountsAfterConcurrentIdentityChanges(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{2015, 2032, 2036, 1, 2} { // the first three found defects
		play(t, seed, crowd{meddles: true})
	}
}

func play(t *testing.T, seed uint64, how crowd) {
	t.Helper()
	table, db := storetest.NewWithClient(t)
	c := &crowd{T: t, rnd: rand.New(rand.NewPCG(seed, 5)), triage: on(table), table: table, db: db, heard: map[string]bool{}}
	for person := range 6 {
		c.says(person)
	}
	c.delivers(len(c.due))
	c.kills, c.meddles = how.kills, how.meddles
	for range 30 {
		if c.rnd.IntN(3) == 0 {
			c.says(c.rnd.IntN(6))
		} else {
			c.changes()
		}
		c.delivers(c.rnd.IntN(len(c.due) + 1))
	}
	c.kills, c.meddles = false, false
	c.delivers(len(c.due))
	c.check(seed)
}

// check compares the counts of the problem with the customers' messages.
func (c *crowd) check(seed uint64) {
	c.Helper()
	want, total := c.expected(), 0
	perDay := map[string]int{}
	for _, ids := range want {
		total += len(ids)
	}
	p := problems(c.T, c.table, "billing")[0]
	affected, _, err := c.table.Problems.AffectedCustomers(c.Context(), p.ID, 100, "")
	if err != nil {
		c.Fatal(err)
	}
	got := map[identity.CustomerID][]string{}
	for _, a := range affected {
		got[a.Customer] = a.Contacts()
	}
	for id := range want {
		ks, _, err := c.table.Contacts.List(c.Context(), id, 100, "")
		if err != nil {
			c.Fatal(err)
		}
		for _, k := range ks {
			perDay[k.Start.In(amsterdam).Format(time.DateOnly)]++
		}
		if len(want[id]) == 0 { // lost all aliases
			delete(want, id)
		}
	}
	stored, made := contactsOf(c.T, c.table, c.members...)
	if diff := cmp.Diff(made, stored); diff != "" {
		c.Errorf("seed %d: contacts:\n%s", seed, diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.Errorf("seed %d: affected:\n%s", seed, diff)
	}
	if p.Customers != len(want) || p.Contacts != total || !cmp.Equal(p.PerDay, perDay) {
		c.Errorf("seed %d: %d customers, %d contacts, %v; want %d, %d, %v", seed, p.Customers, p.Contacts, p.PerDay, len(want), total, perDay)
	}
}

func TestExamineWindow_MergedCustomersCountOnce(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for n := range 5 {
		ms = append(ms, says(n, 1, time.Duration(n)*time.Hour, unclear))
	}
	put(t, table, ms...)
	handle(t, tr, ms[:4]...)
	d := decided
	d.At = time.Now()
	if _, err := table.Customers.MergeCustomers(t.Context(), "c000", "c001", d); err != nil {
		t.Fatal(err)
	}
	open := func() []problem.Record { return problems(t, table, "billing") }
	handle(t, tr, ms[4]) // before the event of the merge is handled
	if got := open(); len(got) != 0 {
		t.Fatalf("four customers opened %+v, want none", got)
	}
	for range 2 {
		if _, err := tr.Handle(t.Context(), changeOf("c000", "c001")); err != nil {
			t.Fatal(err)
		}
		if got := open(); len(got) != 0 {
			t.Fatalf("four customers opened %+v, want none", got)
		}
	}
	if _, _, err := table.Customers.UnmergeCustomer(t.Context(), "c001", d); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Handle(t.Context(), changeOf("c000", "c001")); err != nil {
		t.Fatal(err)
	}
	if got := open(); len(got) != 1 || got[0].Customers != 5 || got[0].Contacts != 5 {
		t.Fatalf("five customers opened %+v, want one problem", got)
	}
}

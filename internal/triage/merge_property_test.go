package triage_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/triage"
)

// A crowd is people who report one cause, and turn out to be one another.
type crowd struct {
	*testing.T
	rnd     *rand.Rand
	triage  *triage.Triage
	table   *store.Table
	members []identity.CustomerID
	said    int
	due     []events.DynamoDBEvent // not yet delivered
}

var decided = identity.Decision{By: "agent", Why: "test"}

func (c *crowd) any() identity.CustomerID { return c.members[c.rnd.IntN(len(c.members))] }

func (c *crowd) standing(id identity.CustomerID) identity.Customer {
	c.Helper()
	who, err := c.table.Customer(c.Context(), id)
	if err != nil {
		c.Fatal(err)
	}
	return who
}

// says has a person report the cause, who is known by an alias of that number,
// and perhaps be answered.
func (c *crowd) says(person int) {
	c.Helper()
	c.said++
	m := says(person, c.said, time.Duration(c.rnd.IntN(40*60))*time.Minute, unclear)
	id, err := c.table.Identify(c.Context(), m.Addresses(), identity.Evidence{Rule: identity.RuleWebhook, At: m.SentAt})
	if err != nil {
		c.Fatal(err)
	}
	m.CustomerID = id
	if !slices.Contains(c.members, id) {
		c.members = append(c.members, id)
	}
	ms := []contact.Message{m}
	if c.rnd.IntN(2) == 0 {
		ms = append(ms, answeredAfter(m))
	}
	put(c.T, c.table, ms...)
	c.due = append(c.due, batchOf(ms...))
}

// changes makes two people one, or one two, or gives a number to somebody.
func (c *crowd) changes() {
	c.Helper()
	d := decided
	d.At = time.Now()
	a, b := c.any(), c.any()
	switch whole := c.standing(a); c.rnd.IntN(5) {
	case 0, 1:
		_, _ = c.table.Merge(c.Context(), whole.ID, c.standing(b).ID, d) // one already, perhaps
		c.due = append(c.due, changeOf(whole.ID), changeOf(c.standing(b).ID, b))
	case 2, 3:
		_, _, _ = c.table.Unmerge(c.Context(), a, d) // not merged, perhaps
		c.due = append(c.due, changeOf(a), changeOf(whole.ID))
	default:
		alias := identity.Alias{Kind: identity.Phone, Value: says(c.rnd.IntN(6), 0, 0, "").Customer.Value}
		from := start.Add(time.Duration(c.rnd.IntN(40)) * time.Hour)
		_, _ = c.table.MoveAlias(c.Context(), whole, identity.Moving{Alias: alias, From: from, To: b}, d) // not theirs, perhaps
		for _, m := range whole.Members {
			c.due = append(c.due, changeOf(m, b))
		}
	}
}

// delivers gives triage some of what is due, in any order and some of it twice.
func (c *crowd) delivers(n int) {
	c.Helper()
	c.rnd.Shuffle(len(c.due), func(i, j int) { c.due[i], c.due[j] = c.due[j], c.due[i] })
	for _, ev := range c.due[:n] {
		for range 1 + c.rnd.IntN(2) {
			if resp, err := c.triage.Handle(c.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
				c.Fatal(resp, err)
			}
		}
	}
	c.due = c.due[n:]
}

// expected is who has the cause and by which contacts, made of the histories.
func (c *crowd) expected() map[identity.CustomerID][]string {
	c.Helper()
	out := map[identity.CustomerID][]string{}
	for _, id := range c.members {
		who := c.standing(id)
		if out[who.ID] != nil {
			continue
		}
		ms, err := c.table.Recent(c.Context(), who, time.Time{})
		if err != nil {
			c.Fatal(err)
		}
		for _, k := range contact.Contacts(ms) {
			out[who.ID] = append(out[who.ID], k.ID)
		}
		slices.Sort(out[who.ID])
	}
	return out
}

func TestWhatAProblemCountsFollowsWhoIsWho(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		tr, table := newTriage(t)
		c := &crowd{T: t, rnd: rand.New(rand.NewPCG(seed, 5)), triage: tr, table: table}
		for person := range 6 {
			c.says(person)
		}
		c.delivers(len(c.due))
		for range 30 {
			if c.rnd.IntN(3) == 0 {
				c.says(c.rnd.IntN(6))
			} else {
				c.changes()
			}
			c.delivers(c.rnd.IntN(len(c.due) + 1))
		}
		c.delivers(len(c.due))
		c.check(seed)
	}
}

// check compares what is counted with what the histories hold.
func (c *crowd) check(seed uint64) {
	c.Helper()
	want, total := c.expected(), 0
	perDay := map[string]int{}
	for _, ids := range want {
		total += len(ids)
	}
	p := problems(c.T, c.table, "billing")[0]
	affected, _, err := c.table.AllAffected(c.Context(), p.ID, 100, "")
	if err != nil {
		c.Fatal(err)
	}
	got := map[identity.CustomerID][]string{}
	for _, a := range affected {
		got[a.Customer] = a.Contacts
	}
	for id := range want {
		ks, _, err := c.table.Contacts(c.Context(), id, 100, "")
		if err != nil {
			c.Fatal(err)
		}
		for _, k := range ks {
			perDay[k.Start.In(amsterdam).Format(time.DateOnly)]++
		}
		if len(want[id]) == 0 { // gave all away
			delete(want, id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.Errorf("seed %d: affected:\n%s", seed, diff)
	}
	if p.Customers != len(want) || p.Contacts != total || !cmp.Equal(p.PerDay, perDay) {
		c.Errorf("seed %d: %d customers, %d contacts, %v; want %d, %d, %v", seed, p.Customers, p.Contacts, p.PerDay, len(want), total, perDay)
	}
}

func TestAWindowCountsPeopleAndNotTheirIDs(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []contact.Message
	for n := range 5 {
		ms = append(ms, says(n, 1, time.Duration(n)*time.Hour, unclear))
	}
	put(t, table, ms...)
	handle(t, tr, ms[:4]...)
	d := decided
	d.At = time.Now()
	if _, err := table.Merge(t.Context(), "c000", "c001", d); err != nil {
		t.Fatal(err)
	}
	open := func() []problem.Record { return problems(t, table, "billing") }
	handle(t, tr, ms[4]) // before the stream tells of the merge
	if got := open(); len(got) != 0 {
		t.Fatalf("four people opened %+v", got)
	}
	for range 2 {
		if _, err := tr.Handle(t.Context(), changeOf("c000", "c001")); err != nil {
			t.Fatal(err)
		}
		if got := open(); len(got) != 0 {
			t.Fatalf("four people opened %+v", got)
		}
	}
	if _, _, err := table.Unmerge(t.Context(), "c001", d); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Handle(t.Context(), changeOf("c000", "c001")); err != nil {
		t.Fatal(err)
	}
	if got := open(); len(got) != 1 || got[0].Customers != 5 || got[0].Contacts != 5 {
		t.Fatalf("five people: %+v", got)
	}
}

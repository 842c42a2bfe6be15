package triage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// changeOf returns the stream event of an identity change that is stored under
// each of the customers.
func changeOf(ids ...identity.CustomerID) events.DynamoDBEvent {
	return changeEvent(identity.Change{}, ids...)
}

func changeEvent(ch identity.Change, ids ...identity.CustomerID) events.DynamoDBEvent {
	ch.ID = "0195"
	ch.At = time.UnixMilli(1772445600000)
	var ev events.DynamoDBEvent
	for i, id := range ids {
		r, err := store.NewIdentityChangeRecord(id, ch)
		if err != nil {
			panic(err) // a change is texts and times
		}
		r.Change.SequenceNumber = fmt.Sprint(i)
		ev.Records = append(ev.Records, r)
	}
	return ev
}

func TestHandle_MergeAndUnmerge(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	decision := identity.Decision{By: "agent", Why: "test", At: time.Now()}
	one, two := says(1, 1, 0, unclear), says(2, 1, 10*time.Minute, unclear)
	put(t, table, one, two)
	handle := func(ev events.DynamoDBEvent) {
		t.Helper()
		if resp, err := tr.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
			t.Fatal(resp, err)
		}
	}
	state := func() (contacts map[identity.CustomerID][]contact.Contact, waiting []contact.WaitingContact) {
		t.Helper()
		contacts = map[identity.CustomerID][]contact.Contact{}
		for _, id := range []identity.CustomerID{"c001", "c002"} {
			list, _, err := table.Contacts.List(t.Context(), id, 10, "")
			if err != nil {
				t.Fatal(err)
			}
			contacts[id] = list
		}
		for _, department := range []string{"billing", contact.Unassigned} {
			list, _, err := table.Contacts.WaitingContacts(t.Context(), []string{department}, 10, "")
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, list...)
		}
		return contacts, waiting
	}
	handle(batchOf(one, two))
	before, waitedBefore := state()
	if len(before["c001"]) != 1 || len(before["c002"]) != 1 || len(waitedBefore) != 2 {
		t.Fatal(before, waitedBefore)
	}

	if _, err := table.Customers.MergeCustomers(t.Context(), "c002", "c001", decision); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		handle(changeOf("c001", "c002"))
		merged, waiting := state()
		if len(merged["c001"]) != 0 || len(merged["c002"]) != 1 || len(waiting) != 1 || !waiting[0].Since.Equal(one.SentAt) {
			t.Fatalf("after the merge: %+v, waiting %+v", merged, waiting)
		}
	}
	answer := answered(says(1, 2, 20*time.Minute, ""))
	put(t, table, answer)
	handle(batchOf(answer))
	if _, waiting := state(); len(waiting) != 0 {
		t.Fatalf("after an answer to one of the two, %+v are waiting, want none", waiting)
	}

	if _, _, err := table.Customers.UnmergeCustomer(t.Context(), "c001", decision); err != nil {
		t.Fatal(err)
	}
	handle(changeOf("c002", "c001"))
	after, waiting := state()
	if len(waiting) != 1 || waiting[0].Customer != "c002" {
		t.Errorf("waiting after the unmerge: %+v", waiting)
	}
	ignore := cmpopts.IgnoreFields(contact.Contact{}, "Version")
	if diff := cmp.Diff(before["c002"], after["c002"], ignore); diff != "" {
		t.Errorf("the contact without an answer:\n%s", diff)
	}
	if k := after["c001"]; len(k) != 1 || k[0].Waiting() || k[0].ID != before["c001"][0].ID {
		t.Errorf("the contact with an answer: %+v", k)
	}
}

func TestHandle_MovedAlias(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for n, after := range []time.Duration{0, 30 * time.Hour} {
		m := says(1, n, after, unclear)
		m.SentAt = m.SentAt.Truncate(time.Second)
		id, err := table.Customers.Identify(t.Context(), m.Addresses(), identity.Evidence{Rule: identity.RuleWebhook, At: m.SentAt})
		if err != nil {
			t.Fatal(err)
		}
		m.CustomerID = id
		put(t, table, m, answeredAfter(m))
		ms = append(ms, m)
	}
	if _, err := tr.Handle(t.Context(), batchOf(ms...)); err != nil {
		t.Fatal(err)
	}
	old, err := table.Customers.Get(t.Context(), ms[0].CustomerID)
	if err != nil {
		t.Fatal(err)
	}
	to, err := table.Customers.MoveAlias(t.Context(), old, identity.AliasMove{Alias: ms[0].Customer.Alias, From: start.Add(24 * time.Hour)}, identity.Decision{By: "agent", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Handle(t.Context(), changeOf(old.ID, to)); err != nil {
		t.Fatal(err)
	}
	for id, began := range map[identity.CustomerID]time.Time{old.ID: ms[0].SentAt, to: ms[1].SentAt} {
		list, _, err := table.Contacts.List(t.Context(), id, 10, "")
		if err != nil || len(list) != 1 || !list[0].Start.Equal(began) {
			t.Errorf("contacts %+v, %v", list, err)
		}
	}
}

// answeredAfter returns an answer a minute after m.
func answeredAfter(m message.Message) message.Message {
	a := answered(m)
	a.SentAt = m.SentAt.Add(time.Minute)
	a.ProviderID += "-a"
	a.ID = message.NewID(a.Channel, a.SentAt, a.ProviderID)
	return a
}

// A message that arrives just after its alias moved may be stored under the
// previous owner.
func TestHandle_MessageOfRecentlyMovedAlias(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"on time": false, "before all else that the new owner said": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			arrives := func(n int, at time.Time) message.Message {
				m := says(1, n, 0, unclear)
				m.SentAt = at.Truncate(time.Second).UTC()
				m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
				id, err := table.Customers.Identify(t.Context(), m.Addresses(), identity.Evidence{Rule: identity.RuleWebhook, At: m.SentAt})
				if err != nil {
					t.Fatal(err)
				}
				m.CustomerID = id
				put(t, table, m)
				handle(t, tr, m)
				return m
			}
			first := arrives(1, start)
			old, err := table.Customers.Get(t.Context(), first.CustomerID)
			if err != nil {
				t.Fatal(err)
			}
			d := decided
			d.At = time.Now()
			to, err := table.Customers.MoveAlias(t.Context(), old, identity.AliasMove{Alias: first.Customer.Alias, From: start.Add(time.Hour)}, d)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Handle(t.Context(), changeOf(old.ID, to)); err != nil {
				t.Fatal(err)
			}
			arrives(2, d.At)
			if late {
				arrives(3, d.At.Add(-time.Hour))
			}
			stored, made := contactsOf(t, table, old.ID, to)
			if diff := cmp.Diff(made, stored); diff != "" || len(stored[to]) != 1 {
				t.Errorf("the stored contacts differ from those of the messages:\n%s", diff)
			}
		})
	}
}

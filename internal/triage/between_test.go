package triage_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/triage"
)

// meddled makes identities change on a table after triage read a customer and
// before it creates a contact.
type meddled struct {
	once   sync.Once
	meddle func()
}

// storeOn returns the parts of a table, of which the contacts are meddled.
func (m *meddled) storeOn(table *store.Table) triage.Store {
	s := triage.StoreOf(table)
	s.Contacts = meddledContacts{table.Contacts, m}
	return s
}

type meddledContacts struct {
	store.Contacts
	*meddled
}

func (m meddledContacts) Save(ctx context.Context, k contact.Contact) error {
	if k.Version == 0 {
		m.once.Do(m.meddle)
	}
	return m.Contacts.Save(ctx, k)
}

// contactsOf returns the stored contacts of some customers, and the contacts that
// their messages make.
func contactsOf(t *testing.T, table *store.Table, ids ...identity.CustomerID) (stored, made map[identity.CustomerID][]string) {
	t.Helper()
	stored, made = map[identity.CustomerID][]string{}, map[identity.CustomerID][]string{}
	for _, id := range ids {
		list, _, err := table.Contacts.List(t.Context(), id, 100, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			stored[id] = append([]string{k.ID}, stored[id]...)
		}
		who, err := table.Customers.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if who.ID != id {
			continue
		}
		ms, err := table.Messages.RecentMessages(t.Context(), who, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range contact.Contacts(contact.Read(ms, nil)) {
			made[id] = append(made[id], k.ID)
		}
	}
	return stored, made
}

// An identity change may be handled before a contact is saved that was computed
// from the identities before the change.
func TestHandle_IdentityChangeBeforeSave(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]int{"who has few contacts": 0, "who has many": 12} {
		for kind, change := range map[string]struct {
			before, meddle func(t *testing.T, table *store.Table, one, two message.Message)
		}{
			"a merge": {
				func(*testing.T, *store.Table, message.Message, message.Message) {},
				func(t *testing.T, table *store.Table, one, two message.Message) {
					merge(t, table, two.CustomerID, one.CustomerID)
				},
			},
			"a merge into who writes": {
				func(*testing.T, *store.Table, message.Message, message.Message) {},
				func(t *testing.T, table *store.Table, one, two message.Message) {
					merge(t, table, one.CustomerID, two.CustomerID)
				},
			},
			"an unmerge": {
				func(t *testing.T, table *store.Table, one, two message.Message) {
					merge(t, table, two.CustomerID, one.CustomerID)
				},
				func(t *testing.T, table *store.Table, one, _ message.Message) { unmerge(t, table, one.CustomerID) },
			},
			"an unmerge of the other": {
				func(t *testing.T, table *store.Table, one, two message.Message) {
					merge(t, table, one.CustomerID, two.CustomerID)
				},
				func(t *testing.T, table *store.Table, _, two message.Message) { unmerge(t, table, two.CustomerID) },
			},
			"a number that is given away": {
				func(*testing.T, *store.Table, message.Message, message.Message) {},
				func(t *testing.T, table *store.Table, one, two message.Message) {
					who, err := table.Customers.Get(t.Context(), one.CustomerID)
					if err != nil {
						t.Fatal(err)
					}
					d := decided
					d.At = time.Now()
					if _, err := table.Customers.MoveAlias(t.Context(), who, identity.AliasMove{Alias: one.Customer.Alias, From: one.SentAt.Add(-time.Hour), To: two.CustomerID}, d); err != nil {
						t.Fatal(err)
					}
				},
			},
		} {
			t.Run(kind+", of "+name, func(t *testing.T) {
				t.Parallel()
				tr, table := newTriage(t)
				person := func(n int) message.Message {
					m := says(n, 500, 0, unclear)
					id, err := table.Customers.Identify(t.Context(), m.Addresses(), identity.Evidence{Rule: identity.RuleWebhook, At: m.SentAt})
					if err != nil {
						t.Fatal(err)
					}
					m.CustomerID = id
					return m
				}
				one, two := person(1), person(2)
				two.SentAt = two.SentAt.Add(10 * time.Minute)
				two.ID = message.NewID(two.Channel, two.SentAt, two.ProviderID)
				var old []message.Message
				for n := range early {
					for who, now := range []message.Message{one, two} {
						m := says(1+who, n, time.Duration(n-early)*48*time.Hour, "hallo")
						m.CustomerID = now.CustomerID
						old = append(old, m, answeredAfter(m))
					}
				}
				put(t, table, append(old, two)...)
				handle(t, tr, append(old, two)...)
				change.before(t, table, one, two)
				both := changeOf(one.CustomerID, two.CustomerID)
				if _, err := tr.Handle(t.Context(), both); err != nil {
					t.Fatal(err)
				}

				put(t, table, one)
				late := on(table)
				late.Store = (&meddled{meddle: func() {
					change.meddle(t, table, one, two)
					if resp, err := tr.Handle(t.Context(), both); err != nil || len(resp.BatchItemFailures) > 0 {
						t.Error(resp, err)
					}
				}}).storeOn(table)
				handle(t, late, one)
				stored, made := contactsOf(t, table, one.CustomerID, two.CustomerID)
				if diff := cmp.Diff(made, stored); diff != "" {
					t.Errorf("the stored contacts differ from those of the messages:\n%s", diff)
				}
			})
		}
	}
}

func merge(t *testing.T, table *store.Table, into, from identity.CustomerID) {
	t.Helper()
	d := decided
	d.At = time.Now()
	if _, err := table.Customers.MergeCustomers(t.Context(), into, from, d); err != nil {
		t.Fatal(err)
	}
}

func unmerge(t *testing.T, table *store.Table, id identity.CustomerID) {
	t.Helper()
	d := decided
	d.At = time.Now()
	if _, _, err := table.Customers.UnmergeCustomer(t.Context(), id, d); err != nil {
		t.Fatal(err)
	}
}

// lagging are customers whose weak reads do not see the last identity change.
type lagging struct {
	store.Customers
}

func (lagging) Get(_ context.Context, id identity.CustomerID) (identity.Customer, error) {
	return identity.Customer{ID: id, Members: []identity.CustomerID{id}}, nil
}

func TestHandle_IdentityChangeWithStaleReads(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	one, two := says(1, 1, 0, unclear), says(2, 1, time.Minute, unclear)
	put(t, table, one, two)
	handle(t, tr, one, two)
	merge(t, table, two.CustomerID, one.CustomerID)
	merged := identity.Change{Before: [][]identity.CustomerID{{"c001"}, {"c002"}}, After: [][]identity.CustomerID{{"c002", "c001"}}}
	change := changeEvent(merged, one.CustomerID, two.CustomerID)
	tr.Store.Customers = lagging{table.Customers}
	tr.Store.Detection.Customers = tr.Store.Customers
	if resp, err := tr.Handle(t.Context(), change); err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
	stored, made := contactsOf(t, table, one.CustomerID, two.CustomerID)
	if diff := cmp.Diff(made, stored); diff != "" {
		t.Errorf("the stored contacts differ from those of the messages:\n%s", diff)
	}
}

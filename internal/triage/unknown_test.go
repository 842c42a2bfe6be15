package triage_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/triage"
)

// kept returns the hints of which candidates are made: under the surviving
// customer, and only of stored contacts without a reason.
func kept(t *testing.T, table *store.Table) []problem.UnclassifiedContact {
	t.Helper()
	hints, err := table.Candidates.UnknownContacts(t.Context(), start.Add(-time.Hour), 1000, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	var all []problem.UnclassifiedContact
	for _, u := range hints {
		c, err := table.Customers.Get(t.Context(), u.Customer)
		if err != nil {
			t.Fatal(err)
		}
		u.Customer = c.ID
		k, there, err := table.Contacts.ContactByKey(t.Context(), c.ID, u.At, u.Contact)
		if err != nil {
			t.Fatal(err)
		}
		if !there || len(k.Causes) > 0 {
			continue
		}
		i, again := at[u.Contact]
		if !again {
			i = len(all)
			at[u.Contact] = i
			all = append(all, problem.UnclassifiedContact{Customer: u.Customer, Contact: u.Contact, At: u.At})
		}
		for _, w := range u.Words {
			if !slices.Contains(all[i].Words, w) {
				all[i].Words = append(all[i].Words, w)
			}
		}
	}
	return all
}

// rows returns how many items of the table have hints.
func rows(t *testing.T, db *dynamodb.Client) int {
	t.Helper()
	out, err := db.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(storetest.Name)})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, it := range out.Items {
		if store.KindOfItem(it) == store.KindHint {
			n++
		}
	}
	return n
}

func TestRecordUnknown_OneRowPerBatch(t *testing.T) {
	t.Parallel()
	_, db := storetest.NewWithClient(t)
	table := store.New(db, storetest.Name, storetest.Pepper)
	tr := on(table)
	var ms []message.Message
	for c := range 12 {
		ms = append(ms, says(c, 1, time.Duration(c)*time.Second, fmt.Sprintf("De gasklep fluit %c%c%c%c", 'a'+c, 'b'+c, 'c'+c, 'd'+c)))
	}
	put(t, table, ms...)
	for range 3 {
		slices.Reverse(ms)
		handle(t, tr, ms...)
	}
	if got := rows(t, db); got != 1 {
		t.Errorf("%d rows", got)
	}
	if all := kept(t, table); len(all) != len(ms) {
		t.Errorf("%d contacts were kept of %d", len(all), len(ms))
	}
}

func TestRecordUnknown_WordsAreUnreadable(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	m := says(1, 1, 0, "De gasklep fluit")
	put(t, table, m)
	handle(t, tr, m, m)
	handle(t, tr, m)
	all := kept(t, table)
	if len(all) != 1 || len(all[0].Words) != 2 || all[0].Words[0] != table.Candidates.WordHash("gasklep") || all[0].Contact != contact.IDOf(m.ID) {
		t.Fatalf("kept %+v", all)
	}
	more := says(1, 2, time.Minute, "Ook de kwispel zwabbert")
	put(t, table, more)
	handle(t, tr, more)
	if all = kept(t, table); len(all) != 1 || len(all[0].Words) != 4 {
		t.Errorf("after a second message: %+v", all)
	}
}

func TestUnknownHint_KnownReason(t *testing.T) {
	t.Parallel()
	for name, anew := range map[string]bool{"by what the customer says next": false, "by an agent": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			m := says(1, 1, 0, "De gasklep fluit")
			put(t, table, m)
			handle(t, tr, m)
			if anew {
				correct(t, tr, table, m.CustomerID, cause)
			} else {
				more := says(1, 2, time.Minute, unclear)
				put(t, table, more)
				handle(t, tr, more)
			}
			if all := kept(t, table); len(all) != 0 {
				t.Errorf("kept %+v", all)
			}
		})
	}
}

func TestUnknownHint_MergedCustomers(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	a, b := says(1, 1, 0, "De gasklep fluit"), says(2, 1, 30*time.Hour, "De gasklep fluit")
	end := answered(says(1, 2, time.Hour, "")) // so that the next message starts a contact
	put(t, table, a, b, end)
	handle(t, tr, a, b, end)
	customers := func() map[identity.CustomerID]int {
		got := map[identity.CustomerID]int{}
		for _, u := range kept(t, table) {
			got[u.Customer]++
		}
		return got
	}
	if got := customers(); got["c001"] != 1 || got["c002"] != 1 {
		t.Fatalf("before: %v", got)
	}
	decision := identity.Decision{By: "agent", Why: "test", At: time.Now()}
	if _, err := table.Customers.MergeCustomers(t.Context(), "c002", "c001", decision); err != nil {
		t.Fatal(err)
	}
	handleEvent(t, tr, changeOf("c001", "c002"))
	if got := customers(); got["c001"] != 0 || got["c002"] != 2 {
		t.Errorf("merged: %v", got)
	}
	if _, _, err := table.Customers.UnmergeCustomer(t.Context(), "c001", decision); err != nil {
		t.Fatal(err)
	}
	handleEvent(t, tr, changeOf("c002", "c001"))
	if got := customers(); got["c001"] != 1 || got["c002"] != 1 {
		t.Errorf("unmerged: %v", got)
	}
}

func handleEvent(t *testing.T, tr *triage.Triage, ev events.DynamoDBEvent) {
	t.Helper()
	if resp, err := tr.Handle(t.Context(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
}

// Two customers who both reported a cause are merged and unmerged. The counts, the
// affected customers and the window follow.
func TestReconcile_MergeAndUnmerge(t *testing.T) {
	t.Parallel()
	for _, opened := range []bool{true, false} {
		t.Run(fmt.Sprint("a problem is open: ", opened), func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			customers := 4
			if opened {
				customers = 6
			}
			for c := range customers {
				m := says(c+1, 1, time.Duration(c)*time.Hour, unclear)
				if c == 0 { // a separate contact, also when the two are merged
					m = says(1, 1, 36*time.Hour, unclear)
				}
				end := m
				end.SentAt = m.SentAt.Add(10 * time.Minute)
				end.ID, end.ProviderID = message.NewID(message.WhatsApp, end.SentAt, m.ProviderID+"-answer"), m.ProviderID+"-answer"
				end = answered(end)
				put(t, table, m, end)
				handle(t, tr, m, end)
			}
			is := func(when string, customers, contacts int) {
				t.Helper()
				seen, err := table.Causes.Occurrences(t.Context(), cause, "", "0", "9", 100, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if !opened {
					who := map[identity.CustomerID]bool{}
					for _, s := range seen {
						who[s.Customer] = true
					}
					if len(who) != customers || len(seen) != contacts || len(problems(t, table, "billing")) != 0 {
						t.Errorf("%s the window holds %d contacts of %d customers, want %d of %d", when, len(seen), len(who), contacts, customers)
					}
					return
				}
				p := problems(t, table, "billing")[0]
				affected, _, err := table.Problems.AffectedCustomers(t.Context(), p.ID, 100, "")
				if err != nil {
					t.Fatal(err)
				}
				listed := 0
				for _, a := range affected {
					listed += len(a.Occurrences)
				}
				if p.Customers != customers || p.Contacts != contacts || len(affected) != customers || listed != contacts {
					t.Errorf("%s %d contacts of %d customers, listed %d of %d; want %d of %d", when, p.Contacts, p.Customers, listed, len(affected), contacts, customers)
				}
			}
			is("at first", customers, customers)
			decision := identity.Decision{By: "agent", Why: "test", At: time.Now()}
			if _, err := table.Customers.MergeCustomers(t.Context(), "c002", "c001", decision); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the stream repeats the batch
				handleEvent(t, tr, changeOf("c001", "c002"))
			}
			is("merged", customers-1, customers)
			if _, _, err := table.Customers.UnmergeCustomer(t.Context(), "c001", decision); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				handleEvent(t, tr, changeOf("c002", "c001"))
			}
			is("unmerged", customers, customers)
		})
	}
}

func TestUnknownHint_BurstIsACandidate(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for c := range 36 {
		at, text := time.Duration(c)*time.Minute, fmt.Sprintf("De eigenwoord%c%c en een lantaarn", 'a'+c/6, 'a'+c%6)
		if c >= 30 {
			at, text = 40*time.Hour+time.Duration(c)*time.Minute, "De gasklep fluit"
		}
		ms = append(ms, says(c, 1, at, text))
	}
	put(t, table, ms...)
	handle(t, tr, ms...)
	got := problem.Bursts(kept(t, table), start.Add(41*time.Hour), nil)
	if len(got) != 1 || got[0].Customers != 6 {
		t.Errorf("%d kept, got %+v", len(kept(t, table)), got)
	}
}

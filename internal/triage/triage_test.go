package triage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

func TestHandle_FiveCustomersOpenAProblem(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for c := range 4 {
		ms = append(ms, says(c, 1, time.Duration(c)*time.Hour, unclear))
	}
	put(t, table, ms...)
	handle(t, tr, ms...)
	if ps := problems(t, table, "billing"); len(ps) != 0 {
		t.Fatalf("four customers opened %d problems", len(ps))
	}
	fifth := says(4, 1, 5*time.Hour, "Mijn factuur is onduidelijk, waar zijn die kosten voor?")
	put(t, table, fifth)
	for range 3 { // the stream repeats the batch
		handle(t, tr, fifth)
		handle(t, tr, append(ms, fifth)...)
	}
	ps := problems(t, table, "billing")
	if len(ps) != 1 {
		t.Fatalf("%d problems", len(ps))
	}
	p := ps[0]
	if p.Reason != cause || p.Customers != 5 || p.Contacts != 5 || p.Version != 1 || p.State != problem.Detected || len(p.Events) != 1 {
		t.Errorf("problem %+v", p)
	}
	if len(p.Quotes) == 0 {
		t.Error("no quote")
	}
	affected, _, err := table.Problems.AffectedCustomers(t.Context(), p.ID, 100, "")
	if err != nil || len(affected) != 5 {
		t.Errorf("affected %v %v", affected, err)
	}
}

func TestHandle_FiftyMessagesOfOneCustomer(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for n := range 50 {
		ms = append(ms, says(1, n, time.Duration(n)*30*time.Minute, unclear))
	}
	put(t, table, ms...)
	handle(t, tr, ms...)
	if ps := problems(t, table, "billing"); len(ps) != 0 {
		t.Errorf("%d problems", len(ps))
	}
}

func TestHandle_EverydayReasonOpensNothing(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for c := range 12 {
		ms = append(ms, says(c, 1, time.Duration(c)*time.Minute, "Waar blijft mijn bestelling?"))
	}
	put(t, table, ms...)
	handle(t, tr, ms...)
	for _, d := range shop.Departments {
		if ps := problems(t, table, d.ID); len(ps) != 0 {
			t.Errorf("%s has %d problems of %s", d.ID, len(ps), ps[0].Reason)
		}
	}
	day := start.In(amsterdam).Format(time.DateOnly)
	seen, err := table.Causes.Occurrences(t.Context(), "order-status", "", day, day, 100, time.Now())
	if err != nil || len(seen) != 12 {
		t.Errorf("%d seen, %v", len(seen), err)
	}
}

func TestHandle_Milestones(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var all []message.Message
	for c := range 27 {
		m := says(c, 1, time.Duration(c)*time.Minute, unclear)
		all = append(all, m)
		put(t, table, m)
		handle(t, tr, m)
	}
	more := says(3, 2, 40*time.Hour, "Weer een onduidelijke factuur") // a second contact of one customer
	put(t, table, answered(says(3, 9, time.Hour, "")), more)
	handle(t, tr, more)
	handle(t, tr, append(all, more)...)
	ps := problems(t, table, "billing")
	if len(ps) != 1 || ps[0].Customers != 27 || ps[0].Contacts != 28 || ps[0].Version != 3 || ps[0].Milestone != 25 {
		t.Fatalf("%+v", ps)
	}
}

func TestHandle_ContactsAfterFixReopen(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for c := range 5 {
		m := says(c, 1, time.Duration(c)*time.Minute, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	p := problems(t, table, "billing")[0]
	for _, to := range []problem.State{problem.Acknowledged, problem.Fixed} {
		next, evs, err := problem.ApplyUpdate(p.Problem, problem.Update{To: to, By: "els", At: start.Add(2 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		p.Problem, p.Events = next, evs
		if err := table.Problems.Save(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		p.Revision++
	}
	for c := range 5 {
		m := says(10+c, 1, 3*time.Hour+time.Duration(c)*time.Minute, unclear)
		put(t, table, m)
		handle(t, tr, m)
		want := problem.Fixed
		if c == 4 {
			want = problem.Detected
		}
		if got := problems(t, table, "billing"); len(got) != 1 || got[0].State != want {
			t.Fatalf("after %d: %+v", c+1, got)
		}
	}
	if got := problems(t, table, "billing")[0]; got.Reopened != 1 || got.Customers != 10 || got.Events[0].Kind != problem.EventReopened {
		t.Errorf("%+v", got)
	}
}

func TestHandle_WaitingList(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	waiting := func(department string) int {
		list, _, err := table.Contacts.WaitingContacts(t.Context(), []string{department}, 100, "")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	hello := says(1, 1, 0, "Hallo?")
	put(t, table, hello)
	handle(t, tr, hello)
	if waiting(contact.Unassigned) != 1 {
		t.Error("a customer who says hello is not waiting")
	}
	what := says(1, 2, time.Minute, unclear)
	put(t, table, what)
	handle(t, tr, what)
	if waiting(contact.Unassigned) != 0 || waiting("billing") != 1 {
		t.Error("the registered reason did not assign the contact to billing")
	}
	answer := answered(says(1, 3, time.Hour, ""))
	put(t, table, answer)
	handle(t, tr, answer)
	if waiting("billing") != 0 {
		t.Error("an answered customer is waiting")
	}
	thanks := says(1, 4, 2*time.Hour, "Dank u, maar ik begrijp het nog niet")
	put(t, table, thanks)
	handle(t, tr, thanks)
	if waiting("billing") != 1 {
		t.Error("a customer who asks again is not waiting")
	}
	ks, _, err := table.Contacts.List(t.Context(), "c001", 10, "")
	if err != nil || len(ks) != 1 || !ks[0].FirstAnswer.Equal(start.Add(time.Hour)) || !ks[0].WaitingSince.Equal(start.Add(2*time.Hour)) {
		t.Errorf("contacts %+v %v", ks, err)
	}
}

func TestHandle_OrderNumberNamesProduct(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	_, err := table.Customers.RegisterCustomer(t.Context(), identity.Registration{
		Account: "K-1", At: start, Orders: []identity.Order{{Number: "WS-100001", Products: []string{"air-fryer"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ms := []message.Message{says(1, 1, 0, "Hij is kapot, hij doet niks meer"), says(1, 2, time.Minute, "Het gaat om bestelling WS-100001")}
	put(t, table, ms...)
	handle(t, tr, ms...)
	ks, _, err := table.Contacts.List(t.Context(), "c001", 10, "")
	if err != nil || len(ks) != 1 || len(ks[0].Causes) == 0 || ks[0].Causes[0].Reason != "defect" || ks[0].Causes[0].Product != "air-fryer" {
		t.Errorf("contacts %+v %v", ks, err)
	}
}

func TestHandle_QuotesWithoutPersonalData(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for c := range 5 {
		m := says(c, 1, time.Duration(c)*time.Minute, fmt.Sprintf("Ik ben Xanthippe Kwaakhals, ik snap mijn factuur niet, bel 06-1234567%d", c))
		m.Name = "Xanthippe Kwaakhals"
		put(t, table, m)
		handle(t, tr, m)
	}
	ps := problems(t, table, "billing")
	if len(ps) != 1 {
		t.Fatal(ps)
	}
	for _, q := range ps[0].Quotes {
		for _, leak := range []string{"Xanthippe", "Kwaakhals", "1234567"} {
			if strings.Contains(q, leak) {
				t.Errorf("quote %q", q)
			}
		}
	}
}

// An item opens with two quotes if two customers wrote a sentence, also if both
// wrote the same with other personal data. A code of three customers stays.
func TestHandle_OpeningHasTwoQuotes(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]func(c int) string{
		"alike": func(c int) string { return fmt.Sprintf("Ik snap de regel over %d euro op mijn factuur niet", 10+c) },
		"an unknown word": func(c int) string {
			return fmt.Sprintf("Ik snap mijn factuur van %s niet en ik wil graag uitleg", []string{"Xqwel", "Brumo", "Zwoef", "Trolp", "Knirf"}[c])
		},
		"two of five": func(c int) string {
			return []string{"factuur onduidelijk", "Ik snap mijn factuur niet, wat is regel 3", "onduidelijke factuur", "Mijn factuur is onduidelijk, waar zijn die kosten voor?", "factuur onduidelijk"}[c]
		},
		"code of many": func(c int) string {
			return "Ik snap mijn factuur niet, waar is de korting van HERFST15 op regel " + fmt.Sprint(c+1)
		},
		"one of each code": func(c int) string { return fmt.Sprintf("Ik snap mijn factuur niet, wat is BX471%d voor een post", c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			for c := range 5 {
				m := says(c, 1, time.Duration(c)*time.Minute, text(c))
				put(t, table, m)
				handle(t, tr, m)
			}
			ps := problems(t, table, "billing")
			if len(ps) != 1 {
				t.Fatalf("%d problems, want 1", len(ps))
			}
			quotes := ps[0].Quotes
			if len(quotes) < 2 {
				t.Errorf("quotes %q, want two or three", quotes)
			}
			all := strings.Join(quotes, " ")
			if want := name == "code of many"; strings.Contains(all, "HERFST15") != want {
				t.Errorf("quotes %q have the code HERFST15: %t, want %t", quotes, !want, want)
			}
			if strings.Contains(all, "BX471") {
				t.Errorf("quotes %q have a code of one customer", quotes)
			}
		})
	}
}

func TestHandle_ConcurrentBatchesOpenOneProblem(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for c := range 40 {
		ms = append(ms, says(c, 1, time.Duration(c)*time.Minute, unclear))
	}
	put(t, table, ms...)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { // two batches of each, overlapping
			handle(t, tr, ms[i*5:min(len(ms), i*5+10)]...)
		})
	}
	wg.Wait()
	ps := problems(t, table, "billing")
	if len(ps) != 1 || ps[0].Customers != 40 || ps[0].Contacts != 40 {
		t.Fatalf("%d problems: %+v", len(ps), ps)
	}
}

func TestHandle_ConcurrentBatchesOfOneCustomer(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for round := range 10 {
		var ms []message.Message
		for n := range 6 {
			m := says(2000+round, n, time.Duration(6-n)*5*time.Hour, "hallo")
			if n == 3 {
				m = answered(m)
			}
			ms = append(ms, m)
		}
		var wg sync.WaitGroup
		for _, m := range ms {
			wg.Go(func() {
				put(t, table, m)
				handle(t, tr, m)
			})
		}
		wg.Wait()
		want := contact.Contacts(contact.Read(ms, nil))
		got, _, err := table.Contacts.List(t.Context(), ms[0].CustomerID, 100, "")
		if err != nil || len(got) != len(want) {
			t.Fatalf("round %d: %d contacts, want %d, %v", round, len(got), len(want), err)
		}
	}
}

func TestHandle_BatchesInAnyOrder(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	round := 0
	texts := []string{"hallo", unclear, "mijn pakket is niet geleverd", "bedankt", "the manual is unclear"}
	rapid.Check(t, func(rt *rapid.T) {
		round++
		customer := 1000 + round
		var ms []message.Message
		for n := range rapid.IntRange(1, 12).Draw(rt, "messages") {
			m := says(customer, n, time.Duration(rapid.IntRange(0, 44).Draw(rt, "hour"))*time.Hour, rapid.SampledFrom(texts).Draw(rt, "text"))
			m.ID += message.ID(fmt.Sprint(n))
			if rapid.IntRange(0, 2).Draw(rt, "answer") == 0 {
				m = answered(m)
			}
			ms = append(ms, m)
		}
		order := rapid.Permutation(ms).Draw(rt, "order")
		for batch := range slices.Chunk(order, rapid.IntRange(1, 5).Draw(rt, "size")) {
			put(t, table, batch...)
			handle(t, tr, batch...)
			if rand.IntN(2) == 0 {
				handle(t, tr, batch...)
			}
		}
		want := contact.Contacts(readingsOf(ms))
		slices.Reverse(want)
		got, _, err := table.Contacts.List(t.Context(), ms[0].CustomerID, 100, "")
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(),
			cmpopts.IgnoreFields(contact.Contact{}, "Version", "Messages", "Causes", "Department", "Severity", "Taxonomy")); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestOpenProblem_OldOccurrences(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	early := says(99, 1, -10*24*time.Hour, unclear)
	put(t, table, early)
	handle(t, tr, early)
	for c := range 5 {
		m := says(c, 1, time.Duration(c)*time.Hour, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	late := says(98, 1, -11*24*time.Hour, unclear) // arrives after the opening
	put(t, table, late)
	handle(t, tr, late)
	if ps := problems(t, table, "billing"); len(ps) != 1 || ps[0].Customers != 7 {
		t.Errorf("%+v", ps)
	}
}

func TestHandle_TwoMilestonesAtOnce(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for c := range 35 {
		ms = append(ms, says(c, 1, time.Duration(c)*time.Minute, unclear))
	}
	put(t, table, ms...)
	handle(t, tr, ms[:5]...)
	handle(t, tr, ms[5:]...)
	ps := problems(t, table, "billing")
	if len(ps) != 1 || ps[0].Customers != 35 || ps[0].Version != 2 || len(ps[0].Events) != 1 || ps[0].Events[0].Milestone != 25 {
		t.Errorf("%+v", ps)
	}
}

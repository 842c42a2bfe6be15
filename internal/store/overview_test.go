package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestProblemsOfDepartments(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	departments := []string{"billing", "it", "returns"}
	var want []string
	for i := range 9 {
		p, events := problem.Open(problem.Seed{ID: fmt.Sprint("p", i), Reason: fmt.Sprint("r", i), Department: departments[i%3]}, start.Add(time.Duration(i)*time.Minute))
		if err := table.Problems.Create(t.Context(), problem.Record{Problem: p, Events: events}, nil); err != nil {
			t.Fatal(err)
		}
		want = append([]string{p.ID}, want...)
	}
	for limit := 1; limit < 11; limit++ {
		var got []string
		cursor := ""
		for {
			list, next, err := table.Problems.ProblemsOfDepartments(t.Context(), departments, problem.Detected, limit, cursor)
			if err != nil || len(list) > limit {
				t.Fatal(len(list), err)
			}
			for _, p := range list {
				got = append(got, p.ID)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
	}
	for state, n := range map[problem.State]int{"": 6, problem.Detected: 6, problem.Fixed: 0} {
		list, _, err := table.Problems.ProblemsOfDepartments(t.Context(), departments[:2], state, 50, "")
		if err != nil || len(list) != n {
			t.Errorf("%q: %d problems, want %d (%v)", state, len(list), n, err)
		}
	}
}

// An escalation lists a problem to the lead, beside the owner, until it ends. It
// never lists the problem twice, on any size of page.
func TestProblemsOfDepartments_Escalated(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	var want []string
	for i := range 6 {
		owner := []string{"billing", "it"}[i%2]
		p, events := problem.Open(problem.Seed{ID: fmt.Sprint("p", i), Reason: fmt.Sprint("r", i), Department: owner}, start.Add(time.Duration(i)*time.Minute))
		if i%3 != 0 {
			p, events = problem.Escalate(p, []string{"it", "billing"}[i%2], start)
		}
		if err := table.Problems.Create(t.Context(), problem.Record{Problem: p, Events: events}, nil); err != nil {
			t.Fatal(err)
		}
		want = append([]string{p.ID}, want...)
	}
	list := func(limit int, departments ...string) (got []string) {
		cursor := ""
		for {
			page, next, err := table.Problems.ProblemsOfDepartments(t.Context(), departments, problem.Detected, limit, cursor)
			if err != nil || len(page) > limit {
				t.Fatal(len(page), err)
			}
			for _, p := range page {
				got = append(got, p.ID)
			}
			if cursor = next; cursor == "" {
				return got
			}
		}
	}
	for limit := 1; limit < 8; limit++ {
		if diff := cmp.Diff(want, list(limit, "billing", "it")); diff != "" {
			t.Errorf("both, %d a page (-want +got):\n%s", limit, diff)
		}
		if diff := cmp.Diff([]string{"p5", "p4", "p2", "p1", "p0"}, list(limit, "billing")); diff != "" {
			t.Errorf("billing, %d a page (-want +got):\n%s", limit, diff)
		}
	}
	owned, _, err := table.Problems.List(t.Context(), "billing", "", 50, "")
	if err != nil || len(owned) != 3 {
		t.Errorf("List has %d problems of billing, %v; want the 3 that it owns", len(owned), err)
	}
	ids, err := table.Problems.ProblemIDs(t.Context(), []string{"it"}, 50)
	if diff := cmp.Diff([]string{"p5", "p4", "p3", "p2", "p1"}, ids); err != nil || diff != "" {
		t.Errorf("ProblemIDs of it: %v (-want +got):\n%s", err, diff)
	}
	p, err := table.Problems.Get(t.Context(), "p5")
	if err != nil {
		t.Fatal(err)
	}
	if p.Problem, p.Events, err = problem.ApplyUpdate(p.Problem, problem.Update{To: problem.Acknowledged, At: start}); err != nil {
		t.Fatal(err)
	}
	if err := table.Problems.Save(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"p4", "p2", "p1", "p0"}, list(50, "billing")); diff != "" {
		t.Errorf("billing after the acknowledgement (-want +got):\n%s", diff)
	}
}

func TestCustomerContacts_Merged(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	c := identity.Customer{ID: "c1", Members: []identity.CustomerID{"c1", "c2"}}
	var want []string
	for i := range 7 {
		k := contact.Contact{ID: fmt.Sprint("k", i), Customer: c.Members[i%2], Start: start.Add(time.Duration(i) * time.Minute), Department: "it"}
		if err := table.Contacts.Save(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		want = append([]string{k.ID}, want...)
	}
	both := contact.Contact{ID: "k6", Customer: "c2", Start: start.Add(6 * time.Minute), Department: "it"}
	if err := table.Contacts.Save(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	for limit := 1; limit < 9; limit++ {
		var got []string
		cursor := ""
		for {
			list, next, err := table.Contacts.CustomerContacts(t.Context(), c, limit, cursor)
			if err != nil || len(list) > limit {
				t.Fatal(len(list), err)
			}
			for _, k := range list {
				got = append(got, k.ID)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
	}
}

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

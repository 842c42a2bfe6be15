package triage_test

import (
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// When a part is merged into another problem, and that one into the whole, the
// whole is a part of itself.
func TestJoinProblem_PartOfItself(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for c := range 5 {
		m := says(c, 1, time.Duration(c)*time.Minute, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	whole := problems(t, table, "billing")[0]
	part := problem.Record{Problem: whole.Problem}
	part.ID, part.SplitFrom, part.State, part.MergedInto, part.Version = "part", whole.ID, problem.Merged, whole.ID, 1
	whole.Parts = []problem.Part{{ID: part.ID, Words: []string{"iets"}}}
	if err := table.Problems.Split(t.Context(), whole, part); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Customers.MergeCustomers(t.Context(), "c000", "c001", identity.Decision{By: "agent", Why: "test", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	ev := changeEvent(identity.Change{Before: [][]identity.CustomerID{{"c000"}, {"c001"}}, After: [][]identity.CustomerID{{"c000", "c001"}}}, "c000", "c001")
	resp, err := tr.Handle(t.Context(), ev)
	if err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
	if got, err := table.Problems.Get(t.Context(), whole.ID); err != nil || got.Customers != 4 {
		t.Errorf("%d customers, want 4: %v", got.Customers, err)
	}
}

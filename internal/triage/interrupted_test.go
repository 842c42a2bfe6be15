package triage_test

import (
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/triage"
)

// A run that is killed between the evidence and the contacts loses no evidence, also if
// later messages make a contact right that the run would have dropped.
func TestHandle_InterruptedLoss(t *testing.T) {
	t.Parallel()
	for writes := range 12 {
		tr, table := newTriage(t)
		// Four customers with the cause: the fifth opens a problem.
		for customer := 1; customer <= 4; customer++ {
			m := says(customer, 1, 0, unclear)
			put(t, table, m)
			handle(t, tr, m)
		}
		named := says(5, 4, 3*time.Hour, unclear) // opens a contact of its own
		vague := says(5, 3, 2*time.Hour, "Ik heb een vraag")
		other := says(5, 1, time.Hour, "Waar blijft mijn pakket?")
		put(t, table, named)
		handle(t, tr, named)

		// With the vague message its contact takes the cause. The run is killed.
		put(t, table, vague)
		m := &mortal{}
		m.left.Store(int64(writes))
		dying := triage.Triage{Store: m.storeOn(table), Taxonomy: shop, Zone: amsterdam, Meter: tr.Meter, Now: time.Now}
		_, _ = dying.Handle(t.Context(), batchOf(vague)) // an error, or done before the kill

		// With a message before it, the vague one belongs to another contact.
		put(t, table, other)
		handle(t, tr, vague, other)
		ps := problems(t, table, "billing")
		if len(ps) != 1 || ps[0].Customers != 5 {
			t.Errorf("killed after %d writes: got %d problems, want one with 5 customers", writes, len(ps))
			for _, p := range ps {
				t.Logf("problem with %d customers", p.Customers)
			}
		}
		affected, _, err := table.Problems.AffectedCustomers(t.Context(), ps[0].ID, 10, "")
		if err != nil || len(affected) != 5 {
			t.Errorf("killed after %d writes: got %d affected customers, want 5; %v", writes, len(affected), err)
		}
	}
}

package triage_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/store"
)

// TestHandle_DecisionRecord checks that a decision about a message makes triage look at
// its contact again.
func TestHandle_DecisionRecord(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	m := says(3, 1, 0, unclear)
	put(t, table, m)
	d := contact.DecisionChange{Customer: m.CustomerID, Message: m.ID, Asks: contact.Yes, By: "els", At: start}
	if _, err := table.Contacts.Decide(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	stream(t, tr, store.NewDecisionRecord(m.CustomerID, m.ID))
	if k := only(t, table, m.CustomerID); !k.Waiting() {
		t.Errorf("contact: got state %s, want waiting", k.State(start))
	}
}

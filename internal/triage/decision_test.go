package triage_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/store"
)

// A decision about a message makes triage compute its contacts again, and replaces what
// the words say.
func TestHandle_Decision(t *testing.T) {
	t.Parallel()
	const thanks = "Top, bedankt!"
	tests := map[string]struct {
		text           string
		asks           contact.Choice
		machine        contact.Choice
		contacts, wait int // want
	}{
		"it asks after all":          {thanks, contact.Yes, contact.Keep, 1, 1},
		"it asks nothing after all":  {unclear, contact.No, contact.Keep, 1, 0},
		"a program wrote it":         {unclear, contact.Keep, contact.Yes, 0, 0},
		"the decision was withdrawn": {unclear, contact.Withdraw, contact.Withdraw, 1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			m := says(3, 1, 0, tt.text)
			put(t, table, m)
			handle(t, tr, m)
			d := contact.DecisionChange{Customer: m.CustomerID, Message: m.ID, Asks: tt.asks, Machine: tt.machine, By: "els", At: start}
			if _, err := table.Contacts.Decide(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			stream(t, tr, store.NewDecisionRecord(m.CustomerID, m.ID))
			ks, _, err := table.Contacts.List(t.Context(), m.CustomerID, 10, "")
			if err != nil {
				t.Fatal(err)
			}
			if len(ks) != tt.contacts {
				t.Errorf("contacts: got %d, want %d", len(ks), tt.contacts)
			}
			waiting := 0
			for _, k := range ks {
				if k.Waiting() {
					waiting++
				}
			}
			if waiting != tt.wait {
				t.Errorf("waiting contacts: got %d, want %d", waiting, tt.wait)
			}
		})
	}
}

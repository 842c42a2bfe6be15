package triage_test

import (
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/message"
)

// Three wishes of one customer are three contacts, each waiting for its own department.
func TestHandle_ThreeWishes(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	ms := []message.Message{
		says(1, 1, 0, "Mijn factuur klopt niet."),
		says(1, 2, 0, "Waar blijft mijn pakket?"),
		says(1, 3, time.Second, "Ik wil ruilen."),
	}
	put(t, table, ms...)
	for range 2 {
		for _, m := range ms {
			handle(t, tr, m)
		}
	}
	for _, department := range []string{"billing", "logistics", "returns"} {
		waiting, _, err := table.Contacts.WaitingContacts(t.Context(), []string{department}, 10, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(waiting) != 1 {
			t.Errorf("%s: got %d waiting contacts, want 1", department, len(waiting))
		}
	}
	ks, _, err := table.Contacts.List(t.Context(), "c001", 10, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(ks) != 3 {
		t.Errorf("got %d contacts, want 3: %+v", len(ks), ks)
	}
}

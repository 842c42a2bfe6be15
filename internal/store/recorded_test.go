package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestPutRecordedMessage_Twice(t *testing.T) {
	t.Parallel()
	members := []identity.CustomerID{"c1", "c2"}
	for name, again := range map[string]func(*contact.Message){
		"the same":                   func(*contact.Message) {},
		"at another time":            func(m *contact.Message) { m.SentAt = m.SentAt.Add(23 * time.Hour) },
		"under another member":       func(m *contact.Message) { m.CustomerID = "c2" },
		"earlier, and under another": func(m *contact.Message) { m.CustomerID, m.SentAt = "c2", m.SentAt.Add(-time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := storetest.New(t)
			m := message("c1", 1, "een antwoord")
			m.Direction, m.Origin = contact.Outbound, contact.Recorded
			first, created, err := table.PutRecordedMessage(t.Context(), members, m, "c/1/m/x.json")
			if err != nil || !created || first.Whole != "c/1/m/x.json" {
				t.Fatal(first, created, err)
			}
			n := m
			again(&n)
			n.ID = contact.NewID(n.Channel, n.SentAt, n.ProviderID)
			second, created, err := table.PutRecordedMessage(t.Context(), members, n, "")
			if err != nil || created {
				t.Fatal(created, err)
			}
			if diff := cmp.Diff(first, second); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("another id is another message", func(t *testing.T) {
		t.Parallel()
		table := storetest.New(t)
		for i := range 3 {
			if _, created, err := table.PutRecordedMessage(t.Context(), members, message("c1", i, "x"), ""); err != nil || !created {
				t.Error(created, err)
			}
		}
		if _, _, err := table.PutRecordedMessage(t.Context(), members, contact.Message{}, ""); err == nil {
			t.Error("nothing at all is stored")
		}
	})
}

package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestPutRecordedMessage_Twice(t *testing.T) {
	t.Parallel()
	c := identity.Customer{ID: "c1", Members: []identity.CustomerID{"c1", "c2"}}
	for name, again := range map[string]func(*message.Message){
		"the same":                   func(*message.Message) {},
		"at another time":            func(m *message.Message) { m.SentAt = m.SentAt.Add(23 * time.Hour) },
		"under another member":       func(m *message.Message) { m.CustomerID = "c2" },
		"earlier, and under another": func(m *message.Message) { m.CustomerID, m.SentAt = "c2", m.SentAt.Add(-time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := storetest.New(t)
			m := newMessage("c1", 1, "een antwoord")
			m.Direction, m.Origin = message.Outbound, message.Recorded
			first, created, err := table.Messages.PutRecordedMessage(t.Context(), c, m, "c/1/m/x.json")
			if err != nil || !created || first.Whole != "c/1/m/x.json" {
				t.Fatal(first, created, err)
			}
			n := m
			again(&n)
			n.ID = message.NewID(n.Channel, n.SentAt, n.ProviderID)
			second, created, err := table.Messages.PutRecordedMessage(t.Context(), c, n, "")
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
			if _, created, err := table.Messages.PutRecordedMessage(t.Context(), c, newMessage("c1", i, "x"), ""); err != nil || !created {
				t.Error(created, err)
			}
		}
		if _, _, err := table.Messages.PutRecordedMessage(t.Context(), c, message.Message{}, ""); err == nil {
			t.Error("nothing at all is stored")
		}
	})
}

package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestRegisteredContacts(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	var want []string
	for i, change := range []func(*message.Message){
		func(m *message.Message) { m.Text = "klant vraagt waar het pakket blijft" },
		func(m *message.Message) { m.Text = "" }, // says nothing about the reason
		func(m *message.Message) { m.Reason = "" },
		func(m *message.Message) { m.ReceivedAt = m.SentAt.Add(2 * time.Hour) }, // late
		func(m *message.Message) { m.CustomerID = "c2" },
	} {
		m := newMessage("c1", i, "factuur klopt niet")
		m.Channel = message.Phone
		m.Origin = message.Recorded
		m.Reason = "invoice-wrong"
		m.ReceivedAt = m.SentAt.Add(time.Minute)
		change(&m)
		m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
		if _, _, err := table.Messages.PutRecordedMessage(t.Context(), identity.Customer{ID: m.CustomerID, Members: []identity.CustomerID{m.CustomerID}}, m, ""); err != nil {
			t.Fatal(err)
		}
		if i == 0 || i == 4 {
			want = append([]string{string(m.CustomerID) + " " + m.Text}, want...)
		}
	}
	list := func(since time.Time, n int) []string {
		t.Helper()
		ms, err := table.Messages.RegisteredContacts(t.Context(), since, n)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{}
		for _, m := range ms {
			texts = append(texts, string(m.CustomerID)+" "+m.Text)
		}
		return texts
	}
	first := newMessage("c1", 0, "").SentAt
	if diff := cmp.Diff(want, list(first, 10)); diff != "" {
		t.Errorf("registered contacts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:1], list(first, 1)); diff != "" {
		t.Errorf("the latest one (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:1], list(first.Add(time.Second), 10)); diff != "" {
		t.Errorf("since a later time (-want +got):\n%s", diff)
	}
}

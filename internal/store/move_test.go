package store_test

import (
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// A number has a new owner. Late effects on an old message belong to the old
// owner.
func TestMoveAlias_LateEffects(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	clock := start.Add(time.Hour)
	s.table.Now = func() time.Time { return clock }
	a := s.says(1, "van de oude eigenaar", phone(1))
	b, err := s.table.Customers.MoveAlias(t.Context(), s.who(a), identity.AliasMove{Alias: phone(1).Alias, From: start.Add(30 * time.Minute)}, identity.Decision{By: "agent", Why: "test", At: clock})
	if err != nil {
		t.Fatal(err)
	}
	between := s.says(40, "van de nieuwe, stored where the old one's lie", phone(1))
	if between != a {
		t.Fatalf("a message from before the decision lies with %s", between)
	}
	look := func(id identity.CustomerID, cursor string) contact.Changes {
		t.Helper()
		ch, err := s.table.Contacts.ChangesSince(t.Context(), s.who(id), id, cursor, 100)
		if err != nil || !ch.Complete {
			t.Fatal(ch, err)
		}
		return ch
	}
	clock = start.Add(2 * time.Hour)
	ofA, ofB := look(a, ""), look(b, "")

	clock = start.Add(10 * time.Hour)
	s.says(9*60, "van de nieuwe", phone(1))
	for _, target := range []string{"wamid.scene-1", "wamid.scene-2", "wamid.scene-3", "wamid.unknown"} {
		e := message.Effect{Channel: message.WhatsApp, Customer: phone(1), Target: target, Kind: message.Edit, At: clock, Text: "edited " + target}
		id, err := s.table.Customers.Identify(t.Context(), []identity.Address{e.Customer}, identity.Evidence{Rule: identity.RuleWebhook, At: e.At})
		if err != nil || id != b {
			t.Fatal(id, err)
		}
		if _, err := s.table.Messages.PutEffect(t.Context(), id, e); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[identity.CustomerID][]string{a: {"edited wamid.scene-1"}, b: {"edited wamid.scene-2", "edited wamid.scene-3"}} {
		page, err := s.table.Messages.History(t.Context(), s.who(id), message.Query{Limit: 10, Oldest: true})
		if err != nil || len(page.Entries) != len(want) {
			t.Fatal(page, err)
		}
		for i, e := range page.Entries {
			if e.State == nil || e.State.Edited != want[i] {
				t.Errorf("%s is %+v, want %q", e.ProviderID, e.State, want[i])
			}
		}
		since := ofA
		if id == b {
			since = ofB
		}
		ch := look(id, since.Cursor)
		got := map[string]bool{}
		for _, e := range ch.Effects {
			got[e.State.Edited] = true
		}
		if len(got) != len(want) || ch.Regrouped {
			t.Errorf("changes of %s tell %v, want %v", id, got, want)
		}
		for _, text := range want {
			if !got[text] {
				t.Errorf("changes do not tell %q", text)
			}
		}
		for _, e := range ch.Entries {
			if (e.ProviderID == "wamid.scene-3") != (id == b) {
				t.Errorf("changes of %s have %s", id, e.ProviderID)
			}
		}
	}
}

func TestMoveAlias_ChangesSince(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.says(1, "x", phone(1))
	first, err := s.table.Contacts.ChangesSince(t.Context(), s.who(a), a, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.table.Customers.MoveAlias(t.Context(), s.who(a), identity.AliasMove{Alias: phone(1).Alias, From: start}, identity.Decision{By: "agent", Why: "test", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if ch, err := s.table.Contacts.ChangesSince(t.Context(), s.who(a), a, first.Cursor, 10); err != nil || !ch.Regrouped {
		t.Error("who gave an alias away is as before", ch, err)
	}
}

// A watermark concerns only the messages of its own owner, even if it is late.
func TestMoveAlias_Watermark(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	page := verified(identity.PSID, "page", "7700")
	put := func(minute int, id identity.CustomerID) {
		t.Helper()
		m := newMessage(id, minute, "antwoord")
		m.Channel, m.Direction, m.Customer = message.Messenger, message.Outbound, page
		m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
		if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
			t.Fatal(err)
		}
	}
	whose := func(minute int) identity.CustomerID {
		t.Helper()
		id, err := table.Customers.Identify(t.Context(), []identity.Address{page}, identity.Evidence{Rule: identity.RuleWebhook, At: start.Add(time.Duration(minute) * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a := whose(0)
	put(1, a)
	put(31, a)
	owner, err := table.Customers.Get(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	b, err := table.Customers.MoveAlias(t.Context(), owner, identity.AliasMove{Alias: page.Alias, From: start.Add(30 * time.Minute)}, identity.Decision{By: "agent", Why: "test", At: start.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	mark := message.Effect{Channel: message.Messenger, Customer: page, Kind: message.Watermark, Status: "read", At: start.Add(5 * time.Hour)}
	if _, err := table.Messages.PutEffect(t.Context(), whose(5*60), mark); err != nil {
		t.Fatal(err)
	}
	for id, read := range map[identity.CustomerID]bool{a: false, b: true} {
		c, err := table.Customers.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		p, err := table.Messages.History(t.Context(), c, message.Query{Limit: 5})
		if err != nil || len(p.Entries) != 1 {
			t.Fatal(p, err)
		}
		if got := p.Entries[0].State != nil && p.Entries[0].State.Status == "read"; got != read {
			t.Errorf("the answer to %s was read: %v, want %v", id, got, read)
		}
	}
}

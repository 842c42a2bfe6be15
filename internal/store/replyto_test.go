package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// TestNamedReplies walks over mails with a claimed Reply-To, without one,
// deleted ones, and messages of another channel.
func TestNamedReplies(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	alias := func(address string) identity.Alias { return identity.Alias{Kind: identity.Email, Value: address} }
	const form = "formulier@shop.example"
	for n, m := range []struct {
		channel   contact.Channel
		replyTo   string
		assurance identity.Assurance
		deleted   bool
	}{
		{contact.Email, "els@example.net", identity.Claimed, false},
		{contact.Email, "wim@example.net", identity.Claimed, false},
		{contact.Email, "gone@example.net", identity.Claimed, true},
		{contact.Email, "proven@example.net", identity.Verified, false},
		{contact.Email, "", "", false},
		{contact.WebChat, "chat@example.net", identity.Claimed, false},
	} {
		msg := contact.Message{
			Version: contact.SchemaVersion, Channel: m.channel, Direction: contact.Inbound, Kind: contact.Mail, CustomerID: "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f",
			ProviderID: strings.Repeat("p", 250) + fmt.Sprint(n), SentAt: at.Add(time.Duration(n) * time.Minute), Text: "x", Customer: identity.Address{Alias: alias(form), Assurance: identity.Verified},
		}
		if m.replyTo != "" {
			msg.Aliases = []identity.Address{{Alias: alias(m.replyTo), Assurance: m.assurance}}
		}
		msg.ID = contact.NewID(msg.Channel, msg.SentAt, msg.ProviderID)
		if _, err := table.PutMessage(t.Context(), msg, ""); err != nil {
			t.Fatal(err)
		}
		if !m.deleted {
			continue
		}
		e := contact.Effect{Channel: m.channel, Customer: msg.Customer, Target: msg.ProviderID, Kind: contact.Deletion, At: at}
		if _, err := table.PutEffect(t.Context(), msg.CustomerID, e); err != nil {
			t.Fatal(err)
		}
	}
	told := 0
	found, examined, whole, err := table.NamedReplies(t.Context(), 1000, func(n int) { told = n })
	if err != nil {
		t.Fatal(err)
	}
	if !whole || examined == 0 || told != examined {
		t.Errorf("looked at %d items, reported %d, whole %v", examined, told, whole)
	}
	slices.SortFunc(found, func(a, b store.NamedReply) int { return strings.Compare(a.ReplyTo.Value, b.ReplyTo.Value) })
	want := []store.NamedReply{{Sender: alias(form), ReplyTo: alias("els@example.net")}, {Sender: alias(form), ReplyTo: alias("wim@example.net")}}
	if !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}

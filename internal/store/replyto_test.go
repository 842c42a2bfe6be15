package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// TestNamedReplies scans mails with a claimed Reply-To, without one, deleted
// ones, those of machines and of our own mailboxes, and messages of another
// channel.
func TestNamedReplies(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	alias := func(address string) identity.Alias { return identity.Alias{Kind: identity.Email, Value: address} }
	const (
		form    = "formulier@shop.example"
		mailbox = "klantenservice@support.example.com"
	)
	for n, m := range []struct {
		from      string
		channel   message.Channel
		replyTo   string
		assurance identity.Assurance
		deleted   bool
		passive   bool
		automated string
		direction message.Direction
	}{
		{from: form, channel: message.Email, replyTo: "els@example.net", assurance: identity.Claimed},
		{from: form, channel: message.Email, replyTo: "wim@example.net", assurance: identity.Claimed},
		{from: form, channel: message.Email, replyTo: "gone@example.net", assurance: identity.Claimed, deleted: true},
		{from: form, channel: message.Email, replyTo: "proven@example.net", assurance: identity.Verified},
		{from: form, channel: message.Email},
		{from: form, channel: message.WebChat, replyTo: "chat@example.net", assurance: identity.Claimed},
		{from: form, channel: message.Email, replyTo: "away@example.net", assurance: identity.Claimed, passive: true, automated: "auto-reply"},
		{from: form, channel: message.Email, replyTo: "news@example.net", assurance: identity.Claimed, automated: "list"},
		{from: mailbox, channel: message.Email},
		{from: mailbox, channel: message.Email, passive: true, automated: "auto-reply"},
		{from: mailbox, channel: message.Email, deleted: true},
		{from: mailbox, channel: message.Email, direction: message.Outbound},
		{from: "x" + mailbox, channel: message.Email},
		{from: "website@support.example.com", channel: message.Email},
		{from: "jan@support.example.com.example.net", channel: message.Email},
	} {
		if m.direction == "" {
			m.direction = message.Inbound
		}
		msg := message.Message{
			Version: message.SchemaVersion, Channel: m.channel, Direction: m.direction, Kind: message.Mail, CustomerID: "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f", Account: mailbox, Passive: m.passive, Automated: m.automated,
			ProviderID: strings.Repeat("p", 250) + fmt.Sprint(n), SentAt: at.Add(time.Duration(n) * time.Minute), Text: "x", Customer: identity.Address{Alias: alias(m.from), Assurance: identity.Verified},
		}
		if m.direction == message.Outbound {
			msg.Origin = message.Composed
		}
		if m.replyTo != "" {
			msg.Aliases = []identity.Address{{Alias: alias(m.replyTo), Assurance: m.assurance}}
		}
		msg.ID = message.NewID(msg.Channel, msg.SentAt, msg.ProviderID)
		if _, err := table.Messages.Put(t.Context(), msg, ""); err != nil {
			t.Fatal(err)
		}
		if !m.deleted {
			continue
		}
		e := message.Effect{Channel: m.channel, Customer: msg.Customer, Target: msg.ProviderID, Kind: message.Deletion, At: at}
		if _, err := table.Messages.PutEffect(t.Context(), msg.CustomerID, e); err != nil {
			t.Fatal(err)
		}
	}
	progress := 0
	found, examined, whole, err := table.Messages.NamedReplies(t.Context(), "support.example.com", 1000, func(n int) { progress = n })
	if err != nil {
		t.Fatal(err)
	}
	if !whole || examined == 0 || progress != examined {
		t.Errorf("got %d items examined, %d in progress, whole %v; want equal numbers and true", examined, progress, whole)
	}
	name := func(r store.NamedReply) string { return r.Sender.Value + " " + r.ReplyTo.Value }
	slices.SortFunc(found, func(a, b store.NamedReply) int { return strings.Compare(name(a), name(b)) })
	want := []store.NamedReply{
		{Sender: alias(form), ReplyTo: alias("els@example.net")}, {Sender: alias(form), ReplyTo: alias("wim@example.net")},
		{Sender: alias(mailbox), OwnMailbox: true}, {Sender: alias(mailbox), OwnMailbox: true},
		{Sender: alias("website@support.example.com"), OwnMailbox: true}, {Sender: alias("x" + mailbox), OwnMailbox: true},
	}
	if !slices.Equal(found, want) {
		t.Errorf("got %v, want %v", found, want)
	}

	found, _, _, err = table.Messages.NamedReplies(t.Context(), "", 1000, func(int) {})
	own := slices.DeleteFunc(found, func(r store.NamedReply) bool { return !r.OwnMailbox })
	if err != nil || !slices.Equal(own, want[2:4]) {
		t.Errorf("without a domain: got own mailboxes %v and error %v, want %v", own, err, want[2:4])
	}
	for _, most := range []int{1, 5} {
		if _, examined, whole, err = table.Messages.NamedReplies(t.Context(), "", most, func(int) {}); err != nil || examined != most || whole {
			t.Errorf("at most %d: got %d items examined, whole %v, error %v; want %d and false", most, examined, whole, err, most)
		}
	}
}

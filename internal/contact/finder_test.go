package contact

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/message"
)

// slowContacts is [Contacts] as its documentation says it: each message looks
// at all contacts, latest first.
func slowContacts(messages []message.Message) []Contact {
	messages = slices.Clone(messages)
	slices.SortFunc(messages, compareMessages)
	var all []*Contact
	belongs := func(m *message.Message) *Contact {
		for _, c := range slices.Backward(all) {
			if c.Waiting() || !m.SentAt.After(c.ClosesAt) {
				return c
			}
		}
		for _, c := range slices.Backward(all) {
			if c.Knows(*m) {
				return c
			}
		}
		return nil
	}
	for i := range messages {
		m := &messages[i]
		c := belongs(m)
		if c == nil && m.Direction == message.Outbound {
			continue
		}
		if c == nil {
			c = &Contact{ID: IDOf(m.ID), Customer: m.CustomerID, Start: m.SentAt}
			all = append(all, c)
		}
		c.addMessage(m, threadKeys(*m))
	}
	out := make([]Contact, len(all))
	for i, c := range all {
		out[i] = *c
	}
	return out
}

func TestContacts_FinderAgreesWithLookingAtAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var ms []message.Message
		at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		for n := range rapid.IntRange(1, 60).Draw(rt, "messages") {
			at = at.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, 700 * time.Millisecond, time.Hour, 24 * time.Hour, 8 * 24 * time.Hour}).Draw(rt, "after"))
			ch := rapid.SampledFrom([]message.Channel{message.Email, message.Email, message.WhatsApp}).Draw(rt, "channel")
			m := message.Message{ID: message.NewID(ch, at, fmt.Sprint(n)), Channel: ch, SentAt: at, Direction: message.Inbound, Kind: message.Text}
			if rapid.Bool().Draw(rt, "whole second") {
				m.SentAt, m.ReceivedAt = at.Truncate(time.Second), at
			}
			if rapid.IntRange(0, 2).Draw(rt, "ours") > 0 {
				m.Direction = message.Outbound
				m.Lost = rapid.IntRange(0, 9).Draw(rt, "lost") == 0
			}
			for range rapid.IntRange(0, 9).Draw(rt, "references") {
				if m.ReplyTo == nil {
					m.ReplyTo = &message.ReplyTo{}
				}
				m.ReplyTo.References = append(m.ReplyTo.References, fmt.Sprint(rapid.IntRange(0, 40).Draw(rt, "thread")))
			}
			ms = append(ms, m)
		}
		if diff := cmp.Diff(slowContacts(ms), Contacts(ms)); diff != "" {
			rt.Fatalf("contacts differ (-all +finder):\n%s", diff)
		}
	})
}

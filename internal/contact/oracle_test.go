package contact

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// oracle computes contacts as the documentation of [Contacts] and [grouping.answer]
// says it: each message looks at all contacts. It shares with the grouping what one
// contact does with a message, and none of its indexes.
type oracle struct{ grouping }

func slowContacts(readings []Reading) []Contact {
	readings = slices.Clone(readings)
	slices.SortFunc(readings, func(a, b Reading) int { return compareMessages(a.Message, b.Message) })
	o := oracle{*newGrouping()}
	for i := range readings {
		// The indexes hold every contact, so that none can have been left out of them.
		everyone := make([]int, len(o.all))
		for at := range o.all {
			everyone[at] = at
		}
		o.open = slices.Clone(everyone)
		for l := range o.lines {
			o.lines[l] = nil
			for at, c := range o.all {
				if slices.ContainsFunc(c.Messages, func(m message.Message) bool { return slices.Contains(linesOf(&m), l) }) {
					o.lines[l] = append(o.lines[l], at)
				}
			}
		}
		for _, th := range threadKeys(readings[i].Message) {
			o.threads[th] = nil
			for at, c := range o.all {
				if slices.Contains(c.Threads, th) {
					o.threads[th] = append(o.threads[th], at)
				}
			}
		}
		o.add(&readings[i])
	}
	return o.contacts()
}

// drawReadings draws the messages of a customer with several addresses.
func drawReadings(rt *rapid.T) []Reading {
	causes := []Cause{{Reason: "late", Department: "logistics"}, {Reason: "invoice", Department: "billing"}, {Reason: "defect", Product: "kettle", Department: "repairs"}, {Reason: "defect", Department: "repairs"}}
	var rs []Reading
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for n := range rapid.IntRange(1, 50).Draw(rt, "messages") {
		at = at.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, 700 * time.Millisecond, time.Hour, 24 * time.Hour, 8 * 24 * time.Hour}).Draw(rt, "after"))
		ch := rapid.SampledFrom([]message.Channel{message.Email, message.Email, message.WhatsApp, message.WebChat}).Draw(rt, "channel")
		m := message.Message{
			ID: message.NewID(ch, at, fmt.Sprint(n)), Channel: ch, ProviderID: fmt.Sprint(n), SentAt: at, Direction: message.Inbound, Kind: message.Text,
			Text: rapid.SampledFrom([]string{"Waar blijft het?", "Top, bedankt!", "Dat zoeken we uit."}).Draw(rt, "text"),
		}
		m.Customer.Alias = identity.Alias{Kind: identity.Kind(ch), Value: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "alias")}
		if rapid.Bool().Draw(rt, "whole second") {
			m.SentAt, m.ReceivedAt = at.Truncate(time.Second), at
		}
		r := Reading{Message: m}
		if rapid.IntRange(0, 2).Draw(rt, "ours") > 1 {
			r.Direction = message.Outbound
			r.Lost = rapid.IntRange(0, 9).Draw(rt, "lost") == 0
			r.Origin = rapid.SampledFrom([]message.Origin{message.Echo, message.Recorded}).Draw(rt, "origin")
			if len(rs) > 0 && rapid.IntRange(0, 3).Draw(rt, "settles") == 0 {
				r.Settles = []message.Settled{{Message: rapid.SampledFrom(rs).Draw(rt, "settled").ID}}
			}
		} else {
			for range rapid.SampledFrom([]int{0, 0, 1, 1, 2}).Draw(rt, "wishes") {
				c := rapid.SampledFrom(causes).Draw(rt, "cause")
				c.Message = r.ID
				if !slices.ContainsFunc(r.Causes, c.sameWish) {
					r.Causes = append(r.Causes, c)
				}
			}
			r.Deleted = rapid.IntRange(0, 9).Draw(rt, "deleted") == 0
		}
		for range rapid.IntRange(0, 3).Draw(rt, "references") {
			if r.ReplyTo == nil {
				r.ReplyTo = &message.ReplyTo{}
			}
			r.ReplyTo.References = append(r.ReplyTo.References, fmt.Sprint(rapid.IntRange(0, 12).Draw(rt, "thread")))
		}
		rs = append(rs, r)
	}
	return rs
}

func TestContacts_AgreesWithLookingAtAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rs := drawReadings(rt)
		if diff := cmp.Diff(slowContacts(rs), Contacts(rs)); diff != "" {
			rt.Fatalf("contacts differ (-all +grouping):\n%s", diff)
		}
	})
}

// The ids of contacts follow from the messages and the stored causes: in whatever order
// contacts were stored, messages with their causes open the same ones.
func TestRead_SameFirstWishes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := message.Message{ID: "1:email:a", Channel: message.Email, SentAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Direction: message.Inbound, Text: "Waar blijft het?"}
		var causes []Cause
		for n := range rapid.IntRange(1, maxWishes).Draw(rt, "wishes") {
			causes = append(causes, Cause{Reason: fmt.Sprint("reason", n), Message: m.ID})
		}
		want := Contacts([]Reading{{Message: m, Causes: causes}})
		stored := rapid.Permutation(want).Draw(rt, "stored")
		got := Contacts(Read([]message.Message{m}, stored))
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("contacts (-want +got):\n%s", diff)
		}
	})
}

// A question that a person asked is on a list until an answer, an agent or the
// customer ends it.
func TestContacts_LosesNoQuestion(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rs := drawReadings(rt)
		all := Contacts(rs)
		for _, r := range rs {
			asked := r.Direction == message.Inbound && !r.Deleted && r.Text == "Waar blijft het?"
			if !asked || slices.ContainsFunc(all, func(c Contact) bool {
				return c.Waiting() && c.has(r.ID) && !c.WaitingSince.After(r.SentAt.Add(time.Second))
			}) {
				continue
			}
			mayAnswer := func(a Reading) bool {
				if a.Direction != message.Outbound || a.Lost || compareMessages(a.Message, r.Message) < 0 {
					return false
				}
				return slices.ContainsFunc(all, func(c Contact) bool { return c.has(r.ID) && c.has(a.ID) && isDirectedAt(c, a, r) })
			}
			if !slices.ContainsFunc(rs, mayAnswer) {
				rt.Fatalf("the question %s waits in no contact, and nothing answered it", r.ID)
			}
		}
	})
}

// isDirectedAt reports whether an answer in contact c has something that directs it at
// a question: what it settles, the thread, the address, or the cause.
func isDirectedAt(c Contact, a, r Reading) bool {
	shares := func(q message.Message) bool {
		inThread := slices.ContainsFunc(threadKeys(a.Message), func(th string) bool { return slices.Contains(threadKeys(q), th) })
		settles := slices.ContainsFunc(a.Settles, func(s message.Settled) bool { return s.Message == q.ID })
		return settles || inThread || a.Channel == q.Channel || a.Origin == message.Recorded // a tool answers the only contact that waits
	}
	if shares(r.Message) {
		return true
	}
	// Another question with the same cause or on the same address was answered.
	return slices.ContainsFunc(c.Messages, func(q message.Message) bool {
		return q.Direction == message.Inbound && shares(q) && (len(r.Causes) > 0 || q.Channel == r.Channel)
	})
}

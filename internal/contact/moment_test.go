package contact_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/contact"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func newMessage(ch contact.Channel, dir contact.Direction, after time.Duration) contact.Message {
	t := monday.Add(after)
	return contact.Message{
		ID: contact.NewID(ch, t, after.String()), Channel: ch, Direction: dir, Kind: contact.Text,
		ProviderID: after.String(), SentAt: t, CustomerID: "c1",
	}
}

func inbound(ch contact.Channel, after time.Duration) contact.Message {
	return newMessage(ch, contact.Inbound, after)
}

func outbound(ch contact.Channel, after time.Duration) contact.Message {
	return newMessage(ch, contact.Outbound, after)
}

func TestContacts(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	thread := func(m contact.Message, th string) contact.Message { m.Thread = th; return m }
	passive := func(m contact.Message) contact.Message { m.Passive = true; return m }
	tests := []struct {
		name     string
		messages []contact.Message
		starts   []time.Duration
		waiting  []bool
	}{
		{"three channels within an hour",
			[]contact.Message{inbound(contact.WhatsApp, 0), inbound(contact.WebChat, 20*time.Minute), inbound(contact.Email, time.Hour)},
			[]time.Duration{0}, []bool{true}},
		{"unanswered for a month",
			[]contact.Message{inbound(contact.Email, 0), inbound(contact.Email, 30*day)},
			[]time.Duration{0}, []bool{true}},
		{"answered",
			[]contact.Message{inbound(contact.WhatsApp, 0), outbound(contact.WhatsApp, time.Hour)},
			[]time.Duration{0}, []bool{false}},
		{"reply within a day of the answer",
			[]contact.Message{inbound(contact.WhatsApp, 0), outbound(contact.WhatsApp, time.Hour), inbound(contact.WhatsApp, 20*time.Hour)},
			[]time.Duration{0}, []bool{true}},
		{"silence of four hours in chat",
			[]contact.Message{inbound(contact.WebChat, 0), outbound(contact.WebChat, time.Hour), inbound(contact.WebChat, 6*time.Hour)},
			[]time.Duration{0, 6 * time.Hour}, []bool{false, true}},
		{"silence of a day in whatsapp",
			[]contact.Message{inbound(contact.WhatsApp, 0), outbound(contact.WhatsApp, time.Hour), inbound(contact.WhatsApp, 26*time.Hour)},
			[]time.Duration{0, 26 * time.Hour}, []bool{false, true}},
		{"silence of a week in mail",
			[]contact.Message{inbound(contact.Email, 0), outbound(contact.Email, time.Hour), inbound(contact.Email, 8*day)},
			[]time.Duration{0, 8 * day}, []bool{false, true}},
		{"reply in the thread of a closed contact",
			[]contact.Message{thread(inbound(contact.Email, 0), "a"), outbound(contact.Email, time.Hour), thread(inbound(contact.Email, 20*day), "a")},
			[]time.Duration{0}, []bool{true}},
		{"notice without a question",
			[]contact.Message{outbound(contact.WhatsApp, 0)}, nil, nil},
		{"passive messages",
			[]contact.Message{passive(inbound(contact.WhatsApp, 0)), passive(inbound(contact.Email, 1))}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contact.Contacts(tt.messages)
			if len(got) != len(tt.starts) {
				t.Fatalf("contacts = %d, want %d", len(got), len(tt.starts))
			}
			for i, c := range got {
				if want := monday.Add(tt.starts[i]); !c.Start.Equal(want) {
					t.Errorf("contact %d: start = %v, want %v", i, c.Start, want)
				}
				if c.Waiting() != tt.waiting[i] {
					t.Errorf("contact %d: Waiting() = %v, want %v", i, c.Waiting(), tt.waiting[i])
				}
			}
		})
	}
}

func TestContacts_WaitingSince(t *testing.T) {
	t.Parallel()
	got := contact.Contacts([]contact.Message{
		inbound(contact.WhatsApp, 0), outbound(contact.WhatsApp, time.Hour), inbound(contact.WhatsApp, 2*time.Hour), inbound(contact.Email, 3*time.Hour),
	})
	if len(got) != 1 || !got[0].WaitingSince.Equal(monday.Add(2*time.Hour)) {
		t.Fatalf("Contacts() = %+v, want one, waiting since the first unanswered message", got)
	}
}

func TestContacts_SameSecond(t *testing.T) {
	t.Parallel()
	const second = time.Second
	received := func(m contact.Message, after time.Duration) contact.Message {
		m.ReceivedAt = monday.Add(after)
		return m
	}
	question := received(inbound(contact.WhatsApp, -second), 0)
	tests := []struct {
		name    string
		reply   contact.Message
		answer  contact.Message
		waiting bool
	}{
		{"received after the answer", received(inbound(contact.WhatsApp, 0), 700*time.Millisecond), outbound(contact.WhatsApp, 400*time.Millisecond), true},
		{"received long after the answer", received(inbound(contact.WhatsApp, 0), 9*second), outbound(contact.WhatsApp, 400*time.Millisecond), true},
		{"received before the answer", received(inbound(contact.WhatsApp, 0), 300*time.Millisecond), outbound(contact.WhatsApp, 400*time.Millisecond), false},
		{"sent in the second before, received after", received(inbound(contact.WhatsApp, 0), 9*second), outbound(contact.WhatsApp, second), false},
		{"exact time, received after", received(inbound(contact.WebChat, time.Millisecond), 9*second), outbound(contact.WebChat, 400*time.Millisecond), false},
		{"answer with whole seconds", received(inbound(contact.WhatsApp, 0), 2*second), received(outbound(contact.WhatsApp, 0), 2*second), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contact.Contacts([]contact.Message{tt.answer, tt.reply, question})
			if len(got) != 1 || got[0].Waiting() != tt.waiting {
				t.Errorf("Contacts() = %+v, want one contact with Waiting() %v", got, tt.waiting)
			}
		})
	}
}

func TestContacts_AnyOrder(t *testing.T) {
	t.Parallel()
	channels := []contact.Channel{contact.WhatsApp, contact.Email, contact.WebChat, contact.Messenger}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "n")
		var ms []contact.Message
		for i := range n {
			m := newMessage(rapid.SampledFrom(channels).Draw(t, "channel"),
				rapid.SampledFrom([]contact.Direction{contact.Inbound, contact.Outbound}).Draw(t, "direction"),
				time.Duration(rapid.IntRange(0, 40*24).Draw(t, "hours"))*time.Hour+
					time.Duration(rapid.IntRange(0, 2).Draw(t, "millis"))*time.Millisecond)
			m.ReceivedAt = m.SentAt.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "delay")) * time.Millisecond)
			m.ID += contact.ID(strconv.Itoa(i))
			if m.Channel == contact.Email {
				m.Thread = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "thread")
			}
			ms = append(ms, m)
		}
		want := contact.Contacts(ms)
		rand.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
		if diff := cmp.Diff(want, contact.Contacts(ms)); diff != "" {
			t.Fatalf("contacts differ with another order of messages (-want +got):\n%s", diff)
		}
	})
}

package contact_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func newMessage(ch message.Channel, dir message.Direction, after time.Duration) message.Message {
	t := monday.Add(after)
	return message.Message{
		ID: message.NewID(ch, t, after.String()), Channel: ch, Direction: dir, Kind: message.Text,
		ProviderID: after.String(), SentAt: t, CustomerID: "c1",
	}
}

func inbound(ch message.Channel, after time.Duration) message.Message {
	return newMessage(ch, message.Inbound, after)
}

func outbound(ch message.Channel, after time.Duration) message.Message {
	return newMessage(ch, message.Outbound, after)
}

// contactsOf returns the contacts of messages without a known cause.
func contactsOf(messages ...message.Message) []contact.Contact {
	return contact.Contacts(contact.Read(messages, nil))
}

func TestContacts(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	thread := func(m message.Message, th string) message.Message { m.Thread = th; return m }
	passive := func(m message.Message) message.Message { m.Passive = true; return m }
	tests := []struct {
		name     string
		messages []message.Message
		starts   []time.Duration
		waiting  []bool
	}{
		{"three channels within an hour",
			[]message.Message{inbound(message.WhatsApp, 0), inbound(message.WebChat, 20*time.Minute), inbound(message.Email, time.Hour)},
			[]time.Duration{0}, []bool{true}},
		{"unanswered for a month",
			[]message.Message{inbound(message.Email, 0), inbound(message.Email, 30*day)},
			[]time.Duration{0}, []bool{true}},
		{"answered",
			[]message.Message{inbound(message.WhatsApp, 0), outbound(message.WhatsApp, time.Hour)},
			[]time.Duration{0}, []bool{false}},
		{"reply within a day of the answer",
			[]message.Message{inbound(message.WhatsApp, 0), outbound(message.WhatsApp, time.Hour), inbound(message.WhatsApp, 20*time.Hour)},
			[]time.Duration{0}, []bool{true}},
		{"silence of four hours in chat",
			[]message.Message{inbound(message.WebChat, 0), outbound(message.WebChat, time.Hour), inbound(message.WebChat, 6*time.Hour)},
			[]time.Duration{0, 6 * time.Hour}, []bool{false, true}},
		{"silence of a day in whatsapp",
			[]message.Message{inbound(message.WhatsApp, 0), outbound(message.WhatsApp, time.Hour), inbound(message.WhatsApp, 26*time.Hour)},
			[]time.Duration{0, 26 * time.Hour}, []bool{false, true}},
		{"silence of a week in mail",
			[]message.Message{inbound(message.Email, 0), outbound(message.Email, time.Hour), inbound(message.Email, 8*day)},
			[]time.Duration{0, 8 * day}, []bool{false, true}},
		{"reply in the thread of a closed contact",
			[]message.Message{thread(inbound(message.Email, 0), "a"), outbound(message.Email, time.Hour), thread(inbound(message.Email, 20*day), "a")},
			[]time.Duration{0}, []bool{true}},
		{"notice without a question",
			[]message.Message{outbound(message.WhatsApp, 0)}, nil, nil},
		{"passive messages",
			[]message.Message{passive(inbound(message.WhatsApp, 0)), passive(inbound(message.Email, 1))}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contactsOf(tt.messages...)
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
	got := contactsOf(
		inbound(message.WhatsApp, 0), outbound(message.WhatsApp, time.Hour), inbound(message.WhatsApp, 2*time.Hour), inbound(message.Email, 3*time.Hour),
	)
	if len(got) != 1 || !got[0].WaitingSince.Equal(monday.Add(2*time.Hour)) {
		t.Fatalf("Contacts() = %+v, want one, waiting since the first unanswered message", got)
	}
}

func TestContacts_SameSecond(t *testing.T) {
	t.Parallel()
	const second = time.Second
	received := func(m message.Message, after time.Duration) message.Message {
		m.ReceivedAt = monday.Add(after)
		return m
	}
	question := received(inbound(message.WhatsApp, -second), 0)
	tests := []struct {
		name    string
		reply   message.Message
		answer  message.Message
		waiting bool
	}{
		{"received after the answer", received(inbound(message.WhatsApp, 0), 700*time.Millisecond), outbound(message.WhatsApp, 400*time.Millisecond), true},
		{"received long after the answer", received(inbound(message.WhatsApp, 0), 9*second), outbound(message.WhatsApp, 400*time.Millisecond), true},
		{"received before the answer", received(inbound(message.WhatsApp, 0), 300*time.Millisecond), outbound(message.WhatsApp, 400*time.Millisecond), false},
		{"sent in the second before, received after", received(inbound(message.WhatsApp, 0), 9*second), outbound(message.WhatsApp, second), false},
		{"exact time, received after", received(inbound(message.WhatsApp, time.Millisecond), 9*second), outbound(message.WhatsApp, 400*time.Millisecond), false},
		{"answer with whole seconds", received(inbound(message.WhatsApp, 0), 2*second), received(outbound(message.WhatsApp, 0), 2*second), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contactsOf(tt.answer, tt.reply, question)
			if len(got) != 1 || got[0].Waiting() != tt.waiting {
				t.Errorf("Contacts() = %+v, want one contact with Waiting() %v", got, tt.waiting)
			}
		})
	}
}

func TestContacts_AnyOrder(t *testing.T) {
	t.Parallel()
	channels := []message.Channel{message.WhatsApp, message.Email, message.WebChat, message.Messenger}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "n")
		var ms []message.Message
		for i := range n {
			m := newMessage(rapid.SampledFrom(channels).Draw(t, "channel"),
				rapid.SampledFrom([]message.Direction{message.Inbound, message.Outbound}).Draw(t, "direction"),
				time.Duration(rapid.IntRange(0, 40*24).Draw(t, "hours"))*time.Hour+
					time.Duration(rapid.IntRange(0, 2).Draw(t, "millis"))*time.Millisecond)
			m.ReceivedAt = m.SentAt.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "delay")) * time.Millisecond)
			m.ID += message.ID(strconv.Itoa(i))
			if m.Channel == message.Email {
				m.Thread = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "thread")
			}
			ms = append(ms, m)
		}
		want := contactsOf(ms...)
		rand.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
		if diff := cmp.Diff(want, contactsOf(ms...)); diff != "" {
			t.Fatalf("contacts differ with another order of messages (-want +got):\n%s", diff)
		}
	})
}

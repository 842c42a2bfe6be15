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

func at(ch contact.Channel, dir contact.Direction, after time.Duration) contact.Message {
	t := monday.Add(after)
	return contact.Message{
		ID: contact.NewID(ch, t, after.String()), Channel: ch, Direction: dir, Kind: contact.Text,
		ProviderID: after.String(), SentAt: t, CustomerID: "c1",
	}
}

func in(ch contact.Channel, after time.Duration) contact.Message {
	return at(ch, contact.Inbound, after)
}

func out(ch contact.Channel, after time.Duration) contact.Message {
	return at(ch, contact.Outbound, after)
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
		{"three channels within an hour about one wish are one contact",
			[]contact.Message{in(contact.WhatsApp, 0), in(contact.WebChat, 20*time.Minute), in(contact.Email, time.Hour)},
			[]time.Duration{0}, []bool{true}},
		{"a customer who still waits after a month is in the same contact",
			[]contact.Message{in(contact.Email, 0), in(contact.Email, 30*day)},
			[]time.Duration{0}, []bool{true}},
		{"our answer ends the waiting",
			[]contact.Message{in(contact.WhatsApp, 0), out(contact.WhatsApp, time.Hour)},
			[]time.Duration{0}, []bool{false}},
		{"a thank you within the day belongs to the contact",
			[]contact.Message{in(contact.WhatsApp, 0), out(contact.WhatsApp, time.Hour), in(contact.WhatsApp, 20*time.Hour)},
			[]time.Duration{0}, []bool{true}},
		{"chat closes after four hours of silence",
			[]contact.Message{in(contact.WebChat, 0), out(contact.WebChat, time.Hour), in(contact.WebChat, 6*time.Hour)},
			[]time.Duration{0, 6 * time.Hour}, []bool{false, true}},
		{"whatsapp closes after a day of silence",
			[]contact.Message{in(contact.WhatsApp, 0), out(contact.WhatsApp, time.Hour), in(contact.WhatsApp, 26*time.Hour)},
			[]time.Duration{0, 26 * time.Hour}, []bool{false, true}},
		{"mail closes after a week of silence",
			[]contact.Message{in(contact.Email, 0), out(contact.Email, time.Hour), in(contact.Email, 8*day)},
			[]time.Duration{0, 8 * day}, []bool{false, true}},
		{"a reply in the same thread reopens a closed contact",
			[]contact.Message{thread(in(contact.Email, 0), "a"), out(contact.Email, time.Hour), thread(in(contact.Email, 20*day), "a")},
			[]time.Duration{0}, []bool{true}},
		{"our notice to somebody who asked nothing opens no contact",
			[]contact.Message{out(contact.WhatsApp, 0)}, nil, nil},
		{"an imported or automatic message opens no contact",
			[]contact.Message{passive(in(contact.WhatsApp, 0)), passive(in(contact.Email, 1))}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contact.Contacts(tt.messages)
			if len(got) != len(tt.starts) {
				t.Fatalf("got %d contacts, want %d", len(got), len(tt.starts))
			}
			for i, c := range got {
				if want := monday.Add(tt.starts[i]); !c.Start.Equal(want) {
					t.Errorf("contact %d starts %v, want %v", i, c.Start, want)
				}
				if c.Waiting() != tt.waiting[i] {
					t.Errorf("contact %d waiting %v, want %v", i, c.Waiting(), tt.waiting[i])
				}
			}
		})
	}
}

func TestWaitingTimeCountsFromTheFirstUnansweredMessage(t *testing.T) {
	t.Parallel()
	got := contact.Contacts([]contact.Message{
		in(contact.WhatsApp, 0), out(contact.WhatsApp, time.Hour), in(contact.WhatsApp, 2*time.Hour), in(contact.Email, 3*time.Hour),
	})
	if len(got) != 1 || !got[0].WaitingSince.Equal(monday.Add(2*time.Hour)) {
		t.Fatalf("got %+v", got)
	}
}

func TestWordsInTheSecondOfOurAnswerWaitWhenTheyReachedUsAfterIt(t *testing.T) {
	t.Parallel()
	const second = time.Second
	received := func(m contact.Message, after time.Duration) contact.Message {
		m.ReceivedAt = monday.Add(after)
		return m
	}
	question := received(in(contact.WhatsApp, -second), 0)
	tests := []struct {
		name    string
		reply   contact.Message
		answer  contact.Message
		waiting bool
	}{
		{"received after the answer", received(in(contact.WhatsApp, 0), 700*time.Millisecond), out(contact.WhatsApp, 400*time.Millisecond), true},
		{"received long after the answer", received(in(contact.WhatsApp, 0), 9*second), out(contact.WhatsApp, 400*time.Millisecond), true},
		{"received before the answer", received(in(contact.WhatsApp, 0), 300*time.Millisecond), out(contact.WhatsApp, 400*time.Millisecond), false},
		{"said in the second before, received after", received(in(contact.WhatsApp, 0), 9*second), out(contact.WhatsApp, second), false},
		{"told to the millisecond, received after", received(in(contact.WebChat, time.Millisecond), 9*second), out(contact.WebChat, 400*time.Millisecond), false},
		{"answered by the app, which tells whole seconds too", received(in(contact.WhatsApp, 0), 2*second), received(out(contact.WhatsApp, 0), 2*second), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contact.Contacts([]contact.Message{tt.answer, tt.reply, question})
			if len(got) != 1 || got[0].Waiting() != tt.waiting {
				t.Errorf("got %+v, want one contact, waiting %v", got, tt.waiting)
			}
		})
	}
}

func TestContactsAreTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	channels := []contact.Channel{contact.WhatsApp, contact.Email, contact.WebChat, contact.Messenger}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "n")
		var ms []contact.Message
		for i := range n {
			m := at(rapid.SampledFrom(channels).Draw(t, "channel"),
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
			t.Fatal(diff)
		}
	})
}

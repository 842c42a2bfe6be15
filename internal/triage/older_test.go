package triage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/message"
)

// letter returns a mail of a customer, or an answer to one.
func letter(customer, n int, after time.Duration, answers string) message.Message {
	m := says(customer, n, after, "hallo")
	m.Channel, m.Kind, m.MailID = message.Email, message.Mail, fmt.Sprintf("%d@example.org", n)
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	m.Thread = m.MailID
	if answers != "" {
		m.Thread, m.ReplyTo = answers, &message.ReplyTo{References: []string{answers}}
	}
	return m
}

func TestHandle_ReplyToOldThread(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	// A first mail, answered, and so many contacts after it that it is not nearby.
	old := func(c, later int) []message.Message {
		ms := []message.Message{letter(c, 1, -400*day, ""), answered(letter(c, 2, -399*day, "1@example.org"))}
		for i := range later {
			at := time.Duration(i*10-300) * day
			ms = append(ms, says(c, 100+2*i, at, "hallo"), answered(says(c, 101+2*i, at+time.Hour, "")))
		}
		return ms
	}
	tests := []struct {
		name    string
		later   int
		ms      func(c int) []message.Message
		waiting bool // the first
		others  int  // contacts that start with the last mails
	}{
		{"a reply to our answer", 12, func(c int) []message.Message { return []message.Message{letter(c, 3, 0, "2@example.org")} }, true, 0},
		{"a reply to our answer, when few came after it", 3, func(c int) []message.Message { return []message.Message{letter(c, 3, 0, "2@example.org")} }, true, 0},
		{"a reply to their own mail", 12, func(c int) []message.Message { return []message.Message{letter(c, 3, 0, "1@example.org")} }, true, 0},
		{"a reply that we answered", 12, func(c int) []message.Message {
			return []message.Message{letter(c, 3, 0, "2@example.org"), answered(letter(c, 4, time.Hour, "3@example.org"))}
		}, false, 0},
		{"a word by another channel", 12, func(c int) []message.Message {
			return []message.Message{letter(c, 3, 0, "2@example.org"), says(c, 5, time.Minute, "hallo")}
		}, true, 0},
		{"a word by another channel, and our answer to that word alone", 12, func(c int) []message.Message {
			return []message.Message{letter(c, 3, 0, "2@example.org"), says(c, 5, time.Minute, "hallo"), answered(says(c, 6, time.Hour, ""))}
		}, true, 0},
		{"a word by another channel, and our answer to the mail alone", 12, func(c int) []message.Message {
			return []message.Message{letter(c, 3, 0, "2@example.org"), says(c, 5, time.Minute, "hallo"), answered(letter(c, 4, time.Hour, "3@example.org"))}
		}, true, 0},
		{"a mail of a thread that we do not know", 12, func(c int) []message.Message { return []message.Message{letter(c, 3, 0, "x@example.net")} }, false, 1},
		{"a mail that answers nothing", 12, func(c int) []message.Message { return []message.Message{letter(c, 3, 0, "")} }, false, 1},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			c := 5000 + i
			for _, m := range append(old(c, tt.later), tt.ms(c)...) {
				put(t, table, m)
				handle(t, tr, m)
			}
			ks, _, err := table.Contacts.List(t.Context(), says(c, 0, 0, "").CustomerID, 100, "")
			if err != nil || len(ks) != 1+tt.later+tt.others {
				t.Fatalf("%d contacts, want %d, %v", len(ks), 1+tt.later+tt.others, err)
			}
			if first := ks[len(ks)-1]; first.Waiting() != tt.waiting {
				t.Errorf("the old contact is waiting since %v", first.WaitingSince)
			}
		})
	}
}

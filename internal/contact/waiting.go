package contact

import (
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Changes are the items of a customer that were stored after a cursor.
type Changes struct {
	Entries   []message.Entry       // new messages, in any order and of any age
	Effects   []message.StateChange // changed states of messages, new or old
	Contacts  []Contact             // changed contacts in their current form
	Regrouped bool                  // the ids of the customer changed: the whole history must be read again
	Cursor    string                // cursor of the next read
	Complete  bool                  // there are no further changes now
}

// A WaitingContact is one contact of the waiting list.
type WaitingContact struct {
	ID         string              `json:"id"` // id of the contact
	Customer   identity.CustomerID `json:"customerId"`
	Since      time.Time           `json:"waitingSince"`
	Start      time.Time           `json:"start"`
	Department string              `json:"department"`
	Reason     string              `json:"reason,omitempty"`
	Product    string              `json:"product,omitempty"`
	Severity   string              `json:"severity,omitempty"` // of the reason; critical contacts are first on the list
	Question   string              `json:"question,omitempty"` // the first words of the first unanswered message
	Name       string              `json:"name,omitempty"`     // from the register, else as the channel shows it
	Channels   []message.Channel   `json:"channels"`
}

// A Waiter is what a waiting list shows of a customer.
type Waiter struct {
	Name   string // from the register
	Claims []Claim
}

// Critical is the severity of contacts that come before all others on a waiting list.
const Critical = "critical"

// maxQuestion is the length of [Contact.Question], in bytes.
const maxQuestion = 120

// questionOf returns the first words of a message: of its text, else of its subject.
func questionOf(m message.Message) string {
	words := m.Text
	if words == "" {
		words = m.Subject
	}
	return message.Cut(strings.Join(strings.Fields(message.Cut(words, 4*maxQuestion)), " "), maxQuestion)
}

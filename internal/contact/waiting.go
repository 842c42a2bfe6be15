package contact

import (
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
	Channels   []message.Channel   `json:"channels"`
}

package message

import (
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// A SentMail is an outgoing mail in the index of Message-IDs.
type SentMail struct {
	Customer   identity.CustomerID
	Message    ID
	ProviderID string         // provider id of the message
	MailID     string         // Message-ID with which it was composed
	To         identity.Alias // recipient
	At         time.Time
}

// A SendTurn is the result of asking for the turn to send a message.
type SendTurn string

// The values of [SendTurn].
const (
	Mine SendTurn = "mine" // the caller must send it
	Busy SendTurn = "busy" // another invocation is sending it
	Over SendTurn = "over" // it was sent or has failed permanently
)

// An AddressMark is a bounce or complaint of an address: further mails will probably
// not arrive.
type AddressMark struct {
	Kind string // "bounce" or "complaint"
	Code string // bounce: status code of the server, for example "5.1.1"
	At   time.Time
}

// Queued is the status of a message that is not sent yet.
const Queued = "queued"

// expectSending sets the status of an outgoing mail without a final status: failed if
// it bounced, even after a higher status, and queued if it is not sent yet.
func (s *State) expectSending(m Message) {
	if m.Channel != Email || m.Direction != Outbound {
		return
	}
	if at, ok := s.Verdicts["bounce"]; ok {
		s.Reach("failed", at)
		s.Status = "failed"
	}
	if s.Status == "" && m.Origin == Composed {
		s.Status = Queued
	}
}

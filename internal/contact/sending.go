package contact

import (
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// A SentMail is a mail of ours, as it is found by one of its Message-IDs.
type SentMail struct {
	Customer   identity.CustomerID
	Message    ID
	ProviderID string         // of the message
	MailID     string         // its Message-ID as it was composed
	To         identity.Alias // the one address it went to
	At         time.Time
}

// A SendTurn says whether a message may be sent now.
type SendTurn string

// The turns.
const (
	Mine SendTurn = "mine" // send it
	Busy SendTurn = "busy" // somebody else is sending it
	Over SendTurn = "over" // it was sent, or has failed for good
)

// An AddressMark is why the next mail to an address will hardly arrive.
type AddressMark struct {
	Kind string // "bounce" or "complaint"
	Code string // of a bounce: the status that the server gave, "5.1.1"
	At   time.Time
}

// Queued is the status of a message that waits to be sent.
const Queued = "queued"

// expectSending adds to s what follows for a mail of ours: it waits until it
// was sent, and one that came back has failed, whatever was thought before.
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

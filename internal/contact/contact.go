// Package contact computes contacts from messages. A [Contact] is the messages of one
// customer about one wish, over all channels. [Contacts] is a pure function: the same
// messages in any order give the same contacts.
//
// The package also defines the claims of agents on a customer, corrections of reasons,
// the waiting list, and the events that agent tools mirror.
package contact

import (
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// FoundBy says how the reason of a contact was found.
type FoundBy string

// The ways to find a reason.
const (
	ByPhrase     FoundBy = "phrase"     // a phrase of the taxonomy matches
	ByModel      FoundBy = "model"      // no phrase matches, and the classifier is sure
	ByCorrection FoundBy = "correction" // an agent corrected the reasons
	ByAgent      FoundBy = "registered" // an agent registered the contact with the reason
	ByWords      FoundBy = "words"      // of a suggestion: single words of the taxonomy
)

// A Cause is a reason of a contact with its product, if any, and the department that
// owns them.
type Cause struct {
	Reason     string `json:"reason"`
	Product    string `json:"product,omitempty"`
	Department string `json:"department"`
	// FoundBy is empty for a contact that was stored before this field existed.
	FoundBy FoundBy `json:"foundBy,omitempty"`
	// Words are the phrases of the taxonomy that decided.
	Words []string `json:"words,omitempty"`
	// Message is the message with the deciding words. Spans are their byte ranges, from
	// and to, in the text "<subject>.\n<text>". For the classifier they are the words
	// that weighed most, the most important first.
	Message    message.ID `json:"messageId,omitempty"`
	Spans      [][2]int32 `json:"spans,omitempty"`
	Confidence float64    `json:"confidence,omitempty"` // 0 to 1; 1 if a person decided
	Corrected  bool       `json:"corrected,omitempty"`  // whether an agent decided
}

// Same reports whether c and o have the same reason and product.
func (c Cause) Same(o Cause) bool { return c.Reason == o.Reason && c.Product == o.Product }

// sameWish reports whether c and o may be about one wish: the same reason, and the same
// product or none.
func (c Cause) sameWish(o Cause) bool {
	return c.Reason == o.Reason && (c.Product == o.Product || c.Product == "" || o.Product == "")
}

// A Suggestion is a reason that a contact may have, for an agent to choose from.
type Suggestion struct {
	Reason     string   `json:"reason"`
	FoundBy    FoundBy  `json:"foundBy"`
	Confidence float64  `json:"confidence"`      // 0 to 1
	Words      []string `json:"words,omitempty"` // of the customer, that decided; the most important first
}

// A Correction holds the causes that an agent set for a contact. It is attached to a
// message of the contact, so it follows the message into another contact.
type Correction struct {
	Customer identity.CustomerID `json:"customerId"` // customer id under which the message is stored
	Message  message.ID          `json:"messageId"`
	Causes   []Cause             `json:"reasons"` // with reason and product; empty means no known reason
	Until    time.Time           `json:"until"`   // messages sent later may add reasons
	By       string              `json:"by"`
	At       time.Time           `json:"at"`
	Was      []Cause             `json:"was"` // the causes before the correction
	Taxonomy string              `json:"taxonomy"`
}

// A Contact is the messages of one customer, over all channels, about one wish. It is
// open while the customer waits for an answer. After our last answer it closes on
// silence. [Contacts] computes contacts from messages; a stored contact is only a copy
// of that result.
type Contact struct {
	ID           string              `json:"id"`
	Customer     identity.CustomerID `json:"customerId"`
	Start        time.Time           `json:"start"`                 // time of its earliest message
	WaitingSince time.Time           `json:"waitingSince,omitzero"` // time of the first unanswered message; zero if all are answered
	FirstAnswer  time.Time           `json:"firstAnswer,omitzero"`
	LastAnswer   time.Time           `json:"lastAnswer,omitzero"`
	ClosesAt     time.Time           `json:"closesAt,omitzero"` // time at which it closes on silence; zero before the first answer
	Channels     []message.Channel   `json:"channels"`          // in order of first use
	Department   string              `json:"department"`        // owner of its first cause, or [Unassigned] without a cause
	Causes       []Cause             `json:"causes,omitempty"`
	Severity     string              `json:"severity,omitempty"` // of its first cause, as the taxonomy had it; empty without one
	Question     string              `json:"question,omitempty"` // while it waits: the first words of the first unanswered message
	Name         string              `json:"name,omitempty"`     // while it waits: the name that the channel shows for who asked
	Taxonomy     string              `json:"taxonomy,omitempty"` // version of the taxonomy that classified it
	Model        string              `json:"model,omitempty"`    // id of the classifier's model at that time; empty without one
	Unrecorded   []Cause             `json:"-"`                  // causes of it, or former ones, whose problem does not know that yet
	Threads      []string            `json:"-"`                  // hashed thread keys, to recognise later replies
	Messages     []message.Message   `json:"-"`                  // its messages, oldest first; not stored
	Version      int64               `json:"-"`                  // version of the stored item; 0 if not stored
}

// NearbyContacts holds the contacts of one customer id near a time, with corrections and
// decisions.
type NearbyContacts struct {
	Contacts    []Contact // latest first
	Corrections []Correction
	Decisions   []Decision
	Changed     bool // an identity change may have happened recently
}

// Unassigned is the department of contacts whose reason is unknown.
const Unassigned = "unassigned"

// Waiting reports whether the contact has an unanswered message of the customer.
func (c Contact) Waiting() bool { return !c.WaitingSince.IsZero() }

// State returns the state at now: "waiting", "answered" or "closed".
func (c Contact) State(now time.Time) string {
	switch {
	case c.Waiting():
		return "waiting"
	case now.Before(c.ClosesAt):
		return "answered"
	default:
		return "closed"
	}
}

// Silence returns the time after our last answer on a channel at which a contact
// closes.
func Silence(ch message.Channel) time.Duration {
	switch ch {
	case message.WebChat:
		return 4 * time.Hour
	case message.Email:
		return 7 * 24 * time.Hour
	default:
		return 24 * time.Hour
	}
}

// Of returns the stored contact that a message belongs to, from all contacts of its
// customer: the one that the message opened or gave its cause, else the latest one of its
// thread, of its channel, or of its time. A contact does not store its messages, so for
// others than the first kind this is only likely.
func Of(all []Contact, m message.Message) (Contact, bool) {
	if m.Passive {
		return Contact{}, false
	}
	opened := IDsOf(m.ID)
	var best *Contact
	bestRank := 0
	for i := range all {
		c := &all[i]
		rank := c.rank(m, opened)
		if rank > bestRank || (rank > 0 && rank == bestRank && startsLater(c, best)) {
			best = c
			bestRank = rank
		}
	}
	if best == nil {
		return Contact{}, false
	}
	return *best, true
}

// rank says how likely a message belongs to the contact; 0 means that it does not. opened
// are the ids of the contacts that the message can have opened.
func (c *Contact) rank(m message.Message, opened []string) int {
	isAnchor := slices.ContainsFunc(c.Causes, func(x Cause) bool { return x.Message == m.ID })
	wasOpen := c.Waiting() || !m.SentAt.After(c.ClosesAt)
	switch {
	case isAnchor || slices.Contains(opened, c.ID):
		return 4
	case m.SentAt.Before(c.Start):
		return 0
	case c.Knows(m):
		return 3
	case wasOpen && slices.Contains(c.Channels, m.Channel):
		return 2
	case wasOpen:
		return 1
	default:
		return 0
	}
}

// startsLater reports whether c starts after other. Every contact starts after nil.
func startsLater(c, other *Contact) bool { return other == nil || c.Start.After(other.Start) }

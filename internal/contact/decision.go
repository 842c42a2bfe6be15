package contact

import (
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A Decision is what people decided about one message: whether it asks for an answer,
// whether a program wrote it, and to which contact it belongs. It replaces the results of
// [Asks], [WrittenByMachine] and [Contacts]. Each of the three is decided on its own, and
// the latest decision wins. A message that asks was not written by a program, unless Machine says so.
type Decision struct {
	Customer identity.CustomerID `json:"customerId"` // customer id under which the message is stored
	Message  message.ID          `json:"messageId"`
	Asks     *bool               `json:"asks,omitempty"`    // nil: not decided
	Machine  *bool               `json:"machine,omitempty"` // nil: not decided
	Place    Place               `json:"place,omitempty"`   // empty: not decided
	By       string              `json:"by"`                // subject of the token of the latest decision
	At       time.Time           `json:"at"`                // time of the latest decision
}

// A Place is the contact to which a person moved a message: [OwnContact], or the contact
// that an earlier message opened, by the id of that message.
type Place string

// OwnContact is the place of a message that begins a contact.
const OwnContact Place = "own"

// A Choice is what a person decides about one thing.
type Choice uint8

// The choices.
const (
	Keep     Choice = iota // the earlier decision remains
	Yes                    // it is so
	No                     // it is not so
	Withdraw               // nothing is decided any more
)

// A DecisionChange is a new decision about one message.
type DecisionChange struct {
	Customer identity.CustomerID // customer id under which the message is stored
	Message  message.ID
	Asks     Choice
	Machine  Choice
	Place    Place  // empty: the earlier decision remains
	By       string // subject of the token
	At       time.Time
}

// Decide replaces in readings what the decisions of people say about their messages. It
// changes the readings in place. Of several decisions about a message the latest counts.
func Decide(readings []Reading, decisions []Decision) {
	latest := make(map[message.ID]Decision, len(decisions))
	for _, d := range decisions {
		if known, ok := latest[d.Message]; !ok || d.At.After(known.At) {
			latest[d.Message] = d
		}
	}
	for i := range readings {
		d, ok := latest[readings[i].ID]
		if ok {
			readings[i].decide(d)
		}
	}
}

func (r *Reading) decide(d Decision) {
	r.Place = d.Place
	if d.Asks != nil {
		r.Asks = d.Asks
	}
	if d.Machine != nil {
		r.Machine = d.Machine
	} else if d.Asks != nil && *d.Asks {
		byPerson := false
		r.Machine = &byPerson
	}
}

package contact

import (
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// A Query selects messages of one customer.
type Query struct {
	Limit     int       // 1 to 200
	Oldest    bool      // oldest first; else newest first
	From, To  time.Time // From <= sentAt < To; zero is no bound
	Channel   Channel   // empty: all
	Direction Direction // empty: both
	Cursor    string    // where the last page ended

	// Match is a further filter, of entries whose state is not yet known; nil
	// lets all through.
	Match func(Entry) bool
}

// Wants reports whether e passes the filters of q.
func (q Query) Wants(e Entry) bool {
	return (q.Channel == "" || e.Channel == q.Channel) && (q.Direction == "" || e.Direction == q.Direction) &&
		(q.Match == nil || q.Match(e))
}

// An Entry is one message of a history, with what became of it.
type Entry struct {
	Message
	State *State `json:"state,omitempty"`
	// Whole says where the whole message lies when this is a preview.
	Whole string `json:"-"`
}

// A Page is one page of a history.
type Page struct {
	Entries  []Entry
	Cursor   string // for the next page; empty when complete
	Complete bool   // nothing lies beyond it
}

// Changes are what was stored of a customer since an earlier look.
type Changes struct {
	Entries   []Entry   // messages, in no order, however old they are themselves
	Effects   []Became  // what became of messages, new ones or old
	Contacts  []Contact // as they are now
	Regrouped bool      // other ids belong to the customer: all there is must be read again
	Cursor    string    // where to look on
	Complete  bool      // nothing else is known now
}

// A Became is what became of one message, or of all of a channel until a time.
type Became struct {
	Customer identity.CustomerID  `json:"customerId"`
	Channel  Channel              `json:"channel"`
	Of       string               `json:"of,omitempty"`    // the id of the message, without its time
	State    *State               `json:"state,omitempty"` // of the message
	Until    map[string]time.Time `json:"until,omitempty"` // by status, of every outgoing message that was sent until then
}

// A Waiter is one entry of the waiting list.
type Waiter struct {
	ID         string              `json:"id"` // of the contact
	Customer   identity.CustomerID `json:"customerId"`
	Since      time.Time           `json:"waitingSince"`
	Start      time.Time           `json:"start"`
	Department string              `json:"department"`
	Reason     string              `json:"reason,omitempty"`
	Product    string              `json:"product,omitempty"`
	Channels   []Channel           `json:"channels"`
}

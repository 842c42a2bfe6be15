package message

import (
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// A Query selects messages of one customer.
type Query struct {
	Limit     int       // 1 to 200
	Oldest    bool      // oldest first; else newest first
	From, To  time.Time // From <= SentAt < To; zero means no bound
	Channel   Channel   // empty means all
	Direction Direction // empty means both
	Cursor    string    // cursor of the previous page

	// Match is an additional filter. Its entries have no state yet. nil accepts all
	// entries.
	Match func(Entry) bool
}

// Wants reports whether e passes the filters of q.
func (q Query) Wants(e Entry) bool {
	if q.Channel != "" && e.Channel != q.Channel {
		return false
	}
	if q.Direction != "" && e.Direction != q.Direction {
		return false
	}
	return q.Match == nil || q.Match(e)
}

// An Entry is a message of a history with its current state.
type Entry struct {
	Message
	State *State `json:"state,omitempty"`
	// Whole is the key in the bucket of the complete message, if this entry is a
	// preview.
	Whole string `json:"-"`
}

// A Page is one page of a history.
type Page struct {
	Entries  []Entry
	Cursor   string // for the next page; empty when complete
	Complete bool   // this is the last page
}

// A StateChange is a changed state: of one message, or of all outgoing messages of a
// channel until a time.
type StateChange struct {
	Customer identity.CustomerID  `json:"customerId"`
	Channel  Channel              `json:"channel"`
	Of       string               `json:"of,omitempty"`    // id of the message, without its time
	State    *State               `json:"state,omitempty"` // current state of the message
	Until    map[string]time.Time `json:"until,omitempty"` // by status: all outgoing messages sent until this time have reached it
}

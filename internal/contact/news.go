package contact

import (
	"crypto/sha256"
	_ "embed" // for the schema
	"encoding/base64"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// NewsSchema is the version of the format of a [News]. Fields and kinds may
// be added to it; consumers ignore what they do not know.
const NewsSchema = "1"

// NewsJSONSchema describes news to consumers.
//
//go:embed news.schema.json
var NewsJSONSchema []byte

// A NewsKind says what a [News] tells.
type NewsKind string

// The kinds of news.
const (
	SaidSomething NewsKind = "message"     // a message is new, in or out
	NowWaiting    NewsKind = "waiting"     // a contact waits for an answer
	NowAnswered   NewsKind = "answered"    // a contact was answered, and closes on silence
	NowClosed     NewsKind = "closed"      // silence closed a contact
	NowGone       NewsKind = "dropped"     // a contact is no more: its messages are part of another
	NowMerged     NewsKind = "merged"      // the customer is now the same as another, who stands for both
	NowUnmerged   NewsKind = "unmerged"    // the customer is a customer of its own again
	NowAssigned   NewsKind = "assigned"    // somebody has the customer
	NowReleased   NewsKind = "released"    // nobody has the customer
	PromiseDue    NewsKind = "promise_due" // a promise was to be kept by now
)

// News tells an agent tool that mirrors what happened, by ids alone: it
// reads the rest from the API, and shows nothing that it may not see.
type News struct {
	Schema   string              `json:"schema"`
	ID       string              `json:"id"` // the same at each delivery
	Kind     NewsKind            `json:"kind"`
	Customer identity.CustomerID `json:"customerId"`
	// Order is a number of 40 digits. Of two events about one thing (a
	// contact, the claim on a customer, a customer's merges) the later has the
	// higher; at the same order closed comes after answered.
	Order string    `json:"order"`
	At    time.Time `json:"at"` // since when it is so

	Contact   string              `json:"contactId,omitempty"`
	Message   ID                  `json:"messageId,omitempty"`
	Channel   Channel             `json:"channel,omitempty"`
	Direction Direction           `json:"direction,omitempty"`
	Passive   bool                `json:"passive,omitempty"` // message: history, or a note; opens no contact
	Start     time.Time           `json:"start,omitzero"`    // of the contact
	ClosesAt  time.Time           `json:"closesAt,omitzero"` // answered: when silence closes it
	Into      identity.CustomerID `json:"intoId,omitempty"`  // merged: who stands for both
	From      identity.CustomerID `json:"fromId,omitempty"`  // unmerged: who stood for both
	Holder    *Party              `json:"holder,omitempty"`  // assigned: who has the customer
	Until     time.Time           `json:"until,omitzero"`    // assigned: when that lapses unless it is renewed
	Version   int64               `json:"version,omitempty"` // assigned, released: of the claim
}

const orderDigits = 40

// Named returns e with its schema, its order in full, and its id.
func (e News) Named(order string) News {
	e.Schema = NewsSchema
	e.Order = strings.Repeat("0", max(0, orderDigits-len(order))) + order
	sum := sha256.Sum256([]byte(strings.Join([]string{string(e.Kind), string(e.Customer), e.Contact, string(e.Message), e.Order}, "\x00")))
	e.ID = base64.RawURLEncoding.EncodeToString(sum[:16])
	return e
}

// A Later is an event that time brings, unless something is said before.
type Later struct {
	Customer identity.CustomerID `json:"c"`
	Contact  string              `json:"k,omitempty"` // closed: the contact, and when it began
	Start    time.Time           `json:"s,omitzero"`
	Message  ID                  `json:"m,omitempty"` // promise_due: the note
	At       time.Time           `json:"t"`
	Order    string              `json:"o"` // of the event that it follows
}

// Later returns what time brings after e.
func (e News) Later() (Later, bool) {
	return Later{Customer: e.Customer, Contact: e.Contact, Start: e.Start, At: e.ClosesAt, Order: strings.TrimLeft(e.Order, "0")}, e.Kind == NowAnswered
}

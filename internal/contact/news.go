package contact

import (
	"crypto/sha256"
	_ "embed" // for the schema
	"encoding/base64"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// NewsSchema is the version of the format of [News]. Fields and kinds may be added
// within a version. Consumers must ignore unknown ones.
const NewsSchema = "1"

// NewsJSONSchema is the JSON Schema of [News], for consumers.
//
//go:embed news.schema.json
var NewsJSONSchema []byte

// A NewsKind is the kind of an event.
type NewsKind string

// The kinds of events.
const (
	SaidSomething NewsKind = "message"     // a message was stored, inbound or outbound
	NowWaiting    NewsKind = "waiting"     // a contact waits for an answer
	NowAnswered   NewsKind = "answered"    // a contact was answered, and will close on silence
	NowClosed     NewsKind = "closed"      // a contact closed on silence
	NowGone       NewsKind = "dropped"     // a contact no longer exists: its messages belong to another contact
	NowMerged     NewsKind = "merged"      // the customer was merged into another
	NowUnmerged   NewsKind = "unmerged"    // the merge of the customer was undone
	NowAssigned   NewsKind = "assigned"    // a party holds the customer
	NowReleased   NewsKind = "released"    // the customer has no holder
	PromiseDue    NewsKind = "promise_due" // the due time of a promise has passed
)

// News is an event for agent tools that keep their own copy of the contacts. It
// contains ids only. The tool reads the content from the API, with its own permissions.
type News struct {
	Schema   string              `json:"schema"`
	ID       string              `json:"id"` // the same at each delivery of the event
	Kind     NewsKind            `json:"kind"`
	Customer identity.CustomerID `json:"customerId"`
	// Order is a number of 40 digits. Of two events about the same contact, the
	// claim on the same customer, or the merges of the same customer, the later one
	// has the higher order. With equal orders, closed comes after answered.
	Order string    `json:"order"`
	At    time.Time `json:"at"` // time from which the event applies

	Contact   string              `json:"contactId,omitempty"`
	Message   message.ID          `json:"messageId,omitempty"`
	Channel   message.Channel     `json:"channel,omitempty"`
	Direction message.Direction   `json:"direction,omitempty"`
	Passive   bool                `json:"passive,omitempty"` // message: imported history or a note; it does not open a contact
	Start     time.Time           `json:"start,omitzero"`    // start of the contact
	ClosesAt  time.Time           `json:"closesAt,omitzero"` // answered: time at which it will close on silence
	Into      identity.CustomerID `json:"intoId,omitempty"`  // merged: current id of both customers
	From      identity.CustomerID `json:"fromId,omitempty"`  // unmerged: previous id of both customers
	Holder    *Party              `json:"holder,omitempty"`  // assigned: holder of the customer
	Until     time.Time           `json:"until,omitzero"`    // assigned: end of the claim unless it is renewed
	Version   int64               `json:"version,omitempty"` // assigned, released: version of the claim
}

const orderLength = 40

// Named returns e with its schema, its id, and its order padded to 40 digits.
func (e News) Named(order string) News {
	e.Schema = NewsSchema
	e.Order = strings.Repeat("0", max(0, orderLength-len(order))) + order
	sum := sha256.Sum256([]byte(strings.Join([]string{string(e.Kind), string(e.Customer), e.Contact, string(e.Message), e.Order}, "\x00")))
	e.ID = base64.RawURLEncoding.EncodeToString(sum[:16])
	return e
}

// A Later is an event that will happen at a time, unless a new message prevents it: a
// contact that closes, or a promise that becomes due.
type Later struct {
	Customer identity.CustomerID `json:"c"`
	Contact  string              `json:"k,omitempty"` // closed: id of the contact
	Start    time.Time           `json:"s,omitzero"`
	Message  message.ID          `json:"m,omitempty"` // promise_due: id of the note
	At       time.Time           `json:"t"`
	Order    string              `json:"o"` // order of the event that caused it
}

// Later returns the closing of the contact that an answered event announces. It
// reports false for other kinds.
func (e News) Later() (Later, bool) {
	return Later{Customer: e.Customer, Contact: e.Contact, Start: e.Start, At: e.ClosesAt, Order: strings.TrimLeft(e.Order, "0")}, e.Kind == NowAnswered
}

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

// EventSchema is the version of the format of [Event]. Fields and kinds may be added
// within a version. Consumers must ignore unknown ones.
const EventSchema = "1"

// EventJSONSchema is the JSON Schema of [Event], for consumers.
//
//go:embed event.schema.json
var EventJSONSchema []byte

// An EventKind is the kind of an event.
type EventKind string

// The kinds of events.
const (
	MessageStored    EventKind = "message"     // a message was stored, inbound or outbound
	WaitStarted      EventKind = "waiting"     // a contact waits for an answer
	ContactAnswered  EventKind = "answered"    // a contact was answered, and will close on silence
	ContactClosed    EventKind = "closed"      // a contact closed on silence
	ContactDropped   EventKind = "dropped"     // a contact no longer exists: its messages belong to another contact
	CustomerMerged   EventKind = "merged"      // the customer was merged into another
	CustomerUnmerged EventKind = "unmerged"    // the merge of the customer was undone
	CustomerAssigned EventKind = "assigned"    // a party holds the customer
	CustomerReleased EventKind = "released"    // the customer has no holder
	PromiseDue       EventKind = "promise_due" // the due time of a promise has passed
)

// An Event is an event for agent tools that keep their own copy of the contacts. It
// contains ids only. The tool reads the content from the API, with its own permissions.
type Event struct {
	Schema   string              `json:"schema"`
	ID       string              `json:"id"` // the same at each delivery of the event
	Kind     EventKind           `json:"kind"`
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
func (e Event) Named(order string) Event {
	e.Schema = EventSchema
	e.Order = strings.Repeat("0", max(0, orderLength-len(order))) + order
	sum := sha256.Sum256([]byte(strings.Join([]string{string(e.Kind), string(e.Customer), e.Contact, string(e.Message), e.Order}, "\x00")))
	e.ID = base64.RawURLEncoding.EncodeToString(sum[:16])
	return e
}

// A DeferredEvent is an event that will happen at a time, unless a new message prevents it: a
// contact that closes, or a promise that becomes due.
type DeferredEvent struct {
	Customer identity.CustomerID `json:"c"`
	Contact  string              `json:"k,omitempty"` // closed: id of the contact
	Start    time.Time           `json:"s,omitzero"`
	Message  message.ID          `json:"m,omitempty"` // promise_due: id of the note
	At       time.Time           `json:"t"`
	Order    string              `json:"o"` // order of the event that caused it
}

// Deferred returns the closing of the contact that an answered event announces. It
// reports false for other kinds.
func (e Event) Deferred() (DeferredEvent, bool) {
	return DeferredEvent{Customer: e.Customer, Contact: e.Contact, Start: e.Start, At: e.ClosesAt, Order: strings.TrimLeft(e.Order, "0")}, e.Kind == ContactAnswered
}

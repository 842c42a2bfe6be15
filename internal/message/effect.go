package message

import (
	"encoding/json"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// An EffectKind is the kind of an [Effect].
type EffectKind string

// The kinds of effects.
const (
	Status    EffectKind = "status"    // an outgoing message was sent, delivered, read, played or failed
	Watermark EffectKind = "watermark" // all outgoing messages until At were delivered or read; Target is empty
	Reaction  EffectKind = "reaction"  // an emoji was added to the message, or removed (Emoji is empty)
	Edit      EffectKind = "edit"      // the customer changed the text
	Deletion  EffectKind = "deletion"  // the customer deleted the message
	Verdict   EffectKind = "verdict"   // mail: a bounce, complaint, receipt or automatic answer to the message
	Media     EffectKind = "media"     // an attachment was fetched, or will never be
)

// Statuses are the statuses of an outgoing message, lowest first. A lower status that
// arrives late does not replace a higher one.
var Statuses = []string{"sent", "failed", "delivered", "read", "played"}

// An Effect is an event that happened to a message after it was sent. Effects may
// arrive before their message, more than once, and in any order.
type Effect struct {
	Channel  Channel            `json:"channel"`
	Account  string             `json:"account,omitempty"`
	Customer identity.Address   `json:"customer"`
	Aliases  []identity.Address `json:"aliases,omitempty"`
	Target   string             `json:"target,omitempty"` // provider id of the affected message; empty for watermarks
	Kind     EffectKind         `json:"kind"`
	At       time.Time          `json:"at"`
	Status   string             `json:"status,omitempty"`   // status, watermark: one of [Statuses]; verdict: "bounce", "complaint", ...
	Code     string             `json:"code,omitempty"`     // failed: the platform's error code
	Detail   string             `json:"detail,omitempty"`   // failed: the platform's error text
	By       Direction          `json:"by,omitempty"`       // reaction: inbound means by the customer
	Emoji    string             `json:"emoji,omitempty"`    // reaction; empty removes it
	Text     string             `json:"text,omitempty"`     // edit: the new text
	Revision int                `json:"revision,omitempty"` // edit: the platform's revision number, if it has one
	Index    int                `json:"index,omitempty"`    // media: index of the attachment, from 0
	File     *MediaFile         `json:"file,omitempty"`     // media: the fetched file, or the failure
	MailID   string             `json:"mailId,omitempty"`   // status: the Message-ID that the recipient of a mail sees, without brackets
	Pricing  *Pricing           `json:"pricing,omitempty"`  // status: what the platform charges for the message
	Data     json.RawMessage    `json:"data,omitempty"`

	// CustomerID is the owner of the message, if known. Otherwise the owner is
	// resolved from the addresses.
	CustomerID identity.CustomerID `json:"-"`
}

// Pricing is how a platform charges for a message, in its own words. It names no
// amount: the amount depends on the company's contract.
type Pricing struct {
	Billable *bool  `json:"billable,omitempty"` // nil if the platform does not say it
	Type     string `json:"type,omitempty"`     // WhatsApp: "regular", "free_customer_service", "free_entry_point"
	Category string `json:"category,omitempty"` // WhatsApp: "service", "utility", "marketing", "authentication", ...
	Model    string `json:"model,omitempty"`    // WhatsApp: "PMP", per message; "CBP", per conversation
}

// maxFileCount is the maximum number of files of one message.
const maxFileCount = 1000

// Addresses returns all aliases of e, the customer's own first.
func (e Effect) Addresses() []identity.Address {
	return append([]identity.Address{e.Customer}, e.Aliases...)
}

// Validate returns a [fault.Invalid] if e cannot be stored.
func (e Effect) Validate() error {
	switch {
	case e.Customer.Value == "":
		return fault.New(fault.Invalid, "effect has no customer")
	case e.Target == "" && e.Kind != Watermark:
		return fault.New(fault.Invalid, "effect has no target")
	case e.At.IsZero() || e.At.UnixMilli() < 0:
		return fault.New(fault.Invalid, "effect has no valid time")
	case e.Kind != Media:
		return nil
	case e.File == nil || e.Index < 0 || e.Index >= maxFileCount:
		return fault.New(fault.Invalid, "media effect has no file or no valid index")
	}
	return nil
}

// A Notice is an event of a platform that does not concern a message: account events,
// template events, conversation routing, preferences. It is stored for operators.
type Notice struct {
	Channel  Channel            `json:"channel"`
	Account  string             `json:"account,omitempty"`
	ID       string             `json:"id"`   // the platform's id, or a hash of the element; the same at each delivery
	Kind     string             `json:"kind"` // the platform's name of the event
	At       time.Time          `json:"at"`
	Customer *identity.Address  `json:"customer,omitempty"` // the affected customer, if any
	Aliases  []identity.Address `json:"aliases,omitempty"`
	Consent  *identity.Consent  `json:"consent,omitempty"` // a consent that the customer granted or withdrew
	Data     json.RawMessage    `json:"data,omitempty"`
}

// Addresses returns all aliases of n, the customer's own first, or nil if n does not
// concern a customer.
func (n Notice) Addresses() []identity.Address {
	if n.Customer == nil {
		return nil
	}
	return append([]identity.Address{*n.Customer}, n.Aliases...)
}

// A Broken element is a part of a delivery that cannot be read. It is stored in
// quarantine, and the other elements are stored normally.
type Broken struct {
	Path   string          // for example "entry[0].changes[2].value.messages[1]"
	Reason string          // the error; without content of the element
	Raw    json.RawMessage // the element
}

// A Delivery holds the elements of one webhook request, mail or post, in its order.
type Delivery struct {
	Links    []identity.Link // applied before the messages
	Messages []Message
	Effects  []Effect
	Notices  []Notice
	Broken   []Broken
}

// Elements returns the number of elements of the delivery.
func (d Delivery) Elements() int {
	return len(d.Links) + len(d.Messages) + len(d.Effects) + len(d.Notices) + len(d.Broken)
}

// A QuarantinedDelivery could not be read, completely or in part. Its complete raw
// form is stored in S3, so that it can be replayed.
type QuarantinedDelivery struct {
	Hash    string    `json:"hash"` // keyed hash of the delivery
	Channel Channel   `json:"channel"`
	At      time.Time `json:"at"`     // time of the delivery
	Object  string    `json:"object"` // key of the raw form in S3
	Reasons []string  `json:"reasons"`
}

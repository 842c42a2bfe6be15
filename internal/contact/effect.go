package contact

import (
	"encoding/json"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// An EffectKind says what an [Effect] tells about its message.
type EffectKind string

// The kinds of effect.
const (
	Status    EffectKind = "status"    // an outgoing message was sent, delivered, read, played or failed
	Watermark EffectKind = "watermark" // every outgoing message until At was delivered or read; Target is empty
	Reaction  EffectKind = "reaction"  // somebody put an emoji to it, or took it away (Emoji is empty)
	Edit      EffectKind = "edit"      // the customer changed the text
	Deletion  EffectKind = "deletion"  // the customer took the message back
	Verdict   EffectKind = "verdict"   // mail: a bounce, complaint, receipt or automatic answer to it
	Media     EffectKind = "media"     // one of its attachments was fetched, or never will be
)

// Statuses of an outgoing message, lowest first. A later one is never taken
// back by an earlier one that arrives late.
var Statuses = []string{"sent", "failed", "delivered", "read", "played"}

// An Effect is something learned about a message after it was sent. It may
// come before the message, more than once and in any order.
type Effect struct {
	Channel  Channel            `json:"channel"`
	Account  string             `json:"account,omitempty"`
	Customer identity.Address   `json:"customer"`
	Aliases  []identity.Address `json:"aliases,omitempty"`
	Target   string             `json:"target,omitempty"` // the provider's id of the message it is about; empty for watermarks
	Kind     EffectKind         `json:"kind"`
	At       time.Time          `json:"at"`
	Status   string             `json:"status,omitempty"`   // status, watermark: one of [Statuses]; verdict: "bounce", "complaint", ...
	Code     string             `json:"code,omitempty"`     // failed: the platform's error code
	Detail   string             `json:"detail,omitempty"`   // failed: the platform's words
	By       Direction          `json:"by,omitempty"`       // reaction: inbound is the customer's
	Emoji    string             `json:"emoji,omitempty"`    // reaction; empty takes it away
	Text     string             `json:"text,omitempty"`     // edit: the new text
	Revision int                `json:"revision,omitempty"` // edit: the platform's count, when it has one
	Index    int                `json:"index,omitempty"`    // media: which attachment
	File     *MediaFile         `json:"file,omitempty"`     // media: what became of it
	MailID   string             `json:"mailId,omitempty"`   // status: the Message-ID that the recipient of a mail sees, without brackets
	Data     json.RawMessage    `json:"data,omitempty"`

	// CustomerID is whose message it is about, when that is known; else the
	// addresses tell.
	CustomerID identity.CustomerID `json:"-"`
}

// maxFiles is how many files of one message can be known at most.
const maxFiles = 1000

// Addresses returns every alias that came with e, the customer's own first.
func (e Effect) Addresses() []identity.Address {
	return append([]identity.Address{e.Customer}, e.Aliases...)
}

// Validate reports the first thing that keeps e from being stored.
func (e Effect) Validate() error {
	switch {
	case e.Customer.Value == "":
		return fault.New(fault.Invalid, "effect without customer")
	case e.Target == "" && e.Kind != Watermark:
		return fault.New(fault.Invalid, "effect without target")
	case e.At.IsZero() || e.At.UnixMilli() < 0:
		return fault.New(fault.Invalid, "effect without time")
	case e.Kind == Media && (e.File == nil || e.Index < 0 || e.Index >= maxFiles):
		return fault.New(fault.Invalid, "effect without file")
	}
	return nil
}

// A Notice is something a platform reports that is about no message: account
// events, template events, conversation routing, preferences. It is kept for
// operations.
type Notice struct {
	Channel  Channel            `json:"channel"`
	Account  string             `json:"account,omitempty"`
	ID       string             `json:"id"`   // the platform's id, or a hash of the element: the same at each delivery
	Kind     string             `json:"kind"` // the platform's name for it
	At       time.Time          `json:"at"`
	Customer *identity.Address  `json:"customer,omitempty"` // whom it is about, if anybody
	Aliases  []identity.Address `json:"aliases,omitempty"`
	Consent  *identity.Consent  `json:"consent,omitempty"` // what the customer allows from now on, or no longer does
	Data     json.RawMessage    `json:"data,omitempty"`
}

// Addresses returns every alias that came with n, the customer's own first;
// none if it is about nobody.
func (n Notice) Addresses() []identity.Address {
	if n.Customer == nil {
		return nil
	}
	return append([]identity.Address{*n.Customer}, n.Aliases...)
}

// A Broken element is a part of a delivery that cannot be read: it is kept
// whole in quarantine while its neighbours are stored.
type Broken struct {
	Path   string          // where it stands: "entry[0].changes[2].value.messages[1]"
	Reason string          // why it cannot be read; holds nothing of the element
	Raw    json.RawMessage // the element
}

// A Delivery is what one webhook, mail or post holds, in its order.
type Delivery struct {
	Links    []identity.Link // statements that name two aliases of one person; applied first
	Messages []Message
	Effects  []Effect
	Notices  []Notice
	Broken   []Broken
}

// Elements returns how many things the delivery holds.
func (d Delivery) Elements() int {
	return len(d.Links) + len(d.Messages) + len(d.Effects) + len(d.Notices) + len(d.Broken)
}

// A Case is a delivery in quarantine: all of it, or the elements of it that
// could not be read. Its raw form lies whole in S3, to be replayed.
type Case struct {
	Hash    string    `json:"hash"` // keyed hash of the delivery
	Channel Channel   `json:"channel"`
	At      time.Time `json:"at"`     // when it came
	Object  string    `json:"object"` // where it lies
	Reasons []string  `json:"reasons"`
}

// Package identity says who a customer is: a person with aliases, the
// addresses under which the channels and the company know that person.
//
// Two aliases belong to one person only on proof: a [Link], one statement
// that names both. Equal names or look-alike numbers prove nothing, so this
// package has no function that compares people.
package identity

import (
	"log/slog"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// A CustomerID names a person, for ever: a UUIDv7. After a merge both ids of
// the merged customers still name that person.
type CustomerID string

// A Kind is the kind of an [Alias].
type Kind string

// The kinds of alias, and what scopes each.
const (
	Phone       Kind = "phone"        // E.164 digits without the plus; no scope
	BSUID       Kind = "bsuid"        // WhatsApp business-scoped user id; scope: WhatsApp business account
	ParentBSUID Kind = "parent-bsuid" // WhatsApp parent user id; scope: none, it spans a managed business's portfolios
	PSID        Kind = "psid"         // Messenger page-scoped id; scope: page
	IGSID       Kind = "igsid"        // Instagram-scoped id; scope: Instagram account
	Email       Kind = "email"        // mail address; no scope
	Visitor     Kind = "visitor"      // web chat visitor; scope: site
	Account     Kind = "account"      // the company's own customer number; no scope
)

// Kinds lists every kind of alias.
var Kinds = []Kind{Phone, BSUID, ParentBSUID, PSID, IGSID, Email, Visitor, Account}

// An Alias is one address of a customer. Values are compared in the form that
// [NewAlias] returns.
type Alias struct {
	Kind  Kind   `json:"kind"`
	Scope string `json:"scope,omitempty"`
	Value string `json:"value"`
}

// LogValue is what a log shows of a: its kind, never the address.
func (a Alias) LogValue() slog.Value { return slog.StringValue(string(a.Kind)) }

// Key returns the bytes that identify a: what is hashed into its table key.
func (a Alias) Key() string { return a.Scope + "\x00" + a.Value }

// maxValue is the longest alias, in bytes: longer than any mail address
// (RFC 5321: 254) or platform id seen.
const maxValue = 512

// NewAlias returns the alias of a value in its normal form: phones as digits
// with country code, mail addresses folded in case and with an ASCII domain.
// A value that cannot be an alias of that kind is [fault.Invalid].
func NewAlias(kind Kind, scope, value string) (Alias, error) {
	value = strings.TrimSpace(value)
	if value == "" || len(value) > maxValue || len(scope) > maxValue || strings.ContainsRune(value, 0) {
		return Alias{}, fault.New(fault.Invalid, "not a usable %s", kind)
	}
	a := Alias{Kind: kind, Scope: scope, Value: value}
	switch kind {
	case Phone:
		digits, ok := phoneDigits(value)
		if !ok {
			return Alias{}, fault.New(fault.Invalid, "not a phone number with country code")
		}
		a.Value, a.Scope = digits, ""
	case Email:
		mail, ok := mailAddress(value)
		if !ok {
			return Alias{}, fault.New(fault.Invalid, "not a mail address")
		}
		a.Value, a.Scope = mail, ""
	case BSUID, ParentBSUID:
		if !ValidBSUID(value) {
			return Alias{}, fault.New(fault.Invalid, "not a WhatsApp user id")
		}
	case PSID, IGSID, Visitor, Account:
	default:
		return Alias{}, fault.New(fault.Invalid, "unknown kind of alias %q", string(kind))
	}
	return a, nil
}

// ParseAlias reads "kind:value" or, for kinds with a scope,
// "kind:scope:value": what the find operation and heardctl take.
func ParseAlias(s string) (Alias, error) {
	kind, rest, ok := strings.Cut(s, ":")
	if !ok {
		return Alias{}, fault.New(fault.Invalid, "an alias is kind:value or kind:scope:value")
	}
	switch Kind(kind) {
	case BSUID, PSID, IGSID, Visitor:
		scope, value, ok := strings.Cut(rest, ":")
		if !ok {
			return Alias{}, fault.New(fault.Invalid, "a %s alias is %s:scope:value", kind, kind)
		}
		return NewAlias(Kind(kind), scope, value)
	default:
		return NewAlias(Kind(kind), "", rest)
	}
}

// An Assurance says how sure it is that an alias is the person's own.
type Assurance string

// The assurances.
const (
	Verified Assurance = "verified" // proven by the platform, the mail's DMARC, the register or the host site
	Claimed  Assurance = "claimed"  // somebody said so
)

// An Address is an alias as a message shows it, with its assurance.
type Address struct {
	Alias
	Assurance Assurance `json:"assurance"`
}

// Evidence says why something about an identity is believed.
type Evidence struct {
	Rule string    `json:"rule"`          // "webhook", "register", "host-jwt", "system-event"
	Ref  string    `json:"ref,omitempty"` // the message id or register entry that shows it
	At   time.Time `json:"at"`
}

// A Link is one proven statement that names two aliases of one person.
type Link struct {
	From, To Alias
	Evidence Evidence
}

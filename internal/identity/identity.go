// Package identity defines customers and their aliases: the addresses under which
// the channels and the company know a person.
//
// Two aliases belong to one person only if a [Link] proves it: one statement that
// names both. Equal names and similar numbers prove nothing. They only lead to a
// [Suggestion], on which an agent decides.
package identity

import (
	"log/slog"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// A CustomerID identifies a person permanently. It is a UUIDv7. After a merge, the
// ids of both customers identify the same person.
type CustomerID string

// A Kind is the kind of an [Alias].
type Kind string

// The kinds of aliases, with the scope in which their value is unique.
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

// An Alias is one address of a customer. [NewAlias] returns the normal form, in
// which aliases are compared.
type Alias struct {
	Kind  Kind   `json:"kind"`
	Scope string `json:"scope,omitempty"`
	Value string `json:"value"`
}

// LogValue returns the kind of a, so that no log contains the address.
func (a Alias) LogValue() slog.Value { return slog.StringValue(string(a.Kind)) }

// Key returns the text from which the table key of a is hashed.
func (a Alias) Key() string { return a.Scope + "\x00" + a.Value }

// maxValueBytes is the maximum length of a value or scope. It is longer than any mail
// address (RFC 5321: 254) and any known platform id.
const maxValueBytes = 512

// NewAlias returns an alias in normal form. Phone numbers become digits with country
// code. Mail addresses become lower case, with an ASCII domain. A value that is not
// valid for the kind is a [fault.Invalid].
func NewAlias(kind Kind, scope, value string) (Alias, error) {
	value = strings.TrimSpace(value)
	if value == "" || strings.ContainsRune(value, 0) {
		return Alias{}, fault.New(fault.Invalid, "%s must not be empty or contain NUL", kind)
	}
	if max(len(value), len(scope)) > maxValueBytes {
		return Alias{}, fault.New(fault.Invalid, "%s must have at most %d bytes", kind, maxValueBytes)
	}
	a := Alias{Kind: kind, Scope: scope, Value: value}
	switch kind {
	case Phone:
		digits, ok := normalizePhone(value)
		if !ok {
			return Alias{}, fault.New(fault.Invalid, "not a phone number with country code")
		}
		a.Value = digits
		a.Scope = ""
	case Email:
		mail, ok := normalizeMailAddress(value)
		if !ok {
			return Alias{}, fault.New(fault.Invalid, "not a mail address")
		}
		a.Value = mail
		a.Scope = ""
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

// ParseAlias parses "kind:value" or, for the kinds bsuid, psid, igsid and visitor,
// "kind:scope:value". The API operation to find a customer and heardctl use this form.
func ParseAlias(s string) (Alias, error) {
	kind, rest, ok := strings.Cut(s, ":")
	if !ok {
		return Alias{}, fault.New(fault.Invalid, "an alias must be kind:value or kind:scope:value")
	}
	switch Kind(kind) {
	case BSUID, PSID, IGSID, Visitor:
		scope, value, ok := strings.Cut(rest, ":")
		if !ok {
			return Alias{}, fault.New(fault.Invalid, "a %s alias must be %s:scope:value", kind, kind)
		}
		return NewAlias(Kind(kind), scope, value)
	default:
		return NewAlias(Kind(kind), "", rest)
	}
}

// An Assurance is the certainty that an alias belongs to the person.
type Assurance string

// The values of [Assurance].
const (
	Verified Assurance = "verified" // proven by the platform, the mail's DMARC, the register or the host site
	Claimed  Assurance = "claimed"  // stated without proof
)

// An Address is an alias of a message, with its assurance.
type Address struct {
	Alias
	Assurance Assurance `json:"assurance"`
}

// Evidence is the proof of a statement about an identity.
type Evidence struct {
	Rule string    `json:"rule"`          // one of the Rule constants
	Ref  string    `json:"ref,omitempty"` // id of the message or register entry that shows it
	At   time.Time `json:"at"`

	// Name is the name that the channel shows for the person. It proves nothing and
	// is not stored. A customer who is new is found by it.
	Name string `json:"-"`
}

// A Link is one proven statement that names two aliases of one person.
type Link struct {
	From, To Alias
	Evidence Evidence
}

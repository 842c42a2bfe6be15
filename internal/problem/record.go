package problem

import (
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// MaxTogether is how many affected customers one write takes: a transaction
// of DynamoDB has at most 100 items, and two are the problem's own.
const MaxTogether = 98

// A Record is a problem as it is kept.
type Record struct {
	Problem
	Quotes []string // masked
	// Events are what the last change of the version has to tell.
	Events []Event
	// Once makes the change that is written one that is made once only.
	Once Once
	// Resent counts how often the item of the latest version was asked for
	// again.
	Resent int
	// Revision counts the writes; a write is refused when it is not the one
	// that was read.
	Revision int64
}

// A Once is the name of a change, by which one that comes again is known until
// Expires. The zero value names none.
type Once struct {
	Key     string
	Expires time.Time
}

// An Affected is one customer whom a problem touches.
type Affected struct {
	Customer identity.CustomerID `json:"customerId"`
	Contacts []string            `json:"contacts"` // ids
	Since    time.Time           `json:"since"`    // of the first contact that is known
}

// A Seen is one customer with one cause on one day.
type Seen struct {
	Customer identity.CustomerID
	Contact  string
	Day      string // in the organisation's time zone, like 2026-03-01
	At       time.Time
	Quote    string // masked; empty when in doubt
	Expires  time.Time
}

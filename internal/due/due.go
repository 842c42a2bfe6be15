// Package due defines the entries of the table's schedule: work that must run
// at a certain time. Examples are a contact that closes, a problem that must be
// acknowledged, and a fix that is expected today.
//
// An entry is only a hint to look at an item. It proves nothing. Its handler
// (see package clock) reads the item with a consistent read and decides from
// the item alone. An entry may therefore arrive early, arrive twice, or arrive
// after the item was settled, without harm.
package due

import "time"

// A Kind selects the handler of an entry. Each kind has exactly one handler.
type Kind string

// The kinds of entries. Their values are stored in the table.
const (
	Contact     Kind = "contact"     // close silent contacts; check that promises were kept
	Acknowledge Kind = "acknowledge" // the time limit to acknowledge a problem has passed
	Expected    Kind = "expected"    // the expected time of a problem's fix has passed
	Watch       Kind = "watch"       // the observation period after a problem's fix has passed
	Transfer    Kind = "transfer"    // move the affected customers of a problem to another problem
	Split       Kind = "split"       // finish moving records to a customer that was split off
)

// An Entry is one scheduled look at an item.
type Entry struct {
	Kind Kind
	Of   string // id of the problem or of the customer
	At   time.Time
	PK   string // partition key of the item that holds the entry: a row of its own, or the scheduled item itself
	SK   string // sort key of that item
}

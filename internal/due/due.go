// Package due names what has to be looked at when its time has come: a
// contact that closes, a problem that nobody acknowledged, a fix that was
// promised for today.
//
// An entry is no order and proves nothing: it says where to look. Whoever
// looks reads the thing itself, strongly, and decides by what it finds there.
// An entry that comes early, twice, or long after the thing was settled does
// no harm.
package due

import "time"

// A Kind is a kind of due things. Each has one handler.
type Kind string

// The kinds.
const (
	Contact     Kind = "contact"     // contacts close, when nothing is said in them any more; promises were to be kept
	Acknowledge Kind = "acknowledge" // a problem was to be acknowledged by now
	Expected    Kind = "expected"    // the fix of a problem was expected by now
	Watch       Kind = "watch"       // contacts about a fixed problem were to have stopped by now
	Transfer    Kind = "transfer"    // customers of a problem are to be handed to another
	Split       Kind = "split"       // a part that was split off is to have all that belongs to it
)

// An Entry is one thing that is due.
type Entry struct {
	Kind Kind
	Of   string // the id of the problem, or of the customer
	At   time.Time
	PK   string // where the entry stands: a row of its own, or the thing itself
	SK   string
}

// Package schedule runs work at a certain time. Once a minute the [Clock] reads the due entries of
// the table's index (partition due#), oldest first, and passes each entry to
// the [Handler] of its kind.
//
// To schedule work, write an [Entry] with package store and register a
// [Handler] for its kind in functions/schedule. Every handler follows three rules:
//
//   - It reads the item that the entry names and decides from that item. The
//     item may have been changed or erased, or the work may already be done. The
//     handler does nothing in those cases.
//   - Its writes are conditional. Two clocks that run at the same time, or one
//     that was killed and runs again, leave the same items in the table.
//   - It returns the time of the next look, or the zero time for none. The entry
//     is then moved or removed, but only if it is still at its old place in the
//     index. A handler may therefore also move or remove the entry itself.
//
// Closing contacts share an entry: package outbox writes one row for all
// contacts of a stream batch that close in the same minute. An entry per contact
// would cost two writes for every answer and one for every question.
//
// An entry that fails does not block the others. It is retried after [Backoff],
// and the metric Failed counts it. A run starts no new entry in its last
// seconds. The entries that are left are the oldest of the next run.
//
// An entry is only a hint to look at an item, such as a contact that closes, a
// problem that must be acknowledged, or a fix that is expected today. It proves
// nothing: its handler reads the item with a consistent read and decides from the
// item alone. An entry may therefore arrive early, twice, or after the item was
// settled, without harm.
package schedule

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

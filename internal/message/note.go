package message

import "time"

// A NoteKind is the kind of a structured note for the next holder of the customer.
type NoteKind string

// The kinds of notes.
const (
	Wanted     NoteKind = "want"     // the customer's request, in the agent's words
	Tried      NoteKind = "tried"    // an attempt or advice, with or without success
	Promised   NoteKind = "promise"  // a promise to the customer, with its due time
	Kept       NoteKind = "kept"     // the promise that About names was kept
	Told       NoteKind = "info"     // other information
	HandedOver NoteKind = "handover" // the reason of a hand-over; written together with it
)

// NoteKinds are the kinds of notes that agents can write directly.
var NoteKinds = []NoteKind{Wanted, Tried, Promised, Kept, Told}

// MaxNote is the maximum length of the text of a structured note, in bytes.
const MaxNote = 1000

// A Remark holds the structure of a note in addition to its text. A note is a message
// of the channel note. It is part of the history, but it neither opens a contact nor
// makes one wait.
type Remark struct {
	Kind  NoteKind  `json:"kind"`
	Due   time.Time `json:"due,omitzero"`    // promise: due time
	About ID        `json:"about,omitempty"` // kept: id of the promise message
}

package contact

import "time"

// A NoteKind says what a structured note tells the next who has the customer.
type NoteKind string

// The kinds of note.
const (
	Wanted     NoteKind = "want"     // what the customer wants, in the agent's words
	Tried      NoteKind = "tried"    // what was done or advised, with or without success
	Promised   NoteKind = "promise"  // what the customer was promised, and by when
	Kept       NoteKind = "kept"     // that a promise was kept: the one that About names
	Told       NoteKind = "info"     // whatever else the next should know
	HandedOver NoteKind = "handover" // why the customer was handed over; written with the hand-over
)

// NoteKinds are the kinds that agents write.
var NoteKinds = []NoteKind{Wanted, Tried, Promised, Kept, Told}

// MaxNote is how long the text of a structured note may be, in bytes.
const MaxNote = 1000

// A Remark is what a structured note says beside its text. A note is a message on
// the channel note: it stands in the history, opens no contact and keeps
// nobody waiting.
type Remark struct {
	Kind  NoteKind  `json:"kind"`
	Due   time.Time `json:"due,omitzero"`    // promise: by when
	About ID        `json:"about,omitempty"` // kept: the message of the promise
}

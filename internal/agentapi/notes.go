package agentapi

import (
	"context"
	"slices"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/message"
)

// A noteRequest is a note for the next agent of the customer.
type noteRequest struct {
	ID     string           `json:"id"`
	Kind   message.NoteKind `json:"kind"`
	Text   string           `json:"text"`
	Due    string           `json:"due"`
	About  message.ID       `json:"about"`
	At     string           `json:"at"`
	Author string           `json:"author"`
}

func (a *API) recordNote(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body noteRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	m, err := newNote(body, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	return a.recordMessage(ctx, r, m)
}

// newNote returns the message of a request, without its customer. A promise
// has a due time, and a note that a promise was kept names its message.
func newNote(body noteRequest, r *httpapi.Request) (message.Message, error) {
	remark := &message.Remark{Kind: body.Kind, About: body.About}
	m := message.Message{Channel: message.Note, Direction: message.Outbound, Kind: message.Text, Passive: true, Note: remark}
	if !slices.Contains(message.NoteKinds, body.Kind) {
		return m, fault.New(fault.Invalid, "kind must be one of %s", httpapi.JoinNames(message.NoteKinds))
	}
	var err error
	if m.Text, err = httpapi.CleanText("text", body.Text, message.MaxNote, true); err != nil {
		return m, err
	}
	if m.Author, err = httpapi.CleanText("author", body.Author, maxAuthor, false); err != nil {
		return m, err
	}
	if (body.Kind == message.Promised) != (body.Due != "") {
		return m, fault.New(fault.Invalid, "due must be the time when the promise must be kept; it is required for kind promised and not allowed otherwise")
	}
	if body.Due != "" {
		if remark.Due, err = httpapi.ParseTime("due", body.Due); err != nil {
			return m, err
		}
	}
	if (body.Kind == message.Kept) != (body.About != "") {
		return m, fault.New(fault.Invalid, "about must be the id of the promise message; it is required for kind kept and not allowed otherwise")
	}
	if body.About != "" {
		if _, _, _, err := body.About.Parse(); err != nil {
			return m, fault.New(fault.Invalid, "about must be the id of a message")
		}
	}
	return m, setRecordedID(&m, r, body.ID, "", "at", body.At)
}

// equalRemarks reports whether two notes are equal, except for their text.
func equalRemarks(a, b *message.Remark) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && a.About == b.About && a.Due.Equal(b.Due)
}

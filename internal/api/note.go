package api

import (
	"context"
	"slices"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// A note is what an agent tells whoever has the customer next.
type note struct {
	ID     string           `json:"id"`
	Kind   contact.NoteKind `json:"kind"`
	Text   string           `json:"text"`
	Due    string           `json:"due"`
	About  contact.ID       `json:"about"`
	At     string           `json:"at"`
	Author string           `json:"author"`
}

func (a *Agents) recordNote(ctx context.Context, r *request) (reply, error) {
	var b note
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	m, err := noted(b, r)
	if err != nil {
		return reply{}, err
	}
	return a.record(ctx, r, m)
}

func noted(b note, r *request) (contact.Message, error) {
	remark := &contact.Remark{Kind: b.Kind, About: b.About}
	m := contact.Message{Channel: contact.Note, Direction: contact.Outbound, Kind: contact.Text, Passive: true, Note: remark}
	if !slices.Contains(contact.NoteKinds, b.Kind) {
		return m, fault.New(fault.Invalid, "kind must be one of %s", list(contact.NoteKinds))
	}
	var err error
	if m.Text, err = clean("text", b.Text, contact.MaxNote, true); err != nil {
		return m, err
	}
	if m.Author, err = clean("author", b.Author, maxAuthor, false); err != nil {
		return m, err
	}
	if (b.Kind == contact.Promised) != (b.Due != "") {
		return m, fault.New(fault.Invalid, "due is when a promise is to be kept: every promise needs it, and nothing else has it")
	}
	if b.Due != "" {
		if remark.Due, err = instant("due", b.Due); err != nil {
			return m, err
		}
	}
	if (b.Kind == contact.Kept) != (b.About != "") {
		return m, fault.New(fault.Invalid, "about is the message of the promise that was kept: every kept needs it, and nothing else has it")
	}
	if b.About != "" {
		if _, _, _, err := b.About.Parse(); err != nil {
			return m, fault.New(fault.Invalid, "about must be the id of a message")
		}
	}
	return m, identify(&m, r, b.ID, "", "at", b.At)
}

// sameRemark reports whether two structured notes say the same beside their
// text.
func sameRemark(a, b *contact.Remark) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && a.About == b.About && a.Due.Equal(b.Due)
}

package contact

import (
	"time"
)

// A State is what later effects made of a message, joined when a history is
// read.
type State struct {
	Status    string               `json:"status,omitempty"`    // of an outgoing message: the highest reached, or "failed"
	Times     map[string]time.Time `json:"times,omitempty"`     // when each status was reached
	Code      string               `json:"code,omitempty"`      // failed: the platform's code
	Detail    string               `json:"detail,omitempty"`    // failed: the platform's words
	Reactions map[Direction]string `json:"reactions,omitempty"` // the emoji of each side
	Edited    string               `json:"edited,omitempty"`    // the text as it is now
	EditedAt  time.Time            `json:"editedAt,omitzero"`
	DeletedAt time.Time            `json:"deletedAt,omitzero"` // the customer took it back
	Verdicts  map[string]time.Time `json:"verdicts,omitempty"` // mail: bounce, complaint, receipt
	MailID    string               `json:"mailId,omitempty"`   // mail of ours: the Message-ID that its recipient sees
	Files     []MediaFile          `json:"files,omitempty"`    // the attachments that the platform serves or the mail holds, in their order
	Page      *MediaFile           `json:"page,omitempty"`     // mail: its HTML, safe to show; an image's "cid:" names the file with that cid
}

// Empty reports whether nothing is known beyond the message itself.
func (s State) Empty() bool {
	return s.Status == "" && len(s.Times) == 0 && len(s.Reactions) == 0 && s.EditedAt.IsZero() && s.DeletedAt.IsZero() && len(s.Verdicts) == 0 && len(s.Files) == 0 && s.Page == nil
}

// Reach raises s to a status reached at a time; a lower one changes nothing
// but the times.
func (s *State) Reach(status string, at time.Time) {
	if s.Times == nil {
		s.Times = map[string]time.Time{}
	}
	if old, ok := s.Times[status]; !ok || at.Before(old) {
		s.Times[status] = at
	}
	if rank(status) > rank(s.Status) {
		s.Status = status
	}
}

// rank orders [Statuses]. A message that was delivered did not fail, so
// failed stands lowest but for sent.
func rank(status string) int {
	switch status {
	case "":
		return 0
	case Queued:
		return 0
	case "sent":
		return 1
	case "failed":
		return 2
	case "delivered":
		return 3
	case "read":
		return 4
	case "played":
		return 5
	default:
		return 1
	}
}

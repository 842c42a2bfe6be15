package message

import (
	"time"
)

// A State is the combined result of all effects on a message. It is computed when a
// history is read.
type State struct {
	Status    string               `json:"status,omitempty"`    // outgoing message: the highest status reached, or "failed"
	Times     map[string]time.Time `json:"times,omitempty"`     // time at which each status was reached
	Code      string               `json:"code,omitempty"`      // failed: the platform's error code
	Detail    string               `json:"detail,omitempty"`    // failed: the platform's error text
	Pricing   *Pricing             `json:"pricing,omitempty"`   // outgoing message: as stated with its highest status
	Reactions map[Direction]string `json:"reactions,omitempty"` // the emoji of each side
	Edited    string               `json:"edited,omitempty"`    // text after the latest edit
	EditedAt  time.Time            `json:"editedAt,omitzero"`
	DeletedAt time.Time            `json:"deletedAt,omitzero"` // time at which the customer deleted it
	Verdicts  map[string]time.Time `json:"verdicts,omitempty"` // mail: times of bounce, complaint, receipt
	MailID    string               `json:"mailId,omitempty"`   // outgoing mail: Message-ID that the recipient sees
	Files     []MediaFile          `json:"files,omitempty"`    // states of the attachments, in their order
	Page      *MediaFile           `json:"page,omitempty"`     // mail: its sanitized HTML; a "cid:" URL of an image refers to the file with that cid
}

// Empty reports whether the message has no effects.
func (s State) Empty() bool {
	if s.Status != "" || !s.EditedAt.IsZero() || !s.DeletedAt.IsZero() {
		return false
	}
	collected := len(s.Times) + len(s.Reactions) + len(s.Verdicts) + len(s.Files)
	return collected == 0 && s.Page == nil
}

// Reach records that a status was reached at a time. It changes Status only if the
// new status is higher. It keeps the earliest time of each status.
func (s *State) Reach(status string, at time.Time) {
	if s.Times == nil {
		s.Times = map[string]time.Time{}
	}
	if old, ok := s.Times[status]; !ok || at.Before(old) {
		s.Times[status] = at
	}
	if statusRank(status) > statusRank(s.Status) {
		s.Status = status
	}
}

// statusRank returns the position of a status in [Statuses]. failed is below delivered,
// because a delivered message did not fail.
func statusRank(status string) int {
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

// Apply makes m what its effects say: lost, deleted, or with the text of the latest
// edit.
func (m *Message) Apply(s State) {
	m.Lost = m.Direction == Outbound && s.Status == "failed"
	m.Deleted = !s.DeletedAt.IsZero()
	if !s.EditedAt.IsZero() {
		m.Edited = true
		m.Text = s.Edited
	}
}

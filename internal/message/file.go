package message

import (
	"strconv"

	"github.com/heard-intake/heard/internal/identity"
)

// A FileState is the state of fetching an attachment.
type FileState string

// The states of files.
const (
	Pending FileState = "pending" // it will be fetched
	Stored  FileState = "stored"
	Failed  FileState = "failed" // it will never be fetched; see Reason
)

// The reasons why a file could not be fetched.
const (
	Gone        = "gone"        // the platform no longer has it
	Lost        = "lost"        // the platform never had it, or the mail was cut before it
	TooLarge    = "too-large"   // over the size limit
	Damaged     = "damaged"     // its content does not match the description of the platform
	Blocked     = "blocked"     // not on a host of the platform, or it contains a virus
	Refused     = "refused"     // the platform denies access
	Unavailable = "unavailable" // the platform did not answer until it deleted the file
)

// A MediaFile describes the stored copy of an attachment, or why it was not fetched.
type MediaFile struct {
	State  FileState `json:"state"`
	Type   string    `json:"type,omitempty"`   // media type, detected from the content
	Size   int64     `json:"size,omitempty"`   // bytes
	SHA256 string    `json:"sha256,omitempty"` // hexadecimal
	Name   string    `json:"name,omitempty"`   // file name for saving
	Reason string    `json:"reason,omitempty"` // reason of a failure
	URL    string    `json:"url,omitempty"`    // presigned, expires; created for each response
	Key    string    `json:"-"`                // key in the bucket
}

// Serves reports whether attachment a of m must be fetched from the platform.
func (m Message) Serves(a Attachment) bool {
	switch m.Channel {
	case WhatsApp:
		return a.Ref != "" && a.Mark != "failed"
	case Messenger, Instagram:
		return a.URL != ""
	default: // mails are stored with their files, and the web chat has no files
		return false
	}
}

// Expect adds to s the initial states that follow from m: a pending file for every
// attachment without a state, or the queued status of an outgoing mail.
func (s *State) Expect(m Message) {
	switch m.Channel {
	case WhatsApp, Messenger, Instagram:
	default:
		s.expectSending(m)
		return
	}
	for len(s.Files) < len(m.Attachments) {
		s.Files = append(s.Files, MediaFile{})
	}
	for i := range s.Files {
		switch {
		case s.Files[i].State != "":
		case i < len(m.Attachments) && !m.Serves(m.Attachments[i]):
			s.Files[i] = MediaFile{State: Failed, Reason: Lost}
		default:
			s.Files[i] = MediaFile{State: Pending}
		}
	}
}

// The HTML of a mail is stored like one of its files, with this name and media type.
const (
	PageFile = "page"
	PageType = "text/html; charset=utf-8"
)

// FileKey returns the key in the bucket of a file of m. name is the index of the
// attachment, or [PageFile]. hash is the keyed hash of m's id.
func (m Message) FileKey(hash, name string) string {
	return "c/" + string(m.CustomerID) + "/f/" + hash + "/" + name
}

// Keeps adds to s the files of m, a mail, that were stored with it.
func (s *State) Keeps(m Message, hash string) {
	for i, a := range m.Attachments {
		f := MediaFile{State: Stored, Type: a.Type, Size: a.Size, SHA256: a.SHA256, Name: a.Name, Key: m.FileKey(hash, strconv.Itoa(i))}
		switch {
		case a.SHA256 != "":
		case a.Mark == "virus":
			f = MediaFile{State: Failed, Reason: Blocked}
		default:
			f = MediaFile{State: Failed, Reason: Lost}
		}
		s.Files = append(s.Files, f)
	}
	if m.Page > 0 {
		s.Page = &MediaFile{State: Stored, Type: PageType, Size: m.Page, Name: "mail.html", Key: m.FileKey(hash, PageFile)}
	}
}

// A Job is a background task of a queue: to fetch the files of a message, to send a
// message, or to look up the name of an alias.
type Job struct {
	Customer identity.CustomerID `json:"customer,omitempty"`
	Message  ID                  `json:"message,omitempty"`
	Alias    string              `json:"alias,omitempty"` // key of the alias in the table
}

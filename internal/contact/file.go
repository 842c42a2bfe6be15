package contact

import (
	"strconv"

	"github.com/heard-intake/heard/internal/identity"
)

// A FileState says how far the fetching of an attachment is.
type FileState string

// The states of a file.
const (
	Pending FileState = "pending" // it will be fetched
	Stored  FileState = "stored"
	Failed  FileState = "failed" // it never will be; see Reason
)

// Reasons why a file could not be fetched.
const (
	Gone        = "gone"        // the platform no longer has it
	Lost        = "lost"        // the platform never had it, or the mail was not read so far
	TooLarge    = "too-large"   // larger than what is kept
	Damaged     = "damaged"     // not what the platform says it is
	Blocked     = "blocked"     // not on a host of the platform, or with a virus in it
	Refused     = "refused"     // the platform does not give it to us
	Unavailable = "unavailable" // the platform did not answer for as long as it keeps files
)

// A MediaFile is what became of an attachment that its platform served or its
// mail held: its copy, or why there is none.
type MediaFile struct {
	State  FileState `json:"state"`
	Type   string    `json:"type,omitempty"`   // media type, by what is in it
	Size   int64     `json:"size,omitempty"`   // bytes
	SHA256 string    `json:"sha256,omitempty"` // hexadecimal
	Name   string    `json:"name,omitempty"`   // to save it under
	Reason string    `json:"reason,omitempty"` // of a failure
	URL    string    `json:"url,omitempty"`    // serves it for a while; made for whoever asks
	Key    string    `json:"-"`                // where it lies
}

// Serves reports whether the platform of m is to be asked for a, one of its
// attachments.
func (m Message) Serves(a Attachment) bool {
	switch m.Channel {
	case WhatsApp:
		return a.Ref != "" && a.Mark != "failed"
	case Messenger, Instagram:
		return a.URL != ""
	default: // mails lie here whole, and chat has its own way
		return false
	}
}

// Expect adds to s the attachments of m that its platform serves and that
// nothing is known of yet.
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

// The HTML of a mail among its files.
const (
	PageFile = "page"
	PageType = "text/html; charset=utf-8"
)

// FileKey returns where a file of m lies, one of its attachments by their
// order or its [PageFile]; hash is the keyed hash of its id.
func (m Message) FileKey(hash, name string) string {
	return "c/" + string(m.CustomerID) + "/f/" + hash + "/" + name
}

// Keeps adds to s the files that were kept of m, a mail, when it came.
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

// A Job is something to be asked of a platform in the background: the files of
// a message, or the name behind an alias.
type Job struct {
	Customer identity.CustomerID `json:"customer,omitempty"`
	Message  ID                  `json:"message,omitempty"`
	Alias    string              `json:"alias,omitempty"` // its key in the table
}

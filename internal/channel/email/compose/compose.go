// Package compose writes mails that every mail program can read.
//
// The fields of a [Letter] may contain text from outside, such as a customer's
// name or subject. Such text cannot end a header field and begin another. It
// is encoded or checked, and text that cannot be in a field is an error. The
// same letter always gives the same bytes.
package compose

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	"github.com/heard-intake/heard/internal/fault"
)

// MaxSize is the largest mail that SES sends, in bytes after encoding.
const MaxSize = 40 << 20

// maxReferences is the number of message ids in References: the first of the
// thread, and the last twenty.
const maxReferences = 21

// A Person is a mail address with a display name, which may be empty.
type Person struct{ Name, Address string }

// A File is an attachment.
type File struct {
	Name string
	Type string // media type; application/octet-stream if empty or malformed
	Data []byte
}

// A Letter is the content of a mail.
type Letter struct {
	From       Person
	To         Person
	ReplyTo    string // address for replies; From if empty
	ID         string // Message-ID without brackets; the boundaries are derived from it
	InReplyTo  string // Message-ID of the mail it answers; empty in a new thread
	References []string
	Date       time.Time
	Subject    string
	Text       string
	HTML       string // the same content as HTML; may be empty
	Files      []File

	// Automatic is "auto-replied" or "auto-generated" if no person wrote the
	// mail. Other programs then do not reply to it. It is empty for a person's
	// mail.
	Automatic string
	// Unsubscribe has the addresses (mailto: and https:) at which the
	// recipient can stop mail of this kind. It is for mail that the recipient
	// did not ask for.
	Unsubscribe []string
}

// Mail returns the letter as bytes to send. A letter with an invalid field is
// [fault.Invalid]. A mail over [MaxSize] is [fault.TooLarge].
func Mail(l Letter) ([]byte, error) {
	h, err := l.writeFields()
	if err != nil {
		return nil, err
	}
	size := len(l.Text) + len(l.HTML)
	for _, f := range l.Files {
		size += len(f.Data)
	}
	if size > MaxSize {
		return nil, errorTooLarge()
	}
	var b bytes.Buffer
	b.Write(h)
	if err := l.writeBody(&b); err != nil {
		return nil, err
	}
	if b.Len() > MaxSize {
		return nil, errorTooLarge()
	}
	return b.Bytes(), nil
}

func errorTooLarge() error {
	return fault.New(fault.TooLarge, "the mail with its files is larger than %d bytes after encoding", MaxSize)
}

// writeFields returns the header of the mail, without the fields of its
// content.
func (l Letter) writeFields() ([]byte, error) {
	var h fieldWriter
	h.addPerson("From", l.From)
	h.addPerson("To", l.To)
	if l.ReplyTo != "" {
		h.addPerson("Reply-To", Person{Address: l.ReplyTo})
	}
	h.addField("Subject", formatText(l.Subject))
	h.addField("Date", l.Date.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	if !isUsableID(l.ID) {
		return nil, fault.New(fault.Invalid, "the Message-ID is missing or not usable")
	}
	h.addField("Message-ID", "<"+l.ID+">")
	if isUsableID(l.InReplyTo) {
		h.addField("In-Reply-To", "<"+l.InReplyTo+">")
	}
	if refs := threadReferences(l.References, l.InReplyTo); refs != nil {
		h.addField("References", "<"+strings.Join(refs, ">\r\n <")+">")
	}
	switch l.Automatic {
	case "":
	case "auto-replied", "auto-generated":
		h.addField("Auto-Submitted", l.Automatic)
		h.addField("X-Auto-Response-Suppress", "All")
		h.addField("Precedence", "bulk")
	default:
		return nil, fault.New(fault.Invalid, "Automatic must be empty, auto-replied or auto-generated")
	}
	h.addUnsubscribe(l.Unsubscribe)
	h.addField("MIME-Version", "1.0")
	return h.buf.Bytes(), h.err
}

// threadReferences returns the ids for the References field. Each id occurs
// once, and the answered mail is last. A long thread keeps its first and last
// ids.
func threadReferences(refs []string, answered string) []string {
	var all []string
	seen := map[string]bool{answered: true}
	for _, id := range refs {
		if isUsableID(id) && !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	if isUsableID(answered) {
		all = append(all, answered)
	}
	if len(all) > maxReferences {
		all = append(all[:1:1], all[len(all)-maxReferences+1:]...)
	}
	return all
}

// writeBody writes the text, or text and HTML, followed by the files.
func (l Letter) writeBody(b *bytes.Buffer) error {
	if len(l.Files) == 0 {
		h, write := l.alternatives()
		writeHeader(b, h)
		return write(b)
	}
	w := l.newMultipart(b, "mixed")
	typ := textproto.MIMEHeader{"Content-Type": {mime.FormatMediaType("multipart/mixed", map[string]string{"boundary": w.Boundary()})}}
	writeHeader(b, typ)
	h, write := l.alternatives()
	if err := writePart(w, h, write); err != nil {
		return err
	}
	for _, f := range l.Files {
		err := writePart(w, f.partHeader(), func(out io.Writer) error { return writeBase64(out, f.Data) })
		if err != nil {
			return err
		}
	}
	return w.Close()
}

// alternatives returns the header of the content and a function that writes
// it.
func (l Letter) alternatives() (textproto.MIMEHeader, func(io.Writer) error) {
	if l.HTML == "" {
		return textPart("text/plain", l.Text)
	}
	h := textproto.MIMEHeader{"Content-Type": {mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": l.boundary("alternative")})}}
	return h, func(out io.Writer) error {
		w := l.newMultipart(out, "alternative")
		for _, alternative := range []struct{ typ, words string }{{"text/plain", l.Text}, {"text/html", l.HTML}} {
			h, write := textPart(alternative.typ, alternative.words)
			if err := writePart(w, h, write); err != nil {
				return err
			}
		}
		return w.Close()
	}
}

// boundary returns a boundary that cannot occur in the parts: "=_" is not
// valid in quoted-printable or base64.
func (l Letter) boundary(name string) string {
	sum := sha256.Sum256([]byte(name + " " + l.ID))
	return "=_" + hex.EncodeToString(sum[:16])
}

func (l Letter) newMultipart(out io.Writer, name string) *multipart.Writer {
	w := multipart.NewWriter(out)
	if err := w.SetBoundary(l.boundary(name)); err != nil {
		panic(err) // impossible: it has only characters that a boundary may have
	}
	return w
}

func writePart(w *multipart.Writer, h textproto.MIMEHeader, write func(io.Writer) error) error {
	out, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	return write(out)
}

// textPart returns the header of a text part and a function that writes it.
// The encoding is quoted-printable, or base64 if more than a third of the
// bytes are not ASCII.
func textPart(typ, s string) (textproto.MIMEHeader, func(io.Writer) error) {
	s = Clean(s)
	h := textproto.MIMEHeader{"Content-Type": {typ + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}}
	foreign := 0
	for i := range len(s) {
		if s[i] >= 0x80 {
			foreign++
		}
	}
	if foreign*3 > len(s) {
		h["Content-Transfer-Encoding"] = []string{"base64"}
		return h, func(out io.Writer) error { return writeBase64(out, []byte(strings.ReplaceAll(s, "\n", "\r\n"))) }
	}
	return h, func(out io.Writer) error {
		w := quotedprintable.NewWriter(out)
		if _, err := io.WriteString(w, s); err != nil {
			return err
		}
		return w.Close()
	}
}

// Clean returns s as it is sent: valid UTF-8, with "\n" at the end of lines,
// and without control characters other than tabs.
func Clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// lineLength is the length of a line of base64 in a mail.
const lineLength = 76

func writeBase64(out io.Writer, data []byte) error {
	const raw = lineLength / 4 * 3
	var line [lineLength + 2]byte
	for len(data) > 0 {
		n := min(len(data), raw)
		base64.StdEncoding.Encode(line[:], data[:n])
		end := base64.StdEncoding.EncodedLen(n)
		line[end] = '\r'
		line[end+1] = '\n'
		if _, err := out.Write(line[:end+2]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

func writeHeader(b *bytes.Buffer, h textproto.MIMEHeader) {
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		if v := h.Get(name); v != "" {
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	b.WriteString("\r\n")
}

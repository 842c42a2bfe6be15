package rfc822

import (
	"bytes"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// A Field is one header field as it was sent.
type Field struct {
	Name  string
	Value []byte // still folded and encoded
}

// A Header is a block of header fields in their order.
type Header struct {
	Fields  []Field
	charset string // of the mail's text; used for bytes above ASCII
}

// ParseHeader reads a separate block of fields, such as one in a delivery
// report.
func ParseHeader(block []byte) Header {
	h, _, _ := readHeader(block, false)
	return h
}

// readHeader reads the header block at the start of b. It returns the position
// at which the content begins. A line that is not a field is read as a person
// would read it. If more fields follow, it continues the previous field, or is
// junk above the first one. Otherwise it is the first line of the text, and the
// blank line before it is missing.
//
// isPart is true for a part of a mail: its first lines are text more often.
func readHeader(b []byte, isPart bool) (h Header, n int, err error) {
	for n < len(b) {
		line, next := cutLine(b, n)
		text := bytes.TrimRight(line, "\r")
		if len(text) == 0 {
			return h, next, nil
		}
		switch {
		case n > MaxHeader:
			return h, n, fault.New(fault.TooLarge, "the header has more than %d bytes", MaxHeader)
		case len(h.Fields) > 0 && (text[0] == ' ' || text[0] == '\t'):
			err = h.extendLastField(b, next)
		case fieldNameLength(text) > 0:
			if len(h.Fields) == MaxFields {
				return h, n, fault.New(fault.TooLarge, "the header has more than %d fields", MaxFields)
			}
			i := fieldNameLength(text)
			value := text[bytes.IndexByte(text, ':')+1:]
			h.Fields = append(h.Fields, Field{Name: string(text[:i]), Value: value})
			if len(value) > MaxField {
				h.Fields = h.Fields[:len(h.Fields)-1]
				err = errField
			}
		case h.endsAt(text):
			return h, n, nil
		case len(h.Fields) > 0 && (h.lastFieldContinues() || beginsWithField(b[next:])):
			err = h.extendLastField(b, next)
		case !h.continuesAfterJunk(b[next:], isPart):
			return h, n, nil
		case len(h.Fields) > 0:
			err = h.extendLastField(b, next)
		}
		if err != nil {
			return h, n, err
		}
		n = next
	}
	return h, n, nil
}

// endsAt reports whether the header ends at line without a blank line, because
// line is the delimiter of the first part.
func (h Header) endsAt(line []byte) bool {
	boundary, ok := bytes.CutPrefix(bytes.TrimRight(line, " \t"), lineDashes[1:])
	return ok && len(boundary) > 0 && strings.Contains(h.Get("Content-Type"), string(boundary))
}

// Junk in a header is followed by a field within this many lines and bytes.
const (
	maxJunkLines = 20
	maxJunkBytes = 4 << 10
)

// continuesAfterJunk reports whether the header continues in b, which begins
// below a line that is not a field. A known field must follow before the next
// blank line. It must be one that the header may still have: a text often
// quotes the header of another mail. Above the first field two known ones must
// follow. Above the first field of a part, all lines are text.
func (h Header) continuesAfterJunk(b []byte, isPart bool) bool {
	b = b[:min(len(b), maxJunkBytes)]
	missing := 1 // known fields that must follow
	if len(h.Fields) == 0 {
		missing = 2
	}
	if isPart && missing == 2 {
		return false
	}
	for range maxJunkLines {
		line, next := cutLine(b, 0)
		isEnd := len(bytes.TrimRight(line, "\r")) == 0 || (isPart && bytes.HasPrefix(line, lineDashes[1:]))
		if isEnd {
			return false
		}
		if h.mayHave(line[:fieldNameLength(line)], isPart) {
			missing--
		}
		if missing == 0 {
			return true
		}
		b = b[next:]
	}
	return false
}

// mayHave reports whether a field with that name can follow the fields of h. It
// must be a known field. If h has it already, it must be one that may be
// repeated. In the header of a part only Content-* fields count.
func (h Header) mayHave(name []byte, isPart bool) bool {
	lower := strings.ToLower(string(name))
	switch {
	case isPart && !strings.HasPrefix(lower, "content-"):
		return false
	case repeatedFields[lower], strings.HasPrefix(lower, "x-"):
		return true
	}
	return knownFields[lower] && !h.Has(lower)
}

// Names of the fields that show where a header continues. A header has each of
// the known ones once.
var (
	knownFields = map[string]bool{
		"from": true, "sender": true, "reply-to": true, "to": true, "cc": true, "bcc": true, "subject": true, "date": true, "message-id": true,
		"in-reply-to": true, "references": true, "mime-version": true, "content-type": true, "content-transfer-encoding": true,
		"content-disposition": true, "content-id": true, "content-language": true, "return-path": true, "list-id": true, "list-unsubscribe": true,
		"list-post": true, "auto-submitted": true, "precedence": true, "importance": true, "priority": true, "user-agent": true, "thread-topic": true,
		"thread-index": true, "delivered-to": true, "envelope-to": true,
	}
	repeatedFields = map[string]bool{"received": true, "received-spf": true, "dkim-signature": true, "authentication-results": true, "arc-seal": true}
)

var errField = fault.New(fault.TooLarge, "a header field has more than %d bytes", MaxField)

// extendLastField makes the last field end at end. It works because fields are
// slices of b.
func (h *Header) extendLastField(b []byte, end int) error {
	last := &h.Fields[len(h.Fields)-1]
	start := cap(b) - cap(last.Value)
	if end-start > MaxField {
		return errField
	}
	last.Value = b[start:beforeNewline(b, start, end)]
	return nil
}

// lastFieldContinues reports whether the last field ends in a semicolon or
// comma, so that the next line belongs to it.
func (h *Header) lastFieldContinues() bool {
	v := bytes.TrimRight(h.Fields[len(h.Fields)-1].Value, " \t\r")
	return len(v) > 0 && (v[len(v)-1] == ';' || v[len(v)-1] == ',')
}

// beginsWithField reports whether b begins with a header field.
func beginsWithField(b []byte) bool {
	line, _ := cutLine(b, 0)
	return fieldNameLength(line) > 0
}

// fieldNameLength returns the length of the field name at the start of line,
// or 0 if line is not a field. Blanks before the colon are accepted.
func fieldNameLength(line []byte) int {
	for i, c := range line {
		switch {
		case c == ':':
			return i
		case c == ' ' || c == '\t':
			if rest := bytes.TrimLeft(line[i:], " \t"); i > 0 && len(rest) > 0 && rest[0] == ':' {
				return i
			}
			return 0
		case c < '!' || c > '~':
			return 0
		}
	}
	return 0
}

// Get returns the first field with that name, unfolded but not decoded.
func (h Header) Get(name string) string {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			return unfoldValue(f.Value)
		}
	}
	return ""
}

// Has reports whether a field with that name is present.
func (h Header) Has(name string) bool {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// All returns every field with that name, unfolded but not decoded.
func (h Header) All(name string) []string {
	var all []string
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			all = append(all, unfoldValue(f.Value))
		}
	}
	return all
}

// Text returns the first field with that name as readable text: encoded words
// are decoded, and the result is clean UTF-8 on one line.
func (h Header) Text(name string) string {
	return strings.Join(strings.Fields(DecodeWords(h.Get(name), h.charset)), " ")
}

// LosesText reports whether the first field with that name has characters that
// cannot be read.
func (h Header) LosesText(name string) bool {
	_, lost := decodeWords(h.Get(name), h.charset)
	return lost > 0
}

// unfoldValue joins the lines of a folded field with single blanks.
func unfoldValue(v []byte) string {
	v = bytes.TrimSpace(v)
	if bytes.IndexByte(v, '\n') < 0 {
		return strings.ReplaceAll(string(v), "\r", "")
	}
	var b strings.Builder
	b.Grow(len(v))
	for len(v) > 0 {
		line, next := cutLine(v, 0)
		v = v[next:]
		if line = bytes.Trim(line, " \t\r"); len(line) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.Write(line)
	}
	return b.String()
}

// IDs returns the message ids in the fields with that name, without brackets.
// They are in their order, without repeats. Fields without brackets are read
// too.
func (h Header) IDs(name string) []string {
	var ids []string
	seen := map[string]bool{}
	for _, v := range h.All(name) {
		for _, id := range splitMessageIDs(v) {
			if len(id) <= maxID && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// maxID is the longest message id that is returned. RFC 5322 does not allow
// longer lines.
const maxID = 998

func splitMessageIDs(v string) []string {
	var ids []string
	if !strings.Contains(v, "<") {
		for _, w := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
			if strings.Contains(w, "@") {
				ids = append(ids, cleanText(w))
			}
		}
		return ids
	}
	for {
		_, rest, ok := strings.Cut(v, "<")
		if !ok {
			return ids
		}
		id, after, ok := strings.Cut(rest, ">")
		if !ok {
			return ids
		}
		v = after
		if id = strings.Join(strings.Fields(cleanText(id)), ""); id != "" {
			ids = append(ids, id)
		}
	}
}

func trimMessageID(v string) string {
	if ids := splitMessageIDs(v); len(ids) > 0 {
		return ids[0]
	}
	return strings.Trim(cleanText(v), "<> \t")
}

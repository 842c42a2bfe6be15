// Package rfc822 splits a mail into its parts and reads its header, even if
// the mail is malformed.
//
// Mail on the internet breaks every rule of RFC 5322 and MIME, and some of it
// is written to exhaust its reader. So the scanner makes one pass over the raw
// bytes, in linear time at any depth of nesting. Parts are slices of the raw
// mail and are decoded only on request. Malformed mail is read as a person
// would read it, and never refused. Only the limits below end the pass early;
// [Parse] then returns everything that was read so far.
package rfc822

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// Limits of a mail. Real mail stays far below them.
const (
	MaxMail      = 60 << 20 // bytes of a mail; SES takes 40 MB
	MaxHeader    = 1 << 20  // bytes of one header block
	MaxField     = 64 << 10 // bytes of one header field, folded lines included
	MaxFields    = 1000     // fields of one header block
	MaxDepth     = 20       // nested multiparts
	MaxParts     = 500
	MaxAddresses = 500 // addresses that are read in one field
)

// A Part is a node of a mail's tree: the mail itself, a multipart, or a leaf
// with content.
type Part struct {
	ID       string // position in the tree: "" for the mail itself, then "1", "1.2"
	Header   Header
	Type     string            // media type in lower case; "text/plain" if missing
	Params   map[string]string // of the Content-Type
	Children []*Part

	raw         []byte // content as it was sent; in a multipart, the text before its first part
	disposition string
	dispParams  map[string]string
	charset     string // fallback for undeclared bytes
	isInDigest  bool   // its parent is a multipart/digest
	content     []byte // the decoded content without the files in it; nil if it has none
}

// Parse splits raw into its parts. It always returns the root. An error has
// the kind [fault.TooLarge] and says which limit ended the reading early.
func Parse(raw []byte) (*Part, error) {
	raw = trimBeforeHeader(raw)
	s := scanner{raw: raw, root: &Part{}}
	err := s.scanParts()
	if err == nil && s.root.isMultipart() && len(s.root.Children) == 0 {
		// The declared boundary does not occur: use the one that does.
		if b := guessBoundary(raw[s.bodyStart:]); b != "" {
			s = scanner{raw: raw, root: &Part{}, boundary: b}
			err = s.scanParts()
		}
	}
	if err == nil && lacksHeader(s.root) {
		s.root.Header = Header{}
		s.root.raw = raw
	}
	s.root.inheritCharset()
	return s.root, err
}

// lacksHeader reports whether the mail is a text without a header: every line
// looks like a field, but none is a usual field of a mail.
func lacksHeader(root *Part) bool {
	if len(root.raw) > 0 || len(root.Children) > 0 {
		return false
	}
	for _, f := range root.Header.Fields {
		switch name := strings.ToLower(f.Name); name {
		case "from", "to", "cc", "bcc", "subject", "date", "received", "message-id", "return-path", "reply-to", "sender", "mime-version", "delivered-to":
			return false
		default:
			if strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "x-") {
				return false
			}
		}
	}
	return true
}

// trimBeforeHeader removes everything before the first header field: byte
// order marks, blank lines, and the "From " line of a mailbox file. If the
// mail has bare carriage returns as line ends, they become newlines.
func trimBeforeHeader(raw []byte) []byte {
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') >= 0 {
		raw = bytes.ReplaceAll(raw, []byte{'\r'}, []byte{'\n'})
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	raw = bytes.TrimLeft(raw, "\r\n")
	if bytes.HasPrefix(raw, []byte("From ")) || bytes.HasPrefix(raw, []byte(">From ")) {
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			raw = bytes.TrimLeft(raw[i+1:], "\r\n")
		}
	}
	return raw
}

// An openMultipart is a multipart whose end was not reached yet.
type openMultipart struct {
	part  *Part
	delim string // "--" and the boundary
}

type scanner struct {
	raw       []byte
	root      *Part
	boundary  string // guessed boundary of the root, or ""
	bodyStart int
	open      []openMultipart
	parts     int
}

func (s *scanner) scanParts() error {
	if len(s.raw) > MaxMail {
		_, _ = s.beginPart(s.root, 0)
		s.root.raw = nil
		return fault.New(fault.TooLarge, "the mail has more than %d bytes", MaxMail)
	}
	pos, err := s.beginPart(s.root, 0)
	s.bodyStart = pos
	if err != nil {
		return err
	}
	current := s.root
	for {
		d := s.nextDelimiter(pos)
		if current != nil {
			current.raw = s.raw[pos:d.contentEnd]
		}
		if d.level < 0 {
			return nil
		}
		s.open = s.open[:d.level+1]
		pos = d.next
		if d.final {
			current = nil // the text up to the next delimiter belongs to no part
			continue
		}
		parent := s.open[d.level].part
		if s.parts++; s.parts > MaxParts {
			return fault.New(fault.TooLarge, "the mail has more than %d parts", MaxParts)
		}
		current = &Part{ID: childPartID(parent, len(parent.Children)+1), isInDigest: parent.Type == "multipart/digest"}
		parent.Children = append(parent.Children, current)
		if pos, err = s.beginPart(current, pos); err != nil {
			return err
		}
	}
}

func childPartID(parent *Part, n int) string {
	if parent.ID == "" {
		return strconv.Itoa(n)
	}
	return parent.ID + "." + strconv.Itoa(n)
}

// beginPart reads the header of p at pos, and opens p if it is a multipart. It
// returns the position at which the content begins.
func (s *scanner) beginPart(p *Part, pos int) (int, error) {
	h, n, err := readHeader(s.raw[pos:], p != s.root)
	p.Header = h
	p.Type, p.Params = parseContentType(h.Get("Content-Type"))
	if p.isInDigest && !h.Has("Content-Type") {
		p.Type = "message/rfc822" // the default in a digest (RFC 2046)
		if h.Has("From") || h.Has("Subject") || h.Has("Date") {
			p.Header = Header{} // the header of the message itself: the blank line above it is missing
			n = 0
		}
	}
	if v := h.Get("Content-Disposition"); v != "" {
		p.disposition, p.dispParams = parseValueAndParams(v)
	}
	if err != nil {
		return pos + n, err
	}
	if !p.isMultipart() {
		return pos + n, nil
	}
	b, _, _ := strings.Cut(p.Params["boundary"], " (") // a comment may follow
	b = strings.TrimRight(b, " \t")
	if p == s.root && s.boundary != "" {
		b = s.boundary
	}
	if _, declared := p.Params["boundary"]; !declared && b == "" {
		return pos + n, nil
	}
	if len(s.open) == MaxDepth {
		return pos + n, fault.New(fault.TooLarge, "the parts of the mail are nested deeper than %d", MaxDepth)
	}
	s.open = append(s.open, openMultipart{part: p, delim: "--" + b})
	return pos + n, nil
}

func (p *Part) isMultipart() bool { return strings.HasPrefix(p.Type, "multipart/") }

// A delimiter is a line that ends a part. Unless it is final, it also begins
// the next part of the multipart at its level. Level -1 is the end of the
// mail.
type delimiter struct {
	level      int
	final      bool
	contentEnd int // end of the part before it, without the last newline
	next       int // start of the line after it
}

var lineDashes = []byte("\n--")

func (s *scanner) nextDelimiter(pos int) delimiter {
	for start := pos; len(s.open) > 0 && start < len(s.raw); {
		// If the line at start has no dashes, find the next one that has.
		if !bytes.HasPrefix(s.raw[start:], lineDashes[1:]) {
			i := bytes.Index(s.raw[start:], lineDashes)
			if i < 0 {
				break
			}
			start += i + 1
		}
		line, next := cutLine(s.raw, start)
		if lvl, final := s.matchDelimiter(line); lvl >= 0 {
			return delimiter{level: lvl, final: final, contentEnd: beforeNewline(s.raw, pos, start), next: next}
		}
		start = next
	}
	return delimiter{level: -1, contentEnd: len(s.raw), next: len(s.raw)}
}

// matchDelimiter returns the innermost open multipart that line delimits, or
// -1.
func (s *scanner) matchDelimiter(line []byte) (lvl int, final bool) {
	line = bytes.TrimRight(line, " \t\r")
	for i := len(s.open) - 1; i >= 0; i-- {
		d := s.open[i].delim
		if len(line) < len(d) || len(line) > len(d)+2 || string(line[:len(d)]) != d {
			continue
		}
		switch string(line[len(d):]) {
		case "":
			return i, false
		case "--":
			return i, true
		}
	}
	return -1, false
}

// cutLine returns the line at start without its newline, and the start of the
// next line.
func cutLine(b []byte, start int) (line []byte, next int) {
	i := bytes.IndexByte(b[start:], '\n')
	if i < 0 {
		return b[start:], len(b)
	}
	return b[start : start+i], start + i + 1
}

// beforeNewline returns end minus the newline that precedes it, but at least
// start.
func beforeNewline(b []byte, start, end int) int {
	if end > start && b[end-1] == '\n' {
		end--
		if end > start && b[end-1] == '\r' {
			end--
		}
	}
	return end
}

// guessBoundary returns the boundary that a mail uses: its first line that
// begins with two dashes and is followed by the header of a part.
func guessBoundary(body []byte) string {
	for pos, tried := 0, 0; pos < len(body) && tried < 50; {
		line, next := cutLine(body, pos)
		if b := bytes.TrimRight(line, " \t\r"); len(b) > 2 && len(b) < 200 && bytes.HasPrefix(b, lineDashes[1:]) {
			tried++
			after, _ := cutLine(body, next)
			if len(after) > 8 && strings.EqualFold(string(after[:8]), "content-") {
				return string(b[2:])
			}
		}
		pos = next
	}
	return ""
}

// Walk calls f for p and every part below it, in order.
func (p *Part) Walk(f func(*Part)) {
	f(p)
	for _, c := range p.Children {
		c.Walk(f)
	}
}

// Find returns the part with that id, or nil.
func (p *Part) Find(id string) *Part {
	var found *Part
	p.Walk(func(c *Part) {
		if c.ID == id && found == nil {
			found = c
		}
	})
	return found
}

// Disposition returns the part's disposition in lower case: usually "inline",
// "attachment" or "".
func (p *Part) Disposition() string { return p.disposition }

// FileName returns the file name of the part. It is decoded but not made safe
// for use as a path.
func (p *Part) FileName() string {
	for _, v := range []string{p.dispParams["filename"], p.Params["name"], p.dispParams["name"], p.Params["filename"]} {
		if v = strings.TrimSpace(DecodeWords(v, p.charset)); v != "" {
			return v
		}
	}
	return ""
}

// LosesFileName reports whether the file name has characters that cannot be
// read.
func (p *Part) LosesFileName() bool {
	for _, v := range []string{p.dispParams["filename"], p.Params["name"], p.dispParams["name"], p.Params["filename"]} {
		if name, lost := decodeWords(v, p.charset); strings.TrimSpace(name) != "" {
			return lost > 0
		}
	}
	return false
}

// ContentID returns the part's Content-ID without brackets.
func (p *Part) ContentID() string { return trimMessageID(p.Header.Get("Content-ID")) }

// inheritCharset gives every header the charset of the mail's first text. Raw
// bytes in a header are usually in the same charset.
func (p *Part) inheritCharset() {
	charset := ""
	p.Walk(func(c *Part) {
		if charset == "" && strings.HasPrefix(c.Type, "text/") {
			charset = c.Params["charset"]
		}
	})
	p.Walk(func(c *Part) {
		c.charset = charset
		c.Header.charset = charset
	})
}

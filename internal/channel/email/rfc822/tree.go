// Package rfc822 splits a mail into its parts and reads its header, whatever
// is wrong with it.
//
// Mail on the internet breaks every rule of RFC 5322 and MIME, and some of it
// is built to stop its reader. So the splitter makes one pass over the raw
// bytes, in time linear in their number at any depth of nesting; parts are
// slices of the raw mail, decoded only when asked for; and what is broken is
// read as a person would read it, never refused. Only the limits below end
// the pass early, and even then everything read so far is returned.
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
	MaxDepth     = 20       // multiparts inside each other
	MaxParts     = 500
	MaxAddresses = 500 // addresses read of one field
)

// A Part is a node of a mail: the mail itself, a multipart, or a leaf with
// content.
type Part struct {
	ID       string // "1", "1.2", ...: its place in the tree, the same at each reading; "" is the mail itself
	Header   Header
	Type     string            // media type in lower case, "text/plain" when missing
	Params   map[string]string // of the Content-Type
	Children []*Part

	raw         []byte // content as it was sent; of a multipart the text before its first part
	disposition string
	dispParams  map[string]string
	charset     string // fallback for undeclared bytes
}

// Parse splits raw. It always returns the mail's root; the error, of kind
// [fault.TooLarge], says which limit ended the reading early.
func Parse(raw []byte) (*Part, error) {
	raw = trimBeforeHeader(raw)
	s := scanner{raw: raw, root: &Part{}}
	err := s.scanParts()
	if err == nil && s.root.isMultipart() && len(s.root.Children) == 0 {
		// The declared boundary never came: go by the one that is there.
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

// bodyless reports whether what was read as a header is a text without one:
// all of it looks like fields, none of which mails have.
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

// trimStart takes away what comes before the first header: byte order marks,
// blank lines, a mailbox file's "From " line. A mail with bare carriage
// returns for line ends is given newlines.
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

// A level is a multipart that is open.
type openMultipart struct {
	part  *Part
	delim string // "--" and the boundary
}

type scanner struct {
	raw       []byte
	root      *Part
	boundary  string // of the root, when guessed
	bodyStart int
	open      []openMultipart
	parts     int
}

func (s *scanner) scanParts() error {
	if len(s.raw) > MaxMail {
		_, _ = s.beginPart(s.root, 0)
		s.root.raw = nil
		return fault.New(fault.TooLarge, "more than %d bytes", MaxMail)
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
			current = nil // what follows belongs to nobody, until the next delimiter
			continue
		}
		parent := s.open[d.level].part
		if s.parts++; s.parts > MaxParts {
			return fault.New(fault.TooLarge, "more than %d parts", MaxParts)
		}
		current = &Part{ID: childPartID(parent, len(parent.Children)+1)}
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

// begin reads the header of p at pos, and opens p when it is a multipart. It
// returns where the content begins.
func (s *scanner) beginPart(p *Part, pos int) (int, error) {
	h, n, err := readHeader(s.raw[pos:])
	p.Header = h
	p.Type, p.Params = parseContentType(h.Get("Content-Type"))
	if v := h.Get("Content-Disposition"); v != "" {
		p.disposition, p.dispParams = parseValueAndParams(v)
	}
	if err != nil {
		return pos + n, err
	}
	if !p.isMultipart() {
		return pos + n, nil
	}
	b := strings.TrimRight(p.Params["boundary"], " \t")
	if p == s.root && s.boundary != "" {
		b = s.boundary
	}
	if _, declared := p.Params["boundary"]; !declared && b == "" {
		return pos + n, nil
	}
	if len(s.open) == MaxDepth {
		return pos + n, fault.New(fault.TooLarge, "parts nested deeper than %d", MaxDepth)
	}
	s.open = append(s.open, openMultipart{part: p, delim: "--" + b})
	return pos + n, nil
}

func (p *Part) isMultipart() bool { return strings.HasPrefix(p.Type, "multipart/") }

// A delimiter is a line that ends one part and, unless it is final, begins
// the next of the multipart at its level; level -1 is the end of the mail.
type delimiter struct {
	level      int
	final      bool
	contentEnd int // where the part before it ends, without its last newline
	next       int // where the line after it begins
}

var lineDashes = []byte("\n--")

func (s *scanner) nextDelimiter(pos int) delimiter {
	for start := pos; len(s.open) > 0 && start < len(s.raw); {
		// The line at start may be one; otherwise look for the next with dashes.
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

// match finds the innermost open multipart that line delimits.
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

// cutLine returns the line at start, without its newline, and where the next
// begins.
func cutLine(b []byte, start int) (line []byte, next int) {
	i := bytes.IndexByte(b[start:], '\n')
	if i < 0 {
		return b[start:], len(b)
	}
	return b[start : start+i], start + i + 1
}

// beforeNewline returns end without the newline before it, but not less than
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

// guessBoundary returns what the mail uses for a boundary: its first line
// that begins with two dashes and is followed by a part's header.
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

// Disposition returns "inline", "attachment" or what else the part says of
// its place, in lower case.
func (p *Part) Disposition() string { return p.disposition }

// FileName returns the name the part gives its content, decoded but not made
// safe.
func (p *Part) FileName() string {
	for _, v := range []string{p.dispParams["filename"], p.Params["name"], p.dispParams["name"], p.Params["filename"]} {
		if v = strings.TrimSpace(decodeWords(v, p.charset)); v != "" {
			return v
		}
	}
	return ""
}

// ContentID returns the part's Content-ID without brackets.
func (p *Part) ContentID() string { return trimMessageID(p.Header.Get("Content-ID")) }

// inheritCharset gives every header the charset of the mail's first text: raw
// bytes in a header are usually in the same.
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

// Package htmltext converts the HTML of a mail to the text that a person sees.
//
// It reads the tokens of golang.org/x/net/html and builds no tree. Mail nests
// elements deeper than tree builders allow, and often does not close them. The
// time is linear in the length of the page. Two facts that only HTML has are
// returned beside the text: the positions of quoted history and of signatures.
package htmltext

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// MaxInput is the length of a page that is read, in bytes.
const MaxInput = 2 << 20

// A Span is a range of a text, in bytes.
type Span struct{ Start, End int }

// A Text is the result of converting a page.
type Text struct {
	Text       string
	Quotes     []Span // quoted history that the mail program marked as such
	Signatures []Span
	CIDs       []string // Content-IDs of images in the page, without "cid:"
	Cut        bool     // the page was longer than [MaxInput]
}

// Convert converts a page to text.
func Convert(page string) Text {
	c := converter{}
	if len(page) > MaxInput {
		page = page[:MaxInput]
		c.text.Cut = true
	}
	c.out.Grow(len(page) / 4)
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			c.finishText()
			return c.text
		case html.TextToken:
			c.writeText(z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			c.startElement(z)
		case html.EndTagToken:
			name, _ := z.TagName()
			c.endElement(atom.Lookup(name))
		}
	}
}

// A textRole is the meaning of an open element for the text in it. An element
// can have several roles.
type textRole uint8

const (
	hiddenRole       textRole = 1 << iota // not displayed
	quoteRole                             // quoted history
	quotedTailRole                        // begins quoted history that runs to the end of the page
	signatureRole                         // signature of the sender
	citedRole                             // lines begin with "> "
	preformattedRole                      // white space is kept
)

// An openElement is an element whose end was not reached yet.
type openElement struct {
	name  atom.Atom
	roles textRole
	begin int // start of its text
	item  int // last number used in a list
}

type converter struct {
	text           Text
	out            strings.Builder
	open           []openElement
	count          [roleCount]int // open elements with each role
	named          map[atom.Atom]int
	newlines       int  // to write before the next text
	outerDepth     int  // smallest quote depth of the pending newlines
	space          bool // to write before the next text
	link           string
	linkAt         int
	tailStart      int // start of the quoted tail plus one; 0 for none
	afterParagraph int // newlines to write after the open paragraph
}

// roleCount is the number of roles.
const roleCount = 6

func (c *converter) openCount(m textRole) int { return c.count[roleIndex(m)] }

func roleIndex(m textRole) int {
	for i := range roleCount {
		if m == 1<<i {
			return i
		}
	}
	return 0
}

func (c *converter) pushElement(e openElement) {
	for i := range roleCount {
		if e.roles&(1<<i) != 0 {
			c.count[i]++
		}
	}
	if c.named == nil {
		c.named = map[atom.Atom]int{}
	}
	c.named[e.name]++
	c.open = append(c.open, e)
}

func (c *converter) popElement() {
	e := c.open[len(c.open)-1]
	c.open = c.open[:len(c.open)-1]
	c.named[e.name]--
	for i := range roleCount {
		if e.roles&(1<<i) != 0 {
			c.count[i]--
		}
	}
	if span := (Span{e.begin, c.out.Len()}); span.End > span.Start {
		if e.roles&quoteRole != 0 && c.openCount(quoteRole) == 0 {
			c.text.Quotes = append(c.text.Quotes, span)
		}
		if e.roles&signatureRole != 0 {
			c.text.Signatures = append(c.text.Signatures, span)
		}
	}
}

func (c *converter) finishText() {
	c.newlines = 0
	for len(c.open) > 0 {
		c.popElement()
	}
	if c.tailStart > 0 && c.tailStart-1 < c.out.Len() {
		c.text.Quotes = append(c.text.Quotes, Span{c.tailStart - 1, c.out.Len()})
	}
	c.text.Text = c.out.String()
}

// breakLine requests n newlines before the next text: 1 begins a line, 2 a
// paragraph.
func (c *converter) breakLine(n int) {
	if n == 0 {
		return
	}
	c.newlines = max(c.newlines, n)
	c.outerDepth = min(c.outerDepth, c.openCount(citedRole))
	c.space = false
}

// writePending writes the requested newlines and blanks before a text.
func (c *converter) writePending() {
	depth := min(c.openCount(citedRole), 10)
	if c.out.Len() == 0 {
		c.newlines = 0
		c.space = false
		c.out.WriteString(strings.Repeat("> ", depth))
		return
	}
	for ; c.newlines > 1; c.newlines-- {
		c.out.WriteByte('\n')
		c.out.WriteString(strings.Repeat(">", min(depth, c.outerDepth)))
	}
	if c.newlines == 1 {
		c.out.WriteByte('\n')
		c.out.WriteString(strings.Repeat("> ", depth))
		c.space = false
	}
	if c.space {
		c.out.WriteByte(' ')
	}
	c.newlines = 0
	c.space = false
	c.outerDepth = depth
}

var nbsp = []byte("\u00a0")

func (c *converter) writeText(text []byte) {
	if c.openCount(hiddenRole) > 0 {
		return
	}
	if c.openCount(preformattedRole) > 0 {
		for i, line := range strings.Split(strings.ReplaceAll(string(text), "\r", ""), "\n") {
			if i > 0 {
				c.newlines = min(c.newlines+1, 2)
			}
			if strings.TrimSpace(line) != "" {
				c.writePending()
				c.out.WriteString(line)
			}
		}
		return
	}
	for len(text) > 0 {
		n := blankLength(text)
		if n > 0 {
			if c.newlines == 1 && bytes.HasPrefix(text, nbsp) && c.out.Len() > 0 {
				c.newlines = 2 // Word writes an empty line as a paragraph with a non-breaking space
			}
			c.space = true
			text = text[n:]
			continue
		}
		for n < len(text) && blankLength(text[n:]) == 0 {
			n++
		}
		if c.newlines > 0 {
			c.space = false
		}
		c.writePending()
		c.out.Write(text[:n])
		text = text[n:]
	}
}

func (c *converter) startElement(z *html.Tokenizer) {
	name, more := z.TagName()
	if bytes.IndexByte(name, '@') > 0 {
		c.writeText([]byte("<" + string(name) + ">")) // an address in brackets that were not escaped
		return
	}
	tag := atom.Lookup(name)
	a := readAttributes(z, more)
	c.noteImage(tag, a)
	switch tag {
	case atom.Br:
		c.newlines = min(c.newlines+1, 2)
		c.space = false
		return
	case atom.Img, atom.Meta, atom.Link, atom.Input, atom.Hr, atom.Col, atom.Base, atom.Wbr, atom.Area:
		if tag == atom.Hr {
			c.breakLine(2)
		}
		if a.beginsQuotedTail() {
			c.beginQuotedTail()
		}
		return
	case atom.A:
		c.link = a.href
		c.linkAt = c.out.Len()
	case atom.Body:
		for len(c.open) > 0 && c.openCount(hiddenRole) > 0 {
			c.popElement() // the head was not closed
		}
	}
	e := openElement{name: tag, roles: a.textRoles(tag), begin: c.out.Len()}
	if e.roles&quotedTailRole != 0 {
		c.beginQuotedTail()
	}
	c.breakLine(newlinesAround(tag, a))
	if tag == atom.P {
		c.afterParagraph = newlinesAround(tag, a)
	}
	if tag == atom.Li {
		defer c.writeListMark()
	}
	if tag == atom.Td || tag == atom.Th {
		c.space = true
	}
	tracked := e.roles != 0 || isStructural(tag) || c.named[tag] > 0
	if tag != 0 && tracked {
		c.pushElement(e)
	}
}

// beginQuotedTail notes that quoted history starts here and runs to the end.
func (c *converter) beginQuotedTail() {
	if c.tailStart == 0 && c.openCount(hiddenRole) == 0 {
		c.tailStart = c.out.Len() + 1
	}
}

func (c *converter) endElement(tag atom.Atom) {
	if tag == atom.A && c.link != "" {
		c.writeLink()
	}
	if tag == atom.P {
		c.breakLine(c.afterParagraph)
	}
	if c.named[tag] == 0 {
		return
	}
	for {
		e := c.open[len(c.open)-1]
		c.popElement()
		c.breakLine(newlinesAround(e.name, attributes{}))
		if e.name == tag {
			return
		}
	}
}

// writeListMark writes the bullet or number of a list item.
func (c *converter) writeListMark() {
	mark := "- "
	for i := len(c.open) - 1; i >= 0 && i > len(c.open)-8; i-- {
		if e := &c.open[i]; e.name == atom.Ul {
			break
		} else if e.name == atom.Ol {
			e.item++
			mark = strconv.Itoa(e.item) + ". "
			break
		}
	}
	if c.openCount(hiddenRole) == 0 {
		c.writePending()
		c.out.WriteString(mark)
	}
}

// writeLink writes the address of the link that ends here, unless its text
// shows the address.
func (c *converter) writeLink() {
	href := c.link
	c.link = ""
	if c.openCount(hiddenRole) > 0 || c.out.Len() <= c.linkAt || len(href) > 500 {
		return
	}
	shown := strings.TrimSpace(c.out.String()[c.linkAt:])
	bare := strings.TrimRight(href, "/")
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if after, ok := strings.CutPrefix(bare, scheme); ok {
			bare = after
			if !strings.Contains(shown, bare) && !strings.Contains(strings.ToLower(href), strings.ToLower(strings.TrimRight(trimScheme(shown), "/"))) {
				c.out.WriteString(" (" + strings.TrimPrefix(href, "mailto:") + ")")
			}
			return
		}
	}
}

func trimScheme(s string) string {
	return strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
}

// noteImage collects Content-IDs of images, and writes images that represent
// one character.
func (c *converter) noteImage(tag atom.Atom, a attributes) {
	for _, v := range []string{a.src, a.background} {
		if id, ok := strings.CutPrefix(v, "cid:"); ok && len(c.text.CIDs) < 500 {
			c.text.CIDs = append(c.text.CIDs, id)
		}
	}
	if tag == atom.Img && isCharacter(a.alt) {
		c.writeText([]byte(a.alt))
	}
}

// isCharacter reports whether an image's alternative text is one character,
// such as an emoji of several code points.
func isCharacter(alt string) bool {
	return alt != "" && alt[0] >= utf8.RuneSelf && utf8.RuneCountInString(alt) <= 4
}

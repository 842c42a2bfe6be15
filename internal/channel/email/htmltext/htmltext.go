// Package htmltext turns the HTML of a mail into the text a person would
// read.
//
// It works on the tokens of golang.org/x/net/html, never on a tree: mail nests
// elements deeper than any tree builder allows, and forgets to close them. Its
// time is linear in the length of the page. What the HTML knows and text does
// not, where quoted history and signatures lie, is returned beside the text.
package htmltext

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// MaxInput is how much of a page is read, in bytes.
const MaxInput = 2 << 20

// A Span is a piece of a text, in bytes.
type Span struct{ Start, End int }

// A Text is what a page says.
type Text struct {
	Text       string
	Quotes     []Span // quoted history, as the mail program marked it
	Signatures []Span
	CIDs       []string // Content-IDs the page shows, without "cid:"
	Cut        bool     // the page was longer than [MaxInput]
}

// Convert reads a page.
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

// What an open element means for the text in it.
type textRole uint8

const (
	hiddenRole       textRole = 1 << iota // not shown
	quoteRole                             // quoted history
	quotedTailRole                        // quoted history begins here and runs to the end
	signatureRole                         // of the sender
	citedRole                             // lines are set off by "> "
	preformattedRole                      // white space counts
)

type openElement struct {
	name  atom.Atom
	roles textRole
	begin int // where its text begins
	item  int // of a list: the last number
}

type converter struct {
	text           Text
	out            strings.Builder
	open           []openElement
	count          [roleCount]int // of open elements
	named          map[atom.Atom]int
	newlines       int  // owed before the next text
	outerDepth     int  // how deep in quotes the least deep of them is
	space          bool // owed before the next text
	link           string
	linkAt         int
	tailStart      int // where the quoted rest begins, plus one
	afterParagraph int // newlines after the paragraph that is open
}

// meanings is how many there are.
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

// breakLine owes n newlines: 1 begins a line, 2 a paragraph.
func (c *converter) breakLine(n int) {
	if n == 0 {
		return
	}
	c.newlines = max(c.newlines, n)
	c.outerDepth = min(c.outerDepth, c.openCount(citedRole))
	c.space = false
}

// flush pays what is owed, before text is written.
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
				c.newlines = 2 // Word writes an empty line as a paragraph with one of these
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

// blank returns the length of the white space or invisible character that b
// begins with.
func blankLength(b []byte) int {
	switch c := b[0]; {
	case c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f':
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	r, n := utf8.DecodeRune(b)
	switch r {
	case '\u00a0', '\u200b', '\u200c', '\u00ad', '\u034f', '\ufeff', '\u2007':
		return n
	}
	return 0
}

func (c *converter) startElement(z *html.Tokenizer) {
	name, more := z.TagName()
	if bytes.IndexByte(name, '@') > 0 {
		c.writeText([]byte("<" + string(name) + ">")) // an address whose brackets were not escaped
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
			c.popElement() // a head that was not closed
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
	if tag != 0 && (e.roles != 0 || isStructural(tag) || c.named[tag] > 0) {
		c.pushElement(e)
	}
}

// beginTail notes that quoted history begins here and runs to the end, when
// there is something before it.
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

// bullet begins a list's item.
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

// writeLink adds where the link that ends here goes, unless its text says so.
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

// seeImage notes images of the mail, and writes those that stand for a
// character.
func (c *converter) noteImage(tag atom.Atom, a attributes) {
	for _, v := range []string{a.src, a.background} {
		if id, ok := strings.CutPrefix(v, "cid:"); ok && len(c.text.CIDs) < 500 {
			c.text.CIDs = append(c.text.CIDs, id)
		}
	}
	if tag == atom.Img && a.alt != "" && a.alt[0] >= utf8.RuneSelf && utf8.RuneCountInString(a.alt) <= 4 {
		c.writeText([]byte(a.alt))
	}
}

// lines returns how many newlines an element asks for around it.
func newlinesAround(tag atom.Atom, a attributes) int {
	switch tag {
	case atom.P:
		if strings.Contains(a.class, "mso") || strings.Contains(a.style, "margin:0") || strings.Contains(a.style, "margin: 0") {
			return 1
		}
		return 2
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return 2
	case atom.Div, atom.Tr, atom.Li, atom.Ul, atom.Ol, atom.Table, atom.Blockquote, atom.Pre, atom.Section, atom.Article,
		atom.Header, atom.Footer, atom.Dl, atom.Dt, atom.Dd, atom.Form, atom.Fieldset, atom.Address, atom.Center, atom.Body,
		atom.Tbody, atom.Thead, atom.Option, atom.Main, atom.Nav, atom.Aside, atom.Figure, atom.Figcaption, atom.Hr:
		return 1
	}
	return 0
}

// structural reports whether an element's end must be found by its name.
func isStructural(tag atom.Atom) bool {
	switch tag {
	case atom.Div, atom.Ul, atom.Ol, atom.Table, atom.Tr, atom.Blockquote, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article:
		return true
	}
	return false
}

package email

import (
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/htmltext"
	"github.com/heard-intake/heard/internal/channel/email/reply"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// A body is what a mail shows: its text, and the parts that are files.
type body struct {
	text      string
	hints     reply.Options // where in text quotes and signatures lie
	html      []string      // pages, as sent
	files     []file
	cids      map[string]bool // images that a page shows
	encrypted bool
	cut       bool // there is more text than was read
	read      int  // bytes of text so far
}

// maxRead is how much text is read of all parts together, in bytes; parts
// after that are files.
const maxRead = 4 << 20

// A file is a part that is no text of the mail.
type file struct {
	part    *rfc822.Part
	related bool // belongs to a page
}

// A segment is a piece of the text, in one or both of its forms.
type segment struct{ plain, html string }

func readBody(root *rfc822.Part) body {
	b := body{cids: map[string]bool{}}
	segments := b.collect(root, place{first: true})
	for _, s := range segments {
		b.add(s)
	}
	if strings.TrimSpace(b.text) == "" {
		b.text = ""
	}
	return b
}

// add appends a segment to the text, in the form that tells more.
func (b *body) add(s segment) {
	text, hints := s.plain, reply.Options{}
	if s.html != "" {
		b.html = append(b.html, s.html)
		page := htmltext.Convert(s.html)
		b.cut = b.cut || page.Cut
		for _, id := range page.CIDs {
			b.cids[id] = true
		}
		if preferPage(s.plain, page) {
			text = page.Text
			hints = reply.Options{Quotes: spans(page.Quotes), Signatures: spans(page.Signatures)}
		}
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	if b.text != "" {
		b.text += "\n\n"
	}
	for _, q := range hints.Quotes {
		b.hints.Quotes = append(b.hints.Quotes, reply.Span{Start: q.Start + len(b.text), End: q.End + len(b.text)})
	}
	for _, q := range hints.Signatures {
		b.hints.Signatures = append(b.hints.Signatures, reply.Span{Start: q.Start + len(b.text), End: q.End + len(b.text)})
	}
	b.text += text
}

// preferPage reports whether the HTML form says more than the plain one: the
// plain is missing or a stub, or the HTML knows where the quote begins.
func preferPage(plain string, page htmltext.Text) bool {
	p, h := len(strings.TrimSpace(plain)), len(strings.TrimSpace(page.Text))
	return p == 0 || h > 0 && len(page.Quotes) > 0 || p < 200 && h > 5*p && h > 400
}

func spans(in []htmltext.Span) []reply.Span {
	out := make([]reply.Span, len(in))
	for i, s := range in {
		out[i] = reply.Span(s)
	}
	return out
}

// A place is where in the mail a part stands.
type place struct {
	first   bool // no text came before it
	related bool // belongs to a page beside it
}

// collect returns the text of p and keeps its files.
func (b *body) collect(p *rfc822.Part, at place) []segment {
	if !strings.HasPrefix(p.Type, "multipart/") {
		return b.leaf(p, at)
	}
	if len(p.Children) == 0 {
		return b.text1(p, "text/plain") // a boundary that never came: what is there is the text
	}
	switch p.Type {
	case "multipart/alternative":
		return b.alternative(p, at)
	case "multipart/encrypted":
		b.encrypted = true
	case "multipart/digest", "multipart/parallel", "multipart/appledouble":
		at.first = p.Type != "multipart/digest" && at.first
	}
	var all []segment
	for i, c := range p.Children {
		if p.Type == "multipart/signed" && i > 0 && isSignature(c.Type) {
			continue
		}
		here := place{first: at.first && len(all) == 0, related: at.related}
		if p.Type == "multipart/related" && i > 0 {
			here = place{related: true}
			if len(all) == 0 {
				here = at
			}
		}
		all = append(all, b.collect(c, here)...)
	}
	return all
}

func isSignature(media string) bool {
	return strings.HasSuffix(media, "pkcs7-signature") || strings.HasSuffix(media, "pgp-signature")
}

// alternative joins the forms of one text.
func (b *body) alternative(p *rfc822.Part, at place) []segment {
	var joined segment
	for _, c := range p.Children {
		for _, s := range b.collect(c, at) {
			joined.plain = join(joined.plain, s.plain)
			joined.html = join(joined.html, s.html)
		}
	}
	if joined == (segment{}) {
		return nil
	}
	return []segment{joined}
}

func join(a, b string) string {
	if strings.TrimSpace(a) == "" {
		return b
	}
	if strings.TrimSpace(b) == "" {
		return a
	}
	return a + "\n" + b
}

// leaf returns the text of a part without children, or keeps it as a file.
func (b *body) leaf(p *rfc822.Part, at place) []segment {
	switch {
	case isSMIME(p):
		if inner := unwrapSMIME(p); inner != nil {
			return b.collect(inner, at)
		}
		b.encrypted = true
	case p.Type != "text/plain" && p.Type != "text/html" && p.Type != "text/enriched" && p.Type != "text":
	case p.Disposition() == "attachment":
	case p.FileName() != "" && !at.first, at.related:
	case b.read > maxRead:
		b.cut = true
	default:
		return b.text1(p, p.Type)
	}
	b.files = append(b.files, file{part: p, related: at.related})
	return nil
}

// text1 returns the text of one part.
func (b *body) text1(p *rfc822.Part, media string) []segment {
	limit := MaxText
	if media == "text/html" {
		limit = htmltext.MaxInput
	}
	text, cut := p.Text(limit)
	b.cut = b.cut || cut
	b.read += len(text)
	if media == "text/html" {
		return []segment{{html: text}}
	}
	if strings.EqualFold(p.Params["format"], "flowed") {
		text = unflow(text, strings.EqualFold(p.Params["delsp"], "yes"))
	}
	return []segment{{plain: text}}
}

// unflow joins the lines of a format=flowed text (RFC 3676): those that end in
// a blank go on in the next, at the same depth of quoting.
func unflow(text string, delsp bool) string {
	var out strings.Builder
	out.Grow(len(text))
	open, depth := false, 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		d := 0
		for d < len(line) && line[d] == '>' {
			d++
		}
		content := strings.TrimPrefix(line[d:], " ")
		sig := content == "-- " || content == "--"
		if open && (d != depth || sig) {
			out.WriteByte('\n')
			open = false
		}
		if !open && d > 0 {
			out.WriteString(strings.Repeat(">", d) + " ")
		}
		flows := strings.HasSuffix(content, " ") && !sig
		if flows && delsp {
			content = content[:len(content)-1]
		}
		out.WriteString(content)
		open, depth = flows, d
		if !flows {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

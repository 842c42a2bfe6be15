package email

import (
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/htmltext"
	"github.com/heard-intake/heard/internal/channel/email/reply"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// mailBody is the visible content of a mail: its text, and the parts that are
// files.
type mailBody struct {
	text      string
	hints     reply.Options   // positions in text of the quotes and signatures that the HTML marks
	html      []string        // HTML parts, as sent
	files     []*rfc822.Part  // parts that are not text of the mail
	cids      map[string]bool // Content-IDs of the images that the HTML shows
	encrypted bool
	cut       bool // there is more text than was read
	lost      bool // some characters could not be read
	textBytes int  // bytes of text read so far
}

// maxTextBytes limits the text of all parts together, in bytes. Text parts
// beyond it become files.
const maxTextBytes = 4 << 20

// textSegment is a piece of the text in one or more of its forms.
type textSegment struct {
	plain, html string
	enriched    string // converted to plain text; used without another form
}

// readBody returns the content of a parsed mail.
func readBody(root *rfc822.Part) mailBody {
	b := mailBody{cids: map[string]bool{}}
	for _, s := range b.collectParts(root, partPlace{first: true}) {
		b.addSegment(s)
	}
	if strings.TrimSpace(b.text) == "" {
		b.text = ""
	}
	return b
}

// addSegment appends a segment to the text, in the form that preferHTML
// chooses, and shifts its hints accordingly.
func (b *mailBody) addSegment(s textSegment) {
	text := s.plain
	if strings.TrimSpace(s.plain+s.html) == "" {
		text = s.enriched
	}
	var hints reply.Options
	if s.html != "" {
		b.html = append(b.html, s.html)
		page := htmltext.Convert(s.html)
		b.cut = b.cut || page.Cut
		for _, id := range page.CIDs {
			b.cids[id] = true
		}
		if preferHTML(s.plain, page) {
			text = page.Text
			hints = reply.Options{Quotes: replySpans(page.Quotes), Signatures: replySpans(page.Signatures)}
		}
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	if b.text != "" {
		b.text += "\n\n"
	}
	b.hints.Quotes = appendShifted(b.hints.Quotes, hints.Quotes, len(b.text))
	b.hints.Signatures = appendShifted(b.hints.Signatures, hints.Signatures, len(b.text))
	b.text += text
}

// appendShifted appends spans to all, moved by offset bytes.
func appendShifted(all, spans []reply.Span, offset int) []reply.Span {
	for _, s := range spans {
		all = append(all, reply.Span{Start: s.Start + offset, End: s.End + offset})
	}
	return all
}

// preferHTML reports whether the HTML form of a text says more than the plain
// one: the plain form is missing, or is a short stub such as "see the HTML
// version", or the HTML marks its quotes.
func preferHTML(plain string, page htmltext.Text) bool {
	plainLen := len(strings.TrimSpace(plain))
	htmlLen := len(strings.TrimSpace(page.Text))
	if plainLen == 0 {
		return true
	}
	if htmlLen > 0 && len(page.Quotes) > 0 {
		return true
	}
	return plainLen < 200 && htmlLen > 5*plainLen && htmlLen > 400
}

func replySpans(in []htmltext.Span) []reply.Span {
	out := make([]reply.Span, len(in))
	for i, s := range in {
		out[i] = reply.Span(s)
	}
	return out
}

// partPlace is the position of a part in the mail.
type partPlace struct {
	first   bool // no text precedes it
	related bool // it belongs to an HTML part next to it
}

// collectParts returns the text of p and of its children, and adds their files
// to b.
func (b *mailBody) collectParts(p *rfc822.Part, at partPlace) []textSegment {
	if !strings.HasPrefix(p.Type, "multipart/") {
		return b.collectLeaf(p, at)
	}
	if len(p.Children) == 0 {
		return b.readText(p, "text/plain") // the boundary is missing: all of it is text
	}
	switch p.Type {
	case "multipart/alternative":
		return b.joinAlternatives(p, at)
	case "multipart/encrypted":
		b.encrypted = true
	case "multipart/digest", "multipart/parallel", "multipart/appledouble":
		at.first = p.Type != "multipart/digest" && at.first
	}
	var all []textSegment
	for i, c := range p.Children {
		if p.Type == "multipart/signed" && i > 0 && isSignature(c.Type) {
			continue
		}
		here := partPlace{first: at.first && len(all) == 0, related: at.related}
		if p.Type == "multipart/related" && i > 0 {
			here = partPlace{related: true}
			if len(all) == 0 {
				here = at
			}
		}
		all = append(all, b.collectParts(c, here)...)
	}
	return all
}

func isSignature(media string) bool {
	return strings.HasSuffix(media, "pkcs7-signature") || strings.HasSuffix(media, "pgp-signature")
}

// joinAlternatives returns the forms of one text as one segment. A form that
// repeats another is left out.
func (b *mailBody) joinAlternatives(p *rfc822.Part, at partPlace) []textSegment {
	var joined textSegment
	for _, c := range p.Children {
		if isReducedHTML(c.Type) && len(p.Children) > 1 {
			continue
		}
		for _, s := range b.collectParts(c, at) {
			if !sameWords(joined.plain, s.plain) {
				joined.plain = joinText(joined.plain, s.plain)
			}
			joined.html = joinText(joined.html, s.html)
			joined.enriched = joinText(joined.enriched, s.enriched)
		}
	}
	if joined == (textSegment{}) {
		return nil
	}
	return []textSegment{joined}
}

// isReducedHTML reports whether a media type is HTML for a special viewer, which
// a mail has beside the usual HTML.
func isReducedHTML(media string) bool {
	return media == "text/x-amp-html" || media == "text/watch-html"
}

func joinText(a, b string) string {
	if strings.TrimSpace(a) == "" {
		return b
	}
	if strings.TrimSpace(b) == "" {
		return a
	}
	return a + "\n" + b
}

// collectLeaf returns the text of a part without children, or adds it to the
// files.
func (b *mailBody) collectLeaf(p *rfc822.Part, at partPlace) []textSegment {
	switch {
	case isSMIME(p):
		if inner := unwrapSMIME(p); inner != nil {
			return b.collectParts(inner, at)
		}
		b.encrypted = true
	case !isTextType(p.Type):
	case p.Disposition() == "attachment":
	case p.FileName() != "" && !at.first, at.related:
	case b.textBytes > maxTextBytes:
		b.cut = true
	default:
		return b.readText(p, p.Type)
	}
	b.files = append(b.files, p)
	return nil
}

func isTextType(media string) bool {
	switch media {
	case "text/plain", "text/html", "text/enriched", "text/richtext", "text":
		return true
	}
	return false
}

// readText returns the text of one part as a segment of the given media type.
func (b *mailBody) readText(p *rfc822.Part, media string) []textSegment {
	limit := MaxText
	if media == "text/html" {
		limit = htmltext.MaxInput
	} else {
		b.files = append(b.files, p.TakeUUFiles()...)
	}
	read := p.ReadText(limit)
	text := read.Text
	b.cut = b.cut || read.Cut
	b.lost = b.lost || read.Lost
	b.textBytes += len(text)
	switch media {
	case "text/html":
		return []textSegment{{html: text}}
	case "text/enriched", "text/richtext":
		return []textSegment{{enriched: enrichedText(text)}}
	}
	if strings.EqualFold(p.Params["format"], "flowed") {
		text = joinFlowedLines(text, strings.EqualFold(p.Params["delsp"], "yes"))
	}
	return []textSegment{{plain: text}}
}

// joinFlowedLines joins the lines of a format=flowed text (RFC 3676). A line
// that ends in a space continues in the next line of the same quote depth. With
// delsp that space is removed.
func joinFlowedLines(text string, delsp bool) string {
	var out strings.Builder
	out.Grow(len(text))
	open := false // the last line continues in the next
	depth := 0    // its quote depth
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		d := 0
		for d < len(line) && line[d] == '>' {
			d++
		}
		content := strings.TrimPrefix(line[d:], " ")
		signature := content == "-- " || content == "--"
		if open && (d != depth || signature) {
			out.WriteByte('\n')
			open = false
		}
		if !open && d > 0 {
			out.WriteString(strings.Repeat(">", d) + " ")
		}
		flows := strings.HasSuffix(content, " ") && !signature
		if flows && delsp {
			content = content[:len(content)-1]
		}
		out.WriteString(content)
		open = flows
		depth = d
		if !flows {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

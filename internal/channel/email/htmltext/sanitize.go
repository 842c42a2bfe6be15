package htmltext

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// allowedAttributes maps the elements that are kept for display to the
// attributes that are kept.
var allowedAttributes = map[atom.Atom][]string{
	atom.A: {"href", "title"}, atom.Abbr: nil, atom.B: nil, atom.Blockquote: nil, atom.Br: nil, atom.Code: nil, atom.Dd: nil, atom.Del: nil, atom.Div: {"dir"},
	atom.Dl: nil, atom.Dt: nil, atom.Em: nil, atom.H1: nil, atom.H2: nil, atom.H3: nil, atom.H4: nil, atom.H5: nil, atom.H6: nil, atom.Hr: nil, atom.I: nil,
	atom.Img: {"src", "alt", "width", "height"}, atom.Ins: nil, atom.Li: nil, atom.Ol: {"start"}, atom.P: {"dir"}, atom.Pre: nil, atom.Q: nil, atom.S: nil, atom.Small: nil,
	atom.Span: {"dir"}, atom.Strong: nil, atom.Sub: nil, atom.Sup: nil, atom.Table: nil, atom.Tbody: nil, atom.Td: {"colspan", "rowspan"}, atom.Tfoot: nil,
	atom.Th: {"colspan", "rowspan"}, atom.Thead: nil, atom.Tr: nil, atom.U: nil, atom.Ul: nil,
}

// maxOpenElements is the depth to which elements are kept. Of deeper elements
// only the text is kept.
const maxOpenElements = 100

// Sanitize returns a page that is safe to display inside another page. It
// removes scripts, styles, forms and frames, links with other schemes than
// http, https, mailto and tel, and everything that is loaded from elsewhere. A
// remote picture would tell the sender that the mail was read. Pictures inside
// the mail stay, as "cid:". Every element is closed.
func Sanitize(page string) string {
	s := sanitizer{}
	page = page[:min(len(page), MaxInput)]
	s.out.Grow(len(page) / 2)
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			for len(s.open) > 0 {
				s.closeElement(s.open[len(s.open)-1])
			}
			return s.out.String()
		case html.TextToken:
			if len(s.skipping) == 0 {
				s.out.WriteString(html.EscapeString(string(z.Text())))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			s.startElement(z)
		case html.EndTagToken:
			name, _ := z.TagName()
			s.endElement(atom.Lookup(name))
		}
	}
}

type sanitizer struct {
	out      strings.Builder
	open     []atom.Atom
	skipping []atom.Atom // elements whose content is dropped
}

func (s *sanitizer) startElement(z *html.Tokenizer) {
	name, more := z.TagName()
	tag := atom.Lookup(name)
	if len(s.skipping) > 0 && tag == atom.Body {
		s.skipping = nil // the head was not closed
	}
	if dropsContent(tag) {
		if len(s.skipping) < maxOpenElements {
			s.skipping = append(s.skipping, tag)
		}
		return
	}
	keep, ok := allowedAttributes[tag]
	if !ok || len(s.skipping) > 0 || len(s.open) >= maxOpenElements {
		return
	}
	var attrs strings.Builder
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if value, ok := sanitizeAttribute(tag, string(k), string(v), keep); ok {
			attrs.WriteString(" " + string(k) + `="` + html.EscapeString(value) + `"`)
		}
	}
	if tag == atom.A {
		attrs.WriteString(` rel="noopener noreferrer nofollow" target="_blank"`)
	}
	if tag == atom.Img && !strings.Contains(attrs.String(), " src=") {
		return
	}
	s.out.WriteString("<" + tag.String() + attrs.String() + ">")
	if tag != atom.Br && tag != atom.Hr && tag != atom.Img {
		s.open = append(s.open, tag)
	}
}

func dropsContent(tag atom.Atom) bool {
	switch tag {
	case atom.Head, atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Template, atom.Iframe, atom.Object, atom.Svg, atom.Math, atom.Select, atom.Textarea, atom.Noembed, atom.Noframes, atom.Xmp:
		return true
	}
	return false
}

// sanitizeAttribute returns the value of an attribute and whether to keep it.
func sanitizeAttribute(tag atom.Atom, name, value string, keep []string) (string, bool) {
	found := false
	for _, k := range keep {
		found = found || k == name
	}
	if !found || len(value) > 4<<10 {
		return "", false
	}
	switch {
	case name == "href":
		u, err := url.Parse(strings.TrimSpace(value))
		if err != nil || !isSafeScheme(u.Scheme) {
			return "", false
		}
		return u.String(), true
	case name == "src" && tag == atom.Img:
		return value, strings.HasPrefix(value, "cid:")
	}
	return value, true
}

func isSafeScheme(scheme string) bool {
	switch scheme {
	case "http", "https", "mailto", "tel":
		return true
	default:
		return false
	}
}

// endElement closes an element and the open elements inside it.
func (s *sanitizer) endElement(tag atom.Atom) {
	if n := len(s.skipping); n > 0 {
		if s.skipping[n-1] == tag {
			s.skipping = s.skipping[:n-1]
		}
		return
	}
	for i := len(s.open) - 1; i >= 0; i-- {
		if s.open[i] != tag {
			continue
		}
		for len(s.open) > i {
			s.closeElement(s.open[len(s.open)-1])
		}
		return
	}
}

func (s *sanitizer) closeElement(tag atom.Atom) {
	s.open = s.open[:len(s.open)-1]
	s.out.WriteString("</" + tag.String() + ">")
}

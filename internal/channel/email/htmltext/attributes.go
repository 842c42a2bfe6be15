package htmltext

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// attributes are the attributes of an element that concern its text. All
// except addresses and alt are in lower case.
type attributes struct {
	id, class, style, kind, name, marker, alt string
	href, src, background                     string
	hide                                      bool
}

func readAttributes(z *html.Tokenizer, more bool) (a attributes) {
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if len(v) > 4<<10 {
			v = v[:4<<10]
		}
		switch string(k) {
		case "id":
			a.id = strings.ToLower(string(v))
		case "class":
			a.class = strings.ToLower(string(v))
		case "style":
			a.style = strings.ToLower(strings.ReplaceAll(string(v), " ", ""))
		case "type":
			a.kind = strings.ToLower(string(v))
		case "name":
			a.name = strings.ToLower(string(v))
		case "data-marker":
			a.marker = strings.ToLower(string(v))
		case "alt":
			a.alt = string(v)
		case "href":
			a.href = strings.TrimSpace(string(v))
		case "src":
			a.src = strings.TrimSpace(string(v))
		case "background":
			a.background = strings.TrimSpace(string(v))
		case "hidden":
			a.hide = true
		}
	}
	return a
}

// textRoles returns the roles of an element.
func (a attributes) textRoles(tag atom.Atom) textRole {
	var m textRole
	switch tag {
	case atom.Head, atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Template, atom.Select, atom.Textarea, atom.Iframe, atom.Object, atom.Svg:
		return hiddenRole
	case atom.Blockquote:
		m |= citedRole
		if a.kind == "cite" {
			m |= quoteRole
		}
	case atom.Pre:
		m |= preformattedRole
	}
	if a.hide || hidesContent(a.style) {
		m |= hiddenRole
	}
	switch {
	case hasClass(a.class, "gmail_attr"), tag == atom.Blockquote && hasClass(a.class, "gmail_quote"), // both may also contain answers between the quoted lines
		hasClass(a.class, "yahoo_quoted", "protonmail_quote", "tutanota_quote", "zmail_extra", "moz-cite-prefix", "gmail_extra", "hmquote", "ms-outlook-mobile-reference-message", "replyquote"),
		a.marker == "__quoted_text__", a.marker == "__headers__", a.name == "messagereplysection", a.name == "quoted-content", strings.HasPrefix(a.class, "front-blockquote"),
		a.id == "mailbox-conversation", a.id == "replybody":
		if !hasClass(a.class, "gmail_extra") { // contains the reply too in old mails
			m |= quoteRole
		}
	case endsInClass(a.class, "yahoo_quoted"), a.name == "quote":
		m |= quoteRole
	case endsInClass(a.class, "signature"), hasClass(a.class, "protonmail_signature_block", "gmail_signature_prefix", "bloop_sign"),
		strings.HasSuffix(a.id, "signature"), a.name == "messagesignaturesection", a.marker == "__sig_pre__", a.marker == "__sig_post__":
		m |= signatureRole
	}
	if a.beginsQuotedTail() {
		m |= quotedTailRole
	}
	return m
}

// beginsQuotedTail reports whether quoted history starts at the element and
// runs to the end of the mail.
func (a attributes) beginsQuotedTail() bool {
	switch a.id {
	case "divrplyfwdmsg", "appendonsend", "olk_src_body_section", "mail-editor-reference-message-container", "stopspelling", "x_divrplyfwdmsg", "zwchr":
		return true
	}
	switch {
	case a.name == "_mailoriginal" && a.kind == "", a.name == "_messagereplysection":
		return true
	}
	return strings.Contains(a.style, "border") && drawsOutlookRule(a.style)
}

// drawsOutlookRule reports whether a style draws the line above quoted history
// in Outlook or Windows Mail: a border at the top only, in one of their
// colours.
func drawsOutlookRule(style string) bool {
	colour := false
	for _, c := range []string{"#e1e1e1", "#b5c4df", "#e5e5e5", "rgb(225,225,225)", "rgb(181,196,223)", "rgb(229,229,229)"} {
		colour = colour || strings.Contains(style, c)
	}
	if !colour {
		return false
	}
	_, top, ok := strings.Cut(style, "border-top:")
	if top, _, _ = strings.Cut(top, ";"); ok {
		return strings.Contains(top, "solid") && (strings.Contains(top, "#") || strings.Contains(top, "rgb("))
	}
	return strings.Contains(style, "border-top-style:solid") || strings.Contains(style, "border-style:solidnonenone")
}

// endsInClass reports whether one of the classes ends in name. Some programs
// add a prefix to class names.
func endsInClass(class, name string) bool {
	for c := range strings.FieldsSeq(class) {
		if strings.HasSuffix(c, name) {
			return true
		}
	}
	return false
}

func hasClass(class string, names ...string) bool {
	if class == "" {
		return false
	}
	for _, c := range strings.Fields(class) {
		for _, n := range names {
			if c == n {
				return true
			}
		}
	}
	return false
}

func hidesContent(style string) bool {
	if style == "" {
		return false
	}
	for _, rule := range []string{"display:none", "visibility:hidden", "mso-hide:all", "max-height:0px", "max-height:0;"} {
		if strings.Contains(style, rule) {
			return true
		}
	}
	return false
}

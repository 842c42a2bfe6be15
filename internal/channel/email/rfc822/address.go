package rfc822

import (
	"strings"
	"unicode"
)

// An Address is one mailbox of an address field.
type Address struct {
	Name string // decoded display name; may be empty
	Addr string // local@domain as written; empty if the field has no address
}

// Addresses returns at most [MaxAddresses] mailboxes in the fields with that
// name.
func (h Header) Addresses(name string) []Address {
	var all []Address
	for _, v := range h.All(name) {
		all = append(all, parseAddresses(v, h.charset)...)
		if len(all) >= MaxAddresses {
			return all[:MaxAddresses]
		}
	}
	return all
}

// ParseAddresses reads a list of mailboxes. It accepts the faults that occur
// in real mail: names with unquoted commas, addresses in the name, missing
// brackets.
func ParseAddresses(v string) []Address { return parseAddresses(v, "") }

func parseAddresses(v, charset string) []Address {
	v, _ = decodeRawValue(v, charset)
	var all []Address
	pending := "" // a piece without an address: the start of a name with an unquoted comma
	for _, piece := range splitAddresses(v) {
		if pending != "" {
			piece = pending + ", " + piece
			pending = ""
		}
		if !strings.ContainsAny(piece, "@<") && !hasEncodedAddress(piece) {
			pending = piece
			continue
		}
		if a := parseAddress(piece, charset); a != (Address{}) {
			all = append(all, a)
		}
		if len(all) == MaxAddresses {
			return all
		}
	}
	if a := parseAddress(pending, charset); a != (Address{}) {
		all = append(all, a)
	}
	return all
}

// hasEncodedAddress reports whether the address is inside an encoded word.
func hasEncodedAddress(piece string) bool {
	return strings.Contains(piece, "=?") && strings.Contains(DecodeWords(piece, ""), "@")
}

// splitAddresses cuts a list at its commas and semicolons, except those in
// quotes, comments and brackets. The names of groups are removed.
func splitAddresses(v string) []string {
	var pieces []string
	start := 0
	angle := false
	angles := false
	ends := commentEnds(v)
	lastAngle := strings.LastIndexByte(v, '>')
	add := func(end int) {
		if p := strings.Trim(v[start:end], " \t\r\n"); p != "" {
			pieces = append(pieces, p)
		}
	}
	for i := 0; i < len(v); i++ {
		if end := ends[i]; end > 0 {
			i = end
			continue
		}
		switch c := v[i]; c {
		case '\\':
			i++
		case '"':
			if n := closingQuoteIndex(v[i+1:]); n >= 0 && !angle {
				i += n + 1
			}
		case '<':
			angle = i < lastAngle
			angles = true
		case '>':
			angle = false
		case ',', ';':
			if !angle {
				add(i)
				start = i + 1
				angles = false
			}
		case ':':
			outside := !angle && !angles
			if outside && isGroupName(v[start:i]) {
				start = i + 1
			}
		}
		if len(pieces) > 2*MaxAddresses {
			return pieces
		}
	}
	if start < len(v) {
		add(len(v))
	}
	return pieces
}

// commentEnds returns the end of each comment in v by its start, both the index
// of a parenthesis. A comment may contain others (RFC 5322). A parenthesis
// without a partner, or in quotes, is a character like any other.
func commentEnds(v string) map[int]int {
	if strings.IndexByte(v, '(') < 0 {
		return nil
	}
	ends := map[int]int{}
	var open []int
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			if n := closingQuoteIndex(v[i+1:]); n >= 0 && len(open) == 0 {
				i += n + 1
			}
		case '(':
			open = append(open, i)
		case ')':
			if n := len(open); n > 0 {
				ends[open[n-1]] = i
				open = open[:n-1]
			}
		}
	}
	return ends
}

// cutComments returns s without its comments, and their contents.
func cutComments(s string) (text string, comments []string) {
	ends := commentEnds(s)
	if len(ends) == 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if end := ends[i]; end > 0 {
			comments = append(comments, unescapeQuoted(s[i+1:end]))
			i = end
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String(), comments
}

// unescapeQuoted removes the backslashes of a quoted string or a comment.
func unescapeQuoted(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isGroupName reports whether s, which ends at a colon, is the name of a group
// of addresses.
func isGroupName(s string) bool {
	return !strings.Contains(s, "@") && !strings.EqualFold(strings.TrimSpace(s), "mailto")
}

// closingQuoteIndex returns the index in s of the quote that ends a quoted
// string, or -1.
func closingQuoteIndex(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// parseAddress reads one mailbox. Its comments are not part of the name, unless
// it has no other.
func parseAddress(s, charset string) Address {
	s, comments := cutComments(s)
	comment := strings.Join(comments, " ")
	name, rest, hasAngle := cutAtLastAngle(s)
	if !hasAngle {
		return parseBareAddress(s, comment, charset)
	}
	addr, after, _ := strings.Cut(rest, ">")
	a := Address{Name: displayName(name, charset), Addr: cleanAddress(addr)}
	if a.Name == "" {
		a.Name = displayName(after, charset)
	}
	if a.Name == "" {
		a.Name = displayName(comment, charset)
	}
	if a.Addr != "" {
		return a
	}
	// "jan@example.com <>" and "jan@example.com <Jan>"
	if b := parseBareAddress(name, comment, charset); b.Addr != "" {
		b.Name = displayName(addr, charset)
		return b
	}
	if a.Name == "" {
		a.Name = displayName(addr, charset)
	}
	return a
}

// cutAtLastAngle cuts s at its last "<", which opens the address. Names may
// contain brackets too.
func cutAtLastAngle(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '<')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// parseBareAddress reads an address without brackets: "jan@example.com (Jan)".
func parseBareAddress(text, comment, charset string) Address {
	if !strings.Contains(text, "@") && strings.Contains(text, "=?") {
		text = DecodeWords(text, charset)
	}
	if a := cleanAddress(text); a != "" {
		return Address{Name: displayName(comment, charset), Addr: a}
	}
	var a Address
	var others []string
	for _, w := range strings.Fields(text) {
		if c := cleanAddress(w); a.Addr == "" && c != "" {
			a.Addr = c
			continue
		}
		others = append(others, w)
	}
	if len(others) == 0 && a.Addr != "" {
		others = append(others, comment)
	}
	a.Name = displayName(strings.Join(others, " "), charset)
	return a
}

// cleanAddress returns s as local@domain, or "" if it is not an address.
func cleanAddress(s string) string {
	s = strings.TrimSpace(s)
	if strings.Contains(s, "=?") {
		s = DecodeWords(s, "")
	}
	s = cleanText(s)
	s = trimBrackets(s)
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if strings.HasPrefix(s, "@") { // a source route: "@one,@two:jan@example.com"
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || strings.ContainsFunc(s, unicode.IsControl) { // a line break could inject a header into a mail that we write
		return ""
	}
	local := strings.TrimSpace(s[:at])
	domain := strings.Trim(strings.TrimSpace(s[at+1:]), ".\"'")
	if strings.HasPrefix(local, `"`) != strings.HasSuffix(local, `"`) {
		local = strings.Trim(local, `"`)
	}
	quoted := strings.HasPrefix(local, `"`)
	if !quoted && strings.ContainsAny(local, " \t\",;<>()@\n") {
		return ""
	}
	if local == "" || domain == "" || strings.ContainsAny(domain, " \t\"@,;:<>()\n") {
		return ""
	}
	if len(local)+len(domain) > 320 {
		return ""
	}
	return local + "@" + domain
}

// trimBrackets removes the brackets and separators around an address. The
// brackets of an address literal, as in jan@[192.0.2.1], are part of it.
func trimBrackets(s string) string {
	const around = "<>,;' \t"
	s = strings.TrimLeft(s, around+"[")
	if i := strings.LastIndex(s, "@["); i >= 0 {
		if n := strings.IndexByte(s[i:], ']'); n >= 0 && strings.Trim(s[i+n:], around+"]") == "" {
			return s[:i+n+1]
		}
	}
	return strings.TrimRight(s, around+"[]")
}

// displayName returns a name decoded, without the quotes around it.
func displayName(s, charset string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = unescapeQuoted(s[1 : len(s)-1])
	}
	s = DecodeWords(s, charset)
	s = strings.Trim(strings.Join(strings.Fields(s), " "), "\" \t,")
	return UnquoteName(s)
}

// UnquoteName returns a name without the single quotes that some programs put
// around it. A quote that is part of the name stays, as in 't Hooft.
func UnquoteName(s string) string {
	inner, ok := strings.CutPrefix(s, "'")
	if !ok {
		return s
	}
	inner, ok = strings.CutSuffix(inner, "'")
	if !ok || strings.Contains(inner, "' ") || strings.Contains(inner, " '") {
		return s
	}
	return strings.TrimSpace(inner)
}

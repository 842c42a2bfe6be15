package compose

import (
	"bytes"
	"encoding/base64"
	"mime"
	"net/textproto"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
)

// Lengths in bytes.
const (
	maxLine    = 76  // of what can be folded; the limit is 998
	maxWord    = 60  // of what stays unencoded
	maxName    = 150 // of a file, which becomes three times as long
	maxID      = 900 // of a Message-ID, which cannot be folded
	maxEncoded = 42  // of the bytes in an encoded word, which has at most 75 (RFC 2047, 2)
)

// A header collects fields, and the first thing that cannot be one.
type fieldWriter struct {
	buf bytes.Buffer
	err error
}

// add writes a field. What stands in value is safe already: nothing of a
// letter comes here unseen.
func (h *fieldWriter) addField(name, value string) {
	if value != "" {
		h.buf.WriteString(name + ": " + value + "\r\n")
	}
}

func (h *fieldWriter) addPerson(name string, p Person) {
	addr, err := formatAddress(p.Address)
	if err != nil {
		if h.err == nil {
			h.err = fault.New(fault.Invalid, "%s: %s", name, fault.Message(err))
		}
		return
	}
	if words := formatPhrase(p.Name); words != "" {
		addr = words + "\r\n <" + addr + ">"
	}
	h.addField(name, addr)
}

// unsubscribe says how to get no more of it, by one click where an address of
// the web takes it (RFC 8058).
func (h *fieldWriter) addUnsubscribe(addresses []string) {
	var list []string
	post := false
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil || u.Scheme != "mailto" && u.Scheme != "https" || strings.ContainsAny(a, "<>, ") || !isPrintableASCII(a) || len(a) > maxID {
			h.err = fault.New(fault.Invalid, "List-Unsubscribe: not an address of mail or the web")
			return
		}
		post = post || u.Scheme == "https"
		list = append(list, "<"+a+">")
	}
	h.addField("List-Unsubscribe", strings.Join(list, ",\r\n "))
	if post {
		h.addField("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
}

// plain reports whether s is ASCII that shows.
func isPrintableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// usableID reports whether s can stand between the brackets of a Message-ID,
// as far as other programs must be able to read the field.
func isUsableID(s string) bool {
	return s != "" && len(s) <= maxID && isPrintableASCII(s) && !strings.ContainsAny(s, " <>,;\"\\()")
}

// atext are the signs besides letters and digits that an unquoted word may
// have (RFC 5322, 3.2.3).
const atext = "!#$%&'*+-/=?^_`{|}~"

func isAtomRune(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune(atext, r)
}

// address returns a mail address as it stands in a field.
func formatAddress(s string) (string, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || len(s) > 320 {
		return "", fault.New(fault.Invalid, "not a mail address")
	}
	local := s[:at]
	domain := s[at+1:]
	if len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"' {
		local = local[1 : len(local)-1]
	}
	switch {
	case strings.ContainsFunc(domain, func(r rune) bool { return !isAtomRune(r) && r != '.' }):
		return "", fault.New(fault.Invalid, "not a mail address")
	case strings.ContainsFunc(local, func(r rune) bool { return r > '~' }):
		return "", fault.New(fault.Invalid, "an address with letters beyond ASCII before the @, to which SES cannot send")
	case strings.ContainsFunc(local, func(r rune) bool { return !isAtomRune(r) && r != '.' && r != ' ' }):
		return "", fault.New(fault.Invalid, "not a mail address")
	case strings.HasPrefix(local, "."), strings.HasSuffix(local, "."), strings.Contains(local, ".."), strings.Contains(local, " "):
		local = `"` + local + `"`
	}
	return local + "@" + domain, nil
}

// phrase returns a display name: as it is, in quotes, or encoded.
func formatPhrase(name string) string {
	name = joinLines(name)
	switch {
	case needsEncoding(name), strings.ContainsAny(name, `"\`):
		return encodeWords(name)
	case strings.ContainsFunc(name, func(r rune) bool { return !isAtomRune(r) && r != ' ' }):
		return `"` + name + `"`
	}
	return name
}

// text returns words as they stand in a field that is no structure.
func formatText(s string) string {
	s = joinLines(s)
	if needsEncoding(s) {
		return encodeWords(s)
	}
	return foldText(s)
}

// line returns the words of s on one line, without other control characters.
func joinLines(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

// encodes reports whether s would not come back as it is when it is written
// as it is.
func needsEncoding(s string) bool {
	if !isPrintableASCII(s) || strings.Contains(s, "=?") {
		return true
	}
	for w := range strings.SplitSeq(s, " ") {
		if len(w) > maxWord {
			return true
		}
	}
	return false
}

// encode writes s as encoded words (RFC 2047), a line each, that begin and end
// with whole characters.
func encodeWords(s string) string {
	var b strings.Builder
	for s != "" {
		n := min(len(s), maxEncoded)
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		if b.Len() > 0 {
			b.WriteString("\r\n ")
		}
		b.WriteString("=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(s[:n])) + "?=")
		s = s[n:]
	}
	return b.String()
}

// fold breaks a text at its blanks.
func foldText(s string) string {
	var b strings.Builder
	length := 20 // the field's name
	for i, w := range strings.Split(s, " ") {
		switch {
		case i == 0:
		case length+len(w) >= maxLine:
			b.WriteString("\r\n ")
			length = 0
		default:
			b.WriteByte(' ')
		}
		b.WriteString(w)
		length += len(w) + 1
	}
	return b.String()
}

// header returns the fields of an attachment.
func (f File) partHeader() textproto.MIMEHeader {
	typ, params, err := mime.ParseMediaType(f.Type)
	if err != nil || !isPrintableASCII(f.Type) || len(f.Type) > 200 || strings.HasPrefix(typ, "multipart/") || strings.HasPrefix(typ, "message/") {
		typ = "application/octet-stream"
		params = nil // a mail in a mail may not be base64 (RFC 2046, 5.2.1)
	}
	media := mime.FormatMediaType(typ, params)
	if media == "" {
		media = "application/octet-stream"
	}
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": safeFileName(f.Name)})
	return textproto.MIMEHeader{
		"Content-Type":              {media},
		"Content-Disposition":       {disposition},
		"Content-Transfer-Encoding": {"base64"},
	}
}

// fileName returns a name without a path, of a length that every program takes.
func safeFileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1 // would show another name than it is
		}
		return r
	}, name)
	name = strings.ReplaceAll(name, "=?", "=_") // many programs would decode it, as in a subject
	name = strings.TrimSpace(path.Base(strings.ReplaceAll(joinLines(name), `\`, "/")))
	if name == "" || name == "." || name == ".." || name == "/" {
		return "attachment"
	}
	if len(name) <= maxName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > maxName/4 {
		ext = ""
	}
	n := maxName - len(ext)
	for !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n] + ext
}

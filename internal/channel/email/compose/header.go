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
	maxLine    = 76  // of a line that can be folded; the hard limit is 998
	maxWord    = 60  // of a word that is not encoded
	maxName    = 150 // of a file name, which encoding makes three times as long
	maxID      = 900 // of a Message-ID, which cannot be folded
	maxEncoded = 42  // bytes in one encoded word, which is at most 75 long (RFC 2047, 2)
)

// A fieldWriter collects header fields, and the first error.
type fieldWriter struct {
	buf bytes.Buffer
	err error
}

// addField writes a field. The caller has encoded or checked value.
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

// addUnsubscribe writes List-Unsubscribe. If one of the addresses is a web
// address, it also offers unsubscribing with one click (RFC 8058).
func (h *fieldWriter) addUnsubscribe(addresses []string) {
	var list []string
	post := false
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil || !isUnsubscribeAddress(u.Scheme, a) {
			h.err = fault.New(fault.Invalid, "List-Unsubscribe must be a mailto: or https: address without blanks, commas and brackets")
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

// isUnsubscribeAddress reports whether an address with that scheme can be in
// List-Unsubscribe.
func isUnsubscribeAddress(scheme, address string) bool {
	if scheme != "mailto" && scheme != "https" {
		return false
	}
	return len(address) <= maxID && isPrintableASCII(address) && !strings.ContainsAny(address, "<>, ")
}

// isPrintableASCII reports whether s has printable ASCII characters only.
func isPrintableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// isUsableID reports whether s can be a Message-ID that other programs read
// correctly.
func isUsableID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	return isPrintableASCII(s) && !strings.ContainsAny(s, " <>,;\"\\()")
}

// atext are the characters besides letters and digits that an unquoted word
// may have (RFC 5322, 3.2.3).
const atext = "!#$%&'*+-/=?^_`{|}~"

func isAtomRune(r rune) bool {
	switch {
	case '0' <= r && r <= '9', 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z':
		return true
	default:
		return strings.ContainsRune(atext, r)
	}
}

// formatAddress returns a mail address in the form for a field.
func formatAddress(s string) (string, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || len(s) > 320 {
		return "", fault.New(fault.Invalid, "not a mail address: write name@example.com")
	}
	local := s[:at]
	domain := s[at+1:]
	if len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"' {
		local = local[1 : len(local)-1]
	}
	switch {
	case strings.ContainsFunc(domain, func(r rune) bool { return !isAtomRune(r) && r != '.' }):
		return "", fault.New(fault.Invalid, "not a mail address: write name@example.com")
	case strings.ContainsFunc(local, func(r rune) bool { return r > '~' }):
		return "", fault.New(fault.Invalid, "SES cannot send to an address with non-ASCII letters before the @")
	case strings.ContainsFunc(local, func(r rune) bool { return !isAtomRune(r) && r != '.' && r != ' ' }):
		return "", fault.New(fault.Invalid, "not a mail address: write name@example.com")
	case strings.HasPrefix(local, "."), strings.HasSuffix(local, "."), strings.Contains(local, ".."), strings.Contains(local, " "):
		local = `"` + local + `"`
	}
	return local + "@" + domain, nil
}

// formatPhrase returns a display name unchanged, in quotes, or encoded.
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

// formatText returns the value of an unstructured field, such as the subject.
func formatText(s string) string {
	s = joinLines(s)
	if needsEncoding(s) {
		return encodeWords(s)
	}
	return foldText(s)
}

// joinLines returns s on one line, without control characters.
func joinLines(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

// needsEncoding reports whether s would be changed if it were sent unencoded.
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

// encodeWords returns s as encoded words (RFC 2047), one per line. Characters
// are not split over two words.
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

// foldText breaks a text into lines at its blanks.
func foldText(s string) string {
	var b strings.Builder
	length := 20 // room for the field's name
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

// partHeader returns the header of an attachment's part.
func (f File) partHeader() textproto.MIMEHeader {
	typ, params, err := mime.ParseMediaType(f.Type)
	composite := strings.HasPrefix(typ, "multipart/") || strings.HasPrefix(typ, "message/") // may not be base64 (RFC 2046, 5.2.1)
	malformed := err != nil || len(f.Type) > 200 || !isPrintableASCII(f.Type)
	if composite || malformed {
		typ = "application/octet-stream"
		params = nil
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

// safeFileName returns a name without a path, and short enough for all
// programs.
func safeFileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1 // invisible characters can disguise a name
		}
		return r
	}, name)
	name = strings.ReplaceAll(name, "=?", "=_") // many programs would decode it as an encoded word
	name = strings.TrimSpace(path.Base(strings.ReplaceAll(joinLines(name), `\`, "/")))
	switch name {
	case "", ".", "..", "/":
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

package rfc822

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// transferEncoding returns the part's transfer encoding in lower case, and in
// the standard spelling if it is a known one.
func (p *Part) transferEncoding() string {
	v, _ := cutComments(strings.ToLower(p.Header.Get("Content-Transfer-Encoding")))
	v, _, _ = strings.Cut(v, ";")
	v = strings.Trim(v, " \t\"'")
	switch strings.NewReplacer("-", "", " ", "", "_", "").Replace(v) { // accept other spellings
	case "quotedprintable":
		return "quoted-printable"
	case "base64":
		return "base64"
	}
	return v
}

// Raw returns the part's content as it was sent. It is a slice of the mail.
func (p *Part) Raw() []byte { return p.raw }

// Bytes returns the part's content with its transfer encoding decoded.
// Malformed encodings are decoded to the extent possible.
func (p *Part) Bytes() []byte {
	if p.content != nil {
		return p.content
	}
	switch p.transferEncoding() {
	case "base64":
		if isTextType(p.Type) && !plausibleBase64(p.raw) {
			return p.raw
		}
		return decodeBase64(p.raw)
	case "quoted-printable":
		return decodeQuotedPrintable(p.raw)
	case "x-uuencode", "uuencode", "x-uue", "uue":
		_, content := decodeUU(p.raw)
		return content
	}
	return p.raw
}

// Size returns the length of [Part.Bytes], without decoding large base64
// content.
func (p *Part) Size() int64 {
	if p.content != nil || p.transferEncoding() != "base64" || isTextType(p.Type) {
		return int64(len(p.Bytes()))
	}
	n := int64(0)
	for _, c := range p.raw {
		if base64Value[c] < 64 {
			n++
		}
	}
	return n * 3 / 4
}

// Text returns the part's content as text. At most limit bytes are read before
// the charset is decoded. cut reports that the content was longer.
func (p *Part) Text(limit int) (text string, cut bool) {
	t := p.ReadText(limit)
	return t.Text, t.Cut
}

// A Text is the decoded content of a part.
type Text struct {
	Text string
	Cut  bool // the content was longer than the limit
	Lost bool // some characters could not be read
}

// ReadText is [Part.Text], and reports unreadable characters too.
func (p *Part) ReadText(limit int) Text {
	var t Text
	q := *p
	if q.content == nil && len(q.raw) > 3*limit { // no transfer encoding is longer than that
		q.raw = q.raw[:3*limit]
		t.Cut = true
	}
	b := q.Bytes()
	if len(b) > limit {
		b = b[:limit]
		t.Cut = true
	}
	if t.Cut {
		b = trimPartialRune(b)
	}
	text, lost := decodeBytes(b, p.charsets(b)...)
	if t.Cut && lost > 0 && strings.HasSuffix(text, replacement) { // in the middle of a character
		text = strings.TrimSuffix(text, replacement)
		lost--
	}
	t.Text = text
	t.Lost = lost > 0
	return t
}

// trimPartialRune removes the beginning of a character of UTF-8 at the end of b.
func trimPartialRune(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if !utf8.RuneStart(b[i]) {
			continue
		}
		if !utf8.FullRune(b[i:]) {
			return b[:i]
		}
		break
	}
	return b
}

// charsets returns the names of the charsets that the part's text may have, the
// most certain first.
func (p *Part) charsets(text []byte) []string {
	var all []string
	if declared := p.Params["charset"]; declared != "" {
		all = append(all, declared)
	}
	if p.Type == "text/html" {
		if declared := metaCharset(text); declared != "" {
			all = append(all, declared)
		}
	}
	return append(all, eightBitCharset(p.charset))
}

func isTextType(media string) bool { return strings.HasPrefix(media, "text/") }

// metaCharset returns the charset that an HTML page declares in its head.
func metaCharset(b []byte) string {
	head := bytes.ToLower(b[:min(len(b), 2048)])
	i := bytes.Index(head, []byte("charset="))
	if i < 0 {
		return ""
	}
	v := bytes.TrimLeft(head[i+len("charset="):], "\"' ")
	if j := bytes.IndexAny(v, "\"'; />"); j >= 0 {
		return string(v[:j])
	}
	return ""
}

// base64Value maps each byte to the six bits of its base64 letter. Padding is
// 64, and every other byte 255.
var base64Value = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['-'] = 62
	t['_'] = 63
	t['='] = 64
	return t
}()

// decodeBase64 decodes all base64 letters in src. It skips other bytes, starts
// again after padding, and ignores an incomplete byte at the end.
func decodeBase64(src []byte) []byte {
	out := make([]byte, 0, len(src)*3/4+3)
	acc := uint32(0)
	bits := 0
	for _, c := range src {
		v := base64Value[c]
		if v > 64 {
			continue
		}
		if v == 64 {
			acc = 0
			bits = 0
			continue
		}
		acc = acc<<6 | uint32(v)
		if bits += 6; bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits)) //nolint:gosec // the high bits are those already written
		}
	}
	return out
}

// plausibleBase64 reports whether text that is declared as base64 looks like
// it: it has few other characters and blanks.
func plausibleBase64(b []byte) bool {
	b = b[:min(len(b), 4096)]
	junk := 0
	good := 0
	blanks := 0
	for _, c := range b {
		switch {
		case c == ' ':
			blanks++
		case base64Value[c] <= 64:
			good++
		case c > ' ':
			junk++
		}
	}
	return (junk+blanks)*20 <= good+20
}

// decodeQuotedPrintable decodes quoted-printable. Invalid escapes stay as they
// are.
func decodeQuotedPrintable(src []byte) []byte {
	out := make([]byte, 0, len(src))
	for len(src) > 0 {
		line, next := cutLine(src, 0)
		newline := src[len(line):next]
		src = src[next:]
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		line = bytes.TrimRight(line, " \t")
		soft := len(line) > 0 && line[len(line)-1] == '='
		if soft {
			line = line[:len(line)-1]
		}
		out = appendQuotedPrintable(out, line)
		if !soft && len(newline) > 0 {
			out = append(out, '\r', '\n')
		}
	}
	return out
}

func appendQuotedPrintable(out, line []byte) []byte {
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c == '=' && i+2 < len(line) {
			hi := hexValue(line[i+1])
			lo := hexValue(line[i+2])
			if hi < 16 && lo < 16 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// decodeUU decodes the first uuencoded file in b.
func decodeUU(b []byte) (name string, content []byte) {
	inside := false
	for len(b) > 0 {
		line, next := cutLine(b, 0)
		b = b[next:]
		line = bytes.TrimRight(line, "\r")
		switch {
		case !inside:
			if f := bytes.Fields(line); len(f) >= 3 && string(f[0]) == "begin" {
				inside = true
				name = string(bytes.Join(f[2:], []byte{' '}))
			}
		case string(line) == "end":
			return name, content
		default:
			content = appendDecodedUU(content, line)
		}
	}
	return name, content
}

func appendDecodedUU(out, line []byte) []byte {
	if len(line) == 0 {
		return out
	}
	n := int(line[0]-' ') & 63
	start := len(out)
	for i := 1; i < len(line) && len(out)-start < n; i += 4 {
		var v uint32
		for j := range 4 {
			v <<= 6
			if i+j < len(line) {
				v |= uint32(line[i+j]-' ') & 63
			}
		}
		out = append(out, byte(v>>16), byte(v>>8), byte(v))
	}
	return out[:min(len(out), start+n)]
}

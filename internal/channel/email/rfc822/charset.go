package rfc822

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/unicode/norm"
)

// Decode converts raw from the named charset to clean UTF-8. Bytes that are
// valid UTF-8 are read as UTF-8 in any case, except under a charset whose text
// may look like UTF-8.
func Decode(charset string, raw []byte) string {
	label := charsetLabel(charset)
	if label == "utf-7" {
		return cleanText(decodeUTF7(string(raw)))
	}
	if !mayLookLikeUTF8(label) && utf8.Valid(raw) {
		return cleanText(string(raw))
	}
	text, err := lookupEncoding(label).NewDecoder().Bytes(raw)
	if err != nil {
		return cleanText(string(raw))
	}
	return cleanText(string(text))
}

// mayLookLikeUTF8 reports whether text in that charset may be valid UTF-8 by
// chance: it has many bytes that are ASCII or zero.
func mayLookLikeUTF8(label string) bool {
	for _, prefix := range []string{"iso-2022-", "utf-16", "utf-32"} {
		if strings.HasPrefix(label, prefix) {
			return true
		}
	}
	return label == "hz-gb-2312"
}

// charsetLabel returns the standard spelling of a charset's name.
func charsetLabel(s string) string {
	s = strings.ToLower(strings.Trim(s, " \t\"'<>"))
	if i := strings.IndexAny(s, " ;*("); i >= 0 { // a language (RFC 2231), a comment
		s = s[:i]
	}
	if alias, ok := charsetAlias[s]; ok {
		return alias
	}
	return s
}

var charsetAlias = map[string]string{
	"utf8": "utf-8", "utf-8mb4": "utf-8", "unicode": "utf-8", "unicode-1-1-utf-8": "utf-8",
	"unicode-1-1-utf-7": "utf-7", "x-utf-7": "utf-7", "utf7": "utf-7",
	"ansi": "windows-1252", "1252": "windows-1252", "8bit": "windows-1252", "ascii": "windows-1252",
	"us-ascii": "windows-1252", "iso-8859-1": "windows-1252", "latin1": "windows-1252", "iso8859-1": "windows-1252",
	"iso-8859-8-i": "iso-8859-8", "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030",
	"hz": "hz-gb-2312", "iso-2022-jp-1": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp", "cp932": "shift_jis",
	"cp-850": "ibm850", "cp850": "ibm850", "cp437": "ibm437", "cp-437": "ibm437", "cp949": "euc-kr", "ks_c_5601-1987": "euc-kr",
}

// lookupEncoding returns the encoding of a charset. For an unknown charset it
// returns windows-1252, which can read every byte.
func lookupEncoding(label string) encoding.Encoding {
	switch label {
	case "ibm850":
		return charmap.CodePage850
	case "ibm437":
		return charmap.CodePage437
	case "windows-1252", "", "x-unknown", "unknown-8bit", "default":
		return charmap.Windows1252
	}
	if e, err := htmlindex.Get(label); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(label); err == nil && e != nil {
		return e
	}
	return charmap.Windows1252
}

// decodeUTF7 decodes UTF-7 (RFC 2152). Invalid parts stay as they are.
func decodeUTF7(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "+")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		n := 0
		for n < len(rest) && isBase64Letter(rest[n]) {
			n++
		}
		raw, err := base64.RawStdEncoding.DecodeString(rest[:n-n%4+[]int{0, 0, 2, 3}[n%4]])
		switch {
		case n == 0 && strings.HasPrefix(rest, "-"):
			b.WriteByte('+')
		case n == 0 || err != nil:
			b.WriteByte('+')
			b.WriteString(rest[:n])
		default:
			units := make([]uint16, len(raw)/2)
			for i := range units {
				units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
			}
			b.WriteString(string(utf16.Decode(units)))
		}
		s = strings.TrimPrefix(rest[n:], "-")
	}
}

func isBase64Letter(c byte) bool {
	switch {
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/':
		return true
	default:
		return false
	}
}

// cleanText returns s in the form of all our texts: valid UTF-8 in form NFC,
// lines that end in "\n", and no control characters except tab and newline.
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, isUnclean) >= 0 {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\r\n", "\n"), "\r\n", "\n")
		s = strings.Map(func(r rune) rune {
			switch r {
			case '\r', '\v', '\f', '\u2028', '\u2029':
				return '\n'
			}
			if isUnclean(r) {
				return -1
			}
			return r
		}, s)
	}
	return norm.NFC.String(s)
}

// isUnclean reports whether r is a control character, a byte order mark, or an
// invisible character that reverses or hides text.
func isUnclean(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < ' ', 0x7f <= r && r < 0xa0:
		return true
	case r == '\uFEFF', '\u2028' <= r && r <= '\u202E', '\u2066' <= r && r <= '\u2069':
		return true
	default:
		return false
	}
}

package rfc822

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/unicode/norm"
)

// Decode converts raw from the named charset to clean UTF-8. The bytes win over
// the name: escape sequences of ISO-2022, a byte order mark, and bytes that are
// valid UTF-8 are read as they are, under any name. Bytes that the charset
// cannot have are read in the one that fits best.
func Decode(charset string, raw []byte) string {
	text, _ := decodeBytes(raw, charset)
	return text
}

// decodeBytes converts raw to clean UTF-8. charsets are the names that may
// apply, the most certain first. lost is the number of characters that could
// not be read.
func decodeBytes(raw []byte, charsets ...string) (text string, lost int) {
	label := charsetLabel(charsets[0])
	if text, lost, ok := decodeByForm(label, raw); ok {
		return cleanText(text), lost
	}
	best := decoded{lost: len(raw) + 1}
	for _, name := range charsets {
		d := decodeAs(charsetLabel(name), raw)
		if d.lost == 0 {
			return cleanText(d.text), 0
		}
		if d.lost < best.lost {
			best = d
		}
	}
	guessed := guessCharset(raw)
	isMostlyRead := best.lost*10 <= utf8.RuneCountInString(best.text)
	if guessed.lost > 0 && isMostlyRead {
		return cleanText(best.text), best.lost
	}
	return cleanText(guessed.text), guessed.lost
}

// A decoded text has lost characters that could not be read.
type decoded struct {
	text string
	lost int
}

// decodeByForm decodes bytes whose form shows their charset, whatever their
// label is. ok is false for all others.
func decodeByForm(label string, raw []byte) (text string, lost int, ok bool) {
	ascii := isASCII(raw)
	escapes := ascii && hasEscapes(raw)
	switch order := utf16Order(raw, label); {
	case escapes, ascii && strings.HasPrefix(label, "iso-2022-"):
		text, lost = decodeISO2022(restoreEscapes(raw, label))
		return text, lost, true
	case order != nil:
		b, err := order.NewDecoder().Bytes(raw)
		return string(b), strings.Count(string(b), replacement), err == nil
	case ascii && label == "utf-7":
		return decodeUTF7(string(raw)), 0, true
	case ascii && label == "hz-gb-2312" && bytes.Contains(raw, []byte("~{")):
		b, err := simplifiedchinese.HZGB2312.NewDecoder().Bytes(raw)
		return string(b), strings.Count(string(b), replacement), err == nil
	case strings.HasPrefix(label, "utf-32") && bytes.IndexByte(raw, 0) >= 0:
		b, err := utf32.UTF32(utf32.BigEndian, utf32.UseBOM).NewDecoder().Bytes(raw)
		return string(b), strings.Count(string(b), replacement), err == nil
	case utf8.Valid(raw):
		return string(raw), 0, true
	}
	return "", 0, false
}

// replacement is the character that a decoder writes for bytes that it cannot
// read.
const replacement = "\uFFFD"

// decodeAs decodes raw, which has bytes above ASCII, in the charset of a label.
// A label of a charset without such bytes loses all of them.
func decodeAs(label string, raw []byte) decoded {
	e := lookupEncoding(label)
	if e == nil {
		return decoded{lost: len(raw) + 1}
	}
	b, err := e.NewDecoder().Bytes(raw)
	if err != nil {
		return decoded{lost: len(raw) + 1}
	}
	return repairControls(string(b))
}

// repairControls reads the control characters above ASCII, which no mail uses,
// as the bytes of windows-1252 that they were. Many programs write its quotation
// marks under the name of an ISO charset. It counts what cannot be read.
func repairControls(text string) decoded {
	d := decoded{text: text, lost: strings.Count(text, replacement)}
	if strings.IndexFunc(text, isHighControl) < 0 {
		return d
	}
	d.text = strings.Map(func(r rune) rune {
		if !isHighControl(r) {
			return r
		}
		if r = charmap.Windows1252.DecodeByte(byte(r & 0xFF)); isHighControl(r) {
			d.lost++
			return utf8.RuneError
		}
		return r
	}, text)
	return d
}

func isHighControl(r rune) bool { return 0x80 <= r && r < 0xa0 }

func isASCII(raw []byte) bool {
	for _, c := range raw {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// utf16Order returns the encoding of bytes that are UTF-16: they begin with a
// byte order mark, or half of them are zero because the text is Latin, or the
// label says so and they are not ASCII. It returns nil for all others.
func utf16Order(raw []byte, label string) encoding.Encoding {
	little := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	big := unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	switch {
	case len(raw) < 2:
		return nil
	case raw[0] == 0xff && raw[1] == 0xfe, raw[0] == 0xfe && raw[1] == 0xff:
		return little // the mark wins
	}
	var zeros [2]int // at even and odd positions
	sample := raw[:min(len(raw), 1024)]
	for i, c := range sample {
		if c == 0 {
			zeros[i%2]++
		}
	}
	isClaimed := strings.HasPrefix(label, "utf-16")
	switch half := len(sample) / 2; {
	case zeros[1] > 0 && zeros[1]*2 > half && zeros[0]*10 < half:
		return little
	case zeros[0] > 0 && zeros[0]*2 > half && zeros[1]*10 < half:
		return big
	case !isClaimed, utf8.Valid(raw) && zeros[0]+zeros[1] == 0:
		return nil
	case label == "utf-16le", zeros[1] > zeros[0]:
		return little
	}
	return big
}

// eightBitCharset returns the charset of bytes above ASCII in the header of a
// mail whose text has the named charset. If the text's charset has no such
// bytes, it is the one that programs of the same language use.
func eightBitCharset(charset string) string {
	label := charsetLabel(charset)
	switch {
	case strings.HasPrefix(label, "iso-2022-jp"):
		return "shift_jis"
	case label == "iso-2022-kr":
		return "euc-kr"
	case label == "hz-gb-2312", strings.HasPrefix(label, "iso-2022-cn"):
		return "gb18030"
	case strings.HasPrefix(label, "utf-16"), strings.HasPrefix(label, "utf-32"), label == "utf-7":
		return ""
	}
	return label
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
	"ansi": "windows-1252", "1252": "windows-1252", "ascii": "us-ascii", "ansi_x3.4-1968": "us-ascii", "646": "us-ascii",
	"iso-8859-1": "windows-1252", "latin1": "windows-1252", "iso8859-1": "windows-1252",
	"iso-8859-8-i": "iso-8859-8", "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030",
	"hz": "hz-gb-2312", "csiso2022kr": "iso-2022-kr", "csiso2022jp": "iso-2022-jp", "cp50220": "iso-2022-jp", "cp50221": "iso-2022-jp", "cp50222": "iso-2022-jp", "cp932": "shift_jis",
	"cp-850": "ibm850", "cp850": "ibm850", "cp437": "ibm437", "cp-437": "ibm437", "cp949": "euc-kr", "ks_c_5601-1987": "euc-kr",
}

// lookupEncoding returns the encoding of bytes above ASCII under a label. It is
// nil if the charset is unknown, or has no such bytes.
func lookupEncoding(label string) encoding.Encoding {
	switch label {
	case "", "us-ascii", "utf-8", "utf-7", "hz-gb-2312":
		return nil
	case "ibm850":
		return charmap.CodePage850
	case "ibm437":
		return charmap.CodePage437
	}
	for _, prefix := range []string{"iso-2022-", "utf-16", "utf-32"} {
		if strings.HasPrefix(label, prefix) {
			return nil
		}
	}
	if e, err := htmlindex.Get(label); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(label); err == nil {
		return e
	}
	return nil
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

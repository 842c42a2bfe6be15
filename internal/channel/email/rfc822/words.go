package rfc822

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxWord is the longest encoded word that is decoded, in bytes. RFC 2047
// allows 75 characters, but mail programs write longer ones.
const maxWord = 4 << 10

// DecodeWords returns a header value as readable text. It decodes the encoded
// words of RFC 2047, including malformed ones: inside quotes, with blanks, or
// cut in the middle of a character. Raw bytes are read as UTF-8 or, if they are
// not, in charset.
func DecodeWords(s, charset string) string {
	text, _ := decodeWords(s, charset)
	return text
}

// decodeWords is DecodeWords. lost is the number of characters that could not
// be read.
func decodeWords(s, charset string) (text string, lost int) {
	s, lost = decodeRawValue(s, charset)
	if !strings.Contains(s, "=?") {
		return cleanText(s), lost
	}
	var out strings.Builder
	var run []byte // bytes of adjacent words in one charset
	runCharset := ""
	flush := func() {
		if len(run) > 0 {
			text, n := decodeBytes(run, runCharset)
			out.WriteString(text)
			lost += n
			run = run[:0]
		}
	}
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, n := parseEncodedWord(s[i:])
		if n == 0 {
			flush()
			out.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		gap := s[:i]
		if len(run) == 0 || strings.TrimSpace(gap) != "" || !strings.EqualFold(w.charset, runCharset) {
			joined := len(run) > 0 && strings.TrimSpace(gap) == ""
			flush()
			if !joined {
				out.WriteString(gap)
			}
		}
		run = append(run, w.text...)
		runCharset = w.charset
		s = s[i+n:]
	}
	flush()
	out.WriteString(s)
	return cleanText(out.String()), lost
}

// decodeRawValue returns a header value with its raw bytes, those outside of
// encoded words, as UTF-8. It runs before the value is split: in some charsets
// a letter has the byte of a comma or of a quotation mark. A header has no
// charset of its own, so it is in the one that the mail's text has for bytes
// above ASCII.
func decodeRawValue(s, charset string) (value string, lost int) {
	if isPlainASCII(s) {
		return s, 0
	}
	return decodeBytes([]byte(s), "", eightBitCharset(charset))
}

// isPlainASCII reports whether s has neither bytes above ASCII nor an escape
// character.
func isPlainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == escape {
			return false
		}
	}
	return true
}

// An encodedWord is a decoded word, whose text is still in charset.
type encodedWord struct {
	charset string
	text    []byte
}

// parseEncodedWord reads the encoded word at the start of s. n is its length,
// or 0 if s does not begin with one.
func parseEncodedWord(s string) (w encodedWord, n int) {
	if len(s) > maxWord {
		s = s[:maxWord]
	}
	charset, rest, ok := strings.Cut(s[2:], "?")
	if !ok || len(charset) > 60 {
		return encodedWord{}, 0
	}
	if len(rest) < 2 || rest[1] != '?' {
		return encodedWord{}, 0
	}
	text := rest[2:]
	end := strings.Index(text, "?=")
	if end < 0 {
		return encodedWord{}, 0
	}
	n = 2 + len(charset) + 1 + 2 + end + 2
	text = text[:end]
	switch rest[0] {
	case 'q', 'Q':
		return encodedWord{charset, decodeQEncoding(text)}, n
	case 'b', 'B':
		return encodedWord{charset, decodeBase64([]byte(text))}, n
	}
	return encodedWord{}, 0
}

// decodeQEncoding decodes the "Q" encoding of RFC 2047.
func decodeQEncoding(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '_':
			out = append(out, ' ')
		case c == '=' && i+2 < len(s):
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
			out = append(out, c)
		default:
			out = append(out, c)
		}
	}
	return out
}

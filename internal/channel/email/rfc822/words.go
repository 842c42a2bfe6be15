package rfc822

import (
	"strconv"
	"strings"
)

// maxWord is the longest encoded word that is decoded, in bytes. RFC 2047
// allows 75 characters, but mail programs write longer ones.
const maxWord = 4 << 10

// DecodeWords returns a header value as readable text. It decodes the encoded
// words of RFC 2047, including malformed ones: inside quotes, with blanks, or
// cut in the middle of a character. The rest is read in charset if it has raw
// bytes.
func DecodeWords(s, charset string) string {
	if !strings.Contains(s, "=?") {
		return Decode(charset, []byte(s))
	}
	var out strings.Builder
	var run []byte // bytes of adjacent words in one charset
	runCharset := ""
	flush := func() {
		out.WriteString(Decode(runCharset, run))
		run = run[:0]
	}
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, n := parseEncodedWord(s[i:])
		if n == 0 {
			flush()
			out.WriteString(Decode(charset, []byte(s[:i+2])))
			s = s[i+2:]
			continue
		}
		gap := s[:i]
		if len(run) == 0 || strings.TrimSpace(gap) != "" || !strings.EqualFold(w.charset, runCharset) {
			joined := len(run) > 0 && strings.TrimSpace(gap) == ""
			flush()
			if !joined {
				out.WriteString(Decode(charset, []byte(gap)))
			}
		}
		run = append(run, w.text...)
		runCharset = w.charset
		s = s[i+n:]
	}
	flush()
	out.WriteString(Decode(charset, []byte(s)))
	return out.String()
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

package rfc822

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// guessCharset decodes bytes above ASCII that no label explains. They are UTF-8
// with single faults, a West European text, or Japanese. Any other text is read
// as West European too, and counted as lost, because it is not readable.
func guessCharset(raw []byte) decoded {
	if d, ok := decodeFaultyUTF8(raw); ok {
		return d
	}
	western := repairControls(decodeWestern(raw))
	if isWestern(raw) {
		return western
	}
	for _, e := range []encoding.Encoding{japanese.ShiftJIS, japanese.EUCJP} {
		if text, ok := decodeKana(e, raw); ok {
			return decoded{text: text}
		}
	}
	for _, c := range raw {
		if c >= utf8.RuneSelf {
			western.lost++
		}
	}
	return western
}

func decodeWestern(raw []byte) string {
	b, err := charmap.Windows1252.NewDecoder().Bytes(raw)
	if err != nil {
		return string(raw)
	}
	return string(b)
}

// decodeFaultyUTF8 decodes bytes that are mostly UTF-8. Each byte that is not
// is read as windows-1252: a program inserted it, such as a quotation mark. ok
// is false if the bytes are something else.
func decodeFaultyUTF8(raw []byte) (d decoded, ok bool) {
	var b strings.Builder
	b.Grow(len(raw))
	good := 0
	bad := 0
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
			b.WriteRune(charmap.Windows1252.DecodeByte(raw[0]))
		case n > 1:
			good++
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
		raw = raw[n:]
	}
	if good < 2*bad {
		return decoded{}, false
	}
	return repairControls(b.String()), true
}

// isWestern reports whether bytes above ASCII may be West European text: they
// are single letters and marks between ASCII letters, and not words of their
// own.
func isWestern(raw []byte) bool {
	high := 0    // bytes above ASCII
	inWords := 0 // of these, in words
	strange := 0 // of these, neither letters nor common marks
	run := 0     // bytes above ASCII up to here
	letters := 0 // letters above ASCII up to here
	for _, c := range raw {
		if c < utf8.RuneSelf {
			inWords += wordBytes(run, letters)
			run = 0
			letters = 0
			continue
		}
		high++
		run++
		if !isWesternByte(c) {
			strange++
		}
		if unicode.IsLetter(charmap.Windows1252.DecodeByte(c)) {
			letters++
		}
	}
	inWords += wordBytes(run, letters)
	return inWords*2 <= high && strange*4 <= high
}

// wordBytes returns the length of a run of bytes above ASCII, if it is a word:
// three letters, or four bytes of any kind.
func wordBytes(run, letters int) int {
	if run > 3 || letters == 3 {
		return run
	}
	return 0
}

// isWesternByte reports whether a byte of windows-1252 is a letter or one of
// the marks that West European texts use.
func isWesternByte(c byte) bool {
	r := charmap.Windows1252.DecodeByte(c)
	switch r {
	case 'ƒ', '‚': // the first bytes of katakana and hiragana in Shift_JIS
		return false
	}
	return unicode.IsLetter(r) || strings.ContainsRune("€‘’“”„…–—•™\u00a0«»°§´·¿¡£©®½¼¾²³±×", r)
}

// decodeKana decodes Japanese text. ok is false if the bytes are not valid in
// the charset, or if fewer than a fifth of the characters are kana, which no
// Japanese sentence is without.
func decodeKana(e encoding.Encoding, raw []byte) (text string, ok bool) {
	b, err := e.NewDecoder().Bytes(raw)
	if err != nil || strings.Contains(string(b), replacement) {
		return "", false
	}
	kana := 0
	all := 0
	for _, r := range string(b) {
		switch {
		case 0x3041 <= r && r <= 0x30fe:
			kana++
			all++
		case r >= utf8.RuneSelf:
			all++
		}
	}
	return string(b), kana*5 >= all
}

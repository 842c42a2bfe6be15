package taxonomy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// latin folds U+00C0 to U+017F to their base letters; a space stands for what
// is no letter, and the few that fold to two letters are in appendFold.
const latin = "aaaaaaaceeeeiiii" + "dnooooo ouuuuyts" + "aaaaaaaceeeeiiii" + "dnooooo ouuuuyty" +
	"aaaaaaccccccccdd" + "ddeeeeeeeeeegggg" + "gggghhhhiiiiiiii" + "iiiijjkkklllllll" +
	"lllnnnnnnnnnoooo" + "oooorrrrrrssssss" + "ssttttttuuuuuuuu" + "uuuuwwyyyzzzzzzs"

// appendFold appends r without case and accent, nothing for an apostrophe or
// a combining mark, and reports whether r can stand within a word.
func appendFold(b []byte, r rune) ([]byte, bool) {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return append(b, byte(r)), true //nolint:gosec // ASCII
	case 'A' <= r && r <= 'Z':
		return append(b, byte(r)+'a'-'A'), true
	case r == '\'', r == '’', r == '‘', r == 'ʼ', r == '´', r == '`':
		return b, true
	case r < 0x80:
		return b, false
	case r == 'ß':
		return append(b, 's', 's'), true
	case r == 'æ', r == 'Æ':
		return append(b, 'a', 'e'), true
	case r == 'ĳ', r == 'Ĳ':
		return append(b, 'i', 'j'), true
	case r == 'œ', r == 'Œ':
		return append(b, 'o', 'e'), true
	case 0xC0 <= r && r <= 0x17F:
		c := latin[r-0xC0]
		if c == ' ' {
			return b, false
		}
		return append(b, c), true
	case unicode.Is(unicode.Mn, r):
		return b, true
	case unicode.IsLetter(r), unicode.IsDigit(r):
		return utf8.AppendRune(b, unicode.ToLower(r)), true
	default:
		return b, false
	}
}

// foldWord folds a word of the taxonomy; what cannot stand in a word is kept
// for the caller to refuse.
func foldWord(word string) string {
	isFolded := func(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '*' }
	if strings.IndexFunc(word, func(r rune) bool { return !isFolded(r) }) < 0 {
		return word
	}
	var b []byte
	for _, r := range word {
		var ok bool
		if b, ok = appendFold(b, r); !ok {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}

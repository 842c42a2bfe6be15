package taxonomy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// latinFolds holds the base letters of U+00C0 to U+017F. A space marks a character
// that is not a letter. Characters that fold to two letters are handled by
// appendFold.
const latinFolds = "aaaaaaaceeeeiiii" + "dnooooo ouuuuyts" + "aaaaaaaceeeeiiii" + "dnooooo ouuuuyty" +
	"aaaaaaccccccccdd" + "ddeeeeeeeeeegggg" + "gggghhhhiiiiiiii" + "iiiijjkkklllllll" +
	"lllnnnnnnnnnoooo" + "oooorrrrrrssssss" + "ssttttttuuuuuuuu" + "uuuuwwyyyzzzzzzs"

// appendFold appends r in lower case and without accent. It appends nothing for an
// apostrophe or a combining mark. It reports whether r can be part of a word.
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
		c := latinFolds[r-0xC0]
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

// isUnfolded reports whether folding may change r.
func isUnfolded(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '*':
		return false
	default:
		return true
	}
}

// foldWord folds a word of the taxonomy. It keeps characters that cannot be part of
// a word, so that the caller can refuse them.
func foldWord(word string) string {
	if strings.IndexFunc(word, isUnfolded) < 0 {
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

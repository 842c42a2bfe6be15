package redact

import (
	"slices"
	"strings"
	"unicode"
)

// term matches a number with decimals, a token, or a word.
var term = lazy(`\d+(?:[.,]\d+)+|\[(?:name|phone|email|link|number|address|date|\.\.\.)\]|[\p{L}\d][\p{L}\d']*`)

// Terms returns the words of a masked text that may set it apart, and the pairs of
// neighbours of which one is such a word: "verzendkosten", "stap 7", "update 5.2". They
// are in lower case without accents, each once.
func Terms(masked string) []string {
	masked = tidy(masked)
	var terms []string
	before := "" // the word before, unless a sentence or a token is between
	end := 0
	for _, at := range term().FindAllStringIndex(masked, -1) {
		gap := strings.TrimSpace(masked[end:at[0]])
		end = at[1]
		word := masked[at[0]:at[1]]
		if isToken[word] {
			before = ""
			continue
		}
		if gap != "" && gap != "-" {
			before = ""
		}
		f := fold(word)
		if tells(f) {
			terms = append(terms, f)
		}
		if before != "" && isPair(before, f) {
			terms = append(terms, before+" "+f)
		}
		before = f
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

// tells reports whether a word alone may set a text apart. Codes do.
func tells(f string) bool {
	isCode := strings.ContainsFunc(f, unicode.IsDigit) && strings.ContainsFunc(f, unicode.IsLetter)
	return isKeyword(f) || (isCode && len(f) > minCodeLength)
}

// isPair reports whether two neighbours may set a text apart: a word with a number
// after it, or two words.
func isPair(a, b string) bool {
	isNumber := strings.Trim(b, "0123456789.,") == ""
	switch {
	case isNumber:
		return isKeyword(a) || (len(a) >= minNumbered && !common[a] && !isAllDigits(a) && !stoppers[a] && !units[a])
	default:
		return isKeyword(a) && isKeyword(b)
	}
}

// minNumbered is the fewest letters of a word before a number: "tip 3".
const minNumbered = 3

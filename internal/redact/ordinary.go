package redact

import (
	"strings"
	"unicode"
)

// isOrdinary reports whether every word that is left of a masked text can be quoted.
func (m *Masker) isOrdinary(text string) bool {
	rest := tokens().ReplaceAllString(text, " ")
	if strings.ContainsAny(rest, "@\x00[]{}<>_\\|~^#=") {
		return false
	}
	if manyDigits().MatchString(money().ReplaceAllString(rest, " x ")) || remnant().MatchString(text) {
		return false
	}
	shout := !strings.ContainsFunc(rest, unicode.IsLower)
	all := words(text)
	spelled := 0 // numbers in words in a row
	first := true
	at := 0
	for i, s := range all {
		w := place{word: text[s.from:s.to], shout: shout}
		w.folded = fold(w.word)
		w.first = first || strings.ContainsAny(text[at:s.from], ".!?:\"")
		first = false
		at = s.to
		if tokens().MatchString(w.word) {
			spelled = 0
			continue
		}
		if i > 0 {
			w.before = fold(text[all[i-1].from:all[i-1].to])
		}
		if i+1 < len(all) {
			w.after = fold(text[all[i+1].from:all[i+1].to])
		}
		if numbers[w.folded] {
			spelled++
		} else {
			spelled = 0
		}
		quotable := m.public[w.folded] || w.isPlain()
		if spelled >= 4 || !quotable {
			return false
		}
	}
	return true
}

var (
	manyDigits = lazy(digits5)
	// remnant matches digits that may belong to the token next to them.
	remnant = lazy(`\][\s\-/.()]{0,2}[\d\-/]|[\d\-/(][\s\-/.()]{0,2}\[`)
)

// A place is a word with its neighbours.
type place struct {
	word, folded  string
	before, after string // the words next to it, folded
	first         bool   // of its sentence
	shout         bool   // the whole text is in capitals
}

// isPlain reports whether the word can be quoted at its place.
func (p place) isPlain() bool {
	f := p.folded
	switch {
	case isAllDigits(f):
		return len(f) <= 4
	case amounts().MatchString(p.word):
		return true
	case p.first && opens[f][p.after]:
		return true
	case asName[f] != nil:
		return asName[f][p.before] && (!isCapital(p.word) || p.shout)
	case capitals[f]:
		return true
	case !isCapital(p.word):
		return isWord(f, true)
	case doubtful[f], opens[f] != nil:
		return false
	case p.shout, p.first, strings.ToUpper(p.word) == p.word && len(f) > 1:
		return isWord(f, false)
	default: // a noun with a capital
		return len(f) >= 7 && isWord(f, false)
	}
}

func isAllDigits(f string) bool {
	return strings.Trim(f, "0123456789") == ""
}

// maxCompound is longer, in bytes, than two words of the vocabulary.
const maxCompound = 80

// isWord reports whether a folded word is on the list of ordinary words. If loose,
// an inflection of such a word and a compound of two count too.
func isWord(f string, loose bool) bool {
	v := vocabulary()
	if v[f] {
		return true
	}
	if !loose || neverWords[f] || len(f) > maxCompound {
		return false
	}
	for _, end := range []string{"en", "e", "n", "s", "t", "te", "ten", "de", "den", "je", "jes", "ed", "d", "ing", "ly", "es", "er"} {
		if stem, ok := strings.CutSuffix(f, end); ok && len(stem) >= 5 && v[stem] {
			return true
		}
	}
	for i := 4; i <= len(f)-4; i++ {
		joined := len(f)-i > 4 && f[i] == 's' && v[f[i+1:]] // as in "gezinslid"
		isCompound := v[f[:i]] && (v[f[i:]] || joined)
		if isCompound && !street().MatchString(f) {
			return true
		}
	}
	return false
}

var street = lazy(`(?:` + streets + `)$`)

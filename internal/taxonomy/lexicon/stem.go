package lexicon

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
)

// A Stemmer reduces the inflected forms of a word to one stem. It is not safe for
// concurrent use.
type Stemmer struct{ env *snowballstem.Env }

// NewStemmer returns a stemmer.
func NewStemmer() *Stemmer { return &Stemmer{snowballstem.NewEnv("")} }

// exceptionsEnglish are the same for English: an instalment is not an installation.
var exceptionsEnglish = map[string]string{
	"instalment": "instalment", "instalments": "instalment", "installment": "instalment", "installments": "instalment", "statement": "statement", "statements": "statement",
	"right": "right", "rights": "rights", "news": "news", "mailing": "mailing",
}

// English returns the stem of a word in lower case.
func (s *Stemmer) English(word string) string {
	if stem, ok := exceptionsEnglish[word]; ok {
		return stem
	}
	s.env.SetCurrent(word)
	english.Stem(s.env)
	return s.env.Current()
}

// Particles are the first parts of Dutch verbs that can be separated, as in "zeg het
// contract op" for opzeggen.
var Particles = []string{"aan", "achter", "af", "bij", "binnen", "door", "in", "langs", "mee", "na", "om", "op", "over", "samen", "tegen", "terug", "toe", "uit", "vast", "voor", "weg"}

// exceptions are Dutch words whose stem is also the stem of a word with another
// meaning, such as rekening (bill) and rekenen (to calculate).
var exceptions = map[string]string{
	"rekening": "rekening", "rekeningen": "rekening", "afrekening": "afrekening", "afrekeningen": "afrekening", "beeld": "beeld", "beelden": "beeld",
	"plaats": "plaats", "plaatsen": "plaats", "leverbaar": "leverbaar", "zaak": "zaak", "zaken": "zaak", "barst": "barst", "barsten": "barst", "gebarsten": "barst",
	"verzekering": "verzekering", "verzekeringen": "verzekering", "uitkering": "uitkering", "uitkeringen": "uitkering", "woning": "woning", "woningen": "woning",
	"stuks": "stuks", "stukken": "stukken", "stukje": "stukje", "lading": "lading", "vergoeding": "vergoeding", "gegeven": "gegeven", "gegevens": "gegeven", "storing": "storing", "storingen": "storing", "brand": "brand",
	"standen": "stand", "stand": "stand", "waarde": "waarde", "buurt": "buurt", "dagen": "dag", "weken": "week", "weg": "weg", "wegen": "weg", "vergeten": "vergeten", "vergat": "vergeten",
	"zoek": "zoek", "zoeken": "zoeken", "zoekt": "zoeken", "gezocht": "zoeken",
}

// Dutch returns the stem of a word in lower case and without accents. The Snowball
// stemmer leaves some forms apart that are made equal here: opzeggen and zeg, verhuist
// and verhuizen, geleverd and leveren, uitgecheckt and uitchecken.
func (s *Stemmer) Dutch(word string) string {
	if stem, ok := exceptions[word]; ok {
		return stem
	}
	particle, rest := splitParticiple(trimDiminutive(word))
	s.env.SetCurrent(rest)
	dutch.Stem(s.env)
	stem := trimVerbEnding(s.env.Current(), rest != word)
	n := len(stem)
	switch {
	case n > 3 && stem[n-1] == stem[n-2] && !isVowel(stem[n-1]):
		stem = stem[:n-1] // zegg
	case n > 3 && stem[n-2] == stem[n-3] && isVowel(stem[n-2]):
		stem = stem[:n-2] + stem[n-1:] // betaal
	}
	switch n = len(stem); stem[n-1] {
	case 'z':
		stem = stem[:n-1] + "s"
	case 'v':
		stem = stem[:n-1] + "f"
	}
	if particle == "" {
		return stem
	}
	return particle + stem
}

// trimDiminutive returns mail for mailtje and brief for briefjes.
func trimDiminutive(word string) string {
	base := strings.TrimSuffix(word, "s")
	for _, ending := range []string{"etje", "tje", "pje", "je"} {
		if trimmed, ok := strings.CutSuffix(base, ending); ok && len(trimmed) >= 3 {
			return trimmed
		}
	}
	return word
}

// trimVerbEnding removes the t or d of a verb. Shorter words keep it unless they are
// participles: geld, but zeg for gezegd.
func trimVerbEnding(stem string, isParticiple bool) string {
	n := len(stem)
	shortest := 5
	if isParticiple {
		shortest = 4
	}
	isEnding := n >= shortest && (stem[n-1] == 't' || stem[n-1] == 'd') && stem[n-2] != stem[n-1]
	isNoun := isEnding && !isParticiple && strings.HasSuffix(stem, "nd") // stand, hand
	if !isEnding || isNoun {
		return stem
	}
	return stem[:n-1]
}

func isVowel(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u':
		return true
	default:
		return false
	}
}

// splitParticiple splits uitgecheckt into uit and checkt, and geleverd into leverd. It
// returns other words as they are.
func splitParticiple(word string) (particle, rest string) {
	if len(word) < 6 {
		return "", word
	}
	participle := word
	if strings.HasSuffix(word, "te") || strings.HasSuffix(word, "de") {
		participle = word[:len(word)-1] // uitgecheckte
	}
	last := participle[len(participle)-1]
	if last != 't' && last != 'd' && last != 'n' {
		return "", word
	}
	if after, ok := strings.CutPrefix(participle, "ge"); ok && last != 'n' { // not geleden
		return "", after
	}
	for _, p := range Particles {
		if after, ok := strings.CutPrefix(participle, p+"ge"); ok && len(after) > 2 {
			return p, after
		}
	}
	return "", word
}

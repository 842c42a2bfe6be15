package redact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the keywords of a text, and of their letters.
const (
	maxKeywords      = 24
	minKeywordLength = 4
	maxKeywordLength = 30
)

// Keywords returns the words by which a text may be like others, in lower case
// without accents, each once, up to 24. Numbers, addresses, recognized names and
// words that most messages have are left out. A name that is not recognized may be
// among them, so store only keyed hashes of keywords.
func Keywords(text string, known PersonalData) []string {
	if !utf8.ValidString(text) {
		return nil
	}
	if len(text) > maxMasked {
		text = text[:maxMasked]
	}
	text = tidy(strings.ToValidUTF8(text, ""))
	mask := NewMasker(known)
	for range 2 {
		text = mask.maskOnce(text)
	}
	var out []string
	for _, s := range words(text) {
		w := text[s.from:s.to]
		if tokenAt(w) > 0 {
			continue
		}
		w = fold(w)
		if !isKeyword(w) || slices.Contains(out, w) {
			continue
		}
		if out = append(out, w); len(out) == maxKeywords {
			break
		}
	}
	return out
}

// isKeyword reports whether a folded word can distinguish texts.
func isKeyword(w string) bool {
	n := utf8.RuneCountInString(w)
	if n < minKeywordLength || n > maxKeywordLength || strings.ContainsFunc(w, notLetter) {
		return false
	}
	return !common[w] && !numbers[w]
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// common are words that most messages have.
var common = wordSet(`hallo hello dear beste geachte mevrouw meneer heer dames heren goedemorgen goedemiddag goedenavond goedendag morning
	afternoon evening groet groeten groetjes vriendelijke regards kind best bedankt dank dankje thanks thank please alvast
	hebben heeft hebt have been being with from that this there their they them then than when what where which whose would could should
	will your yours mine maar want naar voor door deze dit die daar waar waarom wanneer hoelang hier heel veel meer nog niet niets niks
	geen graag even weer zijn waren word wordt worden werd kunnen kunt konden moet moeten mogen zullen zoude zouden willen gaat gaan doen
	doet deed does doing done make maken maakt over onder boven tussen sinds altijd nooit soms vaak steeds inmiddels vandaag gisteren
	morgen today yesterday tomorrow week weken weeks dagen days maand month uur hours jullie jouw mijn onze haar hare hen wij ons mij
	jij iemand someone anyone alles something iets anders other others ander andere also just only really very much many some such
	into onto about after before again because since still weten know vraag vragen question help helpen geholpen hulp contact bericht
	message mail antwoord answer reactie reply sorry kom komt komen came come snap begrijp understand vind vinden find think denk`)

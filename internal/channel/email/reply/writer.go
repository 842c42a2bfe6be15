package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most words of a writer.
const (
	maxWriterWords = 14
	maxNameWords   = 8 // without an address
)

// A writer is the text of an attribution that names the writer of the quote.
type writer struct {
	text          string
	address       bool // it has a mail address
	endsInAddress bool
	pronoun       bool // without an address; it has a word such as "u" or "my"
}

func newWriter(s string) writer {
	w := writer{text: strings.Trim(s, betweenParts)}
	w.address = strings.IndexByte(w.text, '@') >= 0
	if w.address {
		last := lastWord(w.text)
		w.endsInAddress = strings.HasSuffix(last, ">") || strings.HasSuffix(last, "&gt;") || strings.IndexByte(last, '@') >= 0
		return w
	}
	for word := range strings.FieldsSeq(w.text) {
		w.pronoun = w.pronoun || pronouns[strings.Trim(word, ",.")]
	}
	return w
}

// plausible reports whether w can be a name with or without an address, and not
// a part of a sentence.
func (w writer) plausible() bool {
	most := maxNameWords
	if w.address {
		most = maxWriterWords
	}
	name, _, _ := strings.Cut(w.text, "<")
	switch {
	case w.text == "", hasOpenBracket(w.text), strings.Contains(w.text, "?"):
		return false
	case strings.Contains(w.text, "://") && w.text == name:
		return false
	case strings.Contains(name, ":") && !w.address:
		return false
	}
	return len(strings.Fields(name)) <= most && !crossesSentenceEnd(name)
}

// isName reports whether w consists of a few words with capitals.
func (w writer) isName() bool { return !w.pronoun && isNameLike(w.text) }

// isNameLike reports whether s consists of a few words with capitals.
func isNameLike(s string) bool {
	words := strings.Fields(s)
	if len(words) == 0 || len(words) > maxNameWords || strings.ContainsAny(s, "0123456789@?!;:") || strings.HasSuffix(s, ",") || strings.HasSuffix(s, ".") {
		return false
	}
	for i, word := range words {
		first, _ := utf8.DecodeRuneInString(strings.Trim(word, `"'()`))
		if unicode.IsLower(first) && (i == 0 || !nameParticles[word]) {
			return false
		}
	}
	return true
}

// nameParticles are the words without a capital in names of people and shops.
var nameParticles = setOf("van de der den het te ter ten von vom zu zum und of the and for by at du des la le les et pour da do dos das e di del della degli y via av af og och i en in voor bij")

// pronouns are words with which a customer speaks of a person or a thing. The
// name of a shop has them with a capital only: "My Shop".
var pronouns = setOf("u U uw Uw je jij jouw jullie ik wij we mij mijn me ons onze hij zij ze " +
	"I i you your he she we they my me our his her " +
	"ich du er wir Sie Ihr Ihre Ihnen sie ihr ihre mein meine unser unsere mir " +
	"vous tu je nous il elle on mon ma mes votre notre " +
	"yo tú usted ustedes él ella nosotros mi su nuestro " +
	"io lei lui noi voi mio mia suo sua " +
	"eu você vocês ele ela nós meu minha " +
	"ja pan pani on ona my mój moja jeg du han hun vi min mitt hon minä hän я вы он она мы мой şunu")

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// crossesSentenceEnd reports whether s contains the end of a sentence: a word
// longer than the abbreviations in names, a full stop, and a capital.
func crossesSentenceEnd(s string) bool {
	letters := 0
	for i, r := range s {
		if unicode.IsLetter(r) {
			letters++
			continue
		}
		if letters > 3 && strings.ContainsRune(".!?", r) && beginsSentence(s[i+1:]) {
			return true
		}
		letters = 0
	}
	return false
}

// beginsSentence reports whether s is a blank and a capital.
func beginsSentence(s string) bool {
	if !strings.HasPrefix(s, " ") {
		return false
	}
	next, _ := utf8.DecodeRuneInString(s[1:])
	return unicode.IsUpper(next)
}

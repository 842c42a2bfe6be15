package taxonomy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A phrase is a short line of words:
//
//	factuur klopt niet     these words, next to each other, in this order
//	factu*                 any word that begins so; *factuur: that ends so
//	snap|begrijp niet      one word or the other
//	$invoice is wrong      one of the words of that set of the taxonomy
//	snap .. niet           up to three other words in between
//	factuur & klopt niet   both parts, in any order, within eight words
//
// Case, accents and apostrophes make no difference, and a hyphen is a space. A
// word of six letters or more may hold one typing error (of nine, where it is
// the whole phrase: "melding" is not "melting"). A phrase does not reach over
// the end of a sentence, unless by &, which counts from its first part.
type phrase struct {
	parts  []part
	weight int // words, so that the more specific phrase wins
}

// A part is a row of slots that must follow each other.
type part []slot

// A slot is filled by one word of the text.
type slot struct {
	words string // alternatives with | between them, folded; the key of the slot
	gap   bool   // other words may stand between this word and the one before
}

const (
	maxGap       = 3 // words that .. stands for
	maxNear      = 8 // words within which the parts of & stand
	maxNegation  = 3 // words from a negation to what it negates
	maxPhraseLen = 120
	minStem      = 3 // letters that * must leave
	minTypoAlone = 9 // the same, where that word is the whole phrase
	minTypo      = 6 // letters of a word that may hold a typing error, or stand in a compound
	minHead      = 3 // letters that a compound has beside that word
)

// A phraser reads phrases. It remembers what it has read: a file says most of
// its words many times.
type phraser struct {
	sets    map[string]string
	slots   map[string]string
	phrases map[string]phrase
}

func newPhraser(sets map[string]string) *phraser {
	return &phraser{sets: sets, slots: map[string]string{}, phrases: map[string]phrase{}}
}

// phrase reads one phrase.
func (r *phraser) phrase(text string) (phrase, error) {
	if p, ok := r.phrases[text]; ok {
		return p, nil
	}
	p, err := r.parse(text)
	if err == nil {
		r.phrases[text] = p
	}
	return p, err
}

func (r *phraser) parse(text string) (phrase, error) {
	if len(text) > maxPhraseLen {
		return phrase{}, fmt.Errorf("phrase is longer than %d characters; split it into shorter ones", maxPhraseLen)
	}
	p := phrase{parts: []part{nil}}
	gap := false
	for field := range strings.FieldsSeq(strings.ReplaceAll(text, "-", " ")) {
		last := len(p.parts) - 1
		switch field {
		case "..", "&":
			if len(p.parts[last]) == 0 || gap {
				return phrase{}, fmt.Errorf("%q must stand between two words", field)
			}
			if field == "&" {
				p.parts = append(p.parts, nil)
				continue
			}
			gap = true
		default:
			words, err := r.slot(field)
			if err != nil {
				return phrase{}, err
			}
			p.parts[last] = append(p.parts[last], slot{words, gap})
			p.weight++
			gap = false
		}
	}
	if p.weight == 0 {
		return phrase{}, errors.New("phrase is empty; write at least one word, or remove it")
	}
	if gap || len(p.parts[len(p.parts)-1]) == 0 {
		return phrase{}, errors.New("phrase ends with .. or &; write a word after it, or remove it")
	}
	return p, nil
}

// slot folds the alternatives of one field.
func (r *phraser) slot(field string) (string, error) {
	if s, ok := r.slots[field]; ok {
		return s, nil
	}
	var words []string
	for a := range strings.SplitSeq(field, "|") {
		name, isSet := strings.CutPrefix(a, "$")
		if !isSet {
			word, err := parseWord(a)
			if err != nil {
				return "", err
			}
			words = append(words, word)
			continue
		}
		set, ok := r.sets[name]
		if !ok {
			return "", fmt.Errorf("there is no set %q under words; add it, or remove the $", name)
		}
		for w := range strings.SplitSeq(set, "|") {
			word, err := parseWord(w)
			if err != nil {
				return "", err
			}
			words = append(words, word)
		}
	}
	slices.Sort(words)
	r.slots[field] = strings.Join(slices.Compact(words), "|")
	return r.slots[field], nil
}

// parseWord folds one word, which may begin or end with *.
func parseWord(text string) (string, error) {
	prefix, suffix := strings.HasSuffix(text, "*"), strings.HasPrefix(text, "*")
	word := foldWord(strings.Trim(text, "*"))
	switch {
	case word == "":
		return "", fmt.Errorf("%q holds no letter or digit; write a word, or remove it and the | next to it", text)
	case len(word) > maxWord:
		return "", fmt.Errorf("%q is longer than %d letters; shorten it, and end it with *", text, maxWord)
	case strings.Contains(word, "*"):
		return "", fmt.Errorf("* stands in the middle of %q; it may stand at the beginning or the end", text)
	case strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }):
		return "", fmt.Errorf("%q holds a sign that is no letter or digit; remove it", text)
	case prefix && suffix:
		return "", fmt.Errorf("%q has * on both sides; keep one", text)
	case (prefix || suffix) && len(word) < minStem:
		return "", fmt.Errorf("%q matches too much; keep at least %d letters next to *", text, minStem)
	case prefix:
		return word + "*", nil
	case suffix:
		return "*" + word, nil
	default:
		return word, nil
	}
}

// String returns the phrase in its one normal form, sets written out.
func (p phrase) String() string {
	var b strings.Builder
	for i, part := range p.parts {
		if i > 0 {
			b.WriteString(" & ")
		}
		for j, s := range part {
			if j > 0 {
				b.WriteByte(' ')
			}
			if s.gap {
				b.WriteString(".. ")
			}
			b.WriteString(s.words)
		}
	}
	return b.String()
}

// shortest returns the letters of the shortest word of a phrase of one slot.
func (p phrase) shortest() int {
	n := maxPhraseLen
	for w := range strings.SplitSeq(p.parts[0][0].words, "|") {
		n = min(n, len(w))
	}
	return n
}

package taxonomy

import (
	"encoding/binary"
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
	number int32 // among the phraser's slots
	gap    bool  // other words may stand between this word and the one before
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

// A phraser reads phrases, and numbers their words and slots: a file says most
// of them many times.
type phraser struct {
	sets   map[string]string
	words  []string         // folded, with * where it was written
	slots  [][]int32        // the numbers of each slot's words, rising
	number map[string]int32 // of each of the words
	fields map[string]int32 // slots as phrases write them
	same   map[string]int32 // slots by their numbers
}

// usual is how many words, slots and phrases there are about.
const usual = 4096

func newPhraser(sets map[string]string) *phraser {
	return &phraser{sets: sets, number: make(map[string]int32, usual), fields: make(map[string]int32, usual), same: make(map[string]int32, usual)}
}

// word returns the number of a folded word.
func (r *phraser) word(word string) int32 {
	n, ok := r.number[word]
	if !ok {
		n = int32(len(r.words)) //nolint:gosec // a file of 1 MB has fewer
		r.number[word], r.words = n, append(r.words, word)
	}
	return n
}

// phrase reads one phrase.
func (r *phraser) phrase(text string) (phrase, error) {
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
			number, err := r.slot(field)
			if err != nil {
				return phrase{}, err
			}
			p.parts[last] = append(p.parts[last], slot{number, gap})
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

// slot returns the number of the slot with the alternatives of one field.
func (r *phraser) slot(field string) (int32, error) {
	if n, ok := r.fields[field]; ok {
		return n, nil
	}
	var words []int32
	for a := range strings.SplitSeq(field, "|") {
		alternatives := a
		if name, isSet := strings.CutPrefix(a, "$"); isSet {
			if alternatives = r.sets[name]; alternatives == "" {
				return 0, fmt.Errorf("there is no set %q under words; add it, or remove the $", name)
			}
		}
		for w := range strings.SplitSeq(alternatives, "|") {
			word, err := parseWord(w)
			if err != nil {
				return 0, err
			}
			words = append(words, r.word(word))
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	key := make([]byte, 0, 64)
	for _, w := range words {
		key = binary.AppendUvarint(key, uint64(w)) //nolint:gosec // from 0
	}
	n, ok := r.same[string(key)]
	if !ok {
		n = int32(len(r.slots)) //nolint:gosec // as above
		r.same[string(key)], r.slots = n, append(r.slots, words)
	}
	r.fields[field] = n
	return n, nil
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

// shortest returns the letters of the shortest word of a slot.
func (r *phraser) shortest(slot int32) int {
	n := maxPhraseLen
	for _, w := range r.slots[slot] {
		n = min(n, len(r.words[w]))
	}
	return n
}

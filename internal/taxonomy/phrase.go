package taxonomy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A phrase is a pattern of words:
//
//	factuur klopt niet     these words, next to each other, in this order
//	factu*                 any word that begins with factu; *factuur: that ends with factuur
//	snap|begrijp niet      one word or the other
//	$invoice is wrong      one of the words of the set invoice of the taxonomy
//	snap .. niet           both words, with at most three other words between them
//	factuur & klopt niet   both parts, in any order, within eight words
//
// Case, accents and apostrophes are ignored, and a hyphen counts as a space. A word
// of six letters or more also matches with one typing error. If the word is the
// whole phrase, it needs nine letters: "melding" does not match "melting". The words
// of a part must be in one sentence. In a short text, the parts of & may be in
// different sentences. Their distance is counted from the first part.
type phrase struct {
	parts  []part
	weight int // number of words; the phrase with more words wins
}

// A part is a sequence of slots that consecutive words must fill.
type part []slot

// A slot is a set of alternative words. One word of the text fills it.
type slot struct {
	number int32 // index in phraseParser.slots
	gap    bool  // other words may be between this word and the previous one
	final  bool  // it is at the end of a clause, or before a word such as "and"
}

const (
	maxGap          = 3 // most words that .. matches
	maxNear         = 8 // largest distance of the parts of &, in words
	maxNegation     = 3 // words after a negation that it negates
	maxPhraseLen    = 120
	minStem         = 3  // fewest letters next to *
	minTypoAlone    = 10 // the same for a word that is the whole phrase
	minTypo         = 6  // fewest letters of a word that matches with a typing error or in a compound
	minCompoundRest = 3  // fewest letters that the compound has in addition
)

// A phraseParser parses phrases. It numbers their words and slots, because most of
// them occur many times in a file.
type phraseParser struct {
	sets         map[string]string
	words        []string         // folded words, with their *
	slots        [][]int32        // numbers of the words of each slot, in ascending order
	wordNumbers  map[string]int32 // number of each word
	slotsByField map[string]int32 // number of each slot by its text in a phrase
	slotsByWords map[string]int32 // number of each slot by its encoded word numbers
	isSet        map[int32]bool   // slots that are a set, like $invoice
}

// expectedSize is the typical number of words, slots and phrases in a file.
const expectedSize = 4096

func newPhraseParser(sets map[string]string) *phraseParser {
	return &phraseParser{sets: sets, wordNumbers: make(map[string]int32, expectedSize), slotsByField: make(map[string]int32, expectedSize), slotsByWords: make(map[string]int32, expectedSize), isSet: map[int32]bool{}}
}

// wordNumber returns the number of a folded word. A new word gets the next number.
func (r *phraseParser) wordNumber(word string) int32 {
	n, ok := r.wordNumbers[word]
	if !ok {
		n = int32(len(r.words)) //nolint:gosec // a file of 1 MB has fewer
		r.wordNumbers[word] = n
		r.words = append(r.words, word)
	}
	return n
}

// parsePhrase parses one phrase. Its error contains the remedy.
func (r *phraseParser) parsePhrase(text string) (phrase, error) {
	p := phrase{parts: []part{nil}}
	gap := false
	for field := range strings.FieldsSeq(strings.ReplaceAll(text, "-", " ")) {
		last := len(p.parts) - 1
		switch field {
		case "..", "&":
			if len(p.parts[last]) == 0 || gap {
				return phrase{}, fmt.Errorf("%q must be between two words", field)
			}
			if field == "&" {
				p.parts = append(p.parts, nil)
				continue
			}
			gap = true
		default:
			number, err := r.slotNumber(field)
			if err != nil {
				return phrase{}, err
			}
			p.parts[last] = append(p.parts[last], slot{number: number, gap: gap})
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

// slotNumber returns the number of the slot with the alternatives of one field of a
// phrase. A new slot gets the next number.
func (r *phraseParser) slotNumber(field string) (int32, error) {
	if n, ok := r.slotsByField[field]; ok {
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
			words = append(words, r.wordNumber(word))
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	key := make([]byte, 0, 64)
	for _, w := range words {
		key = binary.AppendUvarint(key, uint64(w)) //nolint:gosec // from 0
	}
	n, ok := r.slotsByWords[string(key)]
	if !ok {
		n = int32(len(r.slots)) //nolint:gosec // as above
		r.slotsByWords[string(key)] = n
		r.slots = append(r.slots, words)
	}
	r.slotsByField[field] = n
	if strings.HasPrefix(field, "$") && !strings.Contains(field, "|") {
		r.isSet[n] = true
	}
	return n, nil
}

// parseWord folds one word, which may begin or end with *. Its error contains the
// remedy.
func parseWord(text string) (string, error) {
	prefix := strings.HasSuffix(text, "*")
	suffix := strings.HasPrefix(text, "*")
	word := foldWord(strings.Trim(text, "*"))
	switch {
	case word == "":
		return "", fmt.Errorf("%q contains no letter or digit; write a word, or remove it and the | next to it", text)
	case len(word) > maxWordLength:
		return "", fmt.Errorf("%q is longer than %d letters; shorten it, and end it with *", text, maxWordLength)
	case strings.Contains(word, "*"):
		return "", fmt.Errorf("%q has * in the middle; write it at the beginning or the end", text)
	case strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }):
		return "", fmt.Errorf("%q contains a character that is not a letter or digit; remove it", text)
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

// shortestWord returns the length of the shortest word of a slot, in bytes.
func (r *phraseParser) shortestWord(slot int32) int {
	n := maxPhraseLen
	for _, w := range r.slots[slot] {
		n = min(n, len(r.words[w]))
	}
	return n
}

// wordsOf returns the distinct words of a phrase, with their *.
func (r *phraseParser) wordsOf(p phrase) []string {
	var words []string
	for _, part := range p.parts {
		for _, s := range part {
			for _, w := range r.slots[s.number] {
				words = append(words, r.words[w])
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

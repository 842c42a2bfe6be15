package taxonomy

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/taxonomy/lexicon"
)

// This file widens the phrases of reasons by the lexicon. A phrase becomes a set of
// keys: concepts of the lexicon, or stems of words that the lexicon does not have. It
// matches a sentence that has all keys close together, in any order. "Factuur te
// hoog" has the keys invoice and too-high, and matches "jullie nota is veel hoger".
//
// Function words of a phrase are not keys. Alternatives and stems with * are exact: they
// are keys as they are written.

// A wideForm is the widened form of a phrase.
type wideForm struct {
	target    int32
	matched   []string // the text of the phrase, for Result.Matched
	language  language
	danger    bool
	negatable bool    // a negation before a key excludes it
	keys      []int32 // slots
	not       bool    // a negation must be close to notKey
	notKey    int32   // one of keys
	notBefore bool    // the negation precedes notKey, as in "geen stroom"
}

// A feed passes the words that fill a slot on to another slot.
type feed struct{ from, to int32 }

// A widener adds the wide forms to a matcher.
type widener struct {
	*compiler
	wordSets
	index   *lexicon.Index
	stemmer *lexicon.Stemmer

	concepts [languages][]int32          // slot by concept; 0 if no phrase uses it
	strong   [languages][]int32          // the same for the words that are clear without other keys
	unions   map[string]int32            // slot of several concepts, or of a set
	elements [languages][]int32          // slot of an element of an expression, by its id; 0 if none
	ownStems [languages]map[string]int32 // slot of a stem that the lexicon does not have
	forms    map[string]bool             // the forms so far, by id
	id       []byte                      // buffer for an id
	keys     []wideKey                   // buffer for the keys of a phrase
	phrase   []int32                     // buffer for the slots of a phrase

	slotStems [languages][][]string // stems by slot
	wordStems [languages][]string   // stem by word of the taxonomy
}

// widenPhrases adds the wide forms of the phrases and names of all reasons.
func (c *compiler) widenPhrases(t *Taxonomy) {
	w := &widener{
		compiler: c, wordSets: newWordSets(), index: lexicon.NewIndex(), stemmer: lexicon.NewStemmer(),
		unions: map[string]int32{}, forms: map[string]bool{},
	}
	for l := range w.ownStems {
		w.concepts[l] = make([]int32, len(lexicon.Concepts))
		w.strong[l] = make([]int32, len(lexicon.Concepts))
		w.ownStems[l] = map[string]int32{}
		w.elements[l] = make([]int32, w.index.Elements[lexiconLanguage(language(l))])
	}
	for _, p := range c.m.phrases {
		isPlain := p.kind == plainPhrase && int(p.target) < c.m.reasons // and not of a product
		if isPlain || p.kind == negatablePhrase {
			w.widen(p.phrase, wideForm{target: p.target, matched: p.matched, language: p.language, danger: p.danger, negatable: p.negatable}, 1)
		}
	}
	for i := range t.Reasons {
		w.widenName(int32(i), dutch, t.Reasons[i].Names.NL)
		w.widenName(int32(i), english, t.Reasons[i].Names.EN)
	}
	w.registerConcepts()
	w.m.isState = make([]bool, len(w.slots))
	for l := range w.concepts {
		for i, concept := range lexicon.Concepts {
			w.m.isState[w.concepts[l][i]] = concept.State
			w.m.isState[w.strong[l][i]] = concept.State
		}
	}
	w.m.isState[0] = false // of the concepts that no phrase uses
}

// widenName adds the form of the name of a reason. One key is too little: names are
// short, and were not written to recognise texts.
func (w *widener) widenName(reason int32, l language, name string) {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune("&|*$.,()/:;'\"", r) {
			return ' '
		}
		return r
	}, name)
	if p, err := w.parsePhrase(text); err == nil {
		w.widen(p, wideForm{target: reason, matched: []string{name}, language: l}, 2)
	}
}

// lexiconLanguage returns the language l of the lexicon.
func lexiconLanguage(l language) lexicon.Language {
	if l == english {
		return lexicon.EN
	}
	return lexicon.NL
}

// A wideKey is a key of a phrase.
type wideKey struct {
	kind     wideKind
	concepts []int // of a meaning that the lexicon has
	slot     int32 // the slot that fills it, if there are no concepts
	own      bool  // it is the stem of a word that the lexicon does not have
	filler   bool  // it has no meaning
	set      bool  // it is a set of words, which are normally nouns
	weak     bool  // the phrase is one word that is clear only beside other words
	before   bool  // it is a negation of the next word
}

// A wideKind is the role of a key.
type wideKind int8

const (
	meaningKey  wideKind = iota // says what the phrase is about
	contextKey                  // a question word or a particle
	negationKey                 // a negation
	wideKinds                   // the number of kinds
)

// widen adds the form f of a phrase if at least so many of its keys have a meaning.
func (w *widener) widen(p phrase, f wideForm, least int) {
	if w.isAuxiliaryQuestion(p) {
		return
	}
	slots := w.phrase[:0]
	for _, part := range p.parts {
		for _, s := range part {
			slots = append(slots, s.number)
		}
	}
	w.phrase = slots
	keys := w.keys[:0]
	onlyArticles := true // besides the keys
	for i := 0; i < len(slots); {
		if concepts, n := w.longestExpression(slots[i:], f.language); n > 0 {
			keys = append(keys, wideKey{concepts: concepts})
			i += n
			continue
		}
		words := w.slots[slots[i]]
		isLast := i > 0 && i == len(slots)-1
		switch {
		case isLast && w.areAll(words, w.particle), w.areAll(words, w.question):
			keys = append(keys, wideKey{kind: contextKey, slot: slots[i]})
		case isLast && w.areAll(words, w.determiner): // "came without"
			keys = append(keys, wideKey{kind: contextKey, slot: slots[i]})
		case w.areAll(words, w.negation):
			keys = append(keys, wideKey{kind: negationKey, before: w.areAll(words, w.determiner)})
		case len(words) > 1 && w.areAll(words, w.filler): // "niet|niets|nog"
			keys = append(keys, wideKey{kind: contextKey, slot: slots[i], filler: true})
			onlyArticles = false
		case w.areAll(words, w.function) && !w.isInLexicon(words, f.language):
			onlyArticles = onlyArticles && w.areAll(words, w.article)
		default:
			keys = append(keys, w.keysOf(slots[i], f.language)...)
		}
		i++
	}
	w.keys = keys
	for i := range keys {
		keys[i].weak = keys[i].weak && p.weight == 1
	}
	w.addForm(f, keys, onlyArticles, least)
}

// isAuxiliaryQuestion reports whether the phrase begins like "has .. shipped" or "is ..
// al onderweg". Without its first word it has another meaning.
func (w *widener) isAuxiliaryQuestion(p phrase) bool {
	first := p.parts[0]
	return len(first) > 1 && first[1].gap && w.areAll(w.slots[first[0].number], w.auxiliary)
}

// areAll reports whether all words are in a set.
func (w *widener) areAll(words []int32, set map[string]bool) bool {
	return !slices.ContainsFunc(words, func(n int32) bool { return !set[w.words[n]] })
}

// isInLexicon reports whether the lexicon has the only word of words.
func (w *widener) isInLexicon(words []int32, l language) bool {
	if len(words) != 1 {
		return false
	}
	concepts, _ := w.conceptsOf(l, w.stemOf(l, words[0]))
	return concepts != nil
}

// addForm adds the form with these keys, unless it would match too much: at least so
// many keys must have a meaning, and a single one must not depend on other words.
func (w *widener) addForm(f wideForm, keys []wideKey, onlyArticles bool, least int) {
	count := countKeys(keys)
	isSingle := count[meaningKey] == 1
	if count[meaningKey] < max(least, 1) || (isSingle && isDependent(keys, count, onlyArticles)) {
		return
	}
	isAlone := (isSingle || haveOneMeaning(keys)) && count[contextKey] == 0
	for i, k := range keys {
		switch {
		case k.kind == negationKey && !f.not:
			f.not = true
			f.notKey = w.neighbour(keys, i, f.language, isAlone)
			f.notBefore = k.before && i+1 < len(keys)
		case k.kind != negationKey:
			f.keys = append(f.keys, w.slotOf(k, f.language, isAlone))
		}
	}
	slices.Sort(f.keys)
	f.keys = slices.Compact(f.keys)
	w.id = binary.AppendUvarint(w.id[:0], uint64(f.target)) //nolint:gosec // from 0
	w.id = fmt.Append(w.id, f.language, f.notKey, f.notBefore, f.negatable)
	for _, k := range f.keys {
		w.id = binary.AppendUvarint(w.id, uint64(k)) //nolint:gosec // from 0
	}
	if !w.forms[string(w.id)] {
		w.forms[string(w.id)] = true
		w.m.forms = append(w.m.forms, f)
	}
}

// countKeys counts the keys of each kind, without fillers.
func countKeys(keys []wideKey) (count [wideKinds]int) {
	for _, k := range keys {
		if !k.filler {
			count[k.kind]++
		}
	}
	return count
}

// isDependent reports whether the only key with a meaning depends on other words of the
// phrase: on words that are not keys ("in de wacht"), on several others if the lexicon
// does not have it, or on a negation that does not belong to a noun ("niet mijn
// $bestelling", but "geen $bestelling" does).
func isDependent(keys []wideKey, count [wideKinds]int, onlyArticles bool) bool {
	hasKey := func(is func(wideKey) bool) bool { return slices.ContainsFunc(keys, is) }
	isOwn := hasKey(func(k wideKey) bool { return k.own })
	isSet := hasKey(func(k wideKey) bool { return k.set })
	isDenied := hasKey(func(k wideKey) bool { return k.before })
	switch {
	case !onlyArticles && count[contextKey] == 0:
		return true
	case isOwn && len(keys) > 2:
		return true
	default:
		return isSet && count[negationKey] > 0 && !isDenied
	}
}

// haveOneMeaning reports whether all keys with a meaning have the same one, as in "stuk
// of kapot".
func haveOneMeaning(keys []wideKey) bool {
	var first *wideKey
	for i := range keys {
		switch {
		case keys[i].kind != meaningKey:
		case first == nil:
			first = &keys[i]
		case keys[i].slot != first.slot || !slices.Equal(keys[i].concepts, first.concepts):
			return false
		}
	}
	return true
}

// neighbour returns the slot of the key that the negation keys[i] belongs to: the next
// one, or the previous one if it is the last.
func (w *widener) neighbour(keys []wideKey, i int, l language, isAlone bool) int32 {
	isKey := func(k wideKey) bool { return k.kind != negationKey }
	if n := slices.IndexFunc(keys[i:], isKey); n >= 0 {
		return w.slotOf(keys[i+n], l, isAlone)
	}
	for _, k := range slices.Backward(keys[:i]) {
		if isKey(k) {
			return w.slotOf(k, l, isAlone)
		}
	}
	return 0
}

package taxonomy

import (
	"encoding/binary"
	"fmt"
	"maps"
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
		w.elements[l] = make([]int32, w.index.Elements[lexiconLanguage(language(l))]) //nolint:gosec // a small number
	}
	for _, p := range c.m.phrases {
		isPlain := p.kind == plainPhrase && int(p.target) < c.m.reasons // and not of a product
		if isPlain || p.kind == negatablePhrase {
			w.widen(p.phrase, wideForm{target: p.target, matched: p.matched, language: p.language, danger: p.danger, negatable: p.negatable}, 1)
		}
	}
	for i := range t.Reasons {
		w.widenName(int32(i), dutch, t.Reasons[i].Names.NL)   //nolint:gosec // a file of 1 MB has fewer
		w.widenName(int32(i), english, t.Reasons[i].Names.EN) //nolint:gosec // as above
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

// slotOf returns the slot that fills a key. isAlone reports whether it is the only key
// with a meaning, and has no context.
func (w *widener) slotOf(k wideKey, l language, isAlone bool) int32 {
	if len(k.concepts) == 0 {
		return k.slot
	}
	return w.slotOfConcepts(k.concepts, l, isAlone && !k.weak)
}

// longestExpression returns the concepts of the longest expressions of the lexicon at
// the beginning of slots, and the number of slots that they cover.
func (w *widener) longestExpression(slots []int32, l language) (concepts []int, covered int) {
	lex := lexiconLanguage(l)
	for _, stem := range w.stemsOf(slots[0], l) {
		for _, i := range w.index.First[lex][stem] {
			e := &w.index.Expressions[lex][i]
			n := len(e.Elements)
			if n < covered || n > len(slots) || e.Text || !w.matches(e, slots, l) {
				continue
			}
			if n > covered {
				concepts = nil
				covered = n
			}
			if !slices.Contains(concepts, e.Concept) {
				concepts = append(concepts, e.Concept)
			}
		}
	}
	slices.Sort(concepts)
	return concepts, covered
}

// matches reports whether the elements of an expression match the beginning of slots.
func (w *widener) matches(e *lexicon.Expression, slots []int32, l language) bool {
	for i := 1; i < len(e.Elements); i++ {
		stems := w.stemsOf(slots[i], l)
		if !slices.ContainsFunc(e.Elements[i].Stems, func(stem string) bool { return slices.Contains(stems, stem) }) {
			return false
		}
	}
	return true
}

// stemsOf returns the stems of the words of a slot.
func (w *widener) stemsOf(slot int32, l language) []string {
	known := w.slotStems[l]
	for len(known) < len(w.slots) {
		known = append(known, nil)
	}
	w.slotStems[l] = known
	if known[slot] == nil {
		for _, n := range w.slots[slot] {
			known[slot] = append(known[slot], w.stemOf(l, n))
		}
	}
	return known[slot]
}

// stemOf returns the stem of word n of the taxonomy, and a word with * as it is.
func (w *widener) stemOf(l language, n int32) string {
	known := w.wordStems[l]
	for len(known) < len(w.words) {
		known = append(known, "")
	}
	w.wordStems[l] = known
	if known[n] == "" {
		word := w.words[n]
		known[n] = word
		if !strings.Contains(word, "*") {
			known[n] = w.stemmer.Stem(lexiconLanguage(l), word)
		}
	}
	return known[n]
}

// conceptsOf returns the concepts that a stem has in a phrase. weak reports whether it is
// clear only beside other words.
func (w *widener) conceptsOf(l language, stem string) (concepts []int, weak bool) {
	for _, m := range w.index.Words[lexiconLanguage(l)][stem] {
		if !m.Text {
			concepts = append(concepts, m.Concept)
			weak = m.Weak
		}
	}
	return concepts, weak && len(concepts) == 1
}

// keysOf returns the keys of a slot: of its word, or of the two words of a Dutch
// compound.
func (w *widener) keysOf(slot int32, l language) []wideKey {
	words := w.slots[slot]
	word := w.words[words[0]]
	switch {
	case w.isSet[slot]:
		return []wideKey{{slot: w.slotOfSet(slot, l), set: true}}
	case len(words) > 1 || strings.Contains(word, "*"):
		return []wideKey{{slot: slot}}
	}
	stem := w.stemOf(l, words[0])
	if concepts, weak := w.conceptsOf(l, stem); concepts != nil {
		return []wideKey{{concepts: concepts, weak: weak}}
	}
	if l == dutch {
		if head, tail := w.splitCompound(word); tail != nil {
			return []wideKey{{concepts: head}, {concepts: tail}}
		}
	}
	return []wideKey{{slot: w.slotOfStem(word, stem, l), own: true}}
}

// splitCompound returns the concepts of the two words of a Dutch compound, or nil if
// the lexicon does not have both.
func (w *widener) splitCompound(word string) (head, tail []int) {
	for k := len(word) - lexicon.MinCompoundTail; k >= lexicon.MinCompoundHead; k-- {
		if tail, _ = w.conceptsOf(dutch, w.stemmer.Dutch(word[k:])); tail == nil {
			continue
		}
		if head, _ = w.conceptsOf(dutch, w.stemmer.Dutch(word[:k])); head != nil {
			return head, tail
		}
	}
	return nil, nil
}

// slotOfStem returns the slot of the stem of a word that the lexicon does not have.
func (w *widener) slotOfStem(word, stem string, l language) int32 {
	slot, ok := w.ownStems[l][stem]
	if ok {
		return slot
	}
	slot = w.newSlot()
	w.ownStems[l][stem] = slot
	w.m.addStem(l, stem, slot)
	w.m.wideTypos[l].addWord(word, []int32{slot})
	if l == dutch {
		for _, e := range w.stemmer.Separated(word) {
			w.addExpression(l, &e, slot, false)
		}
	}
	return slot
}

// slotOfSet returns a slot that the words of a set fill, and the words of the concept
// that most of them belong to.
func (w *widener) slotOfSet(set int32, l language) int32 {
	id := fmt.Sprint("set", set, l)
	if slot, ok := w.unions[id]; ok {
		return slot
	}
	slot := w.newSlot()
	w.unions[id] = slot
	w.m.feeds = append(w.m.feeds, feed{set, slot})
	counts := map[int]int{}
	for _, n := range w.slots[set] {
		concepts, _ := w.conceptsOf(l, w.stemOf(l, n))
		for _, c := range concepts {
			counts[c]++
		}
	}
	most := -1
	for _, c := range slices.Sorted(maps.Keys(counts)) {
		if most < 0 || counts[c] > counts[most] {
			most = c
		}
	}
	if most >= 0 && 2*counts[most] >= len(w.slots[set])-1 {
		w.m.feeds = append(w.m.feeds, feed{w.slotOfConcepts([]int{most}, l, false), slot})
	}
	return slot
}

// slotOfConcepts returns the slot that the words of several concepts fill; with strong,
// only those that are clear without other keys.
func (w *widener) slotOfConcepts(concepts []int, l language, strong bool) int32 {
	if len(concepts) == 1 {
		slots := w.concepts[l]
		if strong {
			slots = w.strong[l]
		}
		if slots[concepts[0]] == 0 {
			slots[concepts[0]] = w.newSlot()
		}
		return slots[concepts[0]]
	}
	id := fmt.Sprint(concepts, l, strong)
	if slot, ok := w.unions[id]; ok {
		return slot
	}
	slot := w.newSlot()
	w.unions[id] = slot
	for _, c := range concepts {
		w.m.feeds = append(w.m.feeds, feed{w.slotOfConcepts([]int{c}, l, strong), slot})
	}
	return slot
}

// newSlot returns a new slot without words of its own.
func (w *widener) newSlot() int32 {
	w.slots = append(w.slots, nil)
	return int32(len(w.slots) - 1) //nolint:gosec // a file of 1 MB has fewer
}

// registerConcepts adds the words and expressions of the concepts that phrases use.
func (w *widener) registerConcepts() {
	w.m.compounds = make(map[string][]int32, expectedSize)
	for stem, slot := range w.ownStems[dutch] {
		w.m.compounds[stem] = []int32{slot}
	}
	for _, l := range []language{dutch, english} {
		lex := lexiconLanguage(l)
		for stem, members := range w.index.Words[lex] {
			w.m.addStem(l, stem, -1) // a known word is not a typing error of another
			for _, member := range members {
				slots := w.slotsOf(l, member)
				for _, slot := range slots {
					w.m.addStem(l, stem, slot)
				}
				if l == dutch {
					w.m.compounds[stem] = append(w.m.compounds[stem], slots...)
				}
			}
		}
		for _, form := range w.index.Forms[lex] {
			if slots := w.slotsOf(l, form.Member); slots != nil {
				w.m.wideTypos[l].addWord(form.Word, slots)
			}
		}
		for i := range w.index.Expressions[lex] {
			e := &w.index.Expressions[lex][i]
			for _, slot := range w.slotsOf(l, e.Member) {
				w.addExpression(l, e, slot, lexicon.Concepts[e.Concept].State)
			}
		}
	}
}

// slotsOf returns the slots that a member of a concept fills.
func (w *widener) slotsOf(l language, m lexicon.Member) []int32 {
	var slots []int32
	if slot := w.concepts[l][m.Concept]; slot > 0 {
		slots = append(slots, slot)
	}
	if slot := w.strong[l][m.Concept]; slot > 0 && !m.Weak {
		slots = append(slots, slot)
	}
	return slots
}

// addExpression adds an expression that fills the slot of its meaning.
func (w *widener) addExpression(l language, e *lexicon.Expression, meaning int32, isState bool) {
	p := make(part, len(e.Elements))
	hasNegation := false
	for i := range e.Elements {
		el := &e.Elements[i]
		p[i] = slot{w.slotOfElement(l, el), el.Gap, el.Final}
		hasNegation = hasNegation || slices.ContainsFunc(el.Stems, func(stem string) bool { return w.none[stem] })
	}
	w.m.expressions = append(w.m.expressions, compiledPhrase{
		phrase: phrase{parts: []part{p}, weight: len(p)}, target: meaning, kind: conceptPhrase, language: l,
		negatable: !hasNegation && isState,
	})
}

// slotOfElement returns the slot of an element of an expression.
func (w *widener) slotOfElement(l language, e *lexicon.Element) int32 {
	if e.ID >= 0 && w.elements[l][e.ID] > 0 {
		return w.elements[l][e.ID]
	}
	slot := w.newSlot()
	if e.ID >= 0 {
		w.elements[l][e.ID] = slot
	}
	for _, stem := range e.Stems {
		w.m.addStem(l, stem, slot)
	}
	return slot
}

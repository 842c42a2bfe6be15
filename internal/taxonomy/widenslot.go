package taxonomy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/taxonomy/lexicon"
)

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

package taxonomy

import (
	"slices"
	"sync"

	"github.com/heard-intake/heard/internal/taxonomy/lexicon"
)

// maxCachedWords limits the words of texts that a matcher remembers.
const maxCachedWords = 1 << 14

// A wordCache remembers the entries of words that occurred in texts, so that most
// texts are read without allocating memory.
type wordCache struct {
	mutex   sync.RWMutex
	entries map[string]*wordEntry
}

// longWord is the entry of a word that is longer than any word of a taxonomy.
var longWord wordEntry

// lookupWord returns the entry of the folded word in s.word.
func (m *matcher) lookupWord(s *scanState) *wordEntry {
	if len(s.word) > maxWordLength {
		return &longWord
	}
	m.cache.mutex.RLock()
	e, ok := m.cache.entries[string(s.word)]
	m.cache.mutex.RUnlock()
	if ok {
		return e
	}
	e = m.newEntry(s)
	m.cache.mutex.Lock()
	defer m.cache.mutex.Unlock()
	if len(m.cache.entries) < maxCachedWords {
		m.cache.entries[e.text] = e
	}
	return e
}

// newEntry returns the entry of the folded word in s.word.
func (m *matcher) newEntry(s *scanState) *wordEntry {
	e := &wordEntry{text: string(s.word), language: m.common[string(s.word)], isFollower: m.followers[string(s.word)]}
	stemmer := lexicon.NewStemmer()
	isCommon := e.language != undecided
	isKnown := isCommon
	for _, l := range []language{dutch, english} {
		slots, ok := m.stems[l][stemmer.Stem(lexiconLanguage(l), e.text)]
		e.wide[l] = slots
		isKnown = isKnown || ok
	}
	s.found, e.typo = m.appendSlots(s.found[:0], s.word, isCommon)
	e.slots = slices.Clone(s.found)
	isWritten := len(e.slots) > 0 && !e.typo
	if !isKnown && !isWritten && len(e.text) >= minTypo {
		m.addWide(e, stemmer)
	}
	return e
}

// addWide sets the slots that an unknown word fills by the lexicon: as a Dutch compound,
// or with one typing error.
func (m *matcher) addWide(e *wordEntry, stemmer *lexicon.Stemmer) {
	m.addCompound(e, stemmer, e.text)
	if e.wide[dutch] != nil || len(e.text) < minWideTypo {
		return
	}
	for _, l := range []language{dutch, english} {
		e.wide[l] = m.wideTypos[l].appendSlots(nil, []byte(e.text))
	}
	e.wideTypo = true
}

// addCompound sets the slots of the two words of a Dutch compound. Both must be known.
func (m *matcher) addCompound(e *wordEntry, stemmer *lexicon.Stemmer, word string) {
	for k := len(word) - lexicon.MinCompoundTail; k >= lexicon.MinCompoundHead; k-- {
		tail, ok := m.compounds[stemmer.Dutch(word[k:])]
		if !ok {
			continue
		}
		if head, ok := m.compounds[stemmer.Dutch(word[:k])]; ok {
			e.wide[dutch] = slices.Concat(head, tail)
			e.isCompound = true
			return
		}
	}
}

// minWideTypo is the fewest letters of a word that the lexicon recognises with a
// typing error.
const minWideTypo = 7

// appendSlots appends the slots that a word fills: as written in the taxonomy, with
// the stems it begins and ends with, with one typing error, or as the end of a
// compound. It reports whether the word has a typing error. A word that is known
// otherwise never has one.
func (m *matcher) appendSlots(slots []int32, word []byte, known bool) (all []int32, typo bool) {
	found, ok := m.words[string(word)]
	known = known || ok
	slots = append(slots, found...)
	for n := range m.prefixLengths.lengthsOfPrefix(word).ascendingTo(len(word)) {
		found, ok := m.prefixes[string(word[:n])]
		slots = append(slots, found...)
		known = known || ok
	}
	for n := range m.suffixLengths.lengthsOfSuffix(word).ascendingTo(len(word)) {
		found, ok := m.suffixes[string(word[len(word)-n:])]
		slots = append(slots, found...)
		known = known || ok
	}
	if known || len(word) < minTypo {
		return slots, false
	}
	if slots = m.typos.appendSlots(slots, word); len(slots) > 0 {
		return slots, true
	}
	return m.appendCompound(slots, word), false
}

// appendCompound appends the slots of the longest word of the taxonomy at the end of
// a Dutch compound word. The last word carries the meaning: "eindfactuur" is a kind
// of "factuur".
func (m *matcher) appendCompound(slots []int32, word []byte) []int32 {
	n := len(word)
	for l := range m.compoundTails.lengthsOfSuffix(word).descendingFrom(n - minCompoundRest) {
		if found, ok := m.words[string(word[n-l:])]; ok {
			return append(slots, found...)
		}
	}
	return slots
}

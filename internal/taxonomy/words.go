package taxonomy

import (
	"slices"
	"sync"
)

// maxCachedWords limits the words of texts that a matcher remembers.
const maxCachedWords = 1 << 14

// A wordCache remembers the entries of words that occurred in texts, so that most
// texts are read without allocating memory.
type wordCache struct {
	mutex   sync.RWMutex
	entries map[string]*wordEntry
}

// unknownWord is the entry of a word that the taxonomy does not have.
var unknownWord wordEntry

// lookupWord returns the entry of the folded word in s.word.
func (m *matcher) lookupWord(s *scanState) *wordEntry {
	m.cache.mutex.RLock()
	e, ok := m.cache.entries[string(s.word)]
	m.cache.mutex.RUnlock()
	if ok {
		return e
	}
	l := m.common[string(s.word)]
	var typo bool
	s.found, typo = m.appendSlots(s.found[:0], s.word, l != undecided)
	if len(s.found) == 0 && l == undecided {
		return &unknownWord
	}
	e = &wordEntry{slots: slices.Clone(s.found), typo: typo, language: l}
	m.cache.mutex.Lock()
	defer m.cache.mutex.Unlock()
	if len(m.cache.entries) < maxCachedWords {
		m.cache.entries[string(s.word)] = e
	}
	return e
}

// appendSlots appends the slots that a word fills: as written in the taxonomy, with
// the stems it begins and ends with, with one typing error, or as the end of a
// compound. It reports whether the word has a typing error. A common word never
// has one.
func (m *matcher) appendSlots(slots []int32, word []byte, common bool) (all []int32, typo bool) {
	found, known := m.words[string(word)]
	known = known || common
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

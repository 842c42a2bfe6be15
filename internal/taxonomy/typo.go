package taxonomy

import (
	"maps"
	"slices"
)

// A typos finds the taxonomy's long words that are one typing error away: a
// letter missing, added, changed, or two swapped; the first letter must be
// right. Every word is filed under itself and under itself with a letter left
// out. Two words that share such a key differ by one typing error. It is one
// table with open addressing, since a map of so many keys costs a function
// most of its start.
type typos struct {
	words   []string
	entries []entry // of words
	table   []key1  // a power of two long
}

// A key1 is a word without the letter at a place; the place behind its last
// letter is the whole word.
type key1 struct {
	hash uint32
	word int32 // from 1; 0 is a free place
	skip int32
}

const maxTypo = 31 // letters of a word that is looked at

func newTypos(words map[string]entry) typos {
	var t typos
	keys := 0
	for _, w := range slices.Sorted(maps.Keys(words)) {
		if len(w) >= minTypo && len(w) <= maxTypo {
			t.words, t.entries = append(t.words, w), append(t.entries, words[w])
			keys += len(w)
		}
	}
	size := 1
	for size < 2*keys {
		size *= 2
	}
	t.table = make([]key1, size)
	for i, w := range t.words {
		for skip := 1; skip <= len(w); skip++ {
			k := key1{hashWithout(w, skip), int32(i + 1), int32(skip)}
			at := int(k.hash) & (size - 1)
			for t.table[at].word != 0 {
				at = (at + 1) & (size - 1)
			}
			t.table[at] = k
		}
	}
	return t
}

// hashWithout hashes a word without the letter at a place.
func hashWithout[T string | []byte](word T, skip int) uint32 {
	h := uint32(2166136261)
	for i := range len(word) {
		if i != skip {
			h = (h ^ uint32(word[i])) * 16777619
		}
	}
	return h ^ h>>15
}

// without reports whether two words are the same, each without the letter at
// a place.
func without(a []byte, skipA int, b string, skipB int) bool {
	i, j := 0, 0
	for {
		if i == skipA {
			i++
		}
		if j == skipB {
			j++
		}
		if i >= len(a) || j >= len(b) {
			return i >= len(a) && j >= len(b)
		}
		if a[i] != b[j] {
			return false
		}
		i, j = i+1, j+1
	}
}

// lookupTypo marks what the word at position at may have been meant for.
func (m *matcher) lookupTypo(s *scratch, at int) bool {
	t, any := &m.typos, false
	if len(s.word) > maxTypo+1 || len(t.words) == 0 {
		return false
	}
	bit := uint64(1) << at
	mask := len(t.table) - 1
	for skip := len(s.word); skip >= 1; skip-- {
		h := hashWithout(s.word, skip)
		for i := int(h) & mask; t.table[i].word != 0; i = (i + 1) & mask {
			k := t.table[i]
			if k.hash != h || !without(s.word, skip, t.words[k.word-1], int(k.skip)) {
				continue
			}
			any = true
			e := &t.entries[k.word-1]
			s.mark(e.slots, bit)
			for _, slot := range e.slots {
				s.typos[slot] |= bit
			}
			m.weigh(s, e.pattern, at)
		}
	}
	return any
}

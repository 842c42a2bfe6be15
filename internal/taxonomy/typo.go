package taxonomy

// A typoIndex finds the long words of the taxonomy that differ from a word by one
// typing error: a missing, added or changed letter, or two swapped letters. The
// first letter must be right. The words are indexed by first letter and length, so
// that a word is compared with a few dozen others.
type typoIndex [1024][]typoWord

type typoWord struct {
	word string
	wordEntry
}

const maxTypo = 30 // longest word that is compared, in bytes

// typoBucket returns the index of the words with that first letter and length.
func typoBucket(first byte, length int) int { return int(first)&31<<5 | length }

func (t *typoIndex) addWord(word string, e wordEntry) {
	if len(word) >= minTypo && len(word) <= maxTypo {
		at := &t[typoBucket(word[0], len(word))]
		*at = append(*at, typoWord{word, e})
	}
}

// isSingleTypo reports whether a equals b or differs from it by one typing error.
func isSingleTypo(a []byte, b string) bool {
	if len(a) < len(b)-1 || len(a) > len(b)+1 || a[0] != b[0] {
		return false
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a = a[1:]
		b = b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a = a[:len(a)-1]
		b = b[:len(b)-1]
	}
	if len(a) == 2 && len(b) == 2 {
		return a[0] == b[1] && a[1] == b[0]
	}
	return len(a) <= 1 && len(b) <= 1
}

// lookupTypos marks the slots of the words that the word at position at may be a
// typing error of. It reports whether there are any.
func (m *matcher) lookupTypos(s *scanState, at int) bool {
	n := len(s.word)
	found := false
	if n > maxTypo {
		return false
	}
	bit := uint64(1) << at
	for length := n - 1; length <= n+1; length++ {
		for _, w := range m.typos[typoBucket(s.word[0], length)] {
			if !isSingleTypo(s.word, w.word) {
				continue
			}
			found = true
			s.markSlots(w.slots, bit)
			for _, slot := range w.slots {
				s.typos[slot] |= bit
			}
			m.addWeights(s, w.pattern, at)
		}
	}
	return found
}

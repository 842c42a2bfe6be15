package taxonomy

// A typos finds the taxonomy's long words that are one typing error away: a
// letter missing, added, changed, or two swapped; the first letter must be
// right. They lie by that letter and by their length, so that a word is held
// against a few dozen.
type typos [1024][]typoWord

type typoWord struct {
	word string
	entry
}

const maxTypo = 30 // letters of a word that is looked at

func typoPlace(first byte, length int) int { return int(first)&31<<5 | length }

func (t *typos) add(word string, e entry) {
	if len(word) >= minTypo && len(word) <= maxTypo {
		at := &t[typoPlace(word[0], len(word))]
		*at = append(*at, typoWord{word, e})
	}
}

// isTypo reports whether one word is another with one typing error.
func isTypo(a []byte, b string) bool {
	if len(a) < len(b)-1 || len(a) > len(b)+1 || a[0] != b[0] {
		return false
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	swapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	return len(a) <= 1 && len(b) <= 1 || swapped
}

// lookupTypo marks what the word at position at may have been meant for.
func (m *matcher) lookupTypo(s *scratch, at int) bool {
	n, found := len(s.word), false
	if n > maxTypo {
		return false
	}
	bit := uint64(1) << at
	for length := n - 1; length <= n+1; length++ {
		for _, w := range m.typos[typoPlace(s.word[0], length)] {
			if !isTypo(s.word, w.word) {
				continue
			}
			found = true
			s.mark(w.slots, bit)
			for _, slot := range w.slots {
				s.typos[slot] |= bit
			}
			m.weigh(s, w.pattern, at)
		}
	}
	return found
}

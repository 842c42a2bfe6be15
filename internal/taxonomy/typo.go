package taxonomy

// A typoIndex finds the long words of the taxonomy that differ from a word by one
// typing error: a missing, added or changed letter, or two swapped letters. The
// first letter must be right. The words are indexed by first letter and length, so
// that a word is compared with a few dozen others.
type typoIndex [1024][]typoWord

type typoWord struct {
	word  string
	slots []int32
}

const maxTypo = 30 // longest word that is compared, in bytes

// typoBucket returns the index of the words with that first letter and length.
func typoBucket(first byte, length int) int { return int(first)&31<<5 | length }

func (t *typoIndex) addWord(word string, slots []int32) {
	if len(word) >= minTypo && len(word) <= maxTypo {
		at := &t[typoBucket(word[0], len(word))]
		*at = append(*at, typoWord{word, slots})
	}
}

// appendSlots appends the slots of the words that a word may be a typing error of.
func (t *typoIndex) appendSlots(slots []int32, word []byte) []int32 {
	n := len(word)
	if n > maxTypo {
		return slots
	}
	for length := n - 1; length <= n+1; length++ {
		for _, w := range t[typoBucket(word[0], length)] {
			if isSingleTypo(word, w.word) {
				slots = append(slots, w.slots...)
			}
		}
	}
	return slots
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

package taxonomy

import (
	"iter"
	"math/bits"
)

// A lengthSet is a set of word lengths in bytes: bit n is set if it contains n.
type lengthSet uint64

// maxWordLength is the maximum length of a word of the taxonomy, in bytes.
const maxWordLength = 63

// ascendingTo yields the lengths up to n, in ascending order.
func (l lengthSet) ascendingTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; l != 0; l &= l - 1 {
			if k := bits.TrailingZeros64(uint64(l)); k > n || !yield(k) {
				return
			}
		}
	}
}

// descendingFrom yields the lengths up to n, in descending order.
func (l lengthSet) descendingFrom(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if n < maxWordLength {
			l &= 1<<(max(n, 0)+1) - 1
		}
		for l != 0 {
			k := bits.Len64(uint64(l)) - 1
			if l &^= 1 << k; !yield(k) {
				return
			}
		}
	}
}

// lengthsByEdge holds the lengths of the words that begin (or end) with the same
// three letters. Most words of a text share these letters with no word of the
// taxonomy, and need no lookup.
type lengthsByEdge [1024]lengthSet

// lengthsOfPrefix returns the lengths of the words that begin like word.
func (b *lengthsByEdge) lengthsOfPrefix(word []byte) lengthSet {
	if len(word) < minStem {
		return 0
	}
	return b[edgeIndex(word[0], word[1], word[2])]
}

// lengthsOfSuffix returns the lengths of the words that end like word.
func (b *lengthsByEdge) lengthsOfSuffix(word []byte) lengthSet {
	n := len(word)
	if n < minStem {
		return 0
	}
	return b[edgeIndex(word[n-3], word[n-2], word[n-1])]
}

func (b *lengthsByEdge) addPrefixLength(word string) {
	b[edgeIndex(word[0], word[1], word[2])] |= 1 << len(word)
}

func (b *lengthsByEdge) addSuffixLength(word string) {
	n := len(word)
	b[edgeIndex(word[n-3], word[n-2], word[n-1])] |= 1 << n
}

// edgeIndex hashes three letters. Collisions only cause lookups that fail.
func edgeIndex(a, b, c byte) int { return (int(a)*961 + int(b)*31 + int(c)) & 1023 }

package taxonomy

import (
	"iter"
	"math/bits"
)

// A lengths is a set of lengths, a bit each.
type lengths uint64

// maxWord bounds the letters of a taxonomy's word.
const maxWord = 63

// upTo yields the lengths up to n, rising.
func (l lengths) upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; l != 0; l &= l - 1 {
			if k := bits.TrailingZeros64(uint64(l)); k > n || !yield(k) {
				return
			}
		}
	}
}

// downFrom yields the lengths from n on, falling.
func (l lengths) downFrom(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if n < maxWord {
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

// A byEdge says how long the words are that begin, or end, with the same three
// letters as others: most words of a text need no look at all.
type byEdge [1024]lengths

func (b *byEdge) from(word []byte) lengths {
	if len(word) < minStem {
		return 0
	}
	return b[edge(word[0], word[1], word[2])]
}

func (b *byEdge) to(word []byte) lengths {
	n := len(word)
	if n < minStem {
		return 0
	}
	return b[edge(word[n-3], word[n-2], word[n-1])]
}

func (b *byEdge) addFrom(word string) { b[edge(word[0], word[1], word[2])] |= 1 << len(word) }

func (b *byEdge) addTo(word string) {
	n := len(word)
	b[edge(word[n-3], word[n-2], word[n-1])] |= 1 << n
}

func edge(a, b, c byte) int { return (int(a)*961 + int(b)*31 + int(c)) & 1023 }

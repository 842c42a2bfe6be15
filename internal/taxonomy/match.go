package taxonomy

import "math/bits"

// A placement says which words of the window a phrase may match.
type placement struct {
	not  uint64 // words that cannot be part of it
	skip uint64 // words that do not separate two words of it
	gap  int    // most words that .. matches
}

// placementOf returns the placement of a phrase in the window.
func (c *compiledPhrase) placementOf(s *scanState) placement {
	p := placement{not: s.muted | s.foreign[c.language], gap: maxGap}
	if c.negatable {
		p.not |= s.negated
	}
	if c.danger {
		p.not |= s.harmless
	}
	if c.exact {
		p.not |= s.typos[c.parts[0][0].number]
	}
	if c.kind == conceptPhrase {
		p.skip = s.slots[slotSkip]
		p.gap = maxWideGap
	}
	return p
}

// findStarts returns the words at which the phrase begins.
func (c *compiledPhrase) findStarts(s *scanState) uint64 {
	place := c.placementOf(s)
	var all uint64
	for i, p := range c.parts {
		at := p.findStarts(s, place)
		if at == 0 {
			return 0
		}
		if i == 0 {
			all = at
			continue
		}
		all &= withinReach(at)
	}
	return all
}

// findStarts returns the words at which the part begins. It works backwards from
// the last slot.
func (p part) findStarts(s *scanState, place placement) uint64 {
	last := len(p) - 1
	at := s.slots[p[last].number] &^ place.not
	if p[last].final {
		at &= s.finals
	}
	for i := last - 1; i >= 0 && at != 0; i-- {
		reach := at &^ s.stops >> 1
		if place.skip != 0 {
			for range maxSkip {
				reach |= reach & place.skip &^ s.stops >> 1
			}
		}
		if p[i+1].gap {
			x := reach
			for range p[i+1].maxGap(place) {
				x = x &^ s.stops >> 1
				reach |= x
			}
		}
		at = s.slots[p[i].number] &^ place.not & reach
	}
	return at
}

// maxGap returns the most words that may be before a slot with a gap.
func (sl slot) maxGap(place placement) int {
	if sl.final {
		return maxFinalGap
	}
	return place.gap
}

// withinReach returns all words at most maxNear words from a word of at.
func withinReach(at uint64) uint64 {
	all := at
	for k := 1; k <= maxNear; k++ {
		all |= at<<k | at>>k
	}
	return all
}

// containsTypo reports whether every word that fills a slot of the phrase has a
// typing error, for at least one slot.
func (c *compiledPhrase) containsTypo(s *scanState) bool {
	for _, p := range c.parts {
		for _, sl := range p {
			if s.typos[sl.number] == s.slots[sl.number] {
				return true
			}
		}
	}
	return false
}

// matchedWords returns the words of the window that the phrase matched. hits has a
// bit for every word at which the phrase begins; the first one is used.
func (c *compiledPhrase) matchedWords(s *scanState, hits uint64) uint64 {
	place := c.placementOf(s)
	begin := lowestBit(hits)
	var mask uint64
	for i, p := range c.parts {
		at := begin
		if i > 0 {
			at = nearestBit(p.findStarts(s, placement{gap: place.gap, skip: place.skip}), begin)
		}
		mask |= 1 << at
		for _, sl := range p[1:] {
			if at = sl.nextWord(s, at, place); at < 0 {
				break
			}
			mask |= 1 << at
		}
	}
	return mask
}

// nextWord returns the first word after at that fills the slot, or -1.
func (sl slot) nextWord(s *scanState, at int, place placement) int {
	reach := 1
	if sl.gap {
		reach += sl.maxGap(place)
	}
	if place.skip != 0 {
		reach += maxSkip
	}
	for k := at + 1; k <= at+reach && k < window; k++ {
		if s.slots[sl.number]>>k&1 == 1 {
			return k
		}
	}
	return -1
}

// allMatchedWords returns the words of the window that the phrase matched at any of
// hits, and the words between them.
func (c *compiledPhrase) allMatchedWords(s *scanState, hits uint64) uint64 {
	var all uint64
	for ; hits != 0; hits &= hits - 1 {
		all |= fillBits(c.matchedWords(s, hits))
	}
	return all
}

// spansOf returns the ranges of the words of the window in mask.
func (s *scanState) spansOf(mask uint64) Spans {
	var out Spans
	for ; mask != 0; mask &= mask - 1 {
		out.appendSpan(s.words[s.first+lowestBit(mask)].at)
	}
	return out
}

func lowestBit(mask uint64) int { return bits.TrailingZeros64(mask) }

func highestBit(mask uint64) int { return bits.Len64(mask) - 1 }

// fillBits returns mask with all bits between its lowest and its highest bit.
func fillBits(mask uint64) uint64 {
	if mask == 0 {
		return 0
	}
	return ^uint64(0) << lowestBit(mask) & (^uint64(0) >> bits.LeadingZeros64(mask))
}

// nearestBit returns the position of the bit of at that is nearest to position to.
// It returns to if at has no bits.
func nearestBit(at uint64, to int) int {
	best := to
	for d := range window {
		if to-d >= 0 && at>>(to-d)&1 == 1 {
			return to - d
		}
		if to+d < window && at>>(to+d)&1 == 1 {
			return to + d
		}
	}
	return best
}

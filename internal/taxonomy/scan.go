package taxonomy

import "math/bits"

const (
	window  = 64 // words that are matched together, one bit each
	overlap = 16 // words that are in two windows, so that every phrase is within one
	// shortText is the length up to which a text, for example a chat message, is
	// matched as a whole. The sentences of a longer text are matched one by one.
	shortText = 240
	// maxSignature limits the words after a closing such as "kind regards" that
	// are left out.
	maxSignature = 30
)

// scanState is the memory of one scan. States are pooled.
type scanState struct {
	words    []textWord
	language language // of the text
	end      int      // words from here on are a signature

	// The words of the window are represented by one bit each.
	slots    []uint64          // those that fill each slot
	typos    []uint64          // those that fill it with a typing error
	touched  []int32           // slots that a word of the window fills
	stops    uint64            // those that follow the end of a sentence
	clauses  uint64            // those that follow the end of a clause, for example a comma
	muted    uint64            // those of an aside
	harmless uint64            // those of an everyday phrase with words of a sign of danger
	foreign  [languages]uint64 // by language: those in a sentence of another language
	first    int               // index of the first word of the window

	matches []targetMatch
	targets []int32 // targets with a match
	top     []int32
	word    []byte
	found   []int32
}

// acquireState returns an empty state. The caller puts it back into m.pool.
func (m *matcher) acquireState() *scanState {
	if s, ok := m.pool.Get().(*scanState); ok {
		s.resetState()
		return s
	}
	return &scanState{
		slots: make([]uint64, m.slots), typos: make([]uint64, m.slots),
		matches: make([]targetMatch, m.reasons+m.products), word: make([]byte, 0, 64),
	}
}

func (s *scanState) resetState() {
	s.clearWindow()
	for _, t := range s.targets {
		s.matches[t] = targetMatch{}
	}
	s.targets = s.targets[:0]
	s.words = s.words[:0]
}

func (s *scanState) clearWindow() {
	for _, t := range s.touched {
		s.slots[t] = 0
		s.typos[t] = 0
	}
	s.touched = s.touched[:0]
	s.stops = 0
	s.clauses = 0
	s.muted = 0
	s.harmless = 0
	s.foreign = [languages]uint64{}
}

// scanText reads text and records the targets whose phrases it matches.
func (m *matcher) scanText(s *scanState, text string) {
	m.readWords(s, text)
	s.end = len(s.words)
	if len(text) <= shortText {
		m.scanWords(s, 0, s.end)
		return
	}
	for begin := 0; begin < s.end; {
		end := s.sentenceEnd(begin)
		m.scanWords(s, begin, end)
		begin = end
	}
}

// scanWords evaluates the words from begin to end, window by window.
func (m *matcher) scanWords(s *scanState, begin, end int) {
	for {
		last := min(begin+window, end)
		s.clearWindow()
		s.fillWindow(begin, last)
		m.evaluateWindow(s)
		if last == end || last >= s.end {
			return
		}
		begin = last - overlap
	}
}

// fillWindow marks the slots that the words from begin to end fill.
func (s *scanState) fillWindow(begin, end int) {
	s.first = begin
	for i := begin; i < end; i++ {
		t := &s.words[i]
		bit := uint64(1) << (i - begin)
		if t.stop {
			s.stops |= bit
		}
		if t.clause {
			s.clauses |= bit
		}
		switch t.language {
		case dutch:
			s.foreign[english] |= bit
		case english:
			s.foreign[dutch] |= bit
		default: // an undecided word counts in both
		}
		for _, slot := range t.word.slots {
			if s.slots[slot] == 0 {
				s.touched = append(s.touched, slot)
			}
			s.slots[slot] |= bit
			if t.word.typo {
				s.typos[slot] |= bit
			}
		}
	}
}

// evaluateWindow matches the phrases whose anchor slot is filled by a word in the
// window.
func (m *matcher) evaluateWindow(s *scanState) {
	m.muteAsides(s)
	negated := s.negatedWords()
	for _, slot := range s.touched {
		for _, p := range m.byAnchor[slot] {
			c := &m.phrases[p]
			hits := c.findStarts(s, negated)
			if hits == 0 {
				continue
			}
			f := &s.matches[c.target]
			if f.weight == 0 && !f.void {
				s.targets = append(s.targets, c.target)
			}
			if c.kind == voidingPhrase {
				f.void = true
				continue
			}
			f.count++
			if c.kind == signPhrase && f.weight > 0 && !f.lexicon {
				continue // a phrase of the taxonomy decides
			}
			at := s.first + lowestBit(hits)
			isEarlier := c.weight == f.weight && at < f.at
			isOwn := f.lexicon && c.kind != signPhrase
			if c.weight > f.weight || isEarlier || isOwn {
				f.weight = c.weight
				f.lexicon = c.kind == signPhrase
				f.phrase = p
				f.at = at
				f.typo = c.containsTypo(s)
				f.spans = s.spansOf(c.matchedWords(s, hits))
			}
		}
	}
}

// muteAsides mutes the words of asides, such as "or I will see my lawyer", of
// harmless phrases, and of a signature.
func (m *matcher) muteAsides(s *scanState) {
	for _, slot := range s.touched {
		for _, p := range m.asides[slot] {
			c := &m.phrases[p]
			hits := c.findStarts(s, 0)
			if c.kind == closingPhrase {
				hits &= s.stops | s.clauses
			}
			if hits == 0 {
				continue
			}
			switch c.kind {
			case asidePhrase:
				s.muted |= c.allMatchedWords(s, hits)
			case harmlessPhrase:
				s.harmless |= c.allMatchedWords(s, hits)
			default:
				if at := s.first + lowestBit(hits); len(s.words)-at <= maxSignature {
					s.end = min(s.end, at)
					s.muted |= ^uint64(0) << lowestBit(hits)
				}
			}
		}
	}
}

// negatedWords returns the words that closely follow a negation in the same clause.
// "Not only" is not a negation.
func (s *scanState) negatedWords() uint64 {
	clauses := s.clauses | s.slots[slotBut]
	x := s.slots[slotNot] &^ (s.slots[slotOnly] >> 1)
	var scope uint64
	for range maxNegation {
		x = x << 1 &^ clauses
		scope |= x
	}
	return scope
}

// findStarts returns the words at which the phrase begins.
func (c *compiledPhrase) findStarts(s *scanState, negated uint64) uint64 {
	not := s.muted | s.foreign[c.language] // words that cannot be part of the phrase
	if c.negatable {
		not |= negated
	}
	if c.danger {
		not |= s.harmless
	}
	if c.exact {
		not |= s.typos[c.parts[0][0].number]
	}
	var all uint64
	for i, p := range c.parts {
		at := p.findStarts(s, not)
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
func (p part) findStarts(s *scanState, not uint64) uint64 {
	last := len(p) - 1
	at := s.slots[p[last].number] &^ not
	for i := last - 1; i >= 0 && at != 0; i-- {
		reach := at &^ s.stops >> 1
		if p[i+1].gap {
			x := reach
			for range maxGap {
				x = x &^ s.stops >> 1
				reach |= x
			}
		}
		at = s.slots[p[i].number] &^ not & reach
	}
	return at
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
	begin := lowestBit(hits)
	var mask uint64
	for i, p := range c.parts {
		at := begin
		if i > 0 {
			at = nearestBit(p.findStarts(s, 0), begin)
		}
		for j, sl := range p {
			if j > 0 {
				reach := 1
				if sl.gap {
					reach += maxGap
				}
				next := -1
				for k := at + 1; k <= at+reach && k < window; k++ {
					if s.slots[sl.number]>>k&1 == 1 {
						next = k
						break
					}
				}
				if next < 0 {
					break
				}
				at = next
			}
			mask |= 1 << at
		}
	}
	return mask
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

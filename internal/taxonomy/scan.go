package taxonomy

import (
	"math/bits"
	"unicode/utf8"
)

const (
	window  = 64 // words that are matched together, one bit each
	overlap = 16 // words that are in two windows, so that every phrase is within one
	// maxWords limits the words of a text that are read. The reason of a longer
	// text is normally in its first words.
	maxWords = 4000
)

// scanState is the memory of one scan. States are pooled.
type scanState struct {
	slots   []uint64 // words in the window that fill each slot
	typos   []uint64 // those that fill it with a typing error
	touched []int32  // slots that a word in the window fills
	stops   uint64   // words that follow the end of a sentence
	clauses uint64   // words that follow the end of a clause, for example a comma

	matches []targetMatch
	targets []int32 // targets with a match
	top     []int32
	word    []byte
	count   [2]int       // common words of nl and en in the text
	at      [window]Span // ranges of the words in the window
	scores  wordScores
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
		scores: wordScores{score: make([]float32, m.reasons), last: make([]int32, len(m.weights))},
	}
}

func (s *scanState) resetState() {
	s.clearWindow()
	for _, t := range s.targets {
		s.matches[t] = targetMatch{}
	}
	s.targets = s.targets[:0]
	s.count = [2]int{}
	s.scores.resetScores()
}

func (s *scanState) clearWindow() {
	for _, t := range s.touched {
		s.slots[t] = 0
		s.typos[t] = 0
	}
	s.touched = s.touched[:0]
	s.stops = 0
	s.clauses = 0
}

// scanText reads text once, word by word, and evaluates it window by window.
func (m *matcher) scanText(s *scanState, text string) {
	in := 0     // number of words in the window
	first := 0  // position of its first word in the text
	resume := 0 // byte at which the next window begins
	stop := false
	clause := false
	for i := 0; i < len(text) && first+in < maxWords; {
		if in == window {
			m.evaluateWindow(s, first)
			s.clearWindow()
			first += window - overlap
			in = 0
			i = resume
			stop = false
			clause = false
		}
		start := i
		s.word = s.word[:0]
		for i < len(text) {
			r, size := utf8.DecodeRuneInString(text[i:])
			var inWord bool
			if s.word, inWord = appendFold(s.word, r); !inWord {
				if len(s.word) > 0 {
					break
				}
				stop = stop || endsSentence(r)
				clause = clause || stop || endsClause(r)
			}
			i += size
		}
		if len(s.word) == 0 {
			continue
		}
		s.at[in] = wordSpan(text, start, i)
		if in == window-overlap {
			resume = start
		}
		if stop {
			s.stops |= 1 << in
		}
		if clause {
			s.clauses |= 1 << in
		}
		stop = false
		clause = false
		m.lookupWord(s, in)
		in++
	}
	m.evaluateWindow(s, first)
}

// endsSentence reports whether r ends a sentence.
func endsSentence(r rune) bool {
	switch r {
	case '.', '!', '?', '\n':
		return true
	default:
		return false
	}
}

// endsClause reports whether r ends a clause within a sentence.
func endsClause(r rune) bool {
	switch r {
	case ',', ';', ':', '(', ')':
		return true
	default:
		return false
	}
}

// lookupWord marks the slots that the word at position at fills, and adds the
// weights of the word.
func (m *matcher) lookupWord(s *scanState, at int) {
	bit := uint64(1) << at
	e, known := m.words[string(s.word)]
	if known {
		s.markSlots(e.slots, bit)
		m.addWeights(s, e.pattern, at)
		s.count[0] += int(e.nl)
		s.count[1] += int(e.en)
	}
	partly := false
	pattern := int32(0)
	for n := range m.prefixLengths.lengthsOfPrefix(s.word).ascendingTo(len(s.word)) {
		head, ok := m.prefixes[string(s.word[:n])]
		s.markSlots(head.slots, bit)
		if partly = partly || ok; head.pattern != 0 { // the longest stem is the most specific one
			pattern = head.pattern
		}
	}
	for n := range m.suffixLengths.lengthsOfSuffix(s.word).ascendingTo(len(s.word)) {
		tail, ok := m.suffixes[string(s.word[len(s.word)-n:])]
		s.markSlots(tail.slots, bit)
		if partly = partly || ok; tail.pattern != 0 {
			pattern = tail.pattern
		}
	}
	if !known || e.pattern == 0 {
		m.addWeights(s, pattern, at)
	}
	if known || partly || len(s.word) < minTypo {
		return
	}
	if !m.lookupTypos(s, at) {
		m.lookupCompound(s, at)
	}
}

// lookupCompound finds long words of the taxonomy at the end and the beginning of a
// Dutch compound word. The last word carries the meaning ("eindfactuur" is a kind of
// "factuur"), so only that one fills a slot. The weights of both are added.
func (m *matcher) lookupCompound(s *scanState, at int) {
	n := len(s.word)
	for l := range m.compoundTails.lengthsOfSuffix(s.word).descendingFrom(n - minCompoundRest) {
		if e, ok := m.words[string(s.word[n-l:])]; ok {
			s.markSlots(e.slots, 1<<at)
			m.addWeights(s, e.pattern, at)
			break
		}
	}
	for l := range m.compoundHeads.lengthsOfPrefix(s.word).descendingFrom(n - minCompoundRest) {
		if e, ok := m.words[string(s.word[:l])]; ok {
			m.addWeights(s, e.pattern, at)
			return
		}
	}
}

func (s *scanState) markSlots(slots []int32, bit uint64) {
	for _, slot := range slots {
		if s.slots[slot] == 0 {
			s.touched = append(s.touched, slot)
		}
		s.slots[slot] |= bit
	}
}

// evaluateWindow matches the phrases whose anchor slot is filled by a word in the
// window. first is the position of the window in the text.
func (m *matcher) evaluateWindow(s *scanState, first int) {
	negated := m.negatedWords(s)
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
			at := first + bits.TrailingZeros64(hits)
			isEarlier := c.weight == f.weight && at < f.at
			if c.weight > f.weight || isEarlier {
				f.weight = c.weight
				f.phrase = p
				f.at = at
				f.typo = c.containsTypo(s)
				f.spans = c.matchedSpans(s, hits)
			}
		}
	}
}

// negatedWords returns the words that closely follow a negation in the same clause.
// "Not only" is not a negation.
func (m *matcher) negatedWords(s *scanState) uint64 {
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
	var not uint64 // words that cannot be part of the phrase
	if c.kind == negatablePhrase {
		not = negated
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

// guessLanguage returns the language with the most common words in the text.
func (s *scanState) guessLanguage() string {
	switch nl, en := s.count[0], s.count[1]; {
	case nl > en:
		return "nl"
	case en > nl:
		return "en"
	default:
		return ""
	}
}

package taxonomy

import "slices"

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
	isLong   bool     // its sentences are matched one by one

	// The words of the window are represented by one bit each.
	slots       []uint64          // those that fill each slot
	typos       []uint64          // those that fill it with a typing error
	touched     []int32           // slots that a word of the window fills
	stops       uint64            // those that follow the end of a sentence
	clauses     uint64            // those that follow the end of a clause, for example a comma
	muted       uint64            // those of an aside
	negated     uint64            // those that closely follow a negation
	finals      uint64            // those at the end of a clause, or before a follower
	harmless    uint64            // those of an everyday phrase with words of a sign of danger
	foreign     [languages]uint64 // by language: those in a sentence of another language
	compound    uint64            // those that are compounds of two known words
	expressions []uint64          // those of each expression of the lexicon; its last word has the meaning
	first       int               // index of the first word of the window

	matches []targetMatch
	targets []int32         // targets with a match
	matched []sentenceMatch // phrases of reasons
	voids   []sentenceMatch // Unless phrases of reasons
	wide    []wideMatch
	scores  []float32 // by reason, for other words than those of a wide match
	scored  []int32   // reasons with a score
	top     []int32
	word    []byte
	found   []int32
}

// isVoid reports whether an Unless phrase excludes a reason in a sentence: one in the
// same sentence, or in another one that names no other reason. In "Ik ben mijn wachtwoord
// vergeten. De koffiemachine lekt." the password belongs to the first wish.
func (s *scanState) isVoid(target, sentence int32) bool {
	for _, v := range s.voids {
		if v.target == target && (v.sentence == sentence || !s.namesOther(target, v.sentence)) {
			return true
		}
	}
	return false
}

// namesOther reports whether a sentence has a phrase of another reason.
func (s *scanState) namesOther(target, sentence int32) bool {
	return slices.ContainsFunc(s.matched, func(p sentenceMatch) bool { return p.sentence == sentence && p.target != target })
}

// A sentenceMatch is a reason with a phrase in a sentence.
type sentenceMatch struct {
	sentence int32 // index of its first word
	target   int32
}

// acquireState returns an empty state. The caller puts it back into m.pool.
func (m *matcher) acquireState() *scanState {
	if s, ok := m.pool.Get().(*scanState); ok {
		s.resetState()
		return s
	}
	return &scanState{
		slots: make([]uint64, m.slots), typos: make([]uint64, m.slots),
		matches: make([]targetMatch, m.reasons+m.products), word: make([]byte, 0, 64), scores: make([]float32, m.reasons),
	}
}

func (s *scanState) resetState() {
	s.clearWindow()
	for _, t := range s.targets {
		s.matches[t] = targetMatch{}
	}
	s.targets = s.targets[:0]
	s.matched = s.matched[:0]
	s.voids = s.voids[:0]
	s.wide = s.wide[:0]
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
	s.finals = 0
	s.compound = 0
	s.expressions = s.expressions[:0]
	s.foreign = [languages]uint64{}
}

// scanText reads text and records the targets whose phrases it matches.
func (m *matcher) scanText(s *scanState, text string) {
	m.readWords(s, text)
	s.end = len(s.words)
	s.isLong = len(text) > shortText
	if !s.isLong {
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
	if begin == end {
		return
	}
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
		s.markSlots(t.word.slots, bit, t.word.typo)
		if t.language != english {
			s.markSlots(t.word.wide[dutch], bit, t.word.wideTypo)
		}
		if t.language != dutch {
			s.markSlots(t.word.wide[english], bit, t.word.wideTypo)
		}
		if t.word.isCompound {
			s.compound |= bit
		}
		if t.word.isFollower && i > begin {
			s.finals |= bit >> 1
		}
	}
	s.finals |= s.clauses>>1 | uint64(1)<<(end-begin-1)
}

// markSlots records that a word fills slots.
func (s *scanState) markSlots(slots []int32, bit uint64, typo bool) {
	for _, slot := range slots {
		if slot < 0 {
			continue
		}
		s.touch(slot)
		s.slots[slot] |= bit
		if typo {
			s.typos[slot] |= bit
		}
	}
}

// touch records that words will fill a slot.
func (s *scanState) touch(slot int32) {
	if s.slots[slot] == 0 {
		s.touched = append(s.touched, slot)
	}
}

// evaluateWindow matches the phrases whose anchor slot is filled by a word in the
// window.
func (m *matcher) evaluateWindow(s *scanState) {
	m.muteAsides(s)
	s.negated = s.negatedWords()
	for _, slot := range s.touched {
		for _, p := range m.byAnchor[slot] {
			if hits := m.phrases[p].findStarts(s); hits != 0 {
				m.recordMatch(s, p, hits)
			}
		}
	}
	m.fillConcepts(s)
	m.matchForms(s)
}

// recordMatch records that phrase p matches. hits are the words at which it begins.
func (m *matcher) recordMatch(s *scanState, p int32, hits uint64) {
	c := &m.phrases[p]
	f := &s.matches[c.target]
	if c.kind == voidingPhrase {
		for ; hits != 0; hits &= hits - 1 {
			s.voids = append(s.voids, sentenceMatch{s.sentenceOf(lowestBit(hits)), c.target})
		}
		return
	}
	if f.weight == 0 {
		s.targets = append(s.targets, c.target)
	}
	if int(c.target) < m.reasons {
		s.matched = append(s.matched, sentenceMatch{s.sentenceOf(lowestBit(hits)), c.target})
	}
	f.count++
	isSign := c.kind == signPhrase
	at := s.first + lowestBit(hits)
	isLonger := c.weight > f.weight
	isEarlier := c.weight == f.weight && at < f.at
	switch {
	case isSign && f.weight > 0 && !f.isSign: // a phrase of the taxonomy decides
	case isLonger, isEarlier, f.isSign && !isSign:
		f.weight = c.weight
		f.isSign = isSign
		f.phrase = p
		f.at = at
		f.sentence = s.sentenceOf(lowestBit(hits))
		f.typo = c.containsTypo(s)
		f.spans = s.spansOf(c.matchedWords(s, hits))
	}
}

// fillConcepts fills the slots of concepts that expressions of several words fill, and
// empties those that a negation removes.
func (m *matcher) fillConcepts(s *scanState) {
	for _, slot := range s.touched {
		if m.isState[slot] {
			s.slots[slot] &^= s.negated
		}
	}
	for i := 0; i < len(s.touched); i++ { // grows
		for _, x := range m.byExpression[s.touched[i]] {
			e := &m.expressions[x]
			hits := e.findStarts(s)
			if hits == 0 {
				continue
			}
			s.touch(e.target)
			for ; hits != 0; hits &= hits - 1 {
				words := e.matchedWords(s, hits)
				s.slots[e.target] |= 1 << highestBit(words)
				s.expressions = append(s.expressions, words)
			}
		}
	}
	for _, f := range m.feeds {
		if words := s.slots[f.from]; words != 0 {
			s.touch(f.to)
			s.slots[f.to] |= words
		}
	}
}

// muteAsides mutes the words of asides, such as "or I will see my lawyer", of
// harmless phrases, and of a signature.
func (m *matcher) muteAsides(s *scanState) {
	for _, slot := range s.touched {
		for _, p := range m.asides[slot] {
			c := &m.phrases[p]
			hits := c.findStarts(s)
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

package taxonomy

import (
	"math/bits"
	"slices"
)

const (
	// maxWide is the largest distance of the first and the last key of a wide form,
	// in words.
	maxWide = 10
	// A negation of a wide form is at most so many words before or after its key.
	maxNoneBefore = 3
	maxNoneAfter  = 5
	// The same for a negation like "geen" before its key.
	maxDeterminer = 2
)

// A wideMatch is a wide form that a sentence matches.
type wideMatch struct {
	form     int32
	keys     int   // number of its keys, and 1 for a negation
	sentence int32 // index of the first word of the sentence
	at       int   // index of the first matched word
	typo     bool
	spans    Spans
}

// sentenceOf returns the index of the first word of the sentence with a word of the
// window.
func (s *scanState) sentenceOf(bit int) int32 {
	first := s.first + bit
	for first > 0 && !s.words[first].stop {
		first--
	}
	return int32(first) //nolint:gosec // at most maxWords
}

// sentenceBits returns the words of the window in the sentence of a word.
func (s *scanState) sentenceBits(bit int) uint64 {
	from := uint64(1) // the stop at or before bit
	if before := s.stops & (^uint64(0) >> (window - 1 - bit)); before != 0 {
		from = 1 << (bits.Len64(before) - 1)
	}
	all := ^(from - 1)
	if after := s.stops & (^uint64(0) << bit << 1); after != 0 {
		all &= after&-after - 1
	}
	return all
}

// matchForms records the wide forms that the sentences of the window match.
func (m *matcher) matchForms(s *scanState) {
	for _, slot := range s.touched {
		for _, n := range m.byKey[slot] {
			f := &m.forms[n]
			mask, keys := f.match(s, slot)
			if mask == 0 {
				continue
			}
			m.recordWide(s, wideMatch{
				form: n, keys: keys, sentence: s.sentenceOf(lowestBit(mask)), at: s.first + lowestBit(mask),
				typo: f.containsTypo(s), spans: s.spansOf(s.withExpressions(mask)),
			})
		}
	}
}

// recordWide records a match, unless the reason has a better one in the sentence.
func (m *matcher) recordWide(s *scanState, w wideMatch) {
	for i := range s.wide {
		have := &s.wide[i]
		if have.sentence != w.sentence || m.forms[have.form].target != m.forms[w.form].target {
			continue
		}
		if m.compareWide(w, *have) < 0 {
			*have = w
		}
		return
	}
	s.wide = append(s.wide, w)
}

// match returns the words that fill the keys of the form in one sentence, and how many
// keys it has. anchor is one of the keys.
func (f *wideForm) match(s *scanState, anchor int32) (mask uint64, keys int) {
	not := s.muted | s.foreign[f.language]
	if f.negatable {
		not |= s.negated
	}
	if f.danger {
		not |= s.harmless
	}
	for _, k := range f.keys {
		if s.slots[k]&^not == 0 {
			return 0, 0
		}
	}
	none := s.slots[slotNone] &^ not
	if f.not && none == 0 {
		return 0, 0
	}
	if f.not {
		none = f.nearKey(none, s.slots[f.notKey]&^not)
	}
	keys = len(f.keys)
	for at := s.slots[anchor] &^ not; at != 0; at &= at - 1 {
		begin := lowestBit(at)
		sentence := s.sentenceBits(begin)
		mask = uint64(1) << begin
		for _, k := range f.keys {
			here := s.slots[k] &^ not & sentence
			if here == 0 {
				mask = 0
				break
			}
			mask |= uint64(1) << nearestBit(here, begin)
		}
		if mask == 0 || bits.Len64(mask)-lowestBit(mask) > maxWide || s.countWords(mask) < keys {
			continue
		}
		if !f.not {
			return mask, keys
		}
		if here := none & sentence & nearBits(mask, maxNoneAfter); here != 0 {
			return mask | here&-here, keys + 1
		}
	}
	return 0, 0
}

// countWords returns the number of words in mask, with two for a compound.
func (s *scanState) countWords(mask uint64) int {
	return bits.OnesCount64(mask) + bits.OnesCount64(mask&s.compound)
}

// withExpressions returns mask with all words of the expressions whose meaning it has.
func (s *scanState) withExpressions(mask uint64) uint64 {
	all := mask
	for _, words := range s.expressions {
		if mask>>highestBit(words)&1 == 1 {
			all |= words
		}
	}
	return all
}

// nearKey returns the negations that belong to a word of key: those just before it, or
// those in the same place as in the phrase.
func (f *wideForm) nearKey(none, key uint64) uint64 {
	before := maxNoneBefore
	after := maxNoneAfter
	if f.notBefore {
		before = maxDeterminer
		after = 0
	}
	var near uint64
	for k := 1; k <= before; k++ {
		near |= key >> k
	}
	for k := 1; k <= after; k++ {
		near |= key << k
	}
	return none & near
}

// nearBits returns all bits at most n places from a bit of mask.
func nearBits(mask uint64, n int) uint64 {
	all := mask
	for k := 1; k <= n; k++ {
		all |= mask<<k | mask>>k
	}
	return all
}

// containsTypo reports whether every word that fills a key has a typing error, for at
// least one key.
func (f *wideForm) containsTypo(s *scanState) bool {
	return slices.ContainsFunc(f.keys, func(k int32) bool { return s.typos[k] != 0 && s.typos[k] == s.slots[k] })
}

// rankWide returns the wide matches that count, at most one in a sentence: the one with
// the most keys, then of the reason with the highest priority. A sentence with a
// phrase of the taxonomy has none, and neither has one in which two reasons match
// equally well. One key does not count in a long text, or in a taxonomy with many
// reasons.
func (t *Taxonomy) rankWide(m *matcher, s *scanState) []wideMatch {
	slices.SortFunc(s.wide, func(a, b wideMatch) int {
		if d := int(a.sentence - b.sentence); d != 0 {
			return d
		}
		return m.compareWide(a, b)
	})
	kept := s.wide[:0]
	for i := 0; i < len(s.wide); {
		best := s.wide[i]
		target := m.forms[best.form].target
		tied := false
		for i++; i < len(s.wide) && s.wide[i].sentence == best.sentence; i++ {
			other := &s.wide[i]
			tied = tied || (other.keys == best.keys && m.priority[m.forms[other.form].target] == m.priority[target])
		}
		isPassing := best.keys == 1 && (s.isLong || len(t.Reasons) > manyReasons)
		isOutdone := tied || isPassing || s.isVoid(target, best.sentence) || s.hasPhrase(best.sentence)
		if !isOutdone && !t.isContradicted(s, best, target) {
			kept = append(kept, best)
		}
	}
	return kept
}

// hasPhrase reports whether a sentence has a phrase of a reason that counts.
func (s *scanState) hasPhrase(sentence int32) bool {
	return slices.ContainsFunc(s.matched, func(p sentenceMatch) bool {
		return p.sentence == sentence && !s.isVoid(p.target, sentence)
	})
}

// maxContradiction is the score of another reason, by the words of the sentence that a
// wide match does not explain, from which the match does not count. It depends on the
// number of keys of the match. More keys than this are never contradicted.
var maxContradiction = [...]float32{1: 0.4, 2: 0.3}

// manyReasons is the number of reasons up to which a word of few reasons says less, and
// from which one key says too little.
const manyReasons = 20

// isContradicted reports whether the other words of the sentence point to another reason.
func (t *Taxonomy) isContradicted(s *scanState, w wideMatch, target int32) bool {
	if w.keys >= len(maxContradiction) {
		return false
	}
	weights := t.suggester()
	for _, r := range s.scored {
		s.scores[r] = 0
	}
	s.scored = s.scored[:0]
	for i := int(w.sentence); i < s.sentenceEnd(int(w.sentence)); i++ {
		if slices.Contains(w.spans.List(), s.words[i].at) {
			continue
		}
		for _, x := range weights.weightsOf(s.words[i].word.text) {
			if s.scores[x.reason] == 0 {
				s.scored = append(s.scored, x.reason)
			}
			s.scores[x.reason] += x.weight
		}
	}
	own := s.scores[target]
	least := maxContradiction[w.keys] * max(1, manyReasons/float32(len(t.Reasons)))
	return slices.ContainsFunc(s.scored, func(r int32) bool { return s.scores[r]-own >= least })
}

// compareWide sorts the better match first.
func (m *matcher) compareWide(a, b wideMatch) int {
	if d := b.keys - a.keys; d != 0 {
		return d
	}
	if d := m.priority[m.forms[b.form].target] - m.priority[m.forms[a.form].target]; d != 0 {
		return d
	}
	if d := a.at - b.at; d != 0 {
		return d
	}
	return int(a.form - b.form)
}

// computeConfidence returns the confidence of a match with that rank among the reasons.
func (w *wideMatch) computeConfidence(rank, reasons int) float64 {
	c := []float64{0.45, 0.6, 0.7}[min(w.keys, 3)-1]
	if w.typo {
		c -= 0.1
	}
	if reasons > 1 {
		c -= 0.05
	}
	c -= 0.1 * float64(min(rank, 3))
	return max(float64(int(c*100+0.5))/100, 0.1)
}

package taxonomy

import (
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Unknown is the reason id to show where no reason was found. A [Result]
// leaves it empty.
const Unknown = "unknown"

// Hints are what is known of a contact beside its text.
type Hints struct {
	// Products are those of the customer's order. A single one is taken when
	// the text names none, and one of them goes before others in the text.
	Products []string
}

// A Result is what a text is about.
type Result struct {
	Reason     string // empty: unknown
	Product    string // empty: none, not known, or of no matter to the reason
	Department string // who owns the two; empty without a reason
	// Matched are the phrases that decided, as the taxonomy writes them: so
	// they show why, and hold nothing of the customer. Not to be changed.
	// Where no phrase matched, and the words alone decided, it is [ByWords].
	Matched []string
	// Spans are the words of the text that decided.
	Spans Spans
	// Confidence is 0 to 1. It rises with the length of the deciding phrase
	// and with more phrases of the reason; it falls by a typing error and by
	// other reasons in the same text.
	Confidence float64
	Language   string // nl, en, or empty when not clear
}

// maxResults bounds the reasons of one text.
const maxResults = 8

// Classify returns the first reason of text, and a result without a reason
// when no phrase matches. It allocates nothing.
func (t *Taxonomy) Classify(text string, hints Hints) Result {
	var buffer [maxResults]Result
	return t.ClassifyAll(text, hints, buffer[:0])[0]
}

// ClassifyAll appends all reasons of text to results, the likeliest first,
// and one result without a reason when there is none. They differ in reason.
func (t *Taxonomy) ClassifyAll(text string, hints Hints, results []Result) []Result {
	m := t.match()
	s := m.scratch()
	defer m.pool.Put(s)
	m.scan(s, text)

	base := Result{Language: s.language(), Product: t.product(s, hints)}
	top := s.rank(m)
	if len(top) == 0 {
		return append(results, t.byWords(s, base))
	}
	begin := len(results)
	for i, target := range top {
		f, r := s.found[target], &t.Reasons[target]
		if explained(results[begin:], f.spans) {
			continue // "works no more" of the password that works no more is no defect
		}
		one := base
		one.Reason = r.ID
		if !r.PerProduct {
			one.Product = ""
		}
		one.Department = r.owner(one.Product)
		one.Matched, one.Spans = m.phrases[f.phrase].matched, f.spans
		one.Confidence = f.confidence(i, len(top))
		if one.Language == "" {
			one.Language = m.phrases[f.phrase].language
		}
		results = append(results, one)
	}
	return results
}

// explained reports whether most of the words of a reason are those of a
// better one.
func explained(better []Result, spans Spans) bool {
	for i := range better {
		shared := 0
		for _, s := range spans.List() {
			if slices.Contains(better[i].Spans.List(), s) {
				shared++
			}
		}
		if 2*shared > int(spans.n) {
			return true
		}
	}
	return false
}

// product decides which product a text is about.
func (t *Taxonomy) product(s *scratch, hints Hints) string {
	best, weight, tie := "", 0, false
	for _, target := range s.targets {
		if int(target) < len(t.Reasons) {
			continue
		}
		id := t.Products[int(target)-len(t.Reasons)].ID
		w := 2 * s.found[target].weight
		if slices.Contains(hints.Products, id) {
			w++
		}
		if w == weight {
			tie = true
		}
		if w > weight {
			best, weight, tie = id, w, false
		}
	}
	switch {
	case tie: // two products, and nothing to choose by
		return ""
	case best == "" && len(hints.Products) == 1:
		if _, ok := t.Product(hints.Products[0]); ok {
			return hints.Products[0]
		}
	}
	return best
}

// rank returns the reasons found that nothing voided or puts in doubt, the best first: by
// priority, then by the longest phrase, then by place in the text.
func (s *scratch) rank(m *matcher) []int32 {
	s.top = s.top[:0]
	for _, target := range s.targets {
		if int(target) < m.reasons && !s.found[target].void {
			s.top = append(s.top, target)
		}
	}
	s.top = s.doubt(s.top)
	slices.SortFunc(s.top, func(a, b int32) int {
		fa, fb := &s.found[a], &s.found[b]
		if d := m.priority[b] - m.priority[a]; d != 0 {
			return d
		}
		if d := fb.weight - fa.weight; d != 0 {
			return d
		}
		if d := fa.at - fb.at; d != 0 {
			return d
		}
		return int(a - b)
	})
	if len(s.top) > maxResults {
		s.top = s.top[:maxResults]
	}
	return s.top
}

// What makes a reason doubtful: one phrase of no more words, while the words
// of the text are another reason's by so much.
const (
	shortPhrase = 2
	outweighed  = 0.25
)

// doubt leaves out the reasons that one short phrase alone points to, while
// the words of the text are those of a reason that no phrase points to.
func (s *scratch) doubt(top []int32) []int32 {
	most := float32(0)
	for _, r := range s.bag.used {
		if f := &s.found[r]; f.weight == 0 && !f.void { // one with a phrase of its own may be a second reason
			most = max(most, s.bag.score[r])
		}
	}
	return slices.DeleteFunc(top, func(r int32) bool {
		f := &s.found[r]
		return f.count == 1 && f.weight <= shortPhrase && most-s.bag.score[r] > outweighed
	})
}

// A found is what a scan knows of one reason or product.
type found struct {
	weight int   // of its longest phrase; 0 while there is none
	phrase int32 // that phrase
	at     int   // its place, in words
	spans  Spans // its words in the text
	count  int   // phrases that matched
	typo   bool  // the phrase holds a typing error
	void   bool
}

func (f found) confidence(rank, reasons int) float64 {
	c := []float64{0.6, 0.8, 0.9}[min(f.weight, 3)-1]
	if f.count > 1 {
		c += 0.05
	}
	if f.typo {
		c -= 0.1
	}
	if reasons > 1 {
		c -= 0.1
	}
	c -= 0.1 * float64(min(rank, 3))
	return max(float64(int(c*100+0.5))/100, 0.1)
}

const (
	window  = 64 // words that are looked at together, one bit each
	overlap = 16 // words that two windows share, so that no phrase falls between
	// maxWords bounds the work for one text; a customer who needs more words
	// has said why before.
	maxWords = 4000
)

// scratch is the memory of one scan, kept in a pool.
type scratch struct {
	slots   []uint64 // where each slot's word stands in the window
	typos   []uint64 // where it stands with a typing error
	touched []int32  // slots with a word in the window
	stops   uint64   // words before which a sentence ends
	clauses uint64   // words before which a clause ends: a comma, "but"

	found   []found
	targets []int32 // those of found that are in use
	top     []int32
	word    []byte
	count   [2]int       // common words of nl and en
	at      [window]Span // where the words of the window stand in the text
	bag     bag
}

func (m *matcher) scratch() *scratch {
	if s, ok := m.pool.Get().(*scratch); ok {
		s.reset()
		return s
	}
	return &scratch{
		slots: make([]uint64, m.slots), typos: make([]uint64, m.slots),
		found: make([]found, m.reasons+m.products), word: make([]byte, 0, 64),
		bag: bag{score: make([]float32, m.reasons), last: make([]int32, len(m.weights))},
	}
}

func (s *scratch) reset() {
	s.clearWindow()
	for _, t := range s.targets {
		s.found[t] = found{}
	}
	s.targets, s.count = s.targets[:0], [2]int{}
	s.bag.reset()
}

func (s *scratch) clearWindow() {
	for _, t := range s.touched {
		s.slots[t], s.typos[t] = 0, 0
	}
	s.touched, s.stops, s.clauses = s.touched[:0], 0, 0
}

// scan reads text once, word by word, and evaluates it a window at a time.
func (m *matcher) scan(s *scratch, text string) {
	in, first := 0, 0 // words in the window; the number of its first word
	resume := 0       // where in the text the next window begins
	stop, clause := false, false
	for i := 0; i < len(text) && first+in < maxWords; {
		if in == window {
			m.evaluate(s, first)
			s.clearWindow()
			first += window - overlap
			in, i = 0, resume
			stop, clause = false, false
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
				stop = stop || r == '.' || r == '!' || r == '?' || r == '\n'
				clause = clause || stop || r == ',' || r == ';' || r == ':' || r == '(' || r == ')'
			}
			i += size
		}
		if len(s.word) == 0 {
			continue
		}
		s.at[in] = spanOf(text, start, i)
		if in == window-overlap {
			resume = start
		}
		if stop {
			s.stops |= 1 << in
		}
		if clause {
			s.clauses |= 1 << in
		}
		stop, clause = false, false
		m.lookup(s, in)
		in++
	}
	m.evaluate(s, first)
}

// lookup notes which slots the word at position at fills.
func (m *matcher) lookup(s *scratch, at int) {
	bit := uint64(1) << at
	e, known := m.words[string(s.word)]
	if known {
		s.mark(e.slots, bit)
		m.weigh(s, e.pattern, at)
		s.count[0] += int(e.nl)
		s.count[1] += int(e.en)
	}
	partly, pattern := false, int32(0)
	for n := range m.heads.from(s.word).upTo(len(s.word)) {
		head, ok := m.prefixes[string(s.word[:n])]
		s.mark(head.slots, bit)
		if partly = partly || ok; head.pattern != 0 { // the longest stem says most
			pattern = head.pattern
		}
	}
	for n := range m.tails.to(s.word).upTo(len(s.word)) {
		tail, ok := m.suffixes[string(s.word[len(s.word)-n:])]
		s.mark(tail.slots, bit)
		if partly = partly || ok; tail.pattern != 0 {
			pattern = tail.pattern
		}
	}
	if !known || e.pattern == 0 {
		m.weigh(s, pattern, at)
	}
	if !known && !partly && len(s.word) >= minTypo && !m.lookupTypo(s, at) {
		m.lookupCompound(s, at)
	}
}

// lookupCompound finds the taxonomy's long words at the end or the beginning
// of a word that Dutch has put together. What such a word is, stands at its
// end; so only that fills a slot, and both are weighed.
func (m *matcher) lookupCompound(s *scratch, at int) {
	n := len(s.word)
	for l := range m.ends.to(s.word).downFrom(n - minHead) {
		if e, ok := m.words[string(s.word[n-l:])]; ok {
			s.mark(e.slots, 1<<at)
			m.weigh(s, e.pattern, at)
			break
		}
	}
	for l := range m.begins.from(s.word).downFrom(n - minHead) {
		if e, ok := m.words[string(s.word[:l])]; ok {
			m.weigh(s, e.pattern, at)
			return
		}
	}
}

func (s *scratch) mark(slots []int32, bit uint64) {
	for _, slot := range slots {
		if s.slots[slot] == 0 {
			s.touched = append(s.touched, slot)
		}
		s.slots[slot] |= bit
	}
}

// evaluate tries the phrases whose rarest slot has a word in the window.
func (m *matcher) evaluate(s *scratch, first int) {
	negated := m.negated(s)
	for _, slot := range s.touched {
		for _, p := range m.byAnchor[slot] {
			c := &m.phrases[p]
			hits := c.hits(s, negated)
			if hits == 0 {
				continue
			}
			f := &s.found[c.target]
			if f.weight == 0 && !f.void {
				s.targets = append(s.targets, c.target)
			}
			if c.kind == unless {
				f.void = true
				continue
			}
			f.count++
			at := first + bits.TrailingZeros64(hits)
			if c.weight > f.weight || c.weight == f.weight && at < f.at {
				f.weight, f.phrase, f.at, f.typo, f.spans = c.weight, p, at, c.hasTypo(s), c.spans(s, hits)
			}
		}
	}
}

// negated returns the words that stand shortly after a negation, in the same
// clause. "Not only broken" is broken.
func (m *matcher) negated(s *scratch) uint64 {
	clauses := s.clauses | s.slots[slotBut]
	x := s.slots[slotNot] &^ (s.slots[slotOnly] >> 1)
	var scope uint64
	for range maxNegation {
		x = x << 1 &^ clauses
		scope |= x
	}
	return scope
}

// hits returns where the phrase begins.
func (c *compiled) hits(s *scratch, negated uint64) uint64 {
	var not uint64 // words that cannot be part of it
	if c.kind == negatable {
		not = negated
	}
	if c.exact {
		not |= s.typos[c.parts[0][0].number]
	}
	var all uint64
	for i, p := range c.parts {
		at := p.starts(s, not)
		if at == 0 {
			return 0
		}
		if i == 0 {
			all = at
			continue
		}
		all &= near(at)
	}
	return all
}

// starts returns where the part begins: from its last slot back to its first.
func (p part) starts(s *scratch, not uint64) uint64 {
	last := len(p) - 1
	at := s.slots[p[last].number] &^ not
	for i := last - 1; i >= 0 && at != 0; i-- {
		reach := at &^ s.stops >> 1
		if p[i+1].gap {
			for x, k := reach, 0; k < maxGap; k++ {
				x = x &^ s.stops >> 1
				reach |= x
			}
		}
		at = s.slots[p[i].number] &^ not & reach
	}
	return at
}

// near returns all words within reach of one of at.
func near(at uint64) uint64 {
	all := at
	for k := 1; k <= maxNear; k++ {
		all |= at<<k | at>>k
	}
	return all
}

func (c *compiled) hasTypo(s *scratch) bool {
	for _, p := range c.parts {
		for _, sl := range p {
			if s.typos[sl.number] == s.slots[sl.number] {
				return true
			}
		}
	}
	return false
}

// language returns the language most of whose common words were seen.
func (s *scratch) language() string {
	switch nl, en := s.count[0], s.count[1]; {
	case nl > en:
		return "nl"
	case en > nl:
		return "en"
	default:
		return ""
	}
}

package taxonomy

import "slices"

// Unknown is the reason id to display if no reason was found. [Result.Reason] is
// empty in that case.
const Unknown = "unknown"

// Hints are facts about a contact that are not in its text.
type Hints struct {
	// Products are the products of the customer's orders. If the text names no
	// product, a single one is taken. If the text names several, these are
	// preferred.
	Products []string
}

// A Result is one reason of a text, with the evidence.
type Result struct {
	Reason     string // empty if unknown
	Product    string // empty if unknown, or if the reason does not count products separately
	Department string // owner of the reason for the product; empty without a reason
	// Matched are the phrases that decided, in the notation of the taxonomy, so
	// they contain no customer text. It must not be modified.
	Matched []string
	// Spans are the words of the text that decided.
	Spans Spans
	// Confidence is a value from 0 to 1. A longer deciding phrase and further
	// phrases of the reason increase it. A typing error, other reasons in the text,
	// and a match through the lexicon decrease it.
	Confidence float64
	// ByLexicon reports whether the phrase matches through the lexicon and not as it
	// is written, or is a sign of danger that only the lexicon has.
	ByLexicon bool
	Language  string // nl, en, or empty if undecided
}

// maxResults limits the reasons of one text.
const maxResults = 8

// Classify returns the first result of [Taxonomy.ClassifyAll]. It does not allocate
// memory, except for words that no text had before.
func (t *Taxonomy) Classify(text string, hints Hints) Result {
	var buffer [maxResults]Result
	return t.ClassifyAll(text, hints, buffer[:0])[0]
}

// ClassifyAll appends the distinct reasons of text to results, the most likely
// first. For a text without reasons it appends one result with an empty Reason.
func (t *Taxonomy) ClassifyAll(text string, hints Hints, results []Result) []Result {
	m := t.matcher()
	s := m.acquireState()
	defer m.pool.Put(s)
	m.scanText(s, text)

	top := s.rankReasons(m)
	wide := t.rankWide(m, s)
	if len(top)+len(wide) == 0 {
		return append(results, Result{Language: s.language.String()})
	}
	begin := len(results)
	base := Result{Language: s.language.String(), Product: t.chooseProduct(s, hints)}
	for i, target := range top {
		f := &s.matches[target]
		if isExplained(results[begin:], f.spans) {
			continue // "no longer works" is not a defect if the better reason is a password that no longer works
		}
		p := &m.phrases[f.phrase]
		one := t.resultOf(base, target, p.language)
		one.Matched = p.matched
		one.Spans = f.spans
		one.Confidence = f.computeConfidence(i, len(top)+len(wide))
		one.ByLexicon = f.isSign
		results = append(results, one)
	}
	for _, w := range wide {
		f := &m.forms[w.form]
		one := t.resultOf(base, f.target, f.language)
		rank := len(results) - begin
		isFound := slices.ContainsFunc(results[begin:], func(r Result) bool { return r.Reason == one.Reason })
		if isFound || rank == maxResults {
			continue
		}
		one.Matched = f.matched
		one.Spans = w.spans
		one.Confidence = w.computeConfidence(rank, len(top)+len(wide))
		one.ByLexicon = true
		results = append(results, one)
	}
	return t.dropRemedies(results, begin)
}

// anyReason in [Reason.RemedyFor] stands for every reason.
const anyReason = "*"

// dropRemedies removes from the results since begin the reasons that are only the remedy
// for another of them. Of two remedies for each other the first one stays.
func (t *Taxonomy) dropRemedies(results []Result, begin int) []Result {
	for i := len(results) - 1; i >= begin && len(results)-begin > 1; i-- {
		remedied := t.remediedBy(results[i].Reason)
		for j := begin; j < len(results); j++ {
			isRemedied := slices.Contains(remedied, results[j].Reason) || slices.Contains(remedied, anyReason)
			if j != i && isRemedied {
				results = slices.Delete(results, i, i+1)
				break
			}
		}
	}
	return results
}

// remediedBy returns the reasons that a reason is a remedy for.
func (t *Taxonomy) remediedBy(reason string) []string {
	for i := range t.Reasons {
		if t.Reasons[i].ID == reason {
			return t.Reasons[i].RemedyFor
		}
	}
	return nil
}

// resultOf returns base with a reason. The language is that of the phrase if the text
// has none.
func (t *Taxonomy) resultOf(base Result, reason int32, l language) Result {
	r := &t.Reasons[reason]
	base.Reason = r.ID
	if !r.PerProduct {
		base.Product = ""
	}
	base.Department = r.departmentFor(base.Product)
	if base.Language == "" {
		base.Language = l.String()
	}
	return base
}

// isExplained reports whether one of the better results shares more than half of
// the words in spans.
func isExplained(better []Result, spans Spans) bool {
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

// chooseProduct returns the product that the text names with the longest phrase. Of
// two equally long ones it takes the one in hints.
func (t *Taxonomy) chooseProduct(s *scanState, hints Hints) string {
	var best string
	var weight int
	var tie bool
	for _, target := range s.targets {
		if int(target) < len(t.Reasons) {
			continue
		}
		id := t.Products[int(target)-len(t.Reasons)].ID
		w := 2 * s.matches[target].weight
		if slices.Contains(hints.Products, id) {
			w++
		}
		if w == weight {
			tie = true
		}
		if w > weight {
			best = id
			weight = w
			tie = false
		}
	}
	switch {
	case tie: // two products match equally well
		return ""
	case best == "" && len(hints.Products) == 1:
		if _, ok := t.Product(hints.Products[0]); ok {
			return hints.Products[0]
		}
	}
	return best
}

// rankReasons returns the reasons that were found, the best first. It leaves out
// voided reasons. It sorts by priority, then by the length of the
// phrase, then by position in the text.
func (s *scanState) rankReasons(m *matcher) []int32 {
	s.top = s.top[:0]
	for _, target := range s.targets {
		if int(target) < m.reasons && !s.isVoid(target, s.matches[target].sentence) {
			s.top = append(s.top, target)
		}
	}
	slices.SortFunc(s.top, func(a, b int32) int {
		fa := &s.matches[a]
		fb := &s.matches[b]
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

// A targetMatch holds the matches of one reason or product in a text.
type targetMatch struct {
	weight int   // words of its longest matching phrase; 0 if none matches
	phrase int32 // number of that phrase
	at     int   // its position, in words
	spans  Spans // words of the text that it matches
	count  int   // number of matching phrases
	typo   bool  // the longest phrase matched with a typing error
	isSign bool  // the phrase is a sign of danger of the lexicon

	sentence int32 // index of the first word of its sentence
}

// computeConfidence returns the confidence of a match with that rank among the reasons.
func (f targetMatch) computeConfidence(rank, reasons int) float64 {
	c := []float64{0.6, 0.8, 0.9}[min(f.weight, 3)-1]
	if f.count > 1 {
		c += 0.05
	}
	if f.typo {
		c -= 0.1
	}
	if f.isSign {
		c -= 0.15
	}
	if reasons > 1 {
		c -= 0.1
	}
	c -= 0.1 * float64(min(rank, 3))
	return max(float64(int(c*100+0.5))/100, 0.1)
}

package taxonomy

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// This file classifies texts in which no phrase matches, by their single words.
// Many wordings of a reason contain words of its vocabulary, or words of its phrases
// in another order.
//
// Every such word has a weight for every reason that uses it. A word that only one
// vocabulary contains weighs 1. A word that more reasons use weighs less. A word of
// phrases weighs less if few phrases of the reason contain it. Stop words weigh
// nothing.
//
// The reason with the highest score is taken if three conditions hold: its score is
// at least minScore, at least two words contribute to it, and it exceeds the next
// score by minLead. The confidence is at most [MaxByWords]; a phrase of one word has
// 0.6.
//
// The word scores also exclude reasons that a phrase recognised wrongly: see
// [scanState.dropDoubtful].

// Limits of a classification by words.
const (
	minScore = 1.7
	minLead  = 0.7
	// MaxByWords is the highest confidence of a reason that words alone decided.
	MaxByWords    = 0.5
	minWordWeight = 0.3

	sharePerPhrase = 0.4 // share of a word per phrase of the reason that contains it
	maxPhraseShare = 1.0 // largest share of a word that only phrases contain
)

// ByWords is the value of [Result.Matched] for a reason that was recognised by words
// and not by a phrase. It must not be modified.
var ByWords = []string{"~"}

// A Span is a range of bytes of a text.
type Span struct{ From, To int32 }

// Spans are the first eight or fewer ranges of a text, in the order of the text.
type Spans struct {
	n    int8
	list [8]Span
}

// List returns the spans.
func (s *Spans) List() []Span { return s.list[:s.n] }

func (s *Spans) appendSpan(x Span) {
	if int(s.n) < len(s.list) {
		s.list[s.n] = x
		s.n++
	}
}

// wordSpan returns the range of the word in text[from:to], without the separators
// before it.
func wordSpan(text string, from, to int) Span {
	word := text[from:to]
	from += len(word) - len(strings.TrimLeftFunc(word, isSeparator))
	return Span{int32(from), int32(to)} //nolint:gosec // texts are shorter
}

// isSeparator reports whether r is not part of a folded word.
func isSeparator(r rune) bool {
	var b [8]byte
	out, ok := appendFold(b[:0], r)
	return !ok || len(out) == 0
}

// A reasonWeight is the weight of a word for one reason.
type reasonWeight struct {
	reason int32
	weight float32
}

// wordScores holds the scores of the reasons for the words of a text.
type wordScores struct {
	score []float32 // by reason
	used  []int32   // reasons with a score
	last  []int32   // by pattern: 1 if its weights were added
	seen  []weighedWord
}

// A weighedWord is a word of the text whose weights were added.
type weighedWord struct {
	pattern int32
	at      Span
}

// resetScores clears the scores for the next text.
func (b *wordScores) resetScores() {
	for _, r := range b.used {
		b.score[r] = 0
	}
	for _, w := range b.seen {
		b.last[w.pattern] = 0
	}
	b.used = b.used[:0]
	b.seen = b.seen[:0]
}

// addWeights adds the weights of a pattern to the scores, once per text.
func (m *matcher) addWeights(s *scanState, pattern int32, at int) {
	b := &s.scores
	if pattern == 0 || b.last[pattern] != 0 {
		return
	}
	// Only the first pattern of a word counts.
	if n := len(b.seen); n > 0 && b.seen[n-1].at == s.at[at] {
		return
	}
	b.last[pattern] = 1
	b.seen = append(b.seen, weighedWord{pattern, s.at[at]})
	for _, w := range m.weights[pattern] {
		if b.score[w.reason] == 0 {
			b.used = append(b.used, w.reason)
		}
		b.score[w.reason] += w.weight
	}
}

// classifyByWords returns base with the reason with the highest score, or without a
// reason if no score is high enough.
func (t *Taxonomy) classifyByWords(s *scanState, base Result) Result {
	best := int32(-1)
	var first, second float32 // the two highest scores
	for _, r := range s.scores.used {
		if s.matches[r].void {
			continue
		}
		score := s.scores.score[r]
		isTie := score == first && r < best // the first reason of the file wins
		switch {
		case score > first || isTie:
			second = first
			first = score
			best = r
		case score > second:
			second = score
		}
	}
	unknown := base
	unknown.Product = ""
	if best < 0 || first < minScore || first-second < minLead {
		return unknown
	}
	weights := t.matcher().weights
	words := 0
	for _, w := range s.scores.seen {
		i := slices.IndexFunc(weights[w.pattern], func(x reasonWeight) bool { return x.reason == best })
		if i >= 0 && weights[w.pattern][i].weight >= minWordWeight {
			words++
			base.Spans.appendSpan(w.at)
		}
	}
	if words < 2 {
		return unknown
	}
	r := &t.Reasons[best]
	if !r.PerProduct {
		base.Product = ""
	}
	base.Reason = r.ID
	base.Department = r.departmentFor(base.Product)
	base.Matched = ByWords
	base.Confidence = math.Round(100*min(MaxByWords, 0.25+0.1*float64(first-second))) / 100
	return base
}

// stopWords are common words that do not indicate a reason.
const stopWords = "a aan about af al all alle als also am an and any are as at be been ben bent bij but by can cant could daar dan dat de den der deze die dit do does doesnt dont door dus een en er for from ga gaan geen get got had has have havent heb hebben hebt heeft hello hem her het hi hier hij hoe how i iets iemand ik in is isnt it its ja je jij jou jouw jullie just kan kon kunnen kunt maar made mag man me meer mij mijn moet my na naar net niet niets niks no nog not now nu of om on one onze ook op or our out over please re s so some still t te that the their them then there they this tot u uit up us uw van vanaf vandaag veel via voor waar waarom wanneer want was wat we weer wel welke were what when where which who wie wij wil will with word wordt would ze zegt zich zij zijn zo zou you your keer dag day days dagen week weeks weken time 2 x me again wacht wachten waiting" //nolint:gosec // words, no secret

// A reasonShare is how specific a word is to one reason, from 0 to 1.
type reasonShare struct {
	reason int32
	share  float64
}

// computeWeights computes the weights of all words of the phrases and vocabularies.
func (c *compiler) computeWeights(t *Taxonomy) {
	uses := make([][]reasonShare, len(c.words), 2*expectedSize) // by word; each list is sorted by reason
	use := func(word, reason int32, share float64) {
		if int(word) == len(uses) { // a word that only vocabularies contain
			uses = append(uses, nil)
		}
		switch by := uses[word]; {
		case len(by) == 0 || by[len(by)-1].reason != reason:
			uses[word] = append(by, reasonShare{reason, share})
		default:
			last := &by[len(by)-1].share
			*last = max(*last, min(*last+share, maxPhraseShare))
		}
	}
	phrases := c.m.phrases
	counts := make([]int, len(c.slots))
	for reason := range int32(len(t.Reasons)) { //nolint:gosec // as above
		v := t.Reasons[reason].Vocabulary
		for _, list := range []string{v.NL, v.EN} {
			for w := range strings.FieldsSeq(list) {
				use(c.wordNumber(foldWord(w)), reason, 1)
			}
		}
		var slots []int32
		for ; len(phrases) > 0 && phrases[0].target == reason; phrases = phrases[1:] {
			if phrases[0].kind == voidingPhrase {
				continue
			}
			for _, part := range phrases[0].parts {
				for _, s := range part {
					if counts[s.number]++; counts[s.number] == 1 {
						slots = append(slots, s.number)
					}
				}
			}
		}
		for _, s := range slots {
			for _, w := range c.slots[s] {
				use(w, reason, min(sharePerPhrase*float64(counts[s]), maxPhraseShare))
			}
			counts[s] = 0
		}
	}
	for w := range strings.FieldsSeq(stopWords) {
		if i, ok := c.wordNumbers[w]; ok {
			uses[i] = nil
		}
	}
	c.assignWeights(uses, float64(len(t.Reasons)))
}

// assignWeights gives every word that reasons use a pattern with its weights.
func (c *compiler) assignWeights(uses [][]reasonShare, reasons float64) {
	c.pattern = make([]int32, len(uses))
	c.m.weights = make([][]reasonWeight, 1, len(uses)+1)
	var all []reasonWeight
	for i, by := range uses {
		if len(by) == 0 {
			continue
		}
		sum := 0.0
		for _, o := range by {
			sum += o.share
		}
		rare := math.Log1p(reasons/max(sum, 1)) / math.Log1p(reasons)
		from := len(all)
		for _, o := range by {
			all = append(all, reasonWeight{o.reason, float32(rare * o.share)})
		}
		c.pattern[i] = int32(len(c.m.weights)) //nolint:gosec // a file of 1 MB has fewer
		c.m.weights = append(c.m.weights, all[from:len(all):len(all)])
	}
}

// matchedSpans returns the words of the text that the phrase matched. hits has a bit
// for every word at which the phrase begins; the first one is used.
func (c *compiledPhrase) matchedSpans(s *scanState, hits uint64) Spans {
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
	var out Spans
	for ; mask != 0; mask &= mask - 1 {
		out.appendSpan(s.at[lowestBit(mask)])
	}
	return out
}

func lowestBit(bits64 uint64) int { return bits.TrailingZeros64(bits64) }

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

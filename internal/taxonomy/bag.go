package taxonomy

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// This file decides where no phrase does. Customers say the same in a hundred
// ways, and most of these have words of the reason's vocabulary, or of its
// phrases in another order or with others between. So every such word has a
// weight for every reason that uses it: the fewer reasons use it, the more it
// weighs, from 1 for a word of one vocabulary alone; a word of phrases weighs
// less, the more so the fewer of them have it, and the words that hold any
// sentence together weigh nothing. The reason whose words weigh most is taken
// when they weigh at least [minScore], are at least two, and outweigh the next
// reason's by [minLead]. That is less sure than a phrase, and its confidence
// says so: it is at most [MaxByWords], where a phrase of one word has 0.6.
//
// The words also tell where a phrase misleads: see [scratch.doubt].

// What the words alone must weigh.
const (
	minScore = 1.7
	minLead  = 0.7
	// MaxByWords is the highest confidence of a reason that words alone decided.
	MaxByWords = 0.5
	leastWords = 0.3

	perPhrase = 0.4 // what each phrase with a word adds to what it is a reason's own
	inPhrases = 1.0 // and at most
)

// ByWords is what a [Result] says to have matched when no phrase did, but
// words of the reason. Not to be changed.
var ByWords = []string{"~"}

// A Span is a part of a text, in bytes.
type Span struct{ From, To int32 }

// Spans are up to eight parts of a text, in its order.
type Spans struct {
	n    int8
	list [8]Span
}

// List returns the spans.
func (s *Spans) List() []Span { return s.list[:s.n] }

func (s *Spans) add(x Span) {
	if int(s.n) < len(s.list) {
		s.list[s.n] = x
		s.n++
	}
}

// spanOf is the word that the scan read from one byte to another, without the
// signs around it.
func spanOf(text string, from, to int) Span {
	word := text[from:to]
	from += len(word) - len(strings.TrimLeftFunc(word, notInWord))
	return Span{int32(from), int32(to)} //nolint:gosec // texts are shorter
}

func notInWord(r rune) bool {
	var b [8]byte
	out, ok := appendFold(b[:0], r)
	return !ok || len(out) == 0
}

// A weighted is what a word weighs for one reason.
type weighted struct {
	reason int32
	weight float32
}

// A bag weighs the words of a text.
type bag struct {
	score []float32 // by reason
	used  []int32   // reasons with a score
	last  []int32   // by pattern: 1 when it was weighed
	seen  []weighed
}

type weighed struct {
	pattern int32
	at      Span
}

func (b *bag) reset() {
	for _, r := range b.used {
		b.score[r] = 0
	}
	for _, w := range b.seen {
		b.last[w.pattern] = 0
	}
	b.used, b.seen = b.used[:0], b.seen[:0]
}

// weigh adds what a word weighs, once.
func (m *matcher) weigh(s *scratch, pattern int32, at int) {
	b := &s.bag
	if pattern == 0 || b.last[pattern] != 0 {
		return
	}
	// A word that has several patterns weighs by the first of them only.
	if n := len(b.seen); n > 0 && b.seen[n-1].at == s.at[at] {
		return
	}
	b.last[pattern] = 1
	b.seen = append(b.seen, weighed{pattern, s.at[at]})
	for _, w := range m.weights[pattern] {
		if b.score[w.reason] == 0 {
			b.used = append(b.used, w.reason)
		}
		b.score[w.reason] += w.weight
	}
}

// byWords returns the reason that the words of a text give, or none.
func (t *Taxonomy) byWords(s *scratch, base Result) Result {
	best, first, second := int32(-1), float32(0), float32(0)
	for _, r := range s.bag.used {
		switch score := s.bag.score[r]; {
		case s.found[r].void:
		case score > first || score == first && r < best:
			best, first, second = r, score, first
		case score > second:
			second = score
		}
	}
	none := base
	none.Product = ""
	if best < 0 || first < minScore || first-second < minLead {
		return none
	}
	words, weights := 0, t.match().weights
	for _, w := range s.bag.seen {
		i := slices.IndexFunc(weights[w.pattern], func(x weighted) bool { return x.reason == best })
		if i >= 0 && weights[w.pattern][i].weight >= leastWords {
			words++
			base.Spans.add(w.at)
		}
	}
	if words < 2 {
		return none
	}
	r := &t.Reasons[best]
	if !r.PerProduct {
		base.Product = ""
	}
	base.Reason, base.Department, base.Matched = r.ID, r.owner(base.Product), ByWords
	base.Confidence = math.Round(100*min(MaxByWords, 0.25+0.1*float64(first-second))) / 100
	return base
}

// stopWords hold sentences together and tell no reason.
const stopWords = "a aan about af al all alle als also am an and any are as at be been ben bent bij but by can cant could daar dan dat de den der deze die dit do does doesnt dont door dus een en er for from ga gaan geen get got had has have havent heb hebben hebt heeft hello hem her het hi hier hij hoe how i iets iemand ik in is isnt it its ja je jij jou jouw jullie just kan kon kunnen kunt maar made mag man me meer mij mijn moet my na naar net niet niets niks no nog not now nu of om on one onze ook op or our out over please re s so some still t te that the their them then there they this tot u uit up us uw van vanaf vandaag veel via voor waar waarom wanneer want was wat we weer wel welke were what when where which who wie wij wil will with word wordt would ze zegt zich zij zijn zo zou you your keer dag day days dagen week weeks weken time 2 x me again wacht wachten waiting" //nolint:gosec // words, no secret

// An own is how much a word is a reason's own, from 0 to 1.
type own struct {
	reason int32
	share  float64
}

// weights makes the weights of all words of the phrases and vocabularies.
func (c *compiler) weights(t *Taxonomy) {
	uses := make([][]own, len(c.words), 2*usual) // of each word, by rising reason
	use := func(word, reason int32, share float64) {
		if int(word) == len(uses) { // of a vocabulary alone
			uses = append(uses, nil)
		}
		switch by := uses[word]; {
		case len(by) == 0 || by[len(by)-1].reason != reason:
			uses[word] = append(by, own{reason, share})
		default:
			last := &by[len(by)-1].share
			*last = max(*last, min(*last+share, inPhrases))
		}
	}
	phrases := c.m.phrases
	counts := make([]int, len(c.slots))
	for reason := range int32(len(t.Reasons)) { //nolint:gosec // as above
		v := t.Reasons[reason].Vocabulary
		for _, list := range []string{v.NL, v.EN} {
			for w := range strings.FieldsSeq(list) {
				use(c.word(foldWord(w)), reason, 1)
			}
		}
		var slots []int32
		for ; len(phrases) > 0 && phrases[0].target == reason; phrases = phrases[1:] {
			if phrases[0].kind == unless {
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
				use(w, reason, min(perPhrase*float64(counts[s]), inPhrases))
			}
			counts[s] = 0
		}
	}
	for w := range strings.FieldsSeq(stopWords) {
		if i, ok := c.number[w]; ok {
			uses[i] = nil
		}
	}
	c.weigh(uses, float64(len(t.Reasons)))
}

// weigh gives every word that reasons use a pattern, and that its weights.
func (c *compiler) weigh(uses [][]own, reasons float64) {
	c.pattern = make([]int32, len(uses))
	c.m.weights = make([][]weighted, 1, len(uses)+1)
	var all []weighted
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
			all = append(all, weighted{o.reason, float32(rare * o.share)})
		}
		c.pattern[i] = int32(len(c.m.weights)) //nolint:gosec // a file of 1 MB has fewer
		c.m.weights = append(c.m.weights, all[from:len(all):len(all)])
	}
}

// spans returns the words of the text that a phrase matched, of which hits
// are the beginnings.
func (c *compiled) spans(s *scratch, hits uint64) Spans {
	begin := lowest(hits)
	var mask uint64
	for i, p := range c.parts {
		at := begin
		if i > 0 {
			at = nearest(p.starts(s, 0), begin)
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
		out.add(s.at[lowest(mask)])
	}
	return out
}

func lowest(bits64 uint64) int { return bits.TrailingZeros64(bits64) }

// nearest returns the word of at that is nearest to another.
func nearest(at uint64, to int) int {
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

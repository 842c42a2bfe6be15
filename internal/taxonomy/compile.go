package taxonomy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A matcher is the compiled form of all phrases. While a text is read, every
// slot has one bit for each word of the window that fills it; a phrase is
// then a few shifts and ands.
type matcher struct {
	reasons, products int   // targets: first the reasons, then the products
	priority          []int // of reasons

	slots    []string // the alternatives of each slot
	words    map[string]entry
	prefixes map[string]entry // by the stem of "factu*"
	suffixes map[string]entry // by the stem of "*factuur"
	stems    []int            // lengths of these stems, rising
	typos    map[string]near1 // by a long word with one letter left out
	weights  [][]weighted     // of each pattern; none for the first

	phrases  []compiled
	byAnchor [][]int32 // phrases by their rarest slot
	pool     sync.Pool
}

// An entry is what is known of one word, or of the stem of some.
type entry struct {
	slots   []int32
	pattern int32 // its weights; 0 when it has none
	nl, en  int8  // 1 for a common word of that language
}

// A near1 is what is known of the words that are one typing error away.
type near1 struct{ slots, patterns []int32 }

type kind int8

const (
	plain kind = iota
	negatable
	unless
)

type compiled struct {
	parts    []compiledPart
	target   int32
	kind     kind
	exact    bool // a typing error does not count: too little else decides
	weight   int
	language string
	matched  []string // the phrase, ready for Result.Matched
}

type compiledPart []compiledSlot

type compiledSlot struct {
	slot int32
	gap  bool
}

// The slots that are there in every taxonomy.
const (
	slotNot int32 = iota
	slotOnly
	slotBut
)

const (
	notWords  = "niet|geen|nooit|nergens|zonder|not|no|never|without|isnt|arent|wasnt|werent|doesnt|dont|didnt|hasnt|havent|cant|cannot|wont|nor"
	onlyWords = "alleen|slechts|enkel|only|just"
	butWords  = "maar|want|omdat|dus|but|because|however|en|and"
)

// Words that tell the languages apart; what both have ("is", "in") is left out.
const (
	commonNL = "ik je jij u uw mijn mij wij we jullie het de een niet geen en van op met voor aan dat die deze dit hoe waar wat wanneer waarom heb hebt heeft kan kunt wil moet ben bent zijn was werd worden nog al ook maar dan er bij naar uit om te goedemorgen goedemiddag hallo hoi graag bestelling pakket factuur"
	commonEN = "i you your my me it the a an not no and of on with for to that this these those how where what when why have has had can could will would do does did am are was been still already but then there at from by hello hi please order package invoice get got"
)

func compile(t *Taxonomy, p *phraser) *matcher {
	c := compiler{
		m:       &matcher{reasons: len(t.Reasons), products: len(t.Products), words: map[string]entry{}, prefixes: map[string]entry{}, suffixes: map[string]entry{}},
		slotOf:  map[string]int32{},
		phraser: p,
	}
	for _, words := range []string{notWords, onlyWords, butWords} { // in the order of the constants
		c.slot(words)
	}
	for i, r := range t.Reasons {
		c.m.priority = append(c.m.priority, r.Priority)
		reason := int32(i)
		c.add(reason, plain, r.Phrases)
		c.add(reason, negatable, r.Negatable)
		c.add(reason, unless, r.Unless)
	}
	for i, p := range t.Products {
		c.add(int32(len(t.Reasons)+i), plain, p.Phrases) //nolint:gosec // a file of 1 MB has fewer
	}
	c.weights(t)
	c.typos()
	c.common(commonNL, entry{nl: 1})
	c.common(commonEN, entry{en: 1})
	c.anchor()
	c.m.stems = slices.Sorted(maps.Keys(c.stems()))
	return c.m
}

type compiler struct {
	m       *matcher
	slotOf  map[string]int32
	phraser *phraser
}

func (c *compiler) add(target int32, k kind, p Phrases) {
	for _, l := range []struct {
		language string
		texts    []string
	}{{"nl", p.NL}, {"en", p.EN}} {
		for _, text := range l.texts {
			ph, err := c.phraser.phrase(text)
			if err != nil {
				panic("taxonomy: a phrase that was checked is wrong: " + err.Error())
			}
			one := compiled{target: target, kind: k, weight: ph.weight, language: l.language, matched: []string{text}}
			for _, pt := range ph.parts {
				var cp compiledPart
				for _, s := range pt {
					cp = append(cp, compiledSlot{c.slot(s.words), s.gap})
				}
				one.parts = append(one.parts, cp)
			}
			one.exact = ph.weight == 1 && ph.shortest() < minTypoAlone
			c.m.phrases = append(c.m.phrases, one)
		}
	}
}

// slot returns the number of the slot with these alternatives, made once.
func (c *compiler) slot(words string) int32 {
	if n, ok := c.slotOf[words]; ok {
		return n
	}
	n := int32(len(c.m.slots)) //nolint:gosec // as above
	c.slotOf[words] = n
	c.m.slots = append(c.m.slots, words)
	for w := range strings.SplitSeq(words, "|") {
		switch {
		case strings.HasSuffix(w, "*"):
			w = strings.TrimSuffix(w, "*")
			e := c.m.prefixes[w]
			e.slots = append(e.slots, n)
			c.m.prefixes[w] = e
		case strings.HasPrefix(w, "*"):
			w = strings.TrimPrefix(w, "*")
			e := c.m.suffixes[w]
			e.slots = append(e.slots, n)
			c.m.suffixes[w] = e
		default:
			e := c.m.words[w]
			e.slots = append(e.slots, n)
			c.m.words[w] = e
		}
	}
	return n
}

// common adds the words that tell a language.
func (c *compiler) common(words string, mark entry) {
	for w := range strings.FieldsSeq(words) {
		e := c.m.words[w]
		e.nl |= mark.nl
		e.en |= mark.en
		c.m.words[w] = e
	}
}

// typos indexes long words under themselves and under themselves with a
// letter left out. Two words that share such a key differ by one typing error.
func (c *compiler) typos() {
	m := c.m
	m.typos = make(map[string]near1, 8*len(m.words))
	add := func(key string, e entry) {
		n := m.typos[key]
		n.slots = append(n.slots, e.slots...)
		if e.pattern != 0 {
			n.patterns = append(n.patterns, e.pattern)
		}
		m.typos[key] = n
	}
	for _, w := range slices.Sorted(maps.Keys(m.words)) {
		if len(w) < minTypo || len(w) > 31 {
			continue
		}
		add(w, m.words[w])
		for i := 1; i < len(w); i++ {
			add(w[:i]+w[i+1:], m.words[w])
		}
	}
}

func (c *compiler) stems() map[int]bool {
	lengths := map[int]bool{}
	for w := range c.m.prefixes {
		lengths[len(w)] = true
	}
	for w := range c.m.suffixes {
		lengths[len(w)] = true
	}
	return lengths
}

// anchor files every phrase under the slot that the fewest phrases use.
func (c *compiler) anchor() {
	m := c.m
	uses := make([]int, len(m.slots))
	for _, p := range m.phrases {
		for _, part := range p.parts {
			for _, s := range part {
				uses[s.slot]++
			}
		}
	}
	m.byAnchor = make([][]int32, len(m.slots))
	for i, p := range m.phrases {
		all := slices.Concat(p.parts...)
		rarest := slices.MinFunc(all, func(a, b compiledSlot) int {
			return cmp.Compare(uses[a.slot], uses[b.slot])
		}).slot
		m.byAnchor[rarest] = append(m.byAnchor[rarest], int32(i))
	}
}

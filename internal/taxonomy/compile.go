package taxonomy

import (
	"strings"
	"sync"
)

// A matcher is the compiled form of all phrases. While a text is read, every
// slot has one bit for each word of the window that fills it; a phrase is
// then a few shifts and ands.
type matcher struct {
	reasons, products int   // targets: first the reasons, then the products
	priority          []int // of reasons

	slots    int
	words    map[string]entry
	prefixes map[string]entry // by the stem of "factu*"
	suffixes map[string]entry // by the stem of "*factuur"
	heads    byEdge           // lengths of the prefixes
	tails    byEdge           // and of the suffixes
	begins   byEdge           // of the words that may begin a compound
	ends     byEdge           // or end one
	typos    typos
	weights  [][]weighted // of each pattern; none for the first

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

type kind int8

const (
	plain kind = iota
	negatable
	unless
)

type compiled struct {
	phrase
	target   int32
	kind     kind
	exact    bool // a typing error does not count: too little else decides
	language string
	matched  []string // the phrase, ready for Result.Matched
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

func compile(t *Taxonomy) *matcher {
	c := compiler{m: &matcher{reasons: len(t.Reasons), products: len(t.Products)}, phraser: newPhraser(t.Words)}
	for _, words := range []string{notWords, onlyWords, butWords} { // in the order of the constants
		_, _ = c.slot(words)
	}
	c.m.phrases = make([]compiled, 0, usual)
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
	c.file()
	c.common(commonNL, entry{nl: 1})
	c.common(commonEN, entry{en: 1})
	c.anchor()
	c.edges()
	return c.m
}

type compiler struct {
	m *matcher
	*phraser
	pattern []int32 // of each word; 0 when it weighs nothing
}

func (c *compiler) add(target int32, k kind, p Phrases) {
	for _, l := range []struct {
		language string
		texts    []string
	}{{"nl", p.NL}, {"en", p.EN}} {
		for i, text := range l.texts {
			ph, err := c.phrase(text)
			if err != nil {
				panic("taxonomy: a phrase that was checked is wrong: " + err.Error())
			}
			one := compiled{phrase: ph, target: target, kind: k, language: l.language, matched: l.texts[i : i+1 : i+1]}
			one.exact = ph.weight == 1 && c.shortest(ph.parts[0][0].number) < minTypoAlone
			c.m.phrases = append(c.m.phrases, one)
		}
	}
}

// file files every word with the slots that it fills and what it weighs.
func (c *compiler) file() {
	m := c.m
	entries := make([]entry, len(c.words))
	for i := range entries {
		entries[i].pattern = c.pattern[i]
	}
	for slot, words := range c.slots {
		for _, w := range words {
			entries[w].slots = append(entries[w].slots, int32(slot))
		}
	}
	m.slots, m.words, m.prefixes, m.suffixes = len(c.slots), make(map[string]entry, len(c.words)), map[string]entry{}, map[string]entry{}
	for i, w := range c.words {
		switch {
		case strings.HasSuffix(w, "*"):
			m.prefixes[strings.TrimSuffix(w, "*")] = entries[i]
		case strings.HasPrefix(w, "*"):
			m.suffixes[strings.TrimPrefix(w, "*")] = entries[i]
		default:
			m.words[w] = entries[i]
			m.typos.add(w, entries[i])
		}
	}
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

// edges notes how long words and stems are.
func (c *compiler) edges() {
	m := c.m
	for w := range m.prefixes {
		m.heads.addFrom(w)
	}
	for w := range m.suffixes {
		m.tails.addTo(w)
	}
	for w := range m.words {
		if len(w) >= minTypo {
			m.begins.addFrom(w)
			m.ends.addTo(w)
		}
	}
}

// anchor files every phrase under the slot that the fewest phrases use.
func (c *compiler) anchor() {
	m := c.m
	uses := make([]int, m.slots)
	for _, p := range m.phrases {
		for _, part := range p.parts {
			for _, s := range part {
				uses[s.number]++
			}
		}
	}
	m.byAnchor = make([][]int32, m.slots)
	for i, p := range m.phrases {
		rarest := p.parts[0][0].number
		for _, part := range p.parts {
			for _, s := range part {
				if uses[s.number] < uses[rarest] {
					rarest = s.number
				}
			}
		}
		m.byAnchor[rarest] = append(m.byAnchor[rarest], int32(i))
	}
}

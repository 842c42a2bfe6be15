package taxonomy

import (
	"strings"
	"sync"
)

// A matcher is the compiled form of all phrases. A scan keeps one bit set per
// slot: bit i is set if word i of the window fills the slot. Matching a phrase then
// takes a few shifts and ANDs.
type matcher struct {
	reasons, products int   // numbers of targets: reasons come first, then products
	priority          []int // by reason

	slots         int
	words         map[string]wordEntry
	prefixes      map[string]wordEntry // by stem: "factu" of "factu*"
	suffixes      map[string]wordEntry // by stem: "factuur" of "*factuur"
	prefixLengths lengthsByEdge        // lengths of the stems in prefixes
	suffixLengths lengthsByEdge        // lengths of the stems in suffixes
	compoundHeads lengthsByEdge        // lengths of the words that can begin a compound
	compoundTails lengthsByEdge        // lengths of the words that can end a compound
	typos         typoIndex
	weights       [][]reasonWeight // by pattern; pattern 0 has none

	phrases  []compiledPhrase
	byAnchor [][]int32 // phrases by their least used slot
	pool     sync.Pool
}

// A wordEntry describes a word of the taxonomy, or a stem with *.
type wordEntry struct {
	slots   []int32
	pattern int32 // index of its weights; 0 if it has none
	nl, en  int8  // 1 for a common word of that language
}

// A phraseKind is the effect of a phrase on its target.
type phraseKind int8

const (
	plainPhrase phraseKind = iota
	negatablePhrase
	voidingPhrase
)

type compiledPhrase struct {
	phrase
	target   int32
	kind     phraseKind
	exact    bool // a word with a typing error does not match
	language string
	matched  []string // the text of the phrase, for Result.Matched
}

// The slots that every taxonomy has.
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

// Common words of one language. Words of both languages, such as "is", are left out.
const (
	commonNL = "ik je jij u uw mijn mij wij we jullie het de een niet geen en van op met voor aan dat die deze dit hoe waar wat wanneer waarom heb hebt heeft kan kunt wil moet ben bent zijn was werd worden nog al ook maar dan er bij naar uit om te goedemorgen goedemiddag hallo hoi graag bestelling pakket factuur"
	commonEN = "i you your my me it the a an not no and of on with for to that this these those how where what when why have has had can could will would do does did am are was been still already but then there at from by hello hi please order package invoice get got"
)

// compileMatcher compiles the phrases and vocabularies of t.
func compileMatcher(t *Taxonomy) *matcher {
	c := compiler{m: &matcher{reasons: len(t.Reasons), products: len(t.Products)}, phraseParser: newPhraseParser(t.Words)}
	for _, words := range []string{notWords, onlyWords, butWords} { // in the order of the constants
		_, _ = c.slotNumber(words)
	}
	c.m.phrases = make([]compiledPhrase, 0, expectedSize)
	for i, r := range t.Reasons {
		c.m.priority = append(c.m.priority, r.Priority)
		reason := int32(i)
		c.addPhrases(reason, plainPhrase, r.Phrases)
		c.addPhrases(reason, negatablePhrase, r.Negatable)
		c.addPhrases(reason, voidingPhrase, r.Unless)
	}
	for i, p := range t.Products {
		c.addPhrases(int32(len(t.Reasons)+i), plainPhrase, p.Phrases) //nolint:gosec // a file of 1 MB has fewer
	}
	c.computeWeights(t)
	c.indexWords()
	c.addCommonWords(commonNL, wordEntry{nl: 1})
	c.addCommonWords(commonEN, wordEntry{en: 1})
	c.indexByAnchor()
	c.indexWordLengths()
	return c.m
}

// A compiler builds a matcher.
type compiler struct {
	m *matcher
	*phraseParser
	pattern []int32 // by word; 0 if it has no weights
}

// addPhrases compiles the phrases of a target.
func (c *compiler) addPhrases(target int32, k phraseKind, p Phrases) {
	for _, l := range []struct {
		language string
		texts    []string
	}{{"nl", p.NL}, {"en", p.EN}} {
		for i, text := range l.texts {
			ph, err := c.parsePhrase(text)
			if err != nil {
				panic("taxonomy: invalid phrase in a checked taxonomy: " + err.Error())
			}
			one := compiledPhrase{phrase: ph, target: target, kind: k, language: l.language, matched: l.texts[i : i+1 : i+1]}
			one.exact = ph.weight == 1 && c.shortestWord(ph.parts[0][0].number) < minTypoAlone
			c.m.phrases = append(c.m.phrases, one)
		}
	}
}

// indexWords stores every word with its slots and weights.
func (c *compiler) indexWords() {
	m := c.m
	entries := make([]wordEntry, len(c.words))
	for i := range entries {
		entries[i].pattern = c.pattern[i]
	}
	for slot, words := range c.slots {
		for _, w := range words {
			entries[w].slots = append(entries[w].slots, int32(slot))
		}
	}
	m.slots = len(c.slots)
	m.words = make(map[string]wordEntry, len(c.words))
	m.prefixes = map[string]wordEntry{}
	m.suffixes = map[string]wordEntry{}
	for i, w := range c.words {
		switch {
		case strings.HasSuffix(w, "*"):
			m.prefixes[strings.TrimSuffix(w, "*")] = entries[i]
		case strings.HasPrefix(w, "*"):
			m.suffixes[strings.TrimPrefix(w, "*")] = entries[i]
		default:
			m.words[w] = entries[i]
			m.typos.addWord(w, entries[i])
		}
	}
}

// addCommonWords adds words that indicate a language.
func (c *compiler) addCommonWords(words string, mark wordEntry) {
	for w := range strings.FieldsSeq(words) {
		e := c.m.words[w]
		e.nl |= mark.nl
		e.en |= mark.en
		c.m.words[w] = e
	}
}

// indexWordLengths stores the lengths of words and stems.
func (c *compiler) indexWordLengths() {
	m := c.m
	for w := range m.prefixes {
		m.prefixLengths.addPrefixLength(w)
	}
	for w := range m.suffixes {
		m.suffixLengths.addSuffixLength(w)
	}
	for w := range m.words {
		if len(w) >= minTypo {
			m.compoundHeads.addPrefixLength(w)
			m.compoundTails.addSuffixLength(w)
		}
	}
}

// indexByAnchor lists every phrase under the one of its slots that the fewest
// phrases use.
func (c *compiler) indexByAnchor() {
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

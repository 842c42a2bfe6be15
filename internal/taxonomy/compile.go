package taxonomy

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/heard-intake/heard/internal/taxonomy/lexicon"
)

// A matcher is the compiled form of all phrases. A scan keeps one bit set per
// slot: bit i is set if word i of the window fills the slot. Matching a phrase then
// takes a few shifts and ANDs.
type matcher struct {
	reasons, products int   // numbers of targets: reasons come first, then products
	priority          []int // by reason

	slots         int
	words         map[string][]int32  // slots by word
	prefixes      map[string][]int32  // slots by stem: "factu" of "factu*"
	suffixes      map[string][]int32  // slots by stem: "factuur" of "*factuur"
	common        map[string]language // common words of one language
	prefixLengths lengthsByEdge       // lengths of the stems in prefixes
	suffixLengths lengthsByEdge       // lengths of the stems in suffixes
	compoundTails lengthsByEdge       // lengths of the words that can end a compound
	typos         typoIndex
	orderToken    *regexp.Regexp          // matches an order number; may be nil
	orderWord     wordEntry               // the meaning of an order number
	followers     map[string]bool         // words that may follow the particle of a separated verb
	chat          map[string][]*wordEntry // chat spellings
	cache         wordCache

	// The lexicon.
	stems        [languages]map[string][]int32 // slots by stem
	compounds    map[string][]int32            // slots by the stem of a Dutch word that can be part of a compound
	wideTypos    [languages]typoIndex          // words of the lexicon and of widened phrases
	isState      []bool                        // by slot: it is filled by a concept that a negation removes
	expressions  []compiledPhrase
	byExpression [][]int32 // expressions by their least used slot
	feeds        []feed
	forms        []wideForm
	byKey        [][]int32 // forms by their least used key

	phrases  []compiledPhrase
	byAnchor [][]int32 // phrases of reasons and products by their least used slot
	asides   [][]int32 // asides, closings and harmless phrases by their least used slot
	pool     sync.Pool
}

// A phraseKind is the effect of a phrase on its target.
type phraseKind int8

const (
	plainPhrase phraseKind = iota
	negatablePhrase
	voidingPhrase
	asidePhrase    // the words of the phrase, and those between them, do not count
	closingPhrase  // the phrase begins the signature of a mail
	signPhrase     // a negatable sign of danger, from the lexicon
	harmlessPhrase // an everyday phrase with words of a sign
	conceptPhrase  // an expression of the lexicon; its target is a slot
)

type compiledPhrase struct {
	phrase
	target    int32
	kind      phraseKind
	exact     bool // a word with a typing error does not match
	negatable bool // a negation before it excludes it
	danger    bool // the target is about a danger: words of a harmless phrase do not match
	language  language
	matched   []string // the text of the phrase, for Result.Matched
}

// The slots that every taxonomy has.
const (
	slotNot int32 = iota
	slotOnly
	slotBut
	slotNone
	slotSkip
)

const (
	maxSkip     = 2 // most of these words in one place
	maxWideGap  = 5 // most words that .. matches in an expression
	maxFinalGap = 8 // the same before the last part of a separated verb
)

// compileMatcher compiles the phrases of t.
func compileMatcher(t *Taxonomy) *matcher {
	c := compiler{m: &matcher{reasons: len(t.Reasons), products: len(t.Products)}, phraseParser: newPhraseParser(t.Words)}
	for _, words := range []string{notWords, onlyWords, butWords, noneWords, skipWords} { // in the order of the constants
		_, _ = c.slotNumber(words)
	}
	c.m.phrases = make([]compiledPhrase, 0, expectedSize)
	for i, r := range t.Reasons {
		c.m.priority = append(c.m.priority, r.Priority)
		reason := int32(i)
		c.addPhrases(reason, plainPhrase, r.Phrases)
		c.addPhrases(reason, negatablePhrase, r.Negatable)
		c.addPhrases(reason, voidingPhrase, r.Unless)
		if r.Severity == Critical {
			c.addDangers(reason)
		}
	}
	for i, p := range t.Products {
		c.addPhrases(int32(len(t.Reasons)+i), plainPhrase, p.Phrases) //nolint:gosec // a file of 1 MB has fewer
	}
	c.addAsides()
	c.widenPhrases(t)
	c.indexWords()
	c.indexCommonWords()
	c.indexByAnchor()
	c.indexWordLengths()
	c.m.orderToken = compileOrderToken(t.OrderNumber)
	for _, w := range orderWords {
		c.m.orderWord.slots = append(c.m.orderWord.slots, c.m.words[w]...)
	}
	stemmer := lexicon.NewStemmer()
	c.m.orderWord.wide[dutch] = c.m.stems[dutch][stemmer.Dutch("bestelling")]
	c.m.orderWord.wide[english] = c.m.stems[english][stemmer.English("order")]
	c.m.cache.entries = map[string]*wordEntry{}
	c.m.followers = wordSet(followers)
	c.indexForms()
	c.addChat()
	return c.m
}

// A compiler builds a matcher.
type compiler struct {
	m *matcher
	*phraseParser
}

// addPhrases compiles the phrases of a target.
func (c *compiler) addPhrases(target int32, k phraseKind, p Phrases) {
	for _, l := range []struct {
		language language
		texts    []string
	}{{dutch, p.NL}, {english, p.EN}} {
		for i, text := range l.texts {
			ph, err := c.parsePhrase(text)
			if err != nil {
				panic("taxonomy: invalid phrase in a checked taxonomy: " + err.Error())
			}
			one := compiledPhrase{phrase: ph, target: target, kind: k, language: l.language, matched: l.texts[i : i+1 : i+1]}
			if k == voidingPhrase || int(target) >= c.m.reasons {
				one.language = undecided // names of products are the same in both languages
			}
			one.danger = k == signPhrase
			one.negatable = k == negatablePhrase || (k == signPhrase && !c.hasNegation(ph))
			one.exact = ph.weight == 1 && c.shortestWord(ph.parts[0][0].number) < minTypoAlone
			c.m.phrases = append(c.m.phrases, one)
		}
	}
}

// indexWords stores every word with its slots.
func (c *compiler) indexWords() {
	m := c.m
	entries := make([][]int32, len(c.words))
	for slot, words := range c.slots {
		for _, w := range words {
			entries[w] = append(entries[w], int32(slot))
		}
	}
	m.slots = len(c.slots)
	m.words = make(map[string][]int32, len(c.words))
	m.prefixes = map[string][]int32{}
	m.suffixes = map[string][]int32{}
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

// indexCommonWords stores the words that indicate a language.
func (c *compiler) indexCommonWords() {
	c.m.common = make(map[string]language, 512)
	for w := range strings.FieldsSeq(commonDutch) {
		c.m.common[w] = dutch
	}
	for w := range strings.FieldsSeq(commonEnglish) {
		c.m.common[w] = english
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
	m.asides = make([][]int32, m.slots)
	for i, p := range m.phrases {
		rarest := p.parts[0][0].number
		for _, part := range p.parts {
			for _, s := range part {
				if uses[s.number] < uses[rarest] {
					rarest = s.number
				}
			}
		}
		switch p.kind {
		case asidePhrase, closingPhrase, harmlessPhrase:
			m.asides[rarest] = append(m.asides[rarest], int32(i))
		default:
			m.byAnchor[rarest] = append(m.byAnchor[rarest], int32(i))
		}
	}
}

// addAsides compiles the asides and closings of the lexicon.
func (c *compiler) addAsides() {
	c.addPhrases(0, asidePhrase, Phrases(lexicon.Asides))
	c.addPhrases(0, closingPhrase, Phrases(lexicon.Closings))
}

// addDangers adds the signs of dangers to a critical reason: of each danger
// that a phrase of the reason names. The reason's phrases must be the last ones
// in the list of phrases.
func (c *compiler) addDangers(reason int32) {
	first := len(c.m.phrases)
	for first > 0 && c.m.phrases[first-1].target == reason {
		first--
	}
	own := c.m.phrases[first:]
	for _, d := range lexicon.Dangers {
		if !slices.ContainsFunc(own, func(p compiledPhrase) bool { return p.kind != voidingPhrase && c.isAbout(p.phrase, d.Topics) }) {
			continue
		}
		for i := range own {
			own[i].danger = true
		}
		c.addPhrases(reason, signPhrase, Phrases(d.Signs))
		c.addPhrases(reason, harmlessPhrase, Phrases(d.Everyday))
	}
}

// isAbout reports whether a word of the phrase begins with one of the topics.
func (c *compiler) isAbout(p phrase, topics []string) bool {
	return slices.ContainsFunc(c.wordsOf(p), func(word string) bool {
		return slices.ContainsFunc(topics, func(topic string) bool { return strings.HasPrefix(word, topic) })
	})
}

// hasNegation reports whether a word of the phrase is a negation, as in "not safe".
func (c *compiler) hasNegation(p phrase) bool {
	return slices.ContainsFunc(c.wordsOf(p), func(word string) bool { return strings.Contains("|"+notWords+"|", "|"+word+"|") })
}

// addStem makes the words with a stem fill a slot. Slot -1 only makes them known.
func (m *matcher) addStem(l language, stem string, slot int32) {
	if m.stems[l] == nil {
		m.stems[l] = make(map[string][]int32, expectedSize)
	}
	known, ok := m.stems[l][stem]
	switch {
	case slot >= 0:
		m.stems[l][stem] = append(known, slot)
	case !ok:
		m.stems[l][stem] = nil
	}
}

// indexForms lists every expression and every wide form under its least used slot.
func (c *compiler) indexForms() {
	m := c.m
	uses := make([]int, m.slots)
	for _, e := range m.expressions {
		for _, s := range e.parts[0] {
			uses[s.number]++
		}
	}
	m.byExpression = make([][]int32, m.slots)
	for i, e := range m.expressions {
		rarest := e.parts[0][0].number
		for _, s := range e.parts[0] {
			if uses[s.number] < uses[rarest] {
				rarest = s.number
			}
		}
		m.byExpression[rarest] = append(m.byExpression[rarest], int32(i))
	}
	clear(uses)
	for _, f := range m.forms {
		for _, k := range f.keys {
			uses[k]++
		}
	}
	m.byKey = make([][]int32, m.slots)
	for i, f := range m.forms {
		rarest := f.keys[0]
		for _, k := range f.keys {
			if uses[k] < uses[rarest] {
				rarest = k
			}
		}
		m.byKey[rarest] = append(m.byKey[rarest], int32(i))
	}
}

// addChat adds the chat spellings that are not words of the taxonomy.
func (c *compiler) addChat() {
	c.m.chat = make(map[string][]*wordEntry, len(lexicon.Chat))
	s := c.m.acquireState()
	for from, to := range lexicon.Chat {
		if _, ok := c.m.words[from]; ok {
			continue
		}
		for w := range strings.FieldsSeq(to) {
			s.word = append(s.word[:0], w...)
			c.m.chat[from] = append(c.m.chat[from], c.m.lookupWord(s))
		}
	}
}

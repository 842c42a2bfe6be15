package classifier

import (
	"math"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// A featureKind says how a feature is computed from the words of a text.
type featureKind uint8

const (
	wordFeature        featureKind = iota // a word
	pairFeature                           // two neighbouring words
	gramFeature                           // some letters of a word
	negatedFeature                        // a word closely after a negation
	conceptFeature                        // a concept of one of the words
	conceptPairFeature                    // two concepts of words that are close to each other, in any order
	languageFeature                       // the language of the text; every text has one
	kinds
)

// A feature is a property of a text that has weights.
type feature struct {
	hash        uint32
	kind        featureKind
	first, last uint16 // indexes of its words
}

// A token is a word of a text. A number and the name of a product are one token.
type token struct {
	hash     uint32
	sentence uint32
	from, to int32    // range in the text
	folded   [2]int32 // range in extraction.folded, which has a space before and after it
	concepts [2]int32 // range in extraction.concepts
	masked   bool     // a number or a product: its letters say nothing
}

const (
	maxTokens     = 400 // the reason of a longer text is normally in its first words
	maxFeatures   = 8000
	maxWordBytes  = 40
	maxNegation   = 3 // words after a negation that it negates
	conceptReach  = 6 // largest distance of the words of a pair of concepts
	maxNameWords  = 4 // largest number of words of the name of a product
	seenSlots     = 1 << 14
	priceMask     = "00,00"
	dateMask      = "00-00"
	maxConceptIDs = 4 * maxTokens
	longText      = 30 // words of a text that is divided into sentences
	minSentence   = 2  // words of a sentence that is a part
	maxParts      = 40 // the whole text and its first sentences
)

// An extraction is the memory in which the features of a text are computed.
type extraction struct {
	folded   []byte
	tokens   []token
	concepts []uint32
	parts    []part // the first one is the whole text

	// About the last part:
	features []feature
	values   [kinds]float32 // value of each feature of a kind
	counts   [kinds]int

	// seen is an open hash table of the features. A slot is used if its mark is the
	// current one.
	seen  []uint32
	marks []uint32
	mark  uint32
}

func newExtraction() *extraction {
	return &extraction{
		folded: make([]byte, 0, 4096), tokens: make([]token, 0, maxTokens), features: make([]feature, 0, maxFeatures),
		concepts: make([]uint32, 0, maxConceptIDs), parts: make([]part, 0, maxParts),
		seen: make([]uint32, seenSlots), marks: make([]uint32, seenSlots),
	}
}

// Seeds of the hashes of features.
const (
	seedWord uint32 = iota + 1
	seedPair
	seedGram
	seedNegated
	seedConcept
	seedConceptPair
	seedLanguage
	seedProduct
)

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

// hashBytes returns a hash of b (FNV-1a, finished as MurmurHash3 does).
func hashBytes(seed uint32, b []byte) uint32 {
	h := seed ^ fnvOffset
	for _, c := range b {
		h = (h ^ uint32(c)) * fnvPrime
	}
	return finishHash(h)
}

func finishHash(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

func combineHashes(seed, a, b uint32) uint32 { return finishHash(finishHash(a^seed)*31 + b) }

var (
	productHash = hashBytes(seedWord, []byte("<product>"))
	priceHash   = hashBytes(seedWord, []byte(priceMask))
	dateHash    = hashBytes(seedWord, []byte(dateMask))
	negations   = hashWords("niet", "geen", "nooit", "nergens", "zonder", "niets", "niks",
		"not", "no", "never", "without", "isnt", "arent", "wasnt", "werent", "doesnt", "dont", "didnt", "hasnt", "havent", "cant", "cannot", "wont", "nothing")
)

func hashWords(words ...string) map[uint32]bool {
	set := map[uint32]bool{}
	for _, w := range words {
		set[hashBytes(seedWord, []byte(w))] = true
	}
	return set
}

// A part is a range of the tokens of a text: the whole text, or a sentence.
type part struct{ from, to int }

// readText reads the tokens of text and divides them into parts: the whole text, and
// for a long text its sentences of at least two words. The remarks and greetings in a
// mail would hide the sentence with the reason.
func (x *extraction) readText(text string, products map[uint32]bool) {
	x.folded = x.folded[:0]
	x.tokens = x.tokens[:0]
	x.concepts = x.concepts[:0]
	x.splitWords(text)
	x.replaceProducts(products)
	for i := range x.tokens {
		t := &x.tokens[i]
		begin := int32(len(x.concepts)) //nolint:gosec // texts are short
		if !t.masked {
			x.concepts = appendConcepts(x.concepts, x.folded[t.folded[0]:t.folded[1]])
		}
		t.concepts = [2]int32{begin, int32(len(x.concepts))} //nolint:gosec // as above
	}
	x.parts = append(x.parts[:0], part{0, len(x.tokens)})
	if len(x.tokens) < longText {
		return
	}
	begin := 0
	for i := range x.tokens {
		isLast := i+1 == len(x.tokens) || x.tokens[i+1].sentence != x.tokens[i].sentence
		if !isLast {
			continue
		}
		sentence := part{begin, i + 1}
		if sentence.to-sentence.from >= minSentence && sentence != x.parts[0] && len(x.parts) < maxParts {
			x.parts = append(x.parts, sentence)
		}
		begin = i + 1
	}
}

// extractFeatures computes the features of a part.
func (x *extraction) extractFeatures(o *settings, language string, of part) {
	x.features = x.features[:0]
	x.counts = [kinds]int{}
	if x.mark++; x.mark == 0 {
		clear(x.marks)
		x.mark = 1
	}
	x.addFeature(hashBytes(seedLanguage, nil), languageFeature, of.from, of.from)
	switch language {
	case "nl":
		x.addFeature(combineHashes(seedLanguage, 1, 0), languageFeature, of.from, of.from)
	case "en":
		x.addFeature(combineHashes(seedLanguage, 2, 0), languageFeature, of.from, of.from)
	}
	negated := 0 // words that the last negation still negates
	for i := of.from; i < of.to; i++ {
		t := &x.tokens[i]
		x.addFeature(t.hash, wordFeature, i, i)
		startsSentence := i == of.from || x.tokens[i-1].sentence != t.sentence
		if startsSentence {
			negated = 0
		} else {
			x.addFeature(combineHashes(seedPair, x.tokens[i-1].hash, t.hash), pairFeature, i-1, i)
		}
		if negated > 0 {
			negated--
			x.addFeature(combineHashes(seedNegated, t.hash, 0), negatedFeature, i, i)
		}
		if negations[t.hash] {
			negated = maxNegation
		}
		if !t.masked {
			x.addGrams(o, i)
			x.addConcepts(i, of.from)
		}
	}
	for k, n := range x.counts {
		x.values[k] = o.values[k]
		if featureKind(k) != languageFeature {
			x.values[k] /= float32(math.Sqrt(float64(max(n, 1))))
		}
	}
}

// addFeature adds a feature once per text.
func (x *extraction) addFeature(hash uint32, kind featureKind, first, last int) {
	if len(x.features) == maxFeatures {
		return
	}
	i := hash & (seenSlots - 1)
	for x.marks[i] == x.mark {
		if x.seen[i] == hash {
			return
		}
		i = (i + 1) & (seenSlots - 1)
	}
	x.marks[i] = x.mark
	x.seen[i] = hash
	x.features = append(x.features, feature{hash, kind, uint16(first), uint16(last)}) //nolint:gosec // at most maxTokens
	x.counts[kind]++
}

// addGrams adds the groups of letters of a word. The spaces before and after the
// word count as letters, so that its beginning and end differ from its middle.
func (x *extraction) addGrams(o *settings, i int) {
	t := &x.tokens[i]
	word := x.folded[t.folded[0]-1 : t.folded[1]+1]
	for from := range word {
		if !utf8.RuneStart(word[from]) {
			continue
		}
		h := seedGram ^ fnvOffset
		letters := 0
		for j, c := range word[from:] {
			if j > 0 && utf8.RuneStart(c) {
				if letters++; letters >= o.shortestGram {
					x.addFeature(finishHash(h), gramFeature, i, i)
				}
				if letters == o.longestGram {
					break
				}
			}
			h = (h ^ uint32(c)) * fnvPrime
		}
		if letters < o.longestGram && letters+1 >= o.shortestGram {
			x.addFeature(finishHash(h), gramFeature, i, i)
		}
	}
}

// addConcepts adds the concepts of a word, and their pairs with those of the words
// shortly before it in the sentence. The part begins with token first.
func (x *extraction) addConcepts(i, first int) {
	t := &x.tokens[i]
	for _, a := range x.conceptsOf(t) {
		x.addFeature(combineHashes(seedConcept, a, 0), conceptFeature, i, i)
		for j := i - 1; j >= max(first, i-conceptReach) && x.tokens[j].sentence == t.sentence; j-- {
			for _, b := range x.conceptsOf(&x.tokens[j]) {
				if a != b {
					x.addFeature(combineHashes(seedConceptPair, min(a, b), max(a, b)), conceptPairFeature, j, i)
				}
			}
		}
	}
}

func (x *extraction) conceptsOf(t *token) []uint32 { return x.concepts[t.concepts[0]:t.concepts[1]] }

// A wordScanner reads the words of a text one by one.
type wordScanner struct {
	text     string
	at       int
	sentence uint32
	// About the last word:
	from, digits, letters int
	separator             rune // the character before it, if it is the only one
	currency              bool // a currency sign is before it
}

// appendNext appends the next word in folded form. It appends nothing at the end.
func (s *wordScanner) appendNext(b []byte) []byte {
	begin := len(b)
	s.from = -1
	s.digits = 0
	s.letters = 0
	s.separator = 0
	s.currency = false
	separators := 0
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		before := len(b)
		var inWord bool
		if b, inWord = taxonomy.AppendFold(b, r); !inWord {
			if before > begin {
				return b
			}
			s.readSeparator(r, size)
			if separators++; separators > 1 {
				s.separator = 0
			}
			s.at += size
			continue
		}
		if s.from < 0 {
			s.from = s.at
		}
		s.at += size
		switch {
		case len(b) == before: // an accent
		case '0' <= b[before] && b[before] <= '9':
			s.digits++
		default:
			s.letters++
		}
	}
	return b
}

func (s *wordScanner) readSeparator(r rune, size int) {
	s.separator = r
	switch r {
	case '€', '$', '£':
		s.currency = true
	case '!', '?', '\n':
		s.sentence++
	case '.':
		rest := s.text[s.at+size:]
		if rest == "" || rest[0] == ' ' || rest[0] == '\n' {
			s.sentence++
		}
	}
}

// splitWords reads the tokens of text. It masks numbers by their form.
func (x *extraction) splitWords(text string) {
	s := wordScanner{text: text}
	x.folded = append(x.folded, ' ')
	for len(x.tokens) < maxTokens {
		begin := len(x.folded)
		x.folded = s.appendNext(x.folded)
		if len(x.folded) == begin {
			return
		}
		x.folded = x.folded[:min(len(x.folded), begin+maxWordBytes)]
		isNumber := s.digits > 0 && s.letters == 0
		if isNumber && x.joinNumber(&s) {
			x.folded = x.folded[:begin]
			continue
		}
		if s.digits > 1 { // a single digit is kept, as in "2 times"
			maskDigits(x.folded[begin:])
		}
		t := token{
			hash: hashBytes(seedWord, x.folded[begin:]), sentence: s.sentence, from: int32(s.from), to: int32(s.at), //nolint:gosec // texts are short
			folded: [2]int32{int32(begin), int32(len(x.folded))}, masked: isNumber, //nolint:gosec // as above
		}
		if isNumber && s.currency {
			t.hash = priceHash
		}
		x.tokens = append(x.tokens, t)
		x.folded = append(x.folded, ' ')
	}
}

// joinNumber joins a number with the number before it if only a separator is between
// them: 14,95 is a price, 12-3 a date.
func (x *extraction) joinNumber(s *wordScanner) bool {
	if len(x.tokens) == 0 || s.separator == 0 {
		return false
	}
	last := &x.tokens[len(x.tokens)-1]
	if !last.masked {
		return false
	}
	switch s.separator {
	case ',', '.':
		last.hash = priceHash
	case '-', '/':
		last.hash = dateHash
	default:
		return false
	}
	last.to = int32(s.at) //nolint:gosec // texts are short
	return true
}

// maskDigits replaces digits by zeros, so that numbers of the same form are equal.
func maskDigits(word []byte) {
	for i, c := range word {
		if '0' <= c && c <= '9' {
			word[i] = '0'
		}
	}
}

// replaceProducts replaces the name of any product by the same token.
func (x *extraction) replaceProducts(products map[uint32]bool) {
	if len(products) == 0 {
		return
	}
	out := x.tokens[:0]
	for i := 0; i < len(x.tokens); {
		n := 0 // words of the longest name that begins here
		h := seedProduct
		for j := i; j < min(i+maxNameWords, len(x.tokens)); j++ {
			if h = combineHashes(seedProduct, h, x.tokens[j].hash); products[h] {
				n = j - i + 1
			}
		}
		t := x.tokens[i]
		if n > 0 {
			t.hash = productHash
			t.masked = true
			t.to = x.tokens[i+n-1].to
		}
		out = append(out, t)
		i += max(n, 1)
	}
	x.tokens = out
}

// hashName returns the hash of the name of a product.
func hashName(words []string) uint32 {
	h := seedProduct
	for _, w := range words {
		h = combineHashes(seedProduct, h, hashBytes(seedWord, []byte(w)))
	}
	return h
}

package classifier

import (
	"math"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// Limits of what is read of a text.
const (
	maxTokens = 400 // words; the reason of a longer text is normally in its first words
	maxWord   = 40  // bytes of a folded word
)

// A featureKind says how a feature is made from the words of a text.
type featureKind uint8

const (
	wordFeature featureKind = iota // a word
	pairFeature                    // two neighbouring words
	skipFeature                    // two words with one or two between them, in any order
	charFeature                    // three to five letters of a word
	notFeature                     // a word after a negation
	biasFeature                    // the language
	kinds
)

// A feature is a property of a text that has weights.
type feature struct {
	hash  uint32
	kind  featureKind
	token uint16 // index of its first word
	other uint16 // index of its second word, or again the first
}

// A token is a word of a text.
type token struct {
	hash     uint32
	from, to int32 // range in the text
	sentence uint16
	folded   [2]int32 // range in extraction.folded
	masked   bool     // a number or a product: its letters say nothing
}

// An extraction is the memory of one extraction.
type extraction struct {
	folded   []byte
	tokens   []token
	features []feature
	counts   [kinds]int
	values   [kinds]float32
	// seen is an open hash table of the features; a slot is in use if its mark is
	// the current one.
	seen  []uint32
	marks []uint32
	mark  uint32
}

const seenSlots = 1 << 14

func newExtraction() *extraction {
	return &extraction{
		folded: make([]byte, 0, 4096), tokens: make([]token, 0, maxTokens), features: make([]feature, 0, 4096),
		seen: make([]uint32, seenSlots), marks: make([]uint32, seenSlots),
	}
}

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

func hashBytes(seed uint32, b []byte) uint32 {
	h := seed ^ fnvOffset
	for _, c := range b {
		h = (h ^ uint32(c)) * fnvPrime
	}
	return mix(h)
}

func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

func combine(seed, a, b uint32) uint32 { return mix(mix(a^seed)*31 + b) }

// Seeds of the kinds of features.
const (
	seedWord uint32 = iota + 1
	seedPair
	seedSkip
	seedChar
	seedNot
	seedBias
	seedProduct
)

var (
	productHash = hashBytes(seedWord, []byte("<product>"))
	negations   = hashSet("niet", "geen", "nooit", "nergens", "zonder", "niets", "niks", "not", "no", "never", "without", "isnt", "arent", "wasnt", "werent", "doesnt", "dont", "didnt", "hasnt", "havent", "cant", "cannot", "wont", "nothing")
)

func hashSet(words ...string) map[uint32]bool {
	set := map[uint32]bool{}
	for _, w := range words {
		set[hashBytes(seedWord, []byte(w))] = true
	}
	return set
}

// extract reads the features of text into x.
func (x *extraction) extract(o *settings, text, language string, products map[uint32]bool) {
	x.folded = x.folded[:0]
	x.tokens = x.tokens[:0]
	x.features = x.features[:0]
	x.counts = [kinds]int{}
	if x.mark++; x.mark == 0 {
		clear(x.marks)
		x.mark = 1
	}
	x.tokenize(text)
	x.replaceProducts(products)
	x.add(hashBytes(seedBias, nil), biasFeature, 0, 0)
	switch language {
	case "nl":
		x.add(hashBytes(seedBias, []byte("nl")), biasFeature, 0, 0)
	case "en":
		x.add(hashBytes(seedBias, []byte("en")), biasFeature, 0, 0)
	}
	scope := 0
	for i := range x.tokens {
		t := &x.tokens[i]
		x.add(t.hash, wordFeature, i, i)
		if i > 0 && x.tokens[i-1].sentence != t.sentence {
			scope = 0
		}
		if scope > 0 && o.not > 0 {
			x.add(combine(seedNot, t.hash, 0), notFeature, i, i)
		}
		scope--
		if negations[t.hash] {
			scope = 3
		}
		if i > 0 && x.tokens[i-1].sentence == t.sentence {
			x.add(combine(seedPair, x.tokens[i-1].hash, t.hash), pairFeature, i-1, i)
		}
		if o.skip > 0 {
			for d := 2; d <= 3 && i-d >= 0 && x.tokens[i-d].sentence == t.sentence; d++ {
				a, b := x.tokens[i-d].hash, t.hash
				x.add(combine(seedSkip, min(a, b), max(a, b)), skipFeature, i-d, i)
			}
		}
		if !t.masked && o.char > 0 {
			x.addGrams(o, i)
		}
	}
	weights := [kinds]float32{o.word, o.pair, o.skip, o.char, o.not, o.bias}
	for k, n := range x.counts {
		x.values[k] = 0
		if n > 0 {
			x.values[k] = weights[k] * float32(1/math.Sqrt(float64(n)))
		}
	}
	x.values[biasFeature] = weights[biasFeature]
}

// addGrams adds the groups of letters of a word. A mark before and after the word
// makes beginnings and ends distinct.
func (x *extraction) addGrams(o *settings, i int) {
	t := &x.tokens[i]
	word := x.folded[t.folded[0]-1 : t.folded[1]+1] // a space before and after
	for from := range word {
		if !utf8.RuneStart(word[from]) {
			continue
		}
		h := uint32(fnvOffset)
		letters := 0
		for j := from; j < len(word); {
			_, size := utf8.DecodeRune(word[j:])
			for range size {
				h = (h ^ uint32(word[j])) * fnvPrime
				j++
			}
			letters++
			if letters >= o.shortestGram {
				x.add(combine(seedChar, h, 0), charFeature, i, i)
			}
			if letters == o.longestGram {
				break
			}
		}
	}
}

// add adds a feature once per text.
func (x *extraction) add(hash uint32, k featureKind, token, other int) {
	if len(x.features) == cap(x.features)-1 || len(x.features) > seenSlots/2 {
		if len(x.features) > seenSlots/2 {
			return
		}
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
	x.features = append(x.features, feature{hash, k, uint16(token), uint16(other)})
	x.counts[k]++
}

// tokenize splits text into folded words. Numbers are masked by their form.
func (x *extraction) tokenize(text string) {
	x.folded = append(x.folded, ' ')
	sentence := uint16(0)
	euro := false // a currency sign precedes
	var between byte
	for i := 0; i < len(text) && len(x.tokens) < maxTokens; {
		start := i
		at := len(x.folded)
		digits, letters := 0, 0
		begin := -1
		for i < len(text) {
			r, size := utf8.DecodeRuneInString(text[i:])
			n := len(x.folded)
			var in bool
			x.folded, in = taxonomy.AppendFold(x.folded, r)
			if !in {
				if len(x.folded) > at {
					break
				}
				switch r {
				case '.', '!', '?', '\n':
					if i+size >= len(text) || text[i+size] == ' ' || text[i+size] == '\n' || r != '.' {
						sentence++
					}
				case '€', '$', '£':
					euro = true
				}
				between = 0
				if r < 0x80 && size == 1 && i == start {
					between = byte(r)
				}
				i += size
				continue
			}
			if begin < 0 {
				begin = i
			}
			if len(x.folded) > n {
				if '0' <= x.folded[n] && x.folded[n] <= '9' {
					digits++
				} else {
					letters++
				}
			}
			i += size
		}
		if len(x.folded) == at {
			break
		}
		if len(x.folded)-at > maxWord {
			x.folded = x.folded[:at+maxWord]
		}
		t := token{from: int32(begin), to: int32(i), sentence: sentence, folded: [2]int32{int32(at), int32(len(x.folded))}}
		word := x.folded[at:]
		switch {
		case digits > 0 && true:
			if x.joinNumber(text, between, digits, letters, t) {
				x.folded = x.folded[:at]
				euro = false
				continue
			}
			maskDigits(word, digits)
			if euro {
				word = append(word[:0], "00,00"...)
				x.folded = append(x.folded[:at], "00,00"...)
				t.folded[1] = int32(len(x.folded))
			}
			t.masked = letters == 0
		}
		euro = false
		t.hash = hashBytes(seedWord, word)
		x.tokens = append(x.tokens, t)
		x.folded = append(x.folded, ' ')
	}
}

var priceHash = hashBytes(seedWord, []byte("00,00"))
var dateHash = hashBytes(seedWord, []byte("00-00"))

// joinNumber joins a number with the number before it if only a separator is
// between them: 14,95 is a price, 12-3 a date.
func (x *extraction) joinNumber(text string, between byte, digits, letters int, t token) bool {
	if letters > 0 || len(x.tokens) == 0 {
		return false
	}
	last := &x.tokens[len(x.tokens)-1]
	if !last.masked || t.from-last.to != 1 {
		return false
	}
	switch between {
	case ',', '.':
		last.hash = priceHash
	case '-', '/':
		last.hash = dateHash
	default:
		return false
	}
	last.to = t.to
	return true
}

// maskDigits replaces the digits of a number by zeros, so that numbers of the same
// length are equal. A number of one digit is kept: "2 keer".
func maskDigits(word []byte, digits int) {
	if digits == 1 {
		return
	}
	for i, c := range word {
		if '0' <= c && c <= '9' {
			word[i] = '0'
		}
	}
}

// replaceProducts replaces the names of products by one word.
func (x *extraction) replaceProducts(products map[uint32]bool) {
	if len(products) == 0 {
		return
	}
	out := x.tokens[:0]
	for i := 0; i < len(x.tokens); {
		n := 0
		h := uint32(seedProduct)
		for j := 0; j < maxProductWords && i+j < len(x.tokens); j++ {
			h = combine(seedProduct, h, x.tokens[i+j].hash)
			if products[h] {
				n = j + 1
			}
		}
		if n == 0 {
			out = append(out, x.tokens[i])
			i++
			continue
		}
		t := x.tokens[i]
		t.to = x.tokens[i+n-1].to
		t.hash = productHash
		t.masked = true
		out = append(out, t)
		i += n
	}
	x.tokens = out
}

// maxProductWords is the largest number of words of a product name that is replaced.
const maxProductWords = 4

// hashProduct returns the hash of a product name, for [extraction.replaceProducts].
func hashProduct(words []string) uint32 {
	h := uint32(seedProduct)
	for _, w := range words {
		h = combine(seedProduct, h, hashBytes(seedWord, []byte(w)))
	}
	return h
}

package classifier

import (
	"bytes"
	_ "embed" // for the concepts
	"hash/crc32"
	"slices"
	"strings"
	"sync"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// conceptText lists the everyday words of customer service by concept, in Dutch and
// in English. The concepts belong to no organisation. With them a model that saw
// "kapot" in examples also knows "stuk", "defect" and "broken".
//
//go:embed concepts.txt
var conceptText string

// featureVersion must be raised when the computation of features changes, so that
// [Decode] refuses models with other features.
const featureVersion = 1

// fingerprint identifies the features that this version computes.
var fingerprint = sync.OnceValue(func() uint32 {
	return crc32.Checksum([]byte(conceptText), castagnoli) + featureVersion
})

// A conceptIndex finds the concepts of a word. A concept is the hash of its name.
type conceptIndex struct {
	words    map[uint32][]uint32 // by the hash of the word
	stems    map[uint32][]uint32 // by the hash of the first letters
	shortest int                 // bytes of the shortest stem
	longest  int
	tails    []tail
}

type tail struct {
	letters  []byte
	concepts []uint32
}

var concepts = sync.OnceValue(func() *conceptIndex {
	c := &conceptIndex{words: map[uint32][]uint32{}, stems: map[uint32][]uint32{}, shortest: maxWordBytes}
	for line := range strings.Lines(conceptText) {
		name, words, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		id := hashBytes(seedConcept, []byte(name))
		for w := range strings.FieldsSeq(words) {
			c.addWord(w, id)
		}
	}
	return c
})

func (c *conceptIndex) addWord(word string, concept uint32) {
	folded := []byte(strings.Join(taxonomy.Words(word), ""))
	hash := hashBytes(seedWord, folded)
	switch {
	case len(folded) == 0: // the | between the languages
	case strings.HasSuffix(word, "*"):
		if !slices.Contains(c.stems[hash], concept) {
			c.stems[hash] = append(c.stems[hash], concept)
		}
		c.shortest = min(c.shortest, len(folded))
		c.longest = max(c.longest, len(folded))
	case strings.HasPrefix(word, "*"):
		c.tails = append(c.tails, tail{folded, []uint32{concept}})
	case !slices.Contains(c.words[hash], concept):
		c.words[hash] = append(c.words[hash], concept)
	}
}

// appendConcepts appends the concepts of a folded word to ids. A concept may be
// appended twice.
func appendConcepts(ids []uint32, word []byte) []uint32 {
	c := concepts()
	h := seedWord ^ fnvOffset
	for i, b := range word {
		h = (h ^ uint32(b)) * fnvPrime
		if n := i + 1; n >= c.shortest && n <= c.longest {
			ids = append(ids, c.stems[finishHash(h)]...)
		}
	}
	ids = append(ids, c.words[finishHash(h)]...)
	for _, t := range c.tails {
		if bytes.HasSuffix(word, t.letters) {
			ids = append(ids, t.concepts...)
		}
	}
	return ids
}

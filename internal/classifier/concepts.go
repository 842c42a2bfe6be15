package classifier

import (
	"sync"

	"github.com/heard-intake/heard/internal/taxonomy/lexicon"
)

// featureVersion must be raised when the computation of features changes, so that
// [Decode] refuses models with other features.
const featureVersion = 2

// fingerprint identifies the features that this version computes.
func fingerprint() uint32 { return lexicon.Fingerprint() + featureVersion }

// conceptHashes are the hashes of the groups of the lexicon, by number. With the groups,
// a model that saw "kapot" in examples also knows "stuk", "defect" and "broken".
var conceptHashes = sync.OnceValue(func() []uint32 {
	var hashes []uint32
	for _, name := range lexicon.GroupNames() {
		hashes = append(hashes, hashBytes(seedConcept, []byte(name)))
	}
	return hashes
})

// appendConcepts appends the concepts of a folded word to ids, each once.
func appendConcepts(ids []uint32, word []byte) []uint32 {
	var buffer [32]lexicon.Group
	hashes := conceptHashes()
	for _, g := range lexicon.AppendGroups(buffer[:0], word) {
		ids = append(ids, hashes[g])
	}
	return ids
}

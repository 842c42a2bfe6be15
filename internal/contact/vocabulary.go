package contact

// A wordID identifies a word of a vocabulary. Zero is an unknown word.
type wordID uint16

// A vocabulary holds the words of a grammar. It finds a word in spite of repeated
// letters, as in "toppp", and of one typing error in a longer word.
type vocabulary struct {
	spellings []string          // by id
	ids       map[string]wordID // by spelling
	squeezed  map[string]wordID // by spelling without repeated letters
	typos     map[typoKey][]wordID
}

// A typoKey groups the words that may be typing errors of each other.
type typoKey struct {
	first  byte
	length int
}

// Bounds of words that are compared for typing errors, in bytes. In a shorter word an
// error often gives another word.
const (
	minTypo = 5
	maxWord = 24
)

func newVocabulary() vocabulary {
	return vocabulary{spellings: []string{""}, ids: map[string]wordID{}, squeezed: map[string]wordID{}, typos: map[typoKey][]wordID{}}
}

// addWord returns the id of a word, which it adds if it is new.
func (v *vocabulary) addWord(word string) wordID {
	if id, ok := v.ids[word]; ok {
		return id
	}
	id := wordID(len(v.spellings)) //nolint:gosec // a few thousand words
	v.spellings = append(v.spellings, word)
	v.ids[word] = id
	var buffer [maxWord]byte
	short := string(squeeze(buffer[:0], []byte(word)))
	if _, ok := v.squeezed[short]; !ok {
		v.squeezed[short] = id
	}
	return id
}

// indexTypos prepares the words for findTypo.
func (v *vocabulary) indexTypos() {
	for id, word := range v.spellings {
		if len(word) >= minTypo {
			k := typoKey{word[0], len(word)}
			v.typos[k] = append(v.typos[k], wordID(id))
		}
	}
}

// findRepeated returns the word that is spelled with letters repeated three times
// or more, as in "daaank". It returns zero for other spellings.
func (v *vocabulary) findRepeated(word []byte) wordID {
	if !hasRun(word) {
		return 0
	}
	var buffer [maxWord]byte
	short := squeeze(buffer[:0], word)
	if id, ok := v.squeezed[string(short)]; ok {
		return id
	}
	return v.findTypo(short)
}

// findTypo returns the word that differs from a spelling by one typing error: a
// missing, added or changed letter, or two swapped letters. The first letter must be
// right.
func (v *vocabulary) findTypo(word []byte) wordID {
	if len(word) < minTypo {
		return 0
	}
	for length := len(word) - 1; length <= len(word)+1; length++ {
		for _, id := range v.typos[typoKey{word[0], length}] {
			if isSingleTypo(word, v.spellings[id]) {
				return id
			}
		}
	}
	return 0
}

// isSingleTypo reports whether a differs from b by one typing error at most.
func isSingleTypo(a []byte, b string) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a = a[1:]
		b = b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a = a[:len(a)-1]
		b = b[:len(b)-1]
	}
	if len(a) == 2 && len(b) == 2 {
		return a[0] == b[1] && a[1] == b[0]
	}
	return len(a) <= 1 && len(b) <= 1
}

// hasRun reports whether a letter occurs three times in a row.
func hasRun(word []byte) bool {
	for i := 2; i < len(word); i++ {
		if word[i] == word[i-1] && word[i] == word[i-2] {
			return true
		}
	}
	return false
}

// squeeze appends a word to b, each run of a letter as one letter.
func squeeze(b, word []byte) []byte {
	for i, c := range word {
		if i == 0 || c != word[i-1] {
			b = append(b, c)
		}
	}
	return b
}

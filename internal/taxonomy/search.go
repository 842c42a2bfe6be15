package taxonomy

// Words returns the words of a text in the folded form that phrases are compared
// in: lower case, without accents and apostrophes.
func Words(text string) []string {
	var words []string
	var word []byte
	for _, r := range text {
		var within bool
		if word, within = appendFold(word, r); !within && len(word) > 0 {
			words = append(words, string(word))
			word = word[:0]
		}
	}
	if len(word) > 0 {
		words = append(words, string(word))
	}
	return words
}

// AppendFold appends r to b in the folded form of [Words]. It appends nothing for an
// apostrophe or a combining mark. It reports whether r can be part of a word.
func AppendFold(b []byte, r rune) ([]byte, bool) { return appendFold(b, r) }

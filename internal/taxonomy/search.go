package taxonomy

// Words returns the words of a text without case and accents, as wordings are
// compared: to search in what was said.
func Words(text string) []string {
	var words []string
	var word []byte
	for _, r := range text {
		var within bool
		if word, within = appendFold(word, r); !within && len(word) > 0 {
			words, word = append(words, string(word)), word[:0]
		}
	}
	if len(word) > 0 {
		words = append(words, string(word))
	}
	return words
}

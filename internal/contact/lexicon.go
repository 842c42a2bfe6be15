package contact

import (
	_ "embed" // for the words
	"strings"
	"sync"
)

//go:embed closing.txt
var closingText string

//go:embed names.txt
var namesText string

//go:embed ordinary.txt
var ordinaryText string

// closings returns the grammar of phrases that ask for nothing. It is read once, at
// the first message.
var closings = sync.OnceValue(func() *grammar { return mustParse(closingText) })

// mustParse returns the grammar of an embedded text. A test reads each of them.
func mustParse(text string) *grammar {
	g, err := parseGrammar(text)
	if err != nil {
		panic(err)
	}
	return g
}

var (
	firstNames    = sync.OnceValue(func() map[string]bool { return wordSetOf(namesText) })
	nameParticles = sync.OnceValue(func() map[string]bool {
		return wordSetOf("van de den der ter ten von di da del el al bin la le du t v d")
	})
	ordinaryWords = sync.OnceValue(func() map[string]bool { return wordSetOf(ordinaryText) })
)

// wordSetOf returns the words of a text. A line that begins with "#" is a comment.
func wordSetOf(text string) map[string]bool {
	words := map[string]bool{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for w := range strings.FieldsSeq(line) {
			words[w] = true
		}
	}
	return words
}

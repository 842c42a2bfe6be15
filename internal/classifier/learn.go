package classifier

import (
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// Weights of the texts that no customer wrote.
const (
	phraseWeight     = 0.3 // of all texts of one phrase together
	vocabularyWeight = 0.3
	nameWeight       = 0.5
	phraseTexts      = 2 // most texts of one phrase
	vocabularyWords  = 3 // words in a text of the vocabulary
)

// FromTaxonomy returns the training data in a taxonomy. The examples are those
// of its reasons and of "no reason", and, as phrases, the names, phrases and
// vocabularies of its reasons. The options have its version and its products.
func FromTaxonomy(t *taxonomy.Taxonomy) ([]Example, Options) {
	var all []Example
	for i := range t.Reasons {
		r := &t.Reasons[i]
		for _, l := range []struct {
			language          string
			name              string
			phrases, examples []string
			vocabulary        string
		}{
			{"nl", r.Names.NL, slices.Concat(r.Phrases.NL, r.Negatable.NL), r.Examples.NL, r.Vocabulary.NL},
			{"en", r.Names.EN, slices.Concat(r.Phrases.EN, r.Negatable.EN), r.Examples.EN, r.Vocabulary.EN},
		} {
			add := func(text string, weight float32) {
				all = append(all, Example{Text: text, Language: l.language, Reason: r.ID, Weight: weight, Phrase: true})
			}
			for _, text := range l.examples {
				all = append(all, Example{Text: text, Language: l.language, Reason: r.ID})
			}
			add(l.name, nameWeight)
			for _, phrase := range l.phrases {
				texts := matchingTexts(phrase, t.Words, phraseTexts)
				for _, text := range texts {
					add(text, phraseWeight/float32(len(texts)))
				}
			}
			for words := range slices.Chunk(strings.Fields(strings.ReplaceAll(l.vocabulary, "*", "")), vocabularyWords) {
				add(strings.Join(words, ". "), vocabularyWeight) // a full stop, so that the words are no pairs
			}
		}
	}
	for _, text := range t.NoReasonExamples.NL {
		all = append(all, Example{Text: text, Language: "nl"})
	}
	for _, text := range t.NoReasonExamples.EN {
		all = append(all, Example{Text: text, Language: "en"})
	}
	options := Options{Version: t.Version}
	for _, p := range t.Products {
		options.Products = slices.Concat(options.Products, p.Phrases.NL, p.Phrases.EN)
	}
	return all, options
}

// matchingTexts returns at most n texts that a phrase matches. Each has other
// alternatives of the words that the phrase leaves open.
func matchingTexts(phrase string, sets map[string]string, n int) []string {
	var slots [][]string
	most := 1 // alternatives of a slot
	for field := range strings.FieldsSeq(strings.ReplaceAll(phrase, "-", " ")) {
		if field == "&" || field == ".." {
			continue
		}
		var words []string
		for a := range strings.SplitSeq(field, "|") {
			if name, isSet := strings.CutPrefix(a, "$"); isSet {
				a = sets[name]
			}
			words = slices.AppendSeq(words, strings.SplitSeq(strings.ReplaceAll(a, "*", ""), "|"))
		}
		most = max(most, len(words))
		slots = append(slots, words)
	}
	n = min(n, most)
	texts := make([]string, n)
	for i := range texts {
		words := make([]string, len(slots))
		for j, alternatives := range slots {
			words[j] = alternatives[i*max(1, len(alternatives)/n)%len(alternatives)]
		}
		texts[i] = strings.Join(words, " ")
	}
	return texts
}

package taxonomy

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// This file suggests reasons for a text by its single words, for agents who decide
// themselves. A suggestion is too uncertain to classify a contact.
//
// Every word of a phrase or a vocabulary has a weight for every reason that uses it. A
// word that only one vocabulary contains weighs 1. A word that more reasons use
// weighs less. A word of phrases weighs less if few phrases of the reason contain
// it. Common words weigh nothing.

// A Suggestion is a reason that a text may have.
type Suggestion struct {
	Reason string
	// Score is a value from 0 to 1 that orders the suggestions. It is at least 0.5
	// if [Taxonomy.ClassifyAll] finds the reason too.
	Score float64
}

const (
	sharePerPhrase = 0.4 // share of a word per phrase of the reason that contains it
	maxPhraseShare = 1.0 // largest share of a word that only phrases contain
	minSuggested   = 0.1 // score from which a reason is suggested
)

// Suggest returns the n or fewer reasons that text most likely has, the most likely
// first.
func (t *Taxonomy) Suggest(text string, n int) []Suggestion {
	var all []Suggestion
	for _, r := range t.ClassifyAll(text, Hints{}, nil) {
		if r.Reason != "" {
			all = append(all, Suggestion{r.Reason, 0.5 + r.Confidence/2})
		}
	}
	slices.SortStableFunc(all, compareSuggestions)
	found := len(all)
	for reason, score := range t.suggester().scoreReasons(text) {
		id := t.Reasons[reason].ID
		isFound := slices.ContainsFunc(all[:found], func(s Suggestion) bool { return s.Reason == id })
		if share := float64(score / (score + 2) / 2); share >= minSuggested && !isFound {
			all = append(all, Suggestion{id, math.Round(100*share) / 100})
		}
	}
	slices.SortStableFunc(all[found:], compareSuggestions)
	return all[:min(n, len(all))]
}

// compareSuggestions sorts by descending score.
func compareSuggestions(a, b Suggestion) int { return cmp.Compare(b.Score, a.Score) }

// A reasonWeight is the weight of a word for one reason.
type reasonWeight struct {
	reason int32
	weight float32
}

// A suggester holds the weights of words.
type suggester struct {
	reasons  int
	words    map[string][]reasonWeight
	prefixes map[string][]reasonWeight // by the stem of "factu*"
	suffixes map[string][]reasonWeight // by the stem of "*factuur"
}

// scoreReasons returns the score of each reason. Every word of text counts once.
func (s *suggester) scoreReasons(text string) []float32 {
	scores := make([]float32, s.reasons)
	seen := map[string]bool{}
	for _, w := range Words(text) {
		if seen[w] {
			continue
		}
		seen[w] = true
		for _, x := range s.weightsOf(w) {
			scores[x.reason] += x.weight
		}
	}
	return scores
}

// weightsOf returns the weights of a word, or else of the longest stem that it
// begins or ends with.
func (s *suggester) weightsOf(word string) []reasonWeight {
	if found, ok := s.words[word]; ok {
		return found
	}
	if len(word) > maxWordLength {
		return nil
	}
	for n := len(word); n >= minStem; n-- {
		if found, ok := s.prefixes[word[:n]]; ok {
			return found
		}
		if found, ok := s.suffixes[word[len(word)-n:]]; ok {
			return found
		}
	}
	return nil
}

// stopWords are common words that do not indicate a reason, in addition to the common
// words of a language and the function words.
const stopWords = "alle already bekend binnen by call came contact daar door echter er gewoon graag had helaas her him is keer last lees lijkt man men minder mogelijk niemand nieuw nieuwe " +
	"of order over per precies said samen snel start stel tien tijd via voor waiting want wat wacht wachten week weken welk x zegt zien zie 1 2 3 4 5"

// A reasonShare is how specific a word is to one reason, from 0 to 1.
type reasonShare struct {
	reason int32
	share  float64
}

// A weigher computes the weights of the words of a taxonomy.
type weigher struct {
	numbers map[string]int
	words   []string
	uses    [][]reasonShare // by word; each list is sorted by reason
}

// addUse records that a reason uses a word.
func (w *weigher) addUse(word string, reason int32, share float64) {
	n, ok := w.numbers[word]
	if !ok {
		n = len(w.words)
		w.numbers[word] = n
		w.words = append(w.words, word)
		w.uses = append(w.uses, nil)
	}
	by := w.uses[n]
	if len(by) == 0 || by[len(by)-1].reason != reason {
		w.uses[n] = append(by, reasonShare{reason, share})
		return
	}
	last := &by[len(by)-1].share
	*last = max(*last, min(*last+share, maxPhraseShare))
}

// newSuggester computes the weights of all words of the phrases and vocabularies of
// t.
func newSuggester(t *Taxonomy) *suggester {
	w := weigher{numbers: map[string]int{}}
	parser := newPhraseParser(t.Words)
	for i := range t.Reasons {
		r := &t.Reasons[i]
		reason := int32(i)
		for _, list := range []string{r.Vocabulary.NL, r.Vocabulary.EN} {
			for word := range strings.FieldsSeq(list) {
				w.addUse(foldWord(word), reason, 1)
			}
		}
		for _, list := range [][]string{r.Phrases.NL, r.Phrases.EN, r.Negatable.NL, r.Negatable.EN} {
			for _, text := range list {
				ph, _ := parser.parsePhrase(text) // checked
				for _, word := range parser.wordsOf(ph) {
					w.addUse(word, reason, sharePerPhrase)
				}
			}
		}
	}
	return w.weigh(len(t.Reasons))
}

// weigh returns the suggester with the weights of all words that are not common.
func (w *weigher) weigh(reasons int) *suggester {
	common := map[string]bool{}
	for _, list := range []string{commonDutch, commonEnglish, stopWords, functionWords, questionWords, strings.ReplaceAll(noneWords, "|", " ")} {
		for word := range strings.FieldsSeq(list) {
			common[word] = true
		}
	}
	s := &suggester{reasons: reasons, words: map[string][]reasonWeight{}, prefixes: map[string][]reasonWeight{}, suffixes: map[string][]reasonWeight{}}
	for n, by := range w.uses {
		word := w.words[n]
		if common[word] {
			continue
		}
		sum := 0.0
		for _, u := range by {
			sum += u.share
		}
		rare := math.Log1p(float64(reasons)/max(sum, 1)) / math.Log1p(float64(reasons))
		weights := make([]reasonWeight, len(by))
		for i, u := range by {
			weights[i] = reasonWeight{u.reason, float32(rare * u.share)}
		}
		switch {
		case strings.HasSuffix(word, "*"):
			s.prefixes[strings.TrimSuffix(word, "*")] = weights
		case strings.HasPrefix(word, "*"):
			s.suffixes[strings.TrimPrefix(word, "*")] = weights
		default:
			s.words[word] = weights
		}
	}
	return s
}

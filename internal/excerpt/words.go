package excerpt

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/redact"
	"github.com/heard-intake/heard/internal/taxonomy"
)

const (
	maxWords       = 6
	minUsers       = 2   // customers of the problem that use a term
	minUserShare   = 0.3 // of the customers of the problem
	minLift        = 3   // how much more often a term is used than by others of the reason
	assumedOthers  = 5   // customers of other problems that are assumed, half of one of whom uses any term
	containedShare = 0.7 // a word is left out if so many of its users use a pair with it
)

// Words returns at most six words and pairs that set the contacts of a problem apart
// from other contacts of the reason, the most telling first: "step 7", "update 5.2".
// Others are masked quotes of those. Words of the reason's phrases and of products are
// left out, because every contact of the reason may have them.
func Words(t *taxonomy.Taxonomy, reason string, contacts []Contact, others []string) []string {
	candidates := quotable(t, reason, contacts)
	publish(candidates, redact.SharedCodes(candidates))
	usual := usualWords(t, reason)
	users := map[string]map[string]bool{} // customers by term
	customers := map[string]bool{}
	for _, c := range candidates {
		customers[c.Customer] = true
		masked, _ := redact.Mask(c.Text, c.Known)
		for _, term := range redact.Terms(masked) {
			if isUsual(term, usual) {
				continue
			}
			if users[term] == nil {
				users[term] = map[string]bool{}
			}
			users[term][c.Customer] = true
		}
	}
	usedByOthers := map[string]int{}
	for _, quote := range others {
		for _, term := range redact.Terms(quote) {
			usedByOthers[term]++
		}
	}
	var found []scoredTerm
	for term, by := range users {
		share := float64(len(by)) / float64(len(customers))
		lift := share / ((float64(usedByOthers[term]) + 0.5) / float64(len(others)+assumedOthers))
		if len(by) >= minUsers && share >= minUserShare && lift >= minLift {
			found = append(found, scoredTerm{term, len(by), float64(len(by)) * math.Log(lift)})
		}
	}
	return best(found)
}

// A scoredTerm is a word or pair that is used much more by some contacts.
type scoredTerm struct {
	term  string
	users int
	score float64
}

// best returns the terms with the highest scores. A word is left out if most of its
// users use it in a pair that is returned.
func best(found []scoredTerm) []string {
	slices.SortFunc(found, func(a, b scoredTerm) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(len(b.term), len(a.term)), cmp.Compare(a.term, b.term))
	})
	inPair := func(w scoredTerm) bool {
		return slices.ContainsFunc(found, func(p scoredTerm) bool {
			first, second, isPair := strings.Cut(p.term, " ")
			return isPair && (first == w.term || second == w.term) && float64(p.users) >= containedShare*float64(w.users)
		})
	}
	words := []string{}
	taken := map[string]bool{}
	for _, f := range found {
		first, second, isPair := strings.Cut(f.term, " ")
		switch {
		case len(words) == maxWords:
			return words
		case isPair && (taken[first] || taken[second]):
			continue
		case !isPair && (taken[first] || inPair(f)):
			continue
		}
		words = append(words, f.term)
		taken[first] = true
		taken[second] = isPair
	}
	return words
}

// usualWords returns the beginnings of words that every contact of a reason may
// have, as the reason's names and phrases have them, and the words of products.
func usualWords(t *taxonomy.Taxonomy, reason string) []string {
	texts := t.PublicNames()
	if r, ok := t.Reason(reason); ok {
		texts = append(texts, r.Names.NL, r.Names.EN)
		for _, phrases := range []taxonomy.Phrases{r.Phrases, r.Negatable} {
			texts = slices.Concat(texts, phrases.NL, phrases.EN)
		}
	}
	for _, p := range t.Products {
		texts = slices.Concat(texts, p.Phrases.NL, p.Phrases.EN)
	}
	for name, alternatives := range t.Words { // of the phrases that refer to them
		if slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "$"+name) }) {
			texts = append(texts, alternatives)
		}
	}
	var words []string
	for _, text := range texts {
		words = append(words, redact.Terms(strings.NewReplacer("|", " . ", "*", " . ", "$", " ", "_", " ").Replace(text))...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// isUsual reports whether a term is a usual word, an inflection of one, or a pair
// with one. A pair with a number is not usual, like "step 7".
func isUsual(term string, usual []string) bool {
	if _, second, _ := strings.Cut(term, " "); second != "" && strings.Trim(second, "0123456789.,") == "" {
		return false
	}
	for word := range strings.FieldsSeq(term) {
		if slices.ContainsFunc(usual, func(u string) bool { return isInflection(word, u) }) {
			return true
		}
	}
	return false
}

const (
	minStem   = 5 // bytes of a word that may have other endings
	maxEnding = 3 // bytes of the ending
)

// isInflection reports whether two words differ at most in an ending.
func isInflection(a, b string) bool {
	if len(a) > len(b) {
		return isInflection(b, a)
	}
	return a == b || (len(a) >= minStem && len(b)-len(a) <= maxEnding && strings.HasPrefix(b, a))
}

// Occurrences reads the occurrences of causes.
type Occurrences interface {
	Occurrences(ctx context.Context, reason, product, first, last string, limit int, now time.Time) ([]problem.Occurrence, error)
}

const (
	othersPerCause = 40   // latest occurrences of each other cause of a reason
	endOfSlots     = "9~" // sorts after every slot
)

// OtherQuotes returns the masked quotes of recent contacts of the reason that are
// about other products than one.
func OtherQuotes(ctx context.Context, from Occurrences, t *taxonomy.Taxonomy, reason, product string, now time.Time) ([]string, error) {
	r, ok := t.Reason(reason)
	if !ok || !r.PerProduct {
		return nil, nil
	}
	products := []string{""}
	for _, p := range t.Products {
		products = append(products, p.ID)
	}
	var quotes []string
	for _, other := range products {
		if other == product {
			continue
		}
		all, err := from.Occurrences(ctx, reason, other, "0", endOfSlots, othersPerCause, now)
		if err != nil {
			return nil, fmt.Errorf("contacts of %s about %q: %w", reason, other, err)
		}
		for _, o := range all {
			if o.Quote != "" {
				quotes = append(quotes, o.Quote)
			}
		}
	}
	return quotes, nil
}

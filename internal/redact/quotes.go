package redact

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxQuote is the longest quote in characters.
const MaxQuote = 160

// A QuoteCandidate is a customer's text that may be quoted.
type QuoteCandidate struct {
	Customer string // its id, so that no customer is quoted twice
	Text     string
	Known    PersonalData
}

const (
	minQuoteWords = 4   // ordinary words, at least
	tooAlike      = 0.5 // share of the words of two quotes that are in both
)

// SelectQuotes returns at most n short masked texts that differ from each other and
// are of different customers. A text that may still have personal data is left out.
func SelectQuotes(candidates []QuoteCandidate, n int) []string {
	var found []quote
	for _, c := range candidates {
		if q, ok := NewMasker(c.Known).quote(c.Text); ok {
			q.customer = c.Customer
			found = append(found, q)
		}
	}
	slices.SortStableFunc(found, func(a, b quote) int { return cmp.Compare(a.cost(), b.cost()) })
	var picked []quote
	for _, q := range found {
		if len(picked) < n && !slices.ContainsFunc(picked, q.isAlike) {
			picked = append(picked, q)
		}
	}
	texts := make([]string, len(picked))
	for i, q := range picked {
		texts[i] = q.text
	}
	return texts
}

// Quote returns a masked text of at most [MaxQuote] characters. It returns false if
// the text may still have personal data, or has less than four ordinary words.
func (m *Masker) Quote(text string) (string, bool) {
	q, ok := m.quote(text)
	return q.text, ok
}

func (m *Masker) quote(text string) (quote, bool) {
	masked, ok := m.Mask(text)
	if !ok {
		return quote{}, false
	}
	q := quote{text: Shorten(masked, MaxQuote)}
	q.words = distinctWords(q.text)
	return q, len(q.words) >= minQuoteWords
}

type quote struct {
	customer, text string
	words          map[string]bool
}

// cost is lowest for a text of about eighty characters with few tokens.
func (q quote) cost() int {
	d := utf8.RuneCountInString(q.text) - MaxQuote/2
	return max(d, -d) + 30*len(tokens().FindAllString(q.text, -1))
}

func (q quote) isAlike(other quote) bool {
	if q.customer != "" && q.customer == other.customer {
		return true
	}
	both := 0
	for w := range q.words {
		if other.words[w] {
			both++
		}
	}
	return float64(both) > tooAlike*float64(len(q.words)+len(other.words)-both)
}

func distinctWords(text string) map[string]bool {
	set := map[string]bool{}
	text = strings.ToLower(tokens().ReplaceAllString(text, " "))
	for _, s := range words(text) {
		set[text[s.from:s.to]] = true
	}
	return set
}

// Shorten returns at most n characters of text, up to the end of a word.
func Shorten(text string, n int) string {
	runes := 0
	for i := range text {
		if runes == n {
			text = text[:i]
			if space := strings.LastIndexByte(text, ' '); space > 0 {
				text = text[:space]
			}
			return strings.TrimRight(text, " ,;:-")
		}
		runes++
	}
	return text
}

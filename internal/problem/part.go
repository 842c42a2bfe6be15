package problem

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/heard-intake/heard/internal/identity"
)

// Bounds of a split.
const (
	MaxParts = 10
	maxWords = 20
	maxWord  = 60
)

// NormalizeWords returns the words of a part in the form in which they are compared
// with texts, each once. It returns false if there are more than 20, or if one is
// empty or longer than 60 bytes.
func NormalizeWords(words []string) ([]string, bool) {
	var out []string
	for _, w := range words {
		plain := strings.TrimSpace(normalizeText(w))
		if plain == "" || len(plain) > maxWord || len(out) == maxWords {
			return nil, false
		}
		if !slices.Contains(out, plain) {
			out = append(out, plain)
		}
	}
	return out, true
}

// MatchesText reports whether a text holds one of the words of the part, as whole
// words and in any case. Punctuation between words does not count.
func (p Part) MatchesText(text string) bool {
	if len(p.Words) == 0 || text == "" {
		return false
	}
	plain := normalizeText(text)
	return slices.ContainsFunc(p.Words, func(w string) bool { return strings.Contains(plain, " "+w+" ") })
}

// normalizeText returns a text as lower-case words with one space around each.
func normalizeText(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(words, " ") + " "
}

// A ContactRef names a contact and its customer.
type ContactRef struct {
	Customer identity.CustomerID `json:"customerId"`
	Contact  string              `json:"contact"`
}

// A SplitProgress is the progress of a split: the contacts and words to move from a
// problem to its part, and the last customer that was looked at.
type SplitProgress struct {
	Contacts []ContactRef        `json:"contacts,omitempty"`
	Words    []string            `json:"words,omitempty"`
	After    identity.CustomerID `json:"after,omitempty"` // the last customer whose texts were compared with the words
	By       string              `json:"by,omitempty"`
	Comment  string              `json:"comment,omitempty"`
	At       time.Time           `json:"at"`
}

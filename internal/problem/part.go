package problem

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/heard-intake/heard/internal/identity"
)

// Bounds of what splits a problem.
const (
	MaxParts = 10
	maxWords = 20
	maxWord  = 60
)

// NormalizeWords returns the words by which further contacts of a part are told, in
// the form in which they are compared; false when there are too many, or one
// is too long or empty.
func NormalizeWords(words []string) ([]string, bool) {
	var out []string
	for _, w := range words {
		plain := strings.TrimSpace(plainly(w))
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
// words and in any case.
func (p Part) MatchesText(text string) bool {
	if len(p.Words) == 0 || text == "" {
		return false
	}
	plain := plainly(text)
	return slices.ContainsFunc(p.Words, func(w string) bool { return strings.Contains(plain, " "+w+" ") })
}

// plainly returns a text as small words with one space around each.
func plainly(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(words, " ") + " "
}

// A ContactRef names a contact of a customer.
type ContactRef struct {
	Customer identity.CustomerID `json:"customerId"`
	Contact  string              `json:"contact"`
}

// A Filling is a split that is under way: what is to go from a problem to its
// part, and how far that went.
type Filling struct {
	Contacts []ContactRef        `json:"contacts,omitempty"`
	Words    []string            `json:"words,omitempty"`
	After    identity.CustomerID `json:"after,omitempty"` // the last customer whose words were looked at
	By       string              `json:"by,omitempty"`
	Comment  string              `json:"comment,omitempty"`
	At       time.Time           `json:"at"`
}

package excerpt

import (
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/redact"
	"github.com/heard-intake/heard/internal/taxonomy"
)

const (
	maxQuotes   = 3
	maxPerQuote = 3 // messages of one contact that are masked
)

// Select returns the quotes of a problem. The contacts were read; the quotes of
// others are masked already and used too. Codes that several customers of the
// contacts wrote are not masked.
func Select(t *taxonomy.Taxonomy, reason string, contacts []Contact, others []problem.Occurrence) []string {
	candidates := quotable(t, reason, contacts)
	publish(candidates, redact.SharedCodes(candidates))
	for _, o := range others {
		if o.Quote != "" {
			candidates = append(candidates, redact.QuoteCandidate{Customer: string(o.Customer), Text: o.Quote, Masked: true})
		}
	}
	return redact.SelectQuotes(candidates, maxQuotes)
}

// quotable returns the messages of contacts that may be quoted.
func quotable(t *taxonomy.Taxonomy, reason string, contacts []Contact) []redact.QuoteCandidate {
	var candidates []redact.QuoteCandidate
	for _, c := range contacts {
		about := c.About(t, reason)
		for _, m := range about[:min(len(about), maxPerQuote)] {
			candidates = append(candidates, redact.QuoteCandidate{
				Customer: string(c.Customer), Text: message.Cut(m.Text, maxText), Known: c.Known,
			})
		}
	}
	return candidates
}

// maxText is how much of a message is read, in bytes: what package redact masks.
const maxText = 4000

// publish makes codes public in each candidate.
func publish(candidates []redact.QuoteCandidate, codes []string) {
	for i := range candidates {
		public := candidates[i].Known.Public
		candidates[i].Known.Public = append(public[:len(public):len(public)], codes...)
	}
}

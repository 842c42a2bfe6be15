package excerpt

import (
	"time"

	"github.com/heard-intake/heard/internal/identity"
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

// A MaskedMessage is what a customer wrote, with personal data masked.
type MaskedMessage struct {
	Customer identity.CustomerID
	Contact  string
	Channel  message.Channel
	SentAt   time.Time
	Text     string
}

// maxPerContact is how many messages of one contact are masked for a list.
const maxPerContact = 20

// Mask returns the messages of contacts, at most 20 of each, with personal data
// masked. Words of the problem, which [Words] returned, and codes that several of the
// customers wrote are not masked. Messages without words are left out.
func Mask(contacts []Contact, words []string) []MaskedMessage {
	var found []MaskedMessage
	var candidates []redact.QuoteCandidate
	for _, c := range contacts {
		for _, m := range c.Messages[:min(len(c.Messages), maxPerContact)] {
			found = append(found, MaskedMessage{Customer: c.Customer, Contact: c.Contact, Channel: m.Channel, SentAt: m.SentAt})
			candidates = append(candidates, redact.QuoteCandidate{
				Customer: string(c.Customer), Text: message.Cut(m.TextWithSubject(), maxText), Known: c.Known,
			})
		}
	}
	publish(candidates, append(redact.SharedCodes(candidates), redact.Codes(words)...))
	kept := found[:0]
	for i, m := range found {
		if m.Text, _ = redact.Mask(candidates[i].Text, candidates[i].Known); redact.HasWords(m.Text) {
			kept = append(kept, m)
		}
	}
	return kept
}

// publish makes codes public in each candidate.
func publish(candidates []redact.QuoteCandidate, codes []string) {
	for i := range candidates {
		public := candidates[i].Known.Public
		candidates[i].Known.Public = append(public[:len(public):len(public)], codes...)
	}
}

package triage

import (
	"context"
	"slices"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// maxSuggestions limits the reasons that an agent can choose from.
const maxSuggestions = 3

// Suggest returns at most three reasons that a stored contact may have, the most
// likely first. The first is the best guess of the model, whether it is sure or not.
// Then come the reasons of phrases, the other guesses, and the reasons that single
// words of the taxonomy suggest.
func (t *Triage) Suggest(ctx context.Context, k contact.Contact) ([]contact.Suggestion, error) {
	c, err := t.readCustomer(ctx, k.Customer, false)
	if err != nil {
		return nil, err
	}
	h, err := t.computeContacts(ctx, c, hint{from: k.Start, reclassifySince: afterAllMessages}, false)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(h.Computed, func(now contact.Contact) bool { return now.ID == k.ID })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "the contact's messages belong to another contact now; list the customer's contacts again")
	}
	return t.suggestFor(message.CustomerText(h.Computed[i].Messages, detection.MaxText)), nil
}

// suggestFor returns suggestions for the text of a contact.
func (t *Triage) suggestFor(text string) []contact.Suggestion {
	var all []contact.Suggestion
	add := func(s contact.Suggestion) {
		isKnown := func(o contact.Suggestion) bool { return o.Reason == s.Reason }
		if _, ok := t.Taxonomy.Reason(s.Reason); ok && !slices.ContainsFunc(all, isKnown) {
			all = append(all, s)
		}
	}
	results := t.Taxonomy.ClassifyAll(text, taxonomy.Hints{}, nil)
	guesses := t.guessesFor(text, results[0].Language)
	for _, s := range guesses[:min(1, len(guesses))] {
		add(s)
	}
	for _, r := range results {
		s := contact.Suggestion{Reason: r.Reason, FoundBy: contact.ByPhrase, Confidence: r.Confidence}
		for _, span := range r.Spans.List() {
			s.Words = append(s.Words, text[span.From:span.To])
		}
		add(s)
	}
	for _, s := range guesses {
		add(s)
	}
	for _, s := range t.Taxonomy.Suggest(text, maxSuggestions) {
		add(contact.Suggestion{Reason: s.Reason, FoundBy: contact.ByWords, Confidence: s.Score})
	}
	return all[:min(len(all), maxSuggestions)]
}

// guessesFor returns the guesses of the model.
func (t *Triage) guessesFor(text, language string) []contact.Suggestion {
	if t.Model == nil {
		return nil
	}
	var all []contact.Suggestion
	var buffer [classifier.MaxGuesses]classifier.Guess
	for _, g := range t.Model.Guess(text, language, buffer[:0]) {
		s := contact.Suggestion{Reason: g.Reason, FoundBy: contact.ByModel, Confidence: roundShare(g.Probability)}
		for _, w := range t.Model.Explain(text, language, g.Reason) {
			s.Words = append(s.Words, text[w.From:w.To])
		}
		all = append(all, s)
	}
	return all
}

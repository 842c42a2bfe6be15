package triage

import (
	"math"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// modelID returns the id of the model, or "" without one.
func (t *Triage) modelID() string {
	if t.Model == nil {
		return ""
	}
	return t.Model.ID
}

func (t *Triage) isCritical(reason string) bool {
	r, _ := t.Taxonomy.Reason(reason)
	return r.Severity == taxonomy.Critical
}

// doubtsPhrase reports whether the model contradicts the reason that a phrase
// recognised in a message. A critical reason is never doubted.
func (t *Triage) doubtsPhrase(m message.Message, r taxonomy.Result) bool {
	return t.Model != nil && !t.isCritical(r.Reason) && t.Model.Doubts(m.TextWithSubject(), r.Language, r.Reason)
}

// guessCause returns the cause of a text if the model is sure of it. The product is
// that of the contact, for a text that names none. This is the only place where the
// model assigns a reason. It never assigns a critical reason, nor one that the
// taxonomy does not have.
func (t *Triage) guessCause(text, product string) (contact.Cause, bool) {
	if t.Model == nil {
		return contact.Cause{}, false
	}
	language := t.Taxonomy.Classify(text, taxonomy.Hints{}).Language
	var buffer [classifier.MaxGuesses]classifier.Guess
	guesses := t.Model.Guess(text, language, buffer[:0])
	if len(guesses) == 0 || !guesses[0].Sure {
		return contact.Cause{}, false
	}
	best := guesses[0]
	reason, ok := t.Taxonomy.Reason(best.Reason)
	if !ok || reason.Severity == taxonomy.Critical {
		return contact.Cause{}, false
	}
	c := t.newCause(best.Reason, product)
	c.FoundBy = contact.ByModel
	c.Confidence = roundShare(best.Probability)
	for _, w := range t.Model.Explain(text, language, best.Reason) {
		c.Spans = append(c.Spans, [2]int32{int32(w.From), int32(w.To)}) //nolint:gosec // in a text that is at most message.MaxText long
	}
	return c, true
}

// productIn returns the product that a text names, or else the only one of the
// customer's orders.
func (t *Triage) productIn(text string, hints taxonomy.Hints) string {
	if p := t.Taxonomy.Mentioned(text); p != "" {
		return p
	}
	if len(hints.Products) != 1 {
		return ""
	}
	p, _ := t.Taxonomy.Product(hints.Products[0])
	return p.ID
}

func roundShare(p float32) float64 { return math.Round(100*float64(p)) / 100 }

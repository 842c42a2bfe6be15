package triage

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// classifyContact sets the causes, department and taxonomy version of a contact
// from the customer's words and from the reasons that agents registered, in the
// order of the messages. The latest correction by an agent replaces the reasons
// of all messages until its time. If a contact has no reason then, and no agent
// corrected it, the model may guess the reasons of its messages.
func (t *Triage) classifyContact(ctx context.Context, k *contact.Contact, corrections []contact.Correction) error {
	text := message.CustomerText(k.Messages, detection.MaxText)
	hints, err := t.orderHints(ctx, text)
	if err != nil {
		return err
	}
	correctedUntil, isCorrected := t.applyCorrection(k, corrections)
	var buffer [8]taxonomy.Result
	products := t.productsByReason(text, hints)
	for _, m := range k.Messages {
		if err := ctx.Err(); err != nil {
			return fault.Wrap(fault.Unavailable, err, "no time left to classify")
		}
		if !m.SentAt.After(correctedUntil) {
			continue
		}
		if m.Reason != "" {
			cause := t.newCause(m.Reason, m.Product)
			cause.Message = m.ID
			cause.Confidence = 1
			cause.FoundBy = contact.ByAgent
			k.Causes = addCause(k.Causes, cause)
		}
		empty := m.Text == "" && m.Subject == ""
		if m.Direction != message.Inbound || empty {
			continue
		}
		for _, r := range t.Taxonomy.ClassifyAll(m.TextWithSubject(), hints, buffer[:0]) {
			if r.Reason != "" && !t.doubtsPhrase(m, r) {
				k.Causes = addCause(k.Causes, t.detectedCause(r, m.ID, products))
			}
		}
	}
	if len(k.Causes) == 0 && !isCorrected {
		if err := t.guessCauses(ctx, k, hints); err != nil {
			return err
		}
	}
	k.Department = contact.Unassigned
	k.Taxonomy = t.Taxonomy.Version
	k.Model = t.modelID()
	if len(k.Causes) > 0 {
		k.Department = k.Causes[0].Department
	}
	return nil
}

// applyCorrection adds the causes of the latest correction to a contact. It
// reports whether there is one, and until when it replaces the reasons of messages.
func (t *Triage) applyCorrection(k *contact.Contact, corrections []contact.Correction) (until time.Time, isCorrected bool) {
	latest, ok := latestCorrection(k.Messages, corrections)
	if !ok {
		return time.Time{}, false
	}
	for _, c := range latest.Causes {
		cause := t.newCause(c.Reason, c.Product)
		cause.Corrected = true
		cause.Confidence = 1
		cause.FoundBy = contact.ByCorrection
		k.Causes = addCause(k.Causes, cause)
	}
	return latest.Until, true
}

// latestCorrection returns the latest correction of one of these messages.
func latestCorrection(ms []message.Message, corrections []contact.Correction) (latest contact.Correction, ok bool) {
	if len(corrections) == 0 {
		return latest, false
	}
	ids := make(map[message.ID]bool, len(ms))
	for _, m := range ms {
		ids[m.ID] = true
	}
	for _, c := range corrections {
		if c.At.After(latest.At) && ids[c.Message] {
			latest = c
		}
	}
	return latest, !latest.At.IsZero()
}

// detectedCause returns the cause that the taxonomy found in a message. products
// has the product of a reason when the customer named it in another message.
func (t *Triage) detectedCause(r taxonomy.Result, in message.ID, products map[string]string) contact.Cause {
	c := contact.Cause{
		Reason: r.Reason, Product: r.Product, Department: r.Department,
		FoundBy: contact.ByPhrase, Words: r.Matched, Message: in, Confidence: r.Confidence,
	}
	for _, s := range r.Spans.List() {
		c.Spans = append(c.Spans, [2]int32{s.From, s.To})
	}
	if c.Product == "" && products[r.Reason] != "" {
		c.Product = products[r.Reason]
		c.Department = t.Taxonomy.Owner(r.Reason, c.Product)
	}
	return c
}

// orderHints returns the products of the orders whose numbers a text names.
func (t *Triage) orderHints(ctx context.Context, text string) (taxonomy.Hints, error) {
	var h taxonomy.Hints
	for _, order := range t.Taxonomy.OrderNumbers(text) {
		products, err := t.Store.Customers.OrderProducts(ctx, order)
		if err != nil {
			return h, err
		}
		h.Products = append(h.Products, products...)
	}
	slices.Sort(h.Products)
	h.Products = slices.Compact(h.Products)
	return h, nil
}

// productsByReason returns the product of each reason in the text of a whole
// contact: the customer may name the product and the reason in different
// messages.
func (t *Triage) productsByReason(text string, hints taxonomy.Hints) map[string]string {
	out := map[string]string{}
	var buffer [8]taxonomy.Result
	for _, r := range t.Taxonomy.ClassifyAll(text, hints, buffer[:0]) {
		if r.Reason != "" {
			out[r.Reason] = r.Product
		}
	}
	return out
}

// newCause returns the cause of a reason. It has a product only if the taxonomy
// counts the reason by product.
func (t *Triage) newCause(reason, product string) contact.Cause {
	if r, ok := t.Taxonomy.Reason(reason); ok && !r.PerProduct {
		product = ""
	}
	return contact.Cause{Reason: reason, Product: product, Department: t.Taxonomy.Owner(reason, product)}
}

// addCause adds a cause unless its reason and product are there already. A cause
// with a product replaces one with the same reason and no product.
func addCause(causes []contact.Cause, c contact.Cause) []contact.Cause {
	for i, have := range causes {
		if have.Reason != c.Reason {
			continue
		}
		if have.Product == "" && c.Product != "" {
			causes[i] = c
			return causes
		}
		if have.Product == c.Product || c.Product == "" {
			return causes
		}
	}
	return append(causes, c)
}

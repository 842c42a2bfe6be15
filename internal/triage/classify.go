package triage

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// classify finds what a contact is about, from the words of the customer and
// from what agents registered, in the order in which it was said. What an
// agent corrected stands for all that was said until then.
func (t *Triage) classify(ctx context.Context, k *contact.Contact, corrections []contact.Correction) error {
	said := contact.CustomerText(k.Messages, detection.MaxText)
	hints, err := t.hints(ctx, said)
	if err != nil {
		return err
	}
	var until time.Time
	if c, ok := corrected(k.Messages, corrections); ok {
		until = c.Until
		for _, cause := range c.Causes {
			known := t.cause(cause.Reason, cause.Product)
			known.Corrected, known.Confidence = true, 1
			k.Causes = add(k.Causes, known)
		}
	}
	var buffer [8]taxonomy.Result
	products := t.products(said, hints)
	for _, m := range k.Messages {
		if err := ctx.Err(); err != nil {
			return fault.Wrap(fault.Unavailable, err, "no time left to classify")
		}
		if !m.SentAt.After(until) {
			continue
		}
		if m.Reason != "" {
			cause := t.cause(m.Reason, m.Product)
			cause.Message, cause.Confidence = m.ID, 1
			k.Causes = add(k.Causes, cause)
		}
		if m.Direction != contact.Inbound || m.Text == "" && m.Subject == "" {
			continue
		}
		for _, r := range t.Taxonomy.ClassifyAll(m.TextWithSubject(), hints, buffer[:0]) {
			if r.Reason != "" {
				k.Causes = add(k.Causes, t.found(r, m.ID, products))
			}
		}
	}
	k.Department, k.Taxonomy = contact.Unassigned, t.Taxonomy.Version
	if len(k.Causes) > 0 {
		k.Department = k.Causes[0].Department
	}
	return nil
}

// corrected returns the latest of the corrections of these messages.
func corrected(ms []contact.Message, corrections []contact.Correction) (contact.Correction, bool) {
	var latest contact.Correction
	if len(corrections) == 0 {
		return latest, false
	}
	of := make(map[contact.ID]bool, len(ms))
	for _, m := range ms {
		of[m.ID] = true
	}
	for _, c := range corrections {
		if c.At.After(latest.At) && of[c.Message] {
			latest = c
		}
	}
	return latest, !latest.At.IsZero()
}

// found is the cause that the taxonomy found in a message. Its product may
// stand in another message of the contact.
func (t *Triage) found(r taxonomy.Result, in contact.ID, products map[string]string) contact.Cause {
	c := contact.Cause{
		Reason: r.Reason, Product: r.Product, Department: r.Department,
		Words: r.Matched, Message: in, Confidence: r.Confidence,
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

// hints are the products of the orders that the customer names.
func (t *Triage) hints(ctx context.Context, said string) (taxonomy.Hints, error) {
	var h taxonomy.Hints
	for _, order := range t.Taxonomy.OrderNumbers(said) {
		products, err := t.Store.OrderProducts(ctx, order)
		if err != nil {
			return h, err
		}
		h.Products = append(h.Products, products...)
	}
	slices.Sort(h.Products)
	h.Products = slices.Compact(h.Products)
	return h, nil
}

// products says which product each reason is about when the customer names
// it in another message than the reason.
func (t *Triage) products(said string, hints taxonomy.Hints) map[string]string {
	out := map[string]string{}
	var buffer [8]taxonomy.Result
	for _, r := range t.Taxonomy.ClassifyAll(said, hints, buffer[:0]) {
		if r.Reason != "" {
			out[r.Reason] = r.Product
		}
	}
	return out
}

// cause is what an agent registered. The product is part of it only where
// the taxonomy counts each product apart.
func (t *Triage) cause(reason, product string) contact.Cause {
	if r, ok := t.Taxonomy.Reason(reason); ok && !r.PerProduct {
		product = ""
	}
	return contact.Cause{Reason: reason, Product: product, Department: t.Taxonomy.Owner(reason, product)}
}

// add adds a cause once per reason; one that names the product goes before
// one that does not.
func add(causes []contact.Cause, c contact.Cause) []contact.Cause {
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

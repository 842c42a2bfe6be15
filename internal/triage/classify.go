package triage

import (
	"context"
	"slices"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// reader finds the causes in the messages of one customer. It reads each order
// once. It is not safe for concurrent use.
type reader struct {
	*Triage
	orders map[string][]string // products by order number
}

func (t *Triage) newReader() *reader { return &reader{t, map[string][]string{}} }

// read returns the readings of messages: the causes in the customer's words, or
// the reason that an agent registered. If no phrase matches, the model may guess.
// What people decided about a message replaces what its words say.
func (r *reader) read(ctx context.Context, messages []message.Message, decisions []contact.Decision) ([]contact.Reading, error) {
	out := make([]contact.Reading, len(messages))
	for i, m := range messages {
		_, machine := contact.WrittenByMachine(m, r.AppTexts)
		out[i] = contact.Reading{Message: m, ReadBy: r.version(), Machine: &machine}
	}
	contact.Decide(out, decisions)
	for i := range out {
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "no time left to classify")
		}
		var err error
		if out[i].Causes, err = r.causesOf(ctx, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// causesOf returns the causes of a message whose other marks are set.
func (r *reader) causesOf(ctx context.Context, m *contact.Reading) ([]contact.Cause, error) {
	if m.Reason != "" {
		cause := r.newCause(m.Reason, m.Product)
		cause.Message = m.ID
		cause.Confidence = 1
		cause.FoundBy = contact.ByAgent
		return []contact.Cause{cause}, nil
	}
	empty := m.Text == "" && m.Subject == ""
	saysNothing := *m.Machine || empty || m.Passive || m.Deleted
	if m.Direction != message.Inbound || saysNothing {
		return nil, nil
	}
	return r.findCauses(ctx, m.Message)
}

// version returns what messages are read with now.
func (t *Triage) version() contact.Version {
	return contact.Version{Taxonomy: t.Taxonomy.Version, Model: t.modelID()}
}

// findCauses returns the causes that a message names.
func (r *reader) findCauses(ctx context.Context, m message.Message) ([]contact.Cause, error) {
	text := m.TextWithSubject()
	hints, err := r.orderHints(ctx, text)
	if err != nil {
		return nil, err
	}
	var buffer [8]taxonomy.Result
	var causes []contact.Cause
	for _, found := range r.Taxonomy.ClassifyAll(text, hints, buffer[:0]) {
		if found.Reason != "" && !r.doubtsPhrase(m, found) {
			causes = append(causes, detectedCause(found, m.ID))
		}
	}
	if len(causes) > 0 {
		return causes, nil
	}
	if c, ok := r.guessCause(text, r.productIn(text, hints)); ok {
		c.Message = m.ID
		causes = append(causes, c)
	}
	return causes, nil
}

// detectedCause returns the cause that the taxonomy found in a message.
func detectedCause(r taxonomy.Result, in message.ID) contact.Cause {
	c := contact.Cause{
		Reason: r.Reason, Product: r.Product, Department: r.Department,
		FoundBy: contact.ByPhrase, Words: r.Matched, Message: in, Confidence: r.Confidence,
	}
	for _, s := range r.Spans.List() {
		c.Spans = append(c.Spans, [2]int32{s.From, s.To})
	}
	return c
}

// addProducts adds the product to the causes of contacts that have none: the
// customer may name the product and the reason in different messages.
func (r *reader) addProducts(ctx context.Context, contacts []contact.Contact) error {
	for i := range contacts {
		k := &contacts[i]
		if len(k.Causes) == 0 || k.Causes[0].Product != "" {
			continue
		}
		c := &k.Causes[0]
		if c.FoundBy != contact.ByPhrase && c.FoundBy != contact.ByModel {
			continue
		}
		if known, ok := r.Taxonomy.Reason(c.Reason); !ok || !known.PerProduct {
			continue
		}
		product, err := r.productOf(ctx, *k)
		if err != nil {
			return err
		}
		if product != "" {
			c.Product = product
			c.Department = r.Taxonomy.Owner(c.Reason, product)
			k.Department = c.Department
		}
	}
	return nil
}

// productOf returns the product that the text of a whole contact names for its
// reason, or "".
func (r *reader) productOf(ctx context.Context, k contact.Contact) (string, error) {
	text := message.CustomerText(k.Messages, detection.MaxText)
	hints, err := r.orderHints(ctx, text)
	if err != nil {
		return "", err
	}
	if k.Causes[0].FoundBy == contact.ByModel {
		return r.productIn(text, hints), nil
	}
	var buffer [8]taxonomy.Result
	product := ""
	for _, found := range r.Taxonomy.ClassifyAll(text, hints, buffer[:0]) {
		if found.Reason == k.Causes[0].Reason {
			product = found.Product
		}
	}
	return product, nil
}

// orderHints returns the products of the orders whose numbers a text names.
func (r *reader) orderHints(ctx context.Context, text string) (taxonomy.Hints, error) {
	var h taxonomy.Hints
	for _, order := range r.Taxonomy.OrderNumbers(text) {
		products, known := r.orders[order]
		if !known {
			var err error
			if products, err = r.Store.Customers.OrderProducts(ctx, order); err != nil {
				return h, err
			}
			r.orders[order] = products
		}
		h.Products = append(h.Products, products...)
	}
	slices.Sort(h.Products)
	h.Products = slices.Compact(h.Products)
	return h, nil
}

// severityOf returns the severity of a contact's first cause, "" without one.
func (t *Triage) severityOf(k contact.Contact) string {
	if len(k.Causes) == 0 {
		return ""
	}
	r, _ := t.Taxonomy.Reason(k.Causes[0].Reason)
	return string(r.Severity)
}

// newCause returns the cause of a reason. It has a product only if the taxonomy
// counts the reason by product.
func (t *Triage) newCause(reason, product string) contact.Cause {
	if r, ok := t.Taxonomy.Reason(reason); ok && !r.PerProduct {
		product = ""
	}
	return contact.Cause{Reason: reason, Product: product, Department: t.Taxonomy.Owner(reason, product)}
}

// agentCorrections returns corrections with the causes as the taxonomy has them.
func (t *Triage) agentCorrections(corrections []contact.Correction) []contact.Correction {
	out := slices.Clone(corrections)
	for i, c := range out {
		out[i].Causes = nil
		for _, cause := range c.Causes {
			out[i].Causes = append(out[i].Causes, t.newCause(cause.Reason, cause.Product))
		}
	}
	return out
}

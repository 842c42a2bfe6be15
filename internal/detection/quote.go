package detection

import (
	"context"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// maxQuotable bounds how many messages of a contact are tried as the quote of
// one cause: masking costs far more than reading.
const maxQuotable = 20

// A speaker quotes the customer of one contact. What all quotes of the contact
// need is computed once, when the first is asked for.
type speaker struct {
	detector *Detector
	customer identity.Customer
	contact  contact.Contact
	masker   *problem.Masker
	reasons  []string // of each message; empty where it is not the customer's text
}

func (d *Detector) speaker(c identity.Customer, k contact.Contact) *speaker {
	return &speaker{detector: d, customer: c, contact: k}
}

// quote returns what the customer said about a cause, masked; empty when in
// doubt. What an agent wrote down of a call is the agent's words.
func (s *speaker) quote(ctx context.Context, cause contact.Cause) string {
	if s.masker == nil {
		s.masker = problem.NewMasker(s.detector.known(s.customer, s.contact))
		s.reasons = s.detector.reasonsOf(ctx, s.contact)
	}
	tried := 0
	for i, m := range s.contact.Messages {
		if s.reasons[i] == "" || s.reasons[i] != cause.Reason {
			continue
		}
		if quote, ok := s.masker.Quote(m.Text); ok {
			return quote
		}
		if tried++; tried == maxQuotable {
			break
		}
	}
	return ""
}

// reasonsOf returns the reason of each message of a contact that the customer
// wrote, and nothing for the others or when ctx ends.
func (d *Detector) reasonsOf(ctx context.Context, k contact.Contact) []string {
	reasons := make([]string, len(k.Messages))
	for i, m := range k.Messages {
		if ctx.Err() != nil {
			break
		}
		if m.Direction == contact.Inbound && m.Origin != contact.Recorded && m.Text != "" {
			reasons[i] = d.Taxonomy.Classify(m.Text, taxonomy.Hints{}).Reason
		}
	}
	return reasons
}

// known returns the personal data of the customer in a contact.
func (d *Detector) known(c identity.Customer, k contact.Contact) problem.Known {
	known := problem.Known{Public: d.Taxonomy.PublicNames()}
	for _, m := range k.Messages {
		known.Names = append(known.Names, m.Name, m.Username)
		for _, a := range m.Addresses() {
			known.Address(a)
		}
	}
	known.Names = append(known.Names, c.Name)
	known.Accounts = append(known.Accounts, c.Account)
	known.Orders = d.Taxonomy.OrderNumbers(contact.CustomerText(k.Messages, MaxText))
	return known
}

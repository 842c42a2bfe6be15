package triage

import (
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// quote returns what the customer said about a cause, masked; empty when in
// doubt. What an agent wrote down of a call is the agent's words.
func (t *Triage) quote(c identity.Customer, k contact.Contact, cause contact.Cause) string {
	known := t.known(c, k)
	for _, m := range k.Messages {
		theirs := m.Direction == contact.Inbound && m.Origin != contact.Recorded && m.Text != ""
		if !theirs || t.Taxonomy.Classify(m.Text, taxonomy.Hints{}).Reason != cause.Reason {
			continue
		}
		if quotes := problem.Quotes([]problem.Candidate{{Text: m.Text, Known: known}}, 1); len(quotes) > 0 {
			return quotes[0]
		}
	}
	return ""
}

// known is what is known of who speaks in a contact.
func (t *Triage) known(c identity.Customer, k contact.Contact) problem.Known {
	known := problem.Known{Public: t.Taxonomy.PublicNames()}
	for _, m := range k.Messages {
		known.Names = append(known.Names, m.Name, m.Username)
		for _, a := range m.Addresses() {
			known.Address(a)
		}
	}
	known.Names = append(known.Names, c.Name)
	known.Accounts = append(known.Accounts, c.Account)
	known.Orders = t.Taxonomy.OrderNumbers(said(k.Messages))
	return known
}

package email

import (
	"slices"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// copiedRecipients returns the customers to whom one of our own people sent a
// mail, if m is our copy of it: the customers are in To, and our mailbox is in Cc
// or Bcc. It returns nil for any other mail.
//
// DMARC must prove the sender. Otherwise any stranger could end the waiting of a
// customer. The mail must look like a person's, because an automatic receipt
// does not answer the customer.
func copiedRecipients(m message.Message, root *rfc822.Part, env Envelope, c mailClass) []identity.Alias {
	sender := m.Customer
	isColleague := env.isStaff(sender.Value) || env.isOwnSender(sender.Value)
	switch {
	case sender.Assurance != identity.Verified || !isColleague:
		return nil
	case env.isForm(sender.Value) || env.guessed:
		return nil
	case c != mailClass{} || isListMail(root.Header) || isForwardSubject(m.Subject):
		return nil
	}
	var customers []identity.Alias
	for _, a := range root.Header.Addresses("To") {
		alias, err := identity.NewAlias(identity.Email, "", a.Addr)
		switch {
		case err != nil:
		case env.isOwnMailbox(alias.Value) && !env.isStaff(alias.Value):
			return nil // it was sent to us
		case env.isOutside(alias.Value) && !slices.Contains(customers, alias):
			customers = append(customers, alias)
		}
	}
	return customers
}

// setCopiedAnswer makes m an outbound message to a customer, written by the
// colleague who sent it. Its words are not the customer's.
func setCopiedAnswer(m *message.Message, customer identity.Alias) {
	m.Direction = message.Outbound
	m.Origin = message.Echo
	m.Author = m.Customer.Value
	m.Customer = identity.Address{Alias: customer, Assurance: identity.Verified}
	m.Aliases = nil
	m.Name = ""
}

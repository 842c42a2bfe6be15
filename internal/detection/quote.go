package detection

import (
	"context"
	"slices"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/redact"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// maxQuotable limits how many messages of a contact are tried as the quote of
// one cause: masking costs far more than reading.
const maxQuotable = 20

// quoter finds quotes in one contact. It computes what all quotes of the contact
// need when the first is requested. It is not safe for concurrent use.
type quoter struct {
	detector *Detector
	customer identity.Customer
	contact  contact.Contact
	masker   *redact.Masker
	reasons  []string // of each message; empty where the customer did not write it
}

func (d *Detector) newQuoter(c identity.Customer, k contact.Contact) *quoter {
	return &quoter{detector: d, customer: c, contact: k}
}

// describeOccurrence returns the occurrence of a cause in the contact, with a
// quote and the customer's text.
func (q *quoter) describeOccurrence(ctx context.Context, cause contact.Cause) problem.Occurrence {
	s := q.detector.locateOccurrence(q.contact, cause)
	s.Quote = q.findQuote(ctx, cause)
	s.Text = message.CustomerText(q.contact.Messages, MaxText)
	return s
}

// findQuote returns a masked sentence about a cause in the customer's own words,
// or "" if no message says enough when it is masked. Notes of a phone call are the
// agent's words and are not quoted.
func (q *quoter) findQuote(ctx context.Context, cause contact.Cause) string {
	if q.masker == nil {
		q.masker = redact.NewMasker(q.detector.personalData(q.customer, q.contact))
		q.reasons = q.detector.messageReasons(ctx, q.contact)
	}
	hasReason := slices.Contains(q.reasons, cause.Reason)
	tried := 0
	for i, m := range q.contact.Messages {
		// Without a message of this reason an agent set it, and any message may say why.
		isGuess := cause.FoundBy == contact.ByModel && m.ID == cause.Message
		isAbout := q.reasons[i] == cause.Reason || isGuess || !hasReason
		if !isAbout || !excerpt.IsWritten(m) {
			continue
		}
		if quote, ok := q.masker.Quote(m.Text); ok {
			return quote
		}
		if tried++; tried == maxQuotable {
			break
		}
	}
	return ""
}

// messageReasons returns the reason of each message that the customer wrote, and
// "" for all others. Messages that are left when ctx ends have no reason.
func (d *Detector) messageReasons(ctx context.Context, k contact.Contact) []string {
	reasons := make([]string, len(k.Messages))
	for i, m := range k.Messages {
		if ctx.Err() != nil {
			break
		}
		if excerpt.IsWritten(m) {
			reasons[i] = d.Taxonomy.Classify(m.Text, taxonomy.Hints{}).Reason
		}
	}
	return reasons
}

// personalData returns the names, addresses, account and order numbers of the
// customer that are known from a contact.
func (d *Detector) personalData(c identity.Customer, k contact.Contact) redact.PersonalData {
	known := redact.PersonalData{Public: d.Taxonomy.PublicNames()}
	for _, m := range k.Messages {
		known.Names = append(known.Names, m.Name, m.Username)
		for _, a := range m.Addresses() {
			known.AddAddress(a)
		}
	}
	known.Names = append(known.Names, c.Name)
	known.Accounts = append(known.Accounts, c.Account)
	known.Orders = d.Taxonomy.OrderNumbers(message.CustomerText(k.Messages, MaxText))
	return known
}

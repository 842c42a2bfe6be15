// Package excerpt reads what customers wrote in the contacts of a problem, and
// selects what the problem's department may see of it: quotes, words, and masked
// messages.
//
// # Example
//
// Five customers write about the manual of one product. Three of them write
// "step 7", and other products' contacts about manuals do not. Two customers give
// the code SPRING15.
//
//   - The quotes are three masked sentences of different customers.
//   - The words are "step 7".
//   - SPRING15 is masked as [number]: a code is public if three customers wrote it.
package excerpt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/redact"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Customers reads customers.
type Customers interface {
	Get(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
}

// Contacts reads the contacts of a customer with their messages.
type Contacts interface {
	WithMessages(ctx context.Context, c identity.Customer, from time.Time) ([]contact.Contact, []message.Message, error)
}

// A Reader reads contacts.
type Reader struct {
	Customers Customers
	Contacts  Contacts
	Taxonomy  *taxonomy.Taxonomy
}

// A Contact is a contact of a problem with the messages that its customer wrote.
type Contact struct {
	problem.Occurrence
	Messages []message.Message // oldest first
	Known    redact.PersonalData
}

const (
	parallelReads = 8
	// lookback is how long before the message that names the cause a contact is
	// searched for its beginning.
	lookback = 14 * 24 * time.Hour
)

// Read returns those contacts that exist, in the order given, with their messages.
// It leaves out contacts of customers that were erased, and logs contacts that
// cannot be read. The error is a temporary one.
func (r Reader) Read(ctx context.Context, occurrences []problem.Occurrence) ([]Contact, error) {
	contacts := make([]Contact, len(occurrences))
	errs := make([]error, len(occurrences))
	lambdabatch.Each(len(occurrences), parallelReads, func(i int) {
		contacts[i], errs[i] = r.readContact(ctx, occurrences[i])
		if lambdabatch.IsPermanent(errs[i]) {
			slog.ErrorContext(ctx, "unreadable contact left out of an excerpt", "contact", occurrences[i].Contact, "kind", fault.KindOf(errs[i]))
			contacts[i], errs[i] = Contact{}, nil
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("read excerpts: %w", err)
	}
	return slices.DeleteFunc(contacts, func(c Contact) bool { return len(c.Messages) == 0 }), nil
}

// readContact returns a contact, without messages if it does not exist any more.
func (r Reader) readContact(ctx context.Context, o problem.Occurrence) (Contact, error) {
	customer, err := r.Customers.Get(ctx, o.Customer)
	if fault.Is(err, fault.NotFound) {
		return Contact{}, nil
	}
	if err != nil {
		return Contact{}, fmt.Errorf("read customer of an excerpt: %w", err)
	}
	contacts, messages, err := r.Contacts.WithMessages(ctx, customer, o.At.Add(-lookback))
	if err != nil {
		return Contact{}, fmt.Errorf("read contact of an excerpt: %w", err)
	}
	found := Contact{Occurrence: o}
	found.Customer = customer.ID
	for _, k := range contactsOf(contacts, o) {
		for _, m := range k.Messages {
			if IsWritten(m) {
				found.Messages = append(found.Messages, m)
			}
		}
	}
	found.Known = PersonalData(r.Taxonomy, customer, messages)
	return found, nil
}

// contactsOf returns the contact of an occurrence. If its beginning was not read, it has
// another id; then it is one with the message that names the cause.
func contactsOf(contacts []contact.Contact, o problem.Occurrence) []contact.Contact {
	same := slices.Clone(contacts)
	same = slices.DeleteFunc(same, func(k contact.Contact) bool { return k.ID != o.Contact })
	if len(same) > 0 {
		return same
	}
	return slices.DeleteFunc(slices.Clone(contacts), func(k contact.Contact) bool {
		return !slices.ContainsFunc(k.Messages, func(m message.Message) bool {
			return m.Direction == message.Inbound && m.SentAt.Equal(o.At)
		})
	})
}

// IsWritten reports whether a customer wrote the text of a message. Answers, notes
// of agents, messages of programs and those that the customer took back do not count.
func IsWritten(m message.Message) bool {
	isCustomer := m.Direction == message.Inbound && m.Origin != message.Recorded
	return isCustomer && m.Automated == "" && m.Text != "" && !m.Deleted
}

// PersonalData returns the names, addresses and numbers of a customer that must
// be masked in texts, from the customer and its messages.
func PersonalData(t *taxonomy.Taxonomy, c identity.Customer, messages []message.Message) redact.PersonalData {
	known := redact.PersonalData{Names: []string{c.Name}, Accounts: []string{c.Account}, Public: t.PublicNames()}
	for _, m := range messages {
		known.Names = append(known.Names, m.Name, m.Username)
		known.Orders = append(known.Orders, t.OrderNumbers(m.Text)...)
		for _, a := range m.Addresses() {
			known.AddAddress(a)
		}
	}
	return known
}

// About returns the messages of the contact that are classified with a reason. It
// returns all messages if none is, for example because an agent set the reason.
func (c Contact) About(t *taxonomy.Taxonomy, reason string) []message.Message {
	var about []message.Message
	for _, m := range c.Messages {
		if t.Classify(m.Text, taxonomy.Hints{}).Reason == reason {
			about = append(about, m)
		}
	}
	if len(about) == 0 {
		return c.Messages
	}
	return about
}

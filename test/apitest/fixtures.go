package apitest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/agentapi"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// MailKeys makes the tokens in Message-IDs of our mail.
var MailKeys = email.Tokens{Key: []byte("a key of tests, long enough")}

// Mailbox is the mailbox that answers are sent from.
var Mailbox = agentapi.Mailbox{
	Domain: "support.example.com", Default: "service",
	Tokens: func(context.Context) (email.Tokens, error) { return MailKeys, nil },
}

// Els is the author of the mails of Mails.
var Els = identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "els@voorbeeld.example"}, Assurance: identity.Verified}

// Contact stores a contact that has waited for n minutes.
func (s *Stack) Contact(who identity.CustomerID, n int, department string) contact.Contact {
	s.T.Helper()
	at := Now.Add(-time.Duration(n) * time.Minute)
	k := contact.Contact{
		ID: "k-" + uuid.NewString(), Customer: who, Start: at, WaitingSince: at, Channels: []message.Channel{message.WhatsApp}, Department: department,
		Causes: []contact.Cause{{Reason: "invoice-unclear", Department: department, Words: []string{"factuur"}}}, Taxonomy: "2026-01",
	}
	if err := s.Table.Contacts.Save(s.T.Context(), k); err != nil {
		s.T.Fatal(err)
	}
	return k
}

// Problem stores an open problem of a department, n minutes old.
func (s *Stack) Problem(name, department string, n int) string {
	s.T.Helper()
	at := Now.Add(-time.Duration(n) * time.Minute)
	var affected []problem.Affected
	for i := range 5 {
		affected = append(affected, problem.Affected{
			Customer:    identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-00000000000%d", i)),
			Occurrences: []problem.Occurrence{{Contact: fmt.Sprint("k", i), Day: at.Format(time.DateOnly), At: at}},
		})
	}
	p, events := problem.Open(problem.Seed{
		ID: "p-" + name, Reason: "reason-" + name, Department: department, Severity: "normal", TaxonomyVersion: "2026-01",
		Names: problem.Names{Department: problem.Label{NL: department, EN: department}}, Affected: affected,
	}, at)
	if err := s.Table.Problems.Create(s.T.Context(), problem.Record{Problem: p, Quotes: []string{"de factuur klopt niet"}, Events: events}, affected); err != nil {
		s.T.Fatal(err)
	}
	return p.ID
}

// Burst stores forty customers of last week with different words, and six of
// today with the same words, so that a candidate is found.
func (s *Stack) Burst() {
	s.T.Helper()
	keep := func(c identity.CustomerID, id string, at time.Time, words ...string) {
		u := problem.UnclassifiedContact{Customer: c, Contact: id, At: at, Words: words, Expires: Now.Add(time.Hour)}
		if err := s.Table.Candidates.PutUnknownContacts(s.T.Context(), []problem.UnclassifiedContact{u}); err != nil {
			s.T.Fatal(err)
		}
	}
	for i := range 40 {
		keep(identity.CustomerID(fmt.Sprint("past-", i)), fmt.Sprint("k", i), Now.Add(-5*24*time.Hour), "woord", fmt.Sprint("eigen", i))
	}
	for i := range 6 {
		a := Verified(identity.Phone, "", fmt.Sprintf("3197010055%d", i))
		m := s.Put(message.Message{
			Channel: message.WhatsApp, Direction: message.Inbound, Customer: a, Name: "Jan Voorbeeld",
			Text: "De gasklep fluit sinds gisteren heel hard, groet Jan Voorbeeld",
		}, 50-i)
		k := contact.Contact{
			ID: contact.IDOf(m.ID), Customer: m.CustomerID, Start: m.SentAt, WaitingSince: m.SentAt,
			Channels: []message.Channel{message.WhatsApp}, Department: contact.Unassigned,
		}
		if err := s.Table.Contacts.Save(s.T.Context(), k); err != nil {
			s.T.Fatal(err)
		}
		keep(m.CustomerID, k.ID, k.Start, "gasklep", "fluit")
	}
}

// Mails stores a mail of a customer, 90 minutes before now.
func (s *Stack) Mails(who identity.CustomerID, m message.Message) message.Message {
	s.T.Helper()
	m.Version = message.SchemaVersion
	m.Kind = message.Mail
	m.Channel = message.Email
	m.Direction = message.Inbound
	m.CustomerID = who
	if m.SentAt.IsZero() {
		m.SentAt = Now.Add(-90 * time.Minute)
	}
	if m.Customer.Value == "" {
		m.Customer = Els
	}
	if m.ProviderID == "" {
		m.ProviderID = "ses1/help@support.example.com"
	}
	if m.MailID == "" {
		m.MailID = "m2@voorbeeld.example"
	}
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	if _, err := s.Table.Messages.Put(s.T.Context(), m, ""); err != nil {
		s.T.Fatal(err)
	}
	return m
}

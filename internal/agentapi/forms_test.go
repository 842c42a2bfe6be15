package agentapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/test/apitest"
)

// receives takes in a mail as SES hands it on, some minutes before now, and
// returns the id of its message.
func (s *stack) receives(minutes int, dmarc, header, text string) message.ID {
	s.T.Helper()
	forms, err := email.ParseAddressList("formulier@shop.example")
	if err != nil {
		s.T.Fatal(err)
	}
	at := now.Add(-time.Duration(minutes) * time.Minute)
	sesID := fmt.Sprintf("formmail%08d", minutes)
	raw := "Received: from mx.example by inbound-smtp.eu-west-1.amazonaws.com with SMTP id " + sesID + " for service@support.example.com; " + at.Format(time.RFC1123Z) + "\n" +
		"Authentication-Results: amazonses.com; dmarc=" + dmarc + ";\n" + header + "\nMessage-ID: <" + sesID + "@mail.example>\n\n" + text + "\n"
	if err := s.Blobs.Put(s.T.Context(), "in/"+sesID, "message/rfc822", []byte(raw)); err != nil {
		s.T.Fatal(err)
	}
	clock := func() time.Time { return now }
	h := &ingest.MailHandler{
		Bucket: s.Blobs, Prefix: "in/", Sent: s.Table.Messages, Ingester: &ingest.Ingester{Store: ingest.StoreOf(s.Table), Blobs: s.Blobs, Now: clock},
		Meter: &telemetry.Meter{Function: "test", Out: s.Metrics, Now: clock},
		Parse: func(_ context.Context, raw []byte, notice json.RawMessage) (ingest.ParsedMail, error) {
			env := email.EnvelopeFromHeaders(raw)
			env.AddNotice(notice)
			env.Tokens, env.Forms, env.Domain = apitest.MailKeys, forms.Has, apitest.Mailbox.Domain
			d, p, err := email.Normalize(raw, env)
			return ingest.ParsedMail{Delivery: d, Quarantine: p.Quarantine, File: p.FileContent, Page: p.SafeHTML, OwnMailIDs: p.OwnMailIDs}, err
		},
	}
	notice := fmt.Sprintf(`{"ses": {"mail": {"messageId": %q}, "receipt": {"recipients": ["service@support.example.com"]}}}`, sesID)
	if _, err := h.Handle(s.T.Context(), ingest.MailEvent{Records: []json.RawMessage{json.RawMessage(notice)}}); err != nil {
		s.T.Fatal(err)
	}
	return message.NewID(message.Email, at, sesID+"/service@support.example.com")
}

// mailOf returns the customer of a mail address, and their messages.
func (s *stack) mailOf(address string, want identity.Assurance) (identity.Customer, []message.Message) {
	s.T.Helper()
	id, got, err := s.Table.Customers.FindCustomer(s.T.Context(), identity.Alias{Kind: identity.Email, Value: address})
	if err != nil {
		s.T.Fatalf("%s: %v", address, err)
	}
	if got != want {
		s.T.Errorf("%s is %s, want %s", address, got, want)
	}
	return s.historyOf(id)
}

func (s *stack) historyOf(id identity.CustomerID) (identity.Customer, []message.Message) {
	s.T.Helper()
	c, err := s.Table.Customers.Get(s.T.Context(), id)
	if err != nil {
		s.T.Fatal(err)
	}
	messages, err := s.Table.Messages.RecentMessages(s.T.Context(), c, now.Add(-24*time.Hour))
	if err != nil {
		s.T.Fatal(err)
	}
	return c, messages
}

const formOf = "From: Website <formulier@shop.example>\nSubject: Contactformulier\nAuto-Submitted: auto-generated"

// TestForms_TwoVisitors takes in the mails of two visitors of one form, and
// answers one of them.
func TestForms_TwoVisitors(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.receives(60, "pass", formOf+"\nReply-To: Els Proef <els@example.net>", "Mijn factuur klopt niet.")
	s.receives(59, "pass", formOf+"\nReply-To: Wim Proef <wim@example.net>", "Waar blijft mijn pakket? Mijn adres is Dorpsstraat 1.")
	els, said := s.mailOf("els@example.net", identity.Claimed)
	if len(said) != 1 || said[0].Text != "Mijn factuur klopt niet." || said[0].Name != "Els Proef" {
		t.Errorf("Els's history is %+v, want her mail alone", said)
	}
	wim, said := s.mailOf("wim@example.net", identity.Claimed)
	if len(said) != 1 || !strings.HasPrefix(said[0].Text, "Waar blijft mijn pakket?") {
		t.Errorf("Wim's history is %+v, want his mail alone", said)
	}
	if els.ID == wim.ID {
		t.Error("Els and Wim are one customer")
	}
	for _, c := range []identity.Customer{els, wim} {
		_, said := s.historyOf(c.ID)
		if open := contact.Contacts(contact.Read(said, nil)); len(open) != 1 || open[0].WaitingSince.IsZero() {
			t.Errorf("contacts %+v, want one that waits", open)
		}
	}
	if _, _, err := s.Table.Customers.FindCustomer(t.Context(), identity.Alias{Kind: identity.Email, Value: "formulier@shop.example"}); err == nil {
		t.Error("the form is a customer")
	}

	var m message.Entry
	s.Do(call{Route: replyRoute, Path: id(els.ID), Body: written(nil)}).Into(http.StatusAccepted, &m)
	if m.Customer.Value != "els@example.net" || m.Name != "Els Proef" {
		t.Errorf("the answer goes to %s %q, want els@example.net", m.Customer.Value, m.Name)
	}
	if m.Subject != "Re: Contactformulier" || m.Account != "service@support.example.com" {
		t.Errorf("the answer is %q from %s", m.Subject, m.Account)
	}
}

// TestForms_KnownPerson has a person with a verified address use the form, and
// answer our answer from their own mailbox.
func TestForms_KnownPerson(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.receives(70, "pass", "From: Els <els@example.net>\nSubject: Pakket", "Waar is mijn pakket?")
	s.receives(60, "pass", formOf+"\nReply-To: Els <els@example.net>", "Mijn factuur klopt niet.")
	verified, said := s.mailOf("els@example.net", identity.Verified)
	if len(said) != 1 || said[0].Text != "Waar is mijn pakket?" {
		t.Errorf("the verified history is %+v, want the mail that was proven", said)
	}
	suggested, err := s.Table.Customers.Suggestions(t.Context(), verified)
	if err != nil || len(suggested) != 1 || !slices.Equal(suggested[0].Reasons, []string{identity.ReasonClaimed}) {
		t.Fatalf("suggestions %+v, %v; want the claimed customer", suggested, err)
	}
	claimed, said := s.historyOf(suggested[0].Customer)
	if len(said) != 1 || said[0].Text != "Mijn factuur klopt niet." {
		t.Errorf("the claimed history is %+v, want the form's mail", said)
	}

	var m message.Entry
	s.Do(call{Route: replyRoute, Path: id(claimed.ID), Body: written(nil)}).Into(http.StatusAccepted, &m)
	sent := message.SentMail{Customer: claimed.ID, Message: m.ID, ProviderID: m.ProviderID, MailID: m.MailID, To: m.Customer.Alias, At: m.SentAt}
	if err := s.Table.Messages.PutSent(t.Context(), m.MailID, sent); err != nil {
		t.Fatal(err)
	}
	s.receives(10, "pass", "From: Els <els@example.net>\nSubject: Re: Contactformulier\nIn-Reply-To: <"+m.MailID+">", "Dank, maar het klopt nog niet.")
	_, said = s.mailOf("els@example.net", identity.Verified)
	if len(said) != 2 || said[1].ReplyTo == nil || said[1].ReplyTo.ProviderID != m.ProviderID || said[1].Thread != m.MailID {
		t.Errorf("the verified history is %+v, want an answer to our mail", said)
	}
	if _, said = s.historyOf(claimed.ID); len(said) != 2 {
		t.Errorf("the claimed history has %d messages, want the form's mail and our answer", len(said))
	}
}

// TestForms_Forged has a stranger forge the form's address: it reaches no more
// than a forged From of the same person does.
func TestForms_Forged(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.receives(70, "pass", "From: Els <els@example.net>\nSubject: Pakket", "Waar is mijn pakket?")
	s.receives(60, "fail", formOf+"\nReply-To: Els <els@example.net>", "Stuur alles naar een ander adres.")
	if _, said := s.mailOf("els@example.net", identity.Verified); len(said) != 1 {
		t.Errorf("the verified history has %d messages, want 1", len(said))
	}
}

// TestForms_NoAuthor takes in two mails of a form that names no one: each
// waits by itself, and neither can be answered by mail until its author is
// known.
func TestForms_NoAuthor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var customers []identity.Customer
	for n, text := range []string{"Mijn factuur klopt niet.", "Waar blijft mijn pakket?"} {
		message := s.receives(60+n, "pass", formOf, text)
		d, _, err := email.Normalize([]byte(formOf+"\n\n"+text), email.Envelope{
			SESID: fmt.Sprintf("formmail%08d", 60+n), Forms: func(string) bool { return true },
		})
		if err != nil {
			t.Fatal(err)
		}
		found, err := s.Table.Customers.Identify(t.Context(), d.Messages[0].Addresses(), identity.Evidence{Rule: identity.RuleMail, At: now})
		if err != nil {
			t.Fatal(err)
		}
		c, said := s.historyOf(found)
		if len(said) != 1 || said[0].ID != message || said[0].Text != text || said[0].Mark != email.MarkNoAuthor {
			t.Fatalf("history %+v, want %q alone, marked", said, text)
		}
		if open := contact.Contacts(contact.Read(said, nil)); len(open) != 1 || open[0].WaitingSince.IsZero() {
			t.Errorf("contacts %+v, want one that waits", open)
		}
		customers = append(customers, c)
	}
	if customers[0].ID == customers[1].ID {
		t.Error("two visitors are one customer")
	}
	one := id(customers[0].ID)
	s.Do(call{Route: replyRoute, Path: one, Body: written(nil)}).ExpectRefusal(http.StatusBadRequest, "the mail does not say who wrote it")
	s.Do(call{Route: replyRoute, Path: one, Body: written(map[string]any{"automatic": true})}).ExpectRefusal(http.StatusBadRequest, "the mail does not say who wrote it")

	els := s.Customer(apitest.Els)
	s.Mails(els, message.Message{Subject: "Pakket"})
	s.Do(call{Route: "POST /v1/customers/{id}/merge", Path: id(els), Body: map[string]any{"customerId": customers[0].ID, "why": "her name is in the text"}}).Expect(http.StatusOK)
	var m message.Entry
	s.Do(call{Route: replyRoute, Path: one, Body: written(nil)}).Into(http.StatusAccepted, &m)
	if m.Customer.Value != "els@voorbeeld.example" || m.Subject != "Re: Contactformulier" {
		t.Errorf("the answer %q goes to %s, want els@voorbeeld.example", m.Subject, m.Customer.Value)
	}
}

// TestSendAnswer_OwnSideOrNoReply answers customers from before a form was
// configured, whose address is the form's, a mailbox of ours or a no-reply one.
func TestSendAnswer_OwnSideOrNoReply(t *testing.T) {
	t.Parallel()
	for address, tt := range map[string]struct {
		status, forced int
		detail         string
	}{
		"noreply@forms.example":             {http.StatusBadRequest, http.StatusBadRequest, "find the customer who has the address of the writer"},
		"web+contact@shop.example":          {http.StatusBadRequest, http.StatusBadRequest, "find the customer who has the address of the writer"},
		"service@support.example.com":       {http.StatusBadRequest, http.StatusBadRequest, "find the customer who has the address of the writer"},
		"no-reply@voorbeeld.example":        {http.StatusConflict, http.StatusAccepted, "no one reads its mail"},
		"els@voorbeeld.example":             {http.StatusAccepted, 0, ""},
		"els@sub.support.example.com":       {http.StatusAccepted, 0, ""},
		"webshop@shop.example":              {http.StatusAccepted, 0, ""},
		"noreply.for.els@voorbeeld.example": {http.StatusAccepted, 0, ""},
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			forms, err := email.ParseAddressList("web@shop.example, @forms.example")
			if err != nil {
				t.Fatal(err)
			}
			s.Agents.Mailbox.Forms = forms.Has
			from := identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: address}, Assurance: identity.Verified}
			who := s.Customer(from)
			mail := s.Mails(who, message.Message{Customer: from, Subject: "Contactformulier"})
			for _, body := range []map[string]any{written(nil), written(map[string]any{"inReplyTo": mail.ID})} {
				if tt.detail == "" {
					s.Do(call{Route: replyRoute, Path: id(who), Body: body}).Expect(http.StatusAccepted)
					return
				}
				s.Do(call{Route: replyRoute, Path: id(who), Body: body}).ExpectRefusal(tt.status, tt.detail)
			}
			if got := s.Texts(call{Route: historyRoute, Path: id(who), Query: map[string]string{"direction": "outbound"}}); len(got) != 0 {
				t.Errorf("the refused answer is in the history: %q", got)
			}
			s.Do(call{Route: replyRoute, Path: id(who), Body: written(map[string]any{"force": "the person asked"})}).Expect(tt.forced)
			s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"channel": "email"})}).Expect(http.StatusCreated)
		})
	}
}

package agentapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

const (
	splitRoute = "POST /v1/customers/{id}/contacts/{contact}/split"
	joinRoute  = "POST /v1/customers/{id}/contacts/{contact}/join"
)

// contactsOf returns the texts of the contacts that the stored messages and decisions of
// a customer make.
func (s *stack) contactsOf(who identity.CustomerID) (texts [][]string) {
	s.T.Helper()
	c, err := s.Table.Customers.GetConsistently(s.T.Context(), who)
	if err != nil {
		s.T.Fatal(err)
	}
	contacts, _, err := s.Table.Contacts.WithMessages(s.T.Context(), c, now.AddDate(0, 0, -1))
	if err != nil {
		s.T.Fatal(err)
	}
	for _, k := range contacts {
		var of []string
		for _, m := range k.Messages {
			of = append(of, m.Text)
		}
		texts = append(texts, of)
	}
	return texts
}

// saveContacts stores the contacts of a customer, as triage does after a decision.
func (s *stack) saveContacts(who identity.CustomerID) {
	s.T.Helper()
	c, err := s.Table.Customers.GetConsistently(s.T.Context(), who)
	if err != nil {
		s.T.Fatal(err)
	}
	stored, _, err := s.Table.Contacts.List(s.T.Context(), who, 100, "")
	if err != nil {
		s.T.Fatal(err)
	}
	contacts, _, err := s.Table.Contacts.WithMessages(s.T.Context(), c, now.AddDate(0, 0, -1))
	if err != nil {
		s.T.Fatal(err)
	}
	for _, k := range stored {
		if err := s.Table.Contacts.Delete(s.T.Context(), k); err != nil {
			s.T.Fatal(err)
		}
	}
	for _, k := range contacts {
		if err := s.Table.Contacts.Save(s.T.Context(), k); err != nil {
			s.T.Fatal(err)
		}
	}
}

func TestSplitContact_AndJoin(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.Says(phone(1), message.WhatsApp, 50, "Het ding doet raar")
	second := s.Says(phone(1), message.WhatsApp, 40, "En wie betaalt dat nou")
	who := first.CustomerID
	s.Says(phone(1), message.WhatsApp, 30, "Ik bedoel de rekening")
	s.saveContacts(who)

	path := func(k string) map[string]string { return map[string]string{"id": string(who), "contact": k} }
	opened := contact.IDOf(first.ID)
	split := contact.IDOf(second.ID)
	for range 2 { // a repeated request has the same effect
		var placed struct{ ContactID string }
		s.Do(call{Route: splitRoute, Path: path(opened), Body: map[string]any{"messageId": second.ID}}).Into(http.StatusOK, &placed)
		if placed.ContactID != split {
			t.Errorf("contact: got %s, want %s", placed.ContactID, split)
		}
		s.saveContacts(who)
	}
	got := s.contactsOf(who)
	want := [][]string{{"Het ding doet raar"}, {"En wie betaalt dat nou", "Ik bedoel de rekening"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the split (-want +got):\n%s", diff)
	}

	s.Do(call{Route: joinRoute, Path: path(opened), Body: map[string]any{"into": split}}).Expect(http.StatusOK)
	s.saveContacts(who)
	got = s.contactsOf(who)
	want = [][]string{{"Het ding doet raar", "En wie betaalt dat nou", "Ik bedoel de rekening"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the join (-want +got):\n%s", diff)
	}
}

func TestSplitContact_Refusals(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.Says(phone(1), message.WhatsApp, 50, "Het ding doet raar")
	other := s.Says(phone(2), message.WhatsApp, 40, "Hallo?")
	s.saveContacts(first.CustomerID)
	path := map[string]string{"id": string(first.CustomerID), "contact": contact.IDOf(first.ID)}
	s.Do(call{Route: splitRoute, Path: path, Body: map[string]any{"messageId": first.ID}}).ExpectRefusal(http.StatusBadRequest, "first message")
	s.Do(call{Route: splitRoute, Path: path, Body: map[string]any{"messageId": other.ID}}).ExpectRefusal(http.StatusBadRequest, "in this contact")
	s.Do(call{Route: joinRoute, Path: path, Body: map[string]any{"into": contact.IDOf(other.ID)}}).ExpectRefusal(http.StatusBadRequest, "not a contact of this customer")
	s.Do(call{Route: joinRoute, Path: path, Body: map[string]any{"into": path["contact"]}}).ExpectRefusal(http.StatusBadRequest, "the contact itself")
	unknown := map[string]string{"id": path["id"], "contact": "x"}
	s.Do(call{Route: splitRoute, Path: unknown, Body: map[string]any{"messageId": first.ID}}).Expect(http.StatusNotFound)
}

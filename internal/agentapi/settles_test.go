package agentapi_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

// wishes stores one message with two wishes and a later one about the second wish, and
// their contacts.
func (s *stack) wishes() (who identity.CustomerID, parcel, invoice contact.Contact) {
	s.T.Helper()
	both := s.Says(phone(1), message.WhatsApp, 30, "Waar blijft mijn pakket, en ik snap mijn factuur niet")
	again := s.Says(phone(1), message.WhatsApp, 20, "Die factuur, weet u al meer?")
	late := contact.Cause{Reason: "delivery-late", Department: "logistics", Message: both.ID}
	unclear := contact.Cause{Reason: "invoice-unclear", Department: "billing", Message: both.ID}
	further := unclear
	further.Message = again.ID
	contacts := contact.Contacts([]contact.Reading{
		{Message: both, Causes: []contact.Cause{late, unclear}},
		{Message: again, Causes: []contact.Cause{further}},
	})
	for _, k := range contacts {
		if err := s.Table.Contacts.Save(s.T.Context(), k); err != nil {
			s.T.Fatal(err)
		}
	}
	i := slices.IndexFunc(contacts, func(k contact.Contact) bool { return k.Department == "logistics" })
	return both.CustomerID, contacts[i], contacts[1-i]
}

func TestRecordAnswer_Contacts(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who, parcel, invoice := s.wishes()
	both, again := parcel.Messages[0].ID, invoice.Messages[1].ID
	for name, tt := range map[string]struct {
		contacts []string
		want     []message.Settled
	}{
		"one of two wishes": {[]string{parcel.ID}, []message.Settled{{Message: both, Reason: "delivery-late"}}},
		"the later message": {[]string{invoice.ID}, []message.Settled{{Message: again}}},
		"both":              {[]string{parcel.ID, invoice.ID}, []message.Settled{{Message: both, Reason: "delivery-late"}, {Message: again}}},
		"not said":          {nil, nil},
	} {
		body := map[string]any{"delivery": "recorded", "channel": "whatsapp", "text": "Morgen.", "id": uuid.Must(uuid.NewV7()).String(), "sentAt": "2026-03-01T11:59:00Z"}
		if tt.contacts != nil {
			body["contacts"] = tt.contacts
		}
		var stored message.Message
		s.Do(call{Route: "POST /v1/customers/{id}/messages", Path: id(who), Body: body}).Into(http.StatusCreated, &stored)
		if diff := cmp.Diff(tt.want, stored.Settles); diff != "" {
			t.Errorf("%s: settles (-want +got):\n%s", name, diff)
		}
	}
}

// drops removes a contact, as triage does when an earlier message gives it
// another id.
func (s *stack) drops(who identity.CustomerID, contactID string) {
	s.T.Helper()
	c, err := s.Table.Customers.GetConsistently(s.T.Context(), who)
	if err != nil {
		s.T.Fatal(err)
	}
	stored, _, _, err := s.Table.Contacts.ContactByID(s.T.Context(), c, contactID)
	if err != nil {
		s.T.Fatal(err)
	}
	if err := s.Table.Contacts.Delete(s.T.Context(), stored); err != nil {
		s.T.Fatal(err)
	}
}

func TestRecordAnswer_RepeatedContacts(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who, parcel, _ := s.wishes()
	answer := sent(map[string]any{"contacts": []string{parcel.ID}, "sentAt": now.Add(-time.Minute).Format(time.RFC3339)})
	var first, again message.Message
	s.Do(call{Route: answerRoute, Path: id(who), Body: answer}).Into(http.StatusCreated, &first)
	s.drops(who, parcel.ID)
	s.Do(call{Route: answerRoute, Path: id(who), Body: answer}).Into(http.StatusOK, &again)
	if diff := cmp.Diff(first.Settles, again.Settles); diff != "" {
		t.Errorf("repeated: settles (-want +got):\n%s", diff)
	}
	other := changed(answer, map[string]any{"text": "Overmorgen."})
	s.Do(call{Route: answerRoute, Path: id(who), Body: other}).ExpectRefusal(http.StatusBadRequest, "not a contact of this customer")
}

func TestSendAnswer_RepeatedContacts(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Customer(apitest.Els)
	m := s.Mails(who, message.Message{Subject: "pakket", Text: "Waar blijft mijn pakket?"})
	late := contact.Cause{Reason: "delivery-late", Department: "logistics", Message: m.ID}
	asked := contact.Contacts([]contact.Reading{{Message: m, Causes: []contact.Cause{late}}})[0]
	if err := s.Table.Contacts.Save(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	answer := written(map[string]any{"contacts": []string{asked.ID}})
	s.Do(call{Route: replyRoute, Path: id(who), Body: answer}).Expect(http.StatusAccepted)
	s.drops(who, asked.ID)
	s.Do(call{Route: replyRoute, Path: id(who), Body: answer}).Expect(http.StatusOK)
}

func TestRecordAnswer_UnknownContacts(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who, parcel, _ := s.wishes()
	other := s.Says(phone(2), message.WhatsApp, 10, "Hallo?")
	for says, contacts := range map[string][]string{
		"contacts[0] is not a contact of this customer": {uuid.NewString()},
		"contacts[1] is not a contact of this customer": {parcel.ID, contact.IDOf(other.ID)},
		"contacts[1] is in the list twice":              {parcel.ID, parcel.ID},
		"contacts must have at most 8 ids":              slices.Repeat([]string{parcel.ID}, 9),
	} {
		body := map[string]any{"delivery": "recorded", "channel": "whatsapp", "text": "Morgen.", "id": uuid.Must(uuid.NewV7()).String(), "sentAt": "2026-03-01T11:59:00Z", "contacts": contacts}
		s.Do(call{Route: "POST /v1/customers/{id}/messages", Path: id(who), Body: body}).ExpectRefusal(http.StatusBadRequest, says)
	}
}

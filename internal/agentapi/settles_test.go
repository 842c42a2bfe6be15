package agentapi_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
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

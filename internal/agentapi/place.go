package agentapi

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// maxMoved is how many messages of a contact a join moves.
const maxMoved = 100

// A splitContactRequest names the message of a contact that begins a contact of its own.
type splitContactRequest struct {
	MessageID message.ID `json:"messageId"`
}

// A joinContactsRequest names the contact that another one belongs to.
type joinContactsRequest struct {
	Into string `json:"into"` // id of the contact
}

// A placedResponse says how many messages have a new contact.
type placedResponse struct {
	Contact  string `json:"contactId"` // id of the contact that they belong to
	Messages int    `json:"messages"`
}

// splitContact makes a message of a contact begin a contact of its own. Triage receives
// the decision by the table's stream. A repeated request changes nothing.
func (a *API) splitContact(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body splitContactRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	k, err := a.readContact(ctx, c, r.PathValue("contact"))
	if err != nil {
		return httpapi.Response{}, err
	}
	split := placedResponse{Contact: contact.IDOf(body.MessageID)}
	questions := questionsOf(k)
	at := slices.IndexFunc(questions, func(m message.Message) bool { return m.ID == body.MessageID })
	switch {
	case at > 0:
		split.Messages = 1
		return httpapi.Response{Body: split}, a.place(ctx, r, questions[at], contact.OwnContact)
	case at == 0:
		return httpapi.Response{}, fault.New(fault.Invalid, "messageId is the first message of this contact, which begins it already; name a later one")
	}
	if _, _, _, err := a.Store.Contacts.ContactByID(ctx, c, split.Contact); err == nil {
		return httpapi.Response{Body: split}, nil // the first of two such requests did it
	}
	return httpapi.Response{}, fault.New(fault.Invalid, "messageId must be a message of the customer in this contact; take it from the history")
}

// joinContacts makes two contacts of a customer one: the messages of the later one
// belong to the earlier one.
func (a *API) joinContacts(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body joinContactsRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	id := r.PathValue("contact")
	if body.Into == id {
		return httpapi.Response{}, fault.New(fault.Invalid, "into is the contact itself; name another contact of the customer")
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	later, err := a.readContact(ctx, c, id)
	if err != nil {
		return httpapi.Response{}, err
	}
	earlier, err := a.readContact(ctx, c, body.Into)
	if fault.Is(err, fault.NotFound) {
		return httpapi.Response{}, fault.New(fault.Invalid, "into is not a contact of this customer")
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	if later.Start.Before(earlier.Start) {
		earlier, later = later, earlier
	}
	target := questionsOf(earlier)
	moved := questionsOf(later)
	if len(target) == 0 || len(moved) > maxMoved {
		return httpapi.Response{}, fault.New(fault.TooLarge, "only contacts with at most %d messages of the customer can be joined", maxMoved)
	}
	for _, m := range moved {
		if err := a.place(ctx, r, m, contact.Place(target[0].ID)); err != nil {
			return httpapi.Response{}, err
		}
	}
	return httpapi.Response{Body: placedResponse{Contact: earlier.ID, Messages: len(moved)}}, nil
}

// readContact returns a contact of a customer with its messages.
func (a *API) readContact(ctx context.Context, c identity.Customer, id string) (contact.Contact, error) {
	stored, _, _, err := a.Store.Contacts.ContactByID(ctx, c, id)
	if err != nil {
		return contact.Contact{}, err
	}
	contacts, _, err := a.Store.Contacts.WithMessages(ctx, c, stored.Start)
	if err != nil {
		return contact.Contact{}, err
	}
	i := slices.IndexFunc(contacts, func(k contact.Contact) bool { return k.ID == id })
	if i < 0 {
		return contact.Contact{}, fault.New(fault.Unavailable, "the contact is being computed again; retry")
	}
	return contacts[i], nil
}

// questionsOf returns the messages of the customer in a contact, oldest first.
func questionsOf(k contact.Contact) []message.Message {
	return slices.DeleteFunc(slices.Clone(k.Messages), func(m message.Message) bool { return m.Direction != message.Inbound })
}

// place stores the decision to which contact a message belongs.
func (a *API) place(ctx context.Context, r *httpapi.Request, m message.Message, where contact.Place) error {
	change := contact.DecisionChange{Customer: m.CustomerID, Message: m.ID, Place: where, By: r.Caller(), At: r.Now.Truncate(time.Millisecond)}
	_, err := a.Store.Contacts.Decide(ctx, change)
	return err
}

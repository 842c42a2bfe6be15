package agentapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// maxSettled is how many contacts one answer can settle.
const maxSettled = 8

// findSettled returns the questions of the contacts that an answer settles, given by
// their ids. The stored answer names messages, because the id of a contact can change
// when an earlier message arrives.
func (a *API) findSettled(ctx context.Context, c identity.Customer, ids []string) ([]message.Settled, error) {
	if len(ids) > maxSettled {
		return nil, fault.New(fault.Invalid, "contacts must have at most %d ids", maxSettled)
	}
	var settled []message.Settled
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, fault.New(fault.Invalid, "contacts[%d] is in the list twice; give it once", i)
		}
		stored, first, _, err := a.Store.Contacts.ContactByID(ctx, c, id)
		if fault.Is(err, fault.NotFound) {
			return nil, fault.New(fault.Invalid, "contacts[%d] is not a contact of this customer; take the id from the waiting list or from GET /v1/customers/{id}/contacts", i)
		}
		if err != nil {
			return nil, fmt.Errorf("read contact that an answer settles: %w", err)
		}
		contacts, _, err := a.Store.Contacts.WithMessages(ctx, c, stored.Start)
		if err != nil {
			return nil, fmt.Errorf("read contact that an answer settles: %w", err)
		}
		at := slices.IndexFunc(contacts, func(k contact.Contact) bool { return k.ID == id })
		if at < 0 { // triage is computing it again: its first message stays in it
			settled = append(settled, message.Settled{Message: first})
			continue
		}
		settled = append(settled, contact.Questions(contacts, at)...)
	}
	return settled, nil
}

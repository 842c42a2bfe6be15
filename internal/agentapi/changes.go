package agentapi

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/messageview"
)

// A changesResponse lists the records that were stored about a customer since a
// cursor, for tools that keep a copy.
type changesResponse struct {
	CustomerID   identity.CustomerID   `json:"customerId"`
	IDs          []identity.CustomerID `json:"ids"`
	Regrouped    bool                  `json:"regrouped,omitempty"`
	Messages     []json.RawMessage     `json:"messages"`
	Effects      []message.StateChange `json:"effects"`
	Contacts     []contactState        `json:"contacts"`
	ContactsFrom time.Time             `json:"contactsFrom,omitzero"`
	Cursor       string                `json:"cursor"`
	Complete     bool                  `json:"complete"`
}

// listChanges answers with one page of changes. It halves the page until whole
// messages fit in one answer, because a page of changes has one cursor and
// cannot be cut inside.
func (a *API) listChanges(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	limit := q.PageLimit()
	since := q.Parameter("since")
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	const list = "changes"
	place, err := httpapi.OpenCursor(a.Store, list, since)
	if err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.resolveCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	requested := identity.CustomerID(strings.ToLower(r.PathValue("id")))
	for {
		changes, err := a.Store.Contacts.ChangesSince(ctx, c, requested, place, limit)
		if err == nil && len(changes.Entries)+len(changes.Effects)+len(changes.Contacts) == 0 {
			err = a.requireExists(ctx, c)
		}
		if err != nil {
			return httpapi.Response{}, err
		}
		page, tag, err := a.renderChanges(ctx, r, c, changes)
		if err != nil {
			return httpapi.Response{}, err
		}
		page.Cursor = httpapi.SealCursor(a.Store, list, changes.Cursor)
		body, err := httpapi.EncodeJSON(page)
		if err != nil {
			return httpapi.Response{}, err
		}
		fits := len(page.Messages) == len(changes.Entries) && len(body) <= messageview.MaxBytes
		if fits || limit == 1 {
			return httpapi.Response{Body: json.RawMessage(body), ETag: tag}, nil
		}
		limit /= 2
	}
}

// renderChanges returns a page of changes without its cursor, and its ETag,
// which does not depend on the links to files.
func (a *API) renderChanges(ctx context.Context, r *httpapi.Request, c identity.Customer, changes contact.Changes) (changesResponse, string, error) {
	page := changesResponse{
		CustomerID: c.ID, IDs: c.Members, Regrouped: changes.Regrouped,
		Effects: append([]message.StateChange{}, changes.Effects...), Contacts: []contactState{}, Complete: changes.Complete,
	}
	rendered, err := messageview.Render(ctx, a.Blobs, changes.Entries, func(m messageview.Message) any { return m })
	if err != nil {
		return page, "", err
	}
	page.Messages = rendered.Messages
	for _, k := range changes.Contacts {
		if page.ContactsFrom.IsZero() || k.Start.Before(page.ContactsFrom) {
			page.ContactsFrom = k.Start
		}
		k.Customer = c.ID
		page.Contacts = append(page.Contacts, contactState{k, k.State(r.Now)})
	}
	withoutMessages := page
	withoutMessages.Messages = nil
	data, err := httpapi.EncodeJSON(withoutMessages)
	if err != nil {
		return page, "", err
	}
	for _, e := range page.Effects {
		if err := messageview.AddLinks(ctx, a.Blobs, e.State); err != nil {
			return page, "", err
		}
	}
	return page, httpapi.ComputeETag(data, rendered.Sum), nil
}

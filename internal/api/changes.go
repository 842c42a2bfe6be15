package api

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// A changesPage is what is new about a customer, for tools that keep a copy.
type changesPage struct {
	CustomerID   identity.CustomerID   `json:"customerId"`
	IDs          []identity.CustomerID `json:"ids"`
	Regrouped    bool                  `json:"regrouped,omitempty"`
	Messages     []json.RawMessage     `json:"messages"`
	Effects      []contact.Became      `json:"effects"`
	Contacts     []contactView         `json:"contacts"`
	ContactsFrom time.Time             `json:"contactsFrom,omitzero"`
	Cursor       string                `json:"cursor"`
	Complete     bool                  `json:"complete"`
}

func (a *Agents) changes(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	limit, since := q.limit(), q.text("since")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	const list = "changes"
	place, err := unseal(a.Store, list, since)
	if err != nil {
		return reply{}, err
	}
	c, err := a.customer(ctx, r)
	if err != nil {
		return reply{}, err
	}
	asked := identity.CustomerID(strings.ToLower(r.param("id")))
	for {
		ch, err := a.Store.ChangesSince(ctx, c, asked, place, limit)
		if err == nil && len(ch.Entries)+len(ch.Effects)+len(ch.Contacts) == 0 {
			err = a.check(ctx, c)
		}
		if err != nil {
			return reply{}, err
		}
		page, tag, err := a.changed(ctx, r, c, ch)
		if err != nil {
			return reply{}, err
		}
		page.Cursor = seal(a.Store, list, ch.Cursor)
		body, err := encode(page)
		if err != nil {
			return reply{}, err
		}
		if len(page.Messages) == len(ch.Entries) && len(body) <= maxAnswer || limit == 1 {
			return reply{body: json.RawMessage(body), etag: tag}, nil
		}
		limit /= 2 // long ones: fewer fit in one answer
	}
}

// changed shows changes, and returns their tag.
func (a *Agents) changed(ctx context.Context, r *request, c identity.Customer, ch contact.Changes) (changesPage, string, error) {
	page := changesPage{
		CustomerID: c.ID, IDs: c.Members, Regrouped: ch.Regrouped, Effects: append([]contact.Became{}, ch.Effects...), Contacts: []contactView{}, Complete: ch.Complete,
	}
	shown, err := render(ctx, a.Blobs, ch.Entries, func(m message) any { return m })
	if err != nil {
		return page, "", err
	}
	page.Messages = shown.messages
	for _, k := range ch.Contacts {
		if page.ContactsFrom.IsZero() || k.Start.Before(page.ContactsFrom) {
			page.ContactsFrom = k.Start
		}
		k.Customer = c.ID
		page.Contacts = append(page.Contacts, contactView{k, k.State(r.now)})
	}
	rest := page
	rest.Messages = nil
	data, err := encode(rest)
	if err != nil {
		return page, "", err
	}
	for _, e := range page.Effects {
		if err := link(ctx, a.Blobs, e.State); err != nil {
			return page, "", err
		}
	}
	return page, etag(data, shown.sum), nil
}

package agentapi

import (
	"context"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A profileResponse describes a customer.
type profileResponse struct {
	ID          identity.CustomerID   `json:"id"`
	IDs         []identity.CustomerID `json:"ids"`
	Name        string                `json:"name,omitempty"`
	Locale      string                `json:"locale,omitempty"`
	Account     string                `json:"account,omitempty"`
	Aliases     []identity.Address    `json:"aliases"`
	Consents    []identity.Consent    `json:"consents,omitempty"`
	Suggestions []identity.Suggestion `json:"suggestions"`
	History     *messagesResponse     `json:"history,omitempty"` // the first page, if the request asks for it
}

// findCustomer answers with the customer who has an alias. With the parameter
// messages it includes the latest messages, so that one request is enough to
// greet the customer.
func (a *API) findCustomer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	alias := a.queryAlias(q)
	messages := q.Count("messages", 0)
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	id, assurance, err := a.Store.Customers.FindCustomer(ctx, alias)
	if err != nil {
		return httpapi.Response{}, err
	}
	profile, err := a.profileWith(ctx, id, identity.Address{Alias: alias, Assurance: assurance})
	if err != nil || messages == 0 {
		return httpapi.Response{Body: profile}, err
	}
	c, err := a.Store.Customers.Get(ctx, id)
	if err != nil {
		return httpapi.Response{}, err
	}
	withoutHistory, err := httpapi.EncodeJSON(profile)
	if err != nil {
		return httpapi.Response{}, err
	}
	page, tag, err := a.readMessages(ctx, c, message.Query{Limit: messages}, nil)
	profile.History = &page
	return httpapi.Response{Body: profile, ETag: httpapi.ComputeETag(withoutHistory, []byte(tag))}, err
}

// profileWith returns the profile of a customer, with an address that may be too new to
// be in it.
func (a *API) profileWith(ctx context.Context, id identity.CustomerID, found identity.Address) (profileResponse, error) {
	c, err := a.Store.Customers.Get(ctx, id)
	if err != nil {
		return profileResponse{}, err
	}
	profile, err := a.readProfile(ctx, c)
	if err == nil && !slices.Contains(profile.Aliases, found) {
		profile.Aliases = append(profile.Aliases, found)
	}
	return profile, err
}

// queryAlias returns the one alias that a query names: alias=phone:31970100678,
// or its kind as the parameter, phone=31970100678. A phone number may be written
// without its country code, if that of a.Country is meant.
func (a *API) queryAlias(q *httpapi.Query) identity.Alias {
	var named []string
	if v := q.Parameter("alias"); v != "" {
		named = append(named, v)
	}
	for _, kind := range identity.Kinds {
		if v := q.Parameter(string(kind)); v != "" {
			named = append(named, string(kind)+":"+v)
		}
	}
	if len(named) != 1 {
		q.AddMistake("give exactly one alias, as alias=kind:value or as kind=value; the kinds are %s", httpapi.JoinNames(identity.Kinds))
		return identity.Alias{}
	}
	if number, ok := strings.CutPrefix(named[0], string(identity.Phone)+":"); ok {
		alias, err := identity.ParsePhone(number, a.Country)
		if err != nil {
			q.AddMistake("alias: %s", fault.Message(err))
		}
		return alias
	}
	alias, err := identity.ParseAlias(named[0])
	if err != nil {
		q.AddMistake("alias: %s", fault.Message(err))
	}
	return alias
}

func (a *API) getProfile(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	profile, err := a.readProfile(ctx, c)
	return httpapi.Response{Body: profile}, err
}

// readProfile returns the profile of a customer without history. Dismissed
// suggestions are left out.
func (a *API) readProfile(ctx context.Context, c identity.Customer) (profileResponse, error) {
	profile := profileResponse{
		ID: c.ID, IDs: c.Members, Name: c.Name, Locale: c.Locale, Account: c.Account, Consents: c.Consents, Suggestions: []identity.Suggestion{},
	}
	aliases, err := a.Store.Customers.Aliases(ctx, c)
	if err != nil {
		return profile, err
	}
	profile.Aliases = append([]identity.Address{}, aliases...)
	for _, claimed := range c.Claimed {
		if !slices.ContainsFunc(aliases, func(a identity.Address) bool { return a.Alias == claimed.Alias }) {
			profile.Aliases = append(profile.Aliases, claimed.Address)
		}
	}
	suggestions, err := a.Store.Customers.Suggestions(ctx, c)
	for _, s := range suggestions {
		if !s.Dismissed {
			profile.Suggestions = append(profile.Suggestions, s)
		}
	}
	return profile, err
}

// A contactState is a contact with its state at the time of the request.
type contactState struct {
	contact.Contact
	State string `json:"state"`
}

type contactsResponse struct {
	CustomerID identity.CustomerID `json:"customerId"`
	Contacts   []contactState      `json:"contacts"`
	Cursor     string              `json:"cursor,omitempty"`
	Complete   bool                `json:"complete"`
}

func (a *API) listContacts(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	limit := q.PageLimit()
	cursor := q.Parameter("cursor")
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	page, err := httpapi.ReadPage(a.Store, "contacts "+string(c.ID), cursor, func(place string) ([]contact.Contact, string, error) {
		return a.Store.Contacts.CustomerContacts(ctx, c, limit, place)
	})
	body := contactsResponse{CustomerID: c.ID, Contacts: []contactState{}, Cursor: page.Cursor, Complete: page.Complete}
	for _, k := range page.Items {
		k.Customer = c.ID
		body.Contacts = append(body.Contacts, contactState{k, k.State(r.Now)})
	}
	return httpapi.Response{Body: body}, err
}

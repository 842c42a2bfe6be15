package agentapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
)

// maxWhy bounds the explanation of a decision, in bytes.
const maxWhy = 500

// An identityResponse is a customer's surviving id and all ids.
type identityResponse struct {
	ID  identity.CustomerID   `json:"id"`
	IDs []identity.CustomerID `json:"ids"`
}

func newIdentityResponse(c identity.Customer) identityResponse {
	return identityResponse{ID: c.ID, IDs: c.Members}
}

// A mergeRequest names the other customer of a merge. To unmerge, it names the
// id that becomes a customer again.
type mergeRequest struct {
	CustomerID string `json:"customerId"`
	Why        string `json:"why"`
}

func (a *API) mergeCustomers(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body mergeRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	decision, err := newDecision(r, body.Why)
	if err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	other, err := a.readNamedCustomer(ctx, "customerId", body.CustomerID)
	if err != nil {
		return httpapi.Response{}, err
	}
	merged, err := a.Store.Customers.MergeCustomers(ctx, c.ID, other.ID, decision)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Body: newIdentityResponse(merged)}, nil
}

// newDecision returns the caller's decision. An explanation is required, so
// that the decision can be judged later.
func newDecision(r *httpapi.Request, why string) (identity.Decision, error) {
	why, err := httpapi.CleanText("why", why, maxWhy, true)
	return identity.Decision{By: r.Caller(), Why: why, At: r.Now}, err
}

// readNamedCustomer returns the customer that the member name of a body names.
func (a *API) readNamedCustomer(ctx context.Context, name, id string) (identity.Customer, error) {
	u, err := uuid.Parse(id)
	if err != nil {
		return identity.Customer{}, fault.New(fault.Invalid, "%s must be the id of a customer", name)
	}
	c, err := a.Store.Customers.Get(ctx, identity.CustomerID(u.String()))
	if err != nil {
		return c, err
	}
	if err := a.requireExists(ctx, c); err != nil {
		return c, fault.New(fault.Invalid, "%s: there is no such customer", name)
	}
	return c, nil
}

// An unmergeResponse has the two customers after an unmerge.
type unmergeResponse struct {
	Customer identityResponse `json:"customer"` // keeps the surviving id
	Apart    identityResponse `json:"apart"`    // the id that was taken out
}

func (a *API) unmergeCustomer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body mergeRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	decision, err := newDecision(r, body.Why)
	if err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	u, err := uuid.Parse(body.CustomerID)
	member := identity.CustomerID(u.String())
	if err != nil || member == c.ID || !slices.Contains(c.Members, member) {
		return httpapi.Response{}, fault.New(fault.Invalid, "customerId must be an id that was merged into this customer, not the current id of the customer")
	}
	rest, apart, err := a.Store.Customers.UnmergeCustomer(ctx, member, decision)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Body: unmergeResponse{newIdentityResponse(rest), newIdentityResponse(apart)}}, nil
}

// A moveAliasRequest gives an alias to another customer from a time on.
type moveAliasRequest struct {
	Alias      string `json:"alias"`
	CustomerID string `json:"customerId"` // empty: a new customer
	From       string `json:"from"`
	Why        string `json:"why"`
}

// A moveAliasResponse is the new owner of an alias. Visitors are those of a
// moved account who wrote since it moved. Their messages stay with the previous
// owner until they are moved too.
type moveAliasResponse struct {
	ID       identity.CustomerID   `json:"id"`
	IDs      []identity.CustomerID `json:"ids"`
	Visitors []string              `json:"visitors,omitempty"` // in the form that a move takes
}

func (a *API) moveAlias(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body moveAliasRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	decision, err := newDecision(r, body.Why)
	if err != nil {
		return httpapi.Response{}, err
	}
	move := identity.AliasMove{}
	if move.Alias, err = identity.ParseAlias(body.Alias); err != nil {
		return httpapi.Response{}, err
	}
	if move.From, err = httpapi.ParseTime("from", body.From); err != nil {
		return httpapi.Response{}, err
	}
	if move.From.After(r.Now) {
		return httpapi.Response{}, fault.New(fault.Invalid, "from must not be in the future")
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	if body.CustomerID != "" {
		to, err := a.readNamedCustomer(ctx, "customerId", body.CustomerID)
		if err != nil {
			return httpapi.Response{}, err
		}
		move.To = to.ID
	}
	visitors, err := a.listVisitorsToMove(ctx, c, move) // first, because a repeated move is refused
	if err != nil {
		return httpapi.Response{}, err
	}
	to, err := a.Store.Customers.MoveAlias(ctx, c, move, decision)
	if err != nil {
		return httpapi.Response{}, err
	}
	owner, err := a.Store.Customers.Get(ctx, to)
	return httpapi.Response{Body: moveAliasResponse{ID: owner.ID, IDs: owner.Members, Visitors: visitors}}, err
}

// listVisitorsToMove returns the visitors of a moved account who wrote since it
// moves. It returns none for another kind of alias.
func (a *API) listVisitorsToMove(ctx context.Context, c identity.Customer, move identity.AliasMove) ([]string, error) {
	if move.Alias.Kind != identity.Account {
		return nil, nil
	}
	all, err := a.Store.Customers.VisitorsSince(ctx, c, move.Alias, move.From)
	var visitors []string
	for _, v := range all {
		visitors = append(visitors, fmt.Sprintf("%s:%s:%s", v.Kind, v.Scope, v.Value))
	}
	return visitors, err
}

type aliasesResponse struct {
	CustomerID identity.CustomerID    `json:"customerId"`
	Aliases    []identity.AliasDetail `json:"aliases"`
}

func (a *API) listAliases(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	aliases, err := a.Store.Customers.AliasDetails(ctx, c)
	return httpapi.Response{Body: aliasesResponse{c.ID, append([]identity.AliasDetail{}, aliases...)}}, err
}

type suggestionsResponse struct {
	CustomerID  identity.CustomerID   `json:"customerId"`
	Suggestions []identity.Suggestion `json:"suggestions"`
}

func (a *API) listSuggestions(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	suggestions, err := a.Store.Customers.Suggestions(ctx, c)
	return httpapi.Response{Body: suggestionsResponse{c.ID, append([]identity.Suggestion{}, suggestions...)}}, err
}

// A decideSuggestionRequest accepts or dismisses a suggestion.
type decideSuggestionRequest struct {
	Decision string `json:"decision"`
	Why      string `json:"why"`
}

func (a *API) decideSuggestion(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body decideSuggestionRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	decision, err := newDecision(r, body.Why)
	if err != nil {
		return httpapi.Response{}, err
	}
	if body.Decision != "accept" && body.Decision != "dismiss" {
		return httpapi.Response{}, fault.New(fault.Invalid, "decision must be accept or dismiss")
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	other, err := a.readNamedCustomer(ctx, "the suggestion", r.PathValue("other"))
	if err != nil {
		return httpapi.Response{}, fault.New(fault.NotFound, "there is no such suggestion")
	}
	if body.Decision == "accept" {
		c, err = a.Store.Customers.MergeCustomers(ctx, c.ID, other.ID, decision)
	} else {
		err = a.Store.Customers.DismissSuggestion(ctx, c.ID, other.ID, decision)
	}
	return httpapi.Response{Body: newIdentityResponse(c)}, err
}

type identityChangesResponse struct {
	CustomerID identity.CustomerID `json:"customerId"`
	Changes    []identity.Change   `json:"changes"`
	Cursor     string              `json:"cursor,omitempty"`
	Complete   bool                `json:"complete"`
}

func (a *API) listIdentityChanges(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
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
	page, err := httpapi.ReadPage(a.Store, "audit "+string(c.ID), cursor, func(place string) ([]identity.Change, string, error) {
		return a.Store.Customers.IdentityChanges(ctx, c, limit, place)
	})
	return httpapi.Response{Body: identityChangesResponse{c.ID, page.Items, page.Cursor, page.Complete}}, err
}

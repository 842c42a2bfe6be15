package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// ResolveCustomer returns the customer that a word names: an id, or an alias like
// "phone:31612345678".
func (c *Client) ResolveCustomer(ctx context.Context, word string) (identity.CustomerID, error) {
	if !strings.Contains(word, ":") {
		return identity.CustomerID(word), nil
	}
	p, err := c.FindCustomer(ctx, word)
	return p.ID, err
}

// An Identity is who somebody is: the id that stands, and every id.
type Identity struct {
	ID  identity.CustomerID   `json:"id"`
	IDs []identity.CustomerID `json:"ids"`
}

func customerPath(id identity.CustomerID, rest string) string {
	return "/v1/customers/" + url.PathEscape(string(id)) + rest
}

// Merge makes one customer of two; into stands for both.
func (c *Client) Merge(ctx context.Context, into, from identity.CustomerID, why string) (Identity, error) {
	var out Identity
	err := c.Call(ctx, http.MethodPost, customerPath(into, "/merge"), map[string]any{"customerId": from, "why": why}, &out)
	return out, err
}

// Unmerge takes the merge back by which an id came to its customer.
func (c *Client) Unmerge(ctx context.Context, member identity.CustomerID, why string) (rest, apart Identity, err error) {
	var out struct{ Customer, Apart Identity }
	err = c.Call(ctx, http.MethodPost, customerPath(member, "/unmerge"), map[string]any{"customerId": member, "why": why}, &out)
	return out.Customer, out.Apart, err
}

// MoveAlias gives an alias of a customer to another from a time on; to is
// empty for somebody new.
func (c *Client) MoveAlias(ctx context.Context, owner identity.CustomerID, alias string, to identity.CustomerID, from time.Time, why string) (Identity, error) {
	var out Identity
	err := c.Call(ctx, http.MethodPost, customerPath(owner, "/aliases/move"),
		map[string]any{"alias": alias, "customerId": to, "from": from, "why": why}, &out)
	return out, err
}

// AliasDetails returns every alias of a customer, and why it is believed.
func (c *Client) AliasDetails(ctx context.Context, id identity.CustomerID) ([]identity.Known, error) {
	var out struct{ Aliases []identity.Known }
	err := c.Call(ctx, http.MethodGet, customerPath(id, "/aliases"), nil, &out)
	return out.Aliases, err
}

// Suggestions returns who else a customer may be.
func (c *Client) Suggestions(ctx context.Context, id identity.CustomerID) ([]identity.Suggestion, error) {
	var out struct{ Suggestions []identity.Suggestion }
	err := c.Call(ctx, http.MethodGet, customerPath(id, "/suggestions"), nil, &out)
	return out.Suggestions, err
}

// DismissSuggestion says that two customers are two.
func (c *Client) DismissSuggestion(ctx context.Context, id, other identity.CustomerID, why string) error {
	return c.Call(ctx, http.MethodPost, customerPath(id, "/suggestions/"+url.PathEscape(string(other))), map[string]any{"decision": "dismiss", "why": why}, nil)
}

// IdentityChanges returns the last changes of who a customer is, latest first.
func (c *Client) IdentityChanges(ctx context.Context, id identity.CustomerID) ([]identity.Change, error) {
	var out struct{ Changes []identity.Change }
	err := c.Call(ctx, http.MethodGet, customerPath(id, "/audit?limit=200"), nil, &out)
	return out.Changes, err
}

// RegisterCustomer puts an entry into the register, or only says what that would do.
func (c *Client) RegisterCustomer(ctx context.Context, e Entry, dryRun bool) (identity.Plan, error) {
	var out identity.Plan
	err := c.Call(ctx, http.MethodPut, fmt.Sprintf("/v1/customers/account/%s?dryRun=%t", url.PathEscape(e.Number), dryRun), e, &out)
	return out, err
}

package stackclient

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// ResolveCustomer returns the customer that an id or an alias names, such as
// "phone:31612345678".
func (c *Client) ResolveCustomer(ctx context.Context, name string) (identity.CustomerID, error) {
	if !strings.Contains(name, ":") {
		return identity.CustomerID(name), nil
	}
	p, err := c.FindCustomer(ctx, name)
	return p.ID, err
}

// RequireCustomer returns an error unless a customer has the id.
func (c *Client) RequireCustomer(ctx context.Context, id identity.CustomerID) error {
	if err := c.Call(ctx, http.MethodGet, customerPath(id, ""), nil, nil); err != nil {
		return fmt.Errorf("read customer %s: %w", id, err)
	}
	return nil
}

// Identity is a customer's id and all ids that were merged into it.
type Identity struct {
	ID  identity.CustomerID   `json:"id"`
	IDs []identity.CustomerID `json:"ids"`
}

// MovedAlias is the new owner of a moved alias.
type MovedAlias struct {
	Identity
	// Visitors are, for a moved account, those of its visitors who wrote since the
	// move. Each is an alias that has to be moved, too.
	Visitors []string `json:"visitors"`
}

// customerPath returns the API path of a customer, followed by rest.
func customerPath(id identity.CustomerID, rest string) string {
	return "/v1/customers/" + url.PathEscape(string(id)) + rest
}

// Merge merges the customer from into the customer into, whose id is then used
// for both. why is recorded in the audit trail.
func (c *Client) Merge(ctx context.Context, into, from identity.CustomerID, why string) (Identity, error) {
	var out Identity
	err := c.Call(ctx, http.MethodPost, customerPath(into, "/merge"), map[string]any{"customerId": from, "why": why}, &out)
	if err != nil {
		return Identity{}, fmt.Errorf("merge the customers: %w", err)
	}
	return out, nil
}

// Unmerge undoes the merge that gave the id member to its customer. It returns
// the remaining customer and the one that was taken out.
func (c *Client) Unmerge(ctx context.Context, member identity.CustomerID, why string) (rest, apart Identity, err error) {
	var out struct{ Customer, Apart Identity }
	err = c.Call(ctx, http.MethodPost, customerPath(member, "/unmerge"), map[string]any{"customerId": member, "why": why}, &out)
	if err != nil {
		return Identity{}, Identity{}, fmt.Errorf("unmerge the customer: %w", err)
	}
	return out.Customer, out.Apart, nil
}

// MoveAlias moves an alias of owner to the customer to, from the time from on.
// An empty to creates a new customer.
func (c *Client) MoveAlias(ctx context.Context, owner identity.CustomerID, alias string, to identity.CustomerID, from time.Time, why string) (MovedAlias, error) {
	var out MovedAlias
	err := c.Call(ctx, http.MethodPost, customerPath(owner, "/aliases/move"),
		map[string]any{"alias": alias, "customerId": to, "from": from, "why": why}, &out)
	if err != nil {
		return MovedAlias{}, fmt.Errorf("move the alias: %w", err)
	}
	return out, nil
}

// AliasDetails returns every alias of a customer, with its proof.
func (c *Client) AliasDetails(ctx context.Context, id identity.CustomerID) ([]identity.AliasDetail, error) {
	var out struct{ Aliases []identity.AliasDetail }
	err := c.Call(ctx, http.MethodGet, customerPath(id, "/aliases"), nil, &out)
	if err != nil {
		return nil, fmt.Errorf("read the aliases: %w", err)
	}
	return out.Aliases, nil
}

// Suggestions returns the customers who may be the same person as id.
func (c *Client) Suggestions(ctx context.Context, id identity.CustomerID) ([]identity.Suggestion, error) {
	var out struct{ Suggestions []identity.Suggestion }
	err := c.Call(ctx, http.MethodGet, customerPath(id, "/suggestions"), nil, &out)
	if err != nil {
		return nil, fmt.Errorf("read the possible matches: %w", err)
	}
	return out.Suggestions, nil
}

// DismissSuggestion records that two customers are two persons.
func (c *Client) DismissSuggestion(ctx context.Context, id, other identity.CustomerID, why string) error {
	body := map[string]any{"decision": "dismiss", "why": why}
	if err := c.Call(ctx, http.MethodPost, customerPath(id, "/suggestions/"+url.PathEscape(string(other))), body, nil); err != nil {
		return fmt.Errorf("dismiss the possible match: %w", err)
	}
	return nil
}

// IdentityChanges returns the last 200 changes of a customer's identity, the
// latest first.
func (c *Client) IdentityChanges(ctx context.Context, id identity.CustomerID) ([]identity.Change, error) {
	var out struct{ Changes []identity.Change }
	err := c.Call(ctx, http.MethodGet, customerPath(id, "/audit?limit=200"), nil, &out)
	if err != nil {
		return nil, fmt.Errorf("read the audit trail: %w", err)
	}
	return out.Changes, nil
}

// RegisterCustomer writes an entry into the register. With dryRun it only
// returns the plan.
func (c *Client) RegisterCustomer(ctx context.Context, e Entry, dryRun bool) (identity.Plan, error) {
	var out identity.Plan
	err := c.Call(ctx, http.MethodPut, fmt.Sprintf("/v1/customers/account/%s?dryRun=%t", url.PathEscape(e.Number), dryRun), e, &out)
	if err != nil {
		return identity.Plan{}, fmt.Errorf("register the customer: %w", err)
	}
	return out, nil
}

package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// Identities is what can be changed about who is who. [store.Table] is one.
type Identities interface {
	AliasDetails(ctx context.Context, c identity.Customer) ([]identity.Known, error)
	Suggestions(ctx context.Context, c identity.Customer) ([]identity.Suggestion, error)
	IdentityChanges(ctx context.Context, c identity.Customer, limit int, cursor string) ([]identity.Change, string, error)
	MergeCustomers(ctx context.Context, into, from identity.CustomerID, d identity.Decision) (identity.Customer, error)
	UnmergeCustomer(ctx context.Context, member identity.CustomerID, d identity.Decision) (rest, apart identity.Customer, err error)
	DismissSuggestion(ctx context.Context, a, b identity.CustomerID, d identity.Decision) error
	VisitorsSince(ctx context.Context, c identity.Customer, account identity.Alias, from time.Time) ([]identity.Alias, error)
	MoveAlias(ctx context.Context, owner identity.Customer, m identity.Moving, d identity.Decision) (identity.CustomerID, error)
	RegisterCustomer(ctx context.Context, r identity.Registration) (identity.Plan, error)
	PlanRegistration(ctx context.Context, r identity.Registration) (identity.Plan, error)
}

// maxWhy bounds what is said about a decision, in bytes.
const maxWhy = 500

// An identified is who somebody is: the id that stands, and every id.
type identified struct {
	ID  identity.CustomerID   `json:"id"`
	IDs []identity.CustomerID `json:"ids"`
}

func identifiedAs(c identity.Customer) identified { return identified{c.ID, c.Members} }

// A merging names who else the customer in the path is, or, to unmerge, which
// of its ids is somebody else.
type merging struct {
	CustomerID string `json:"customerId"`
	Why        string `json:"why"`
}

func (a *Agents) merge(ctx context.Context, r *request) (reply, error) {
	c, other, d, err := a.pair(ctx, r)
	if err != nil {
		return reply{}, err
	}
	if c, err = a.Store.MergeCustomers(ctx, c.ID, other.ID, d); err != nil {
		return reply{}, err
	}
	return reply{body: identifiedAs(c)}, nil
}

// pair reads the two customers of a merge, and who decides.
func (a *Agents) pair(ctx context.Context, r *request) (c, other identity.Customer, d identity.Decision, err error) {
	var b merging
	if err = r.decode(&b); err != nil {
		return c, other, d, err
	}
	if d, err = decision(r, b.Why); err != nil {
		return c, other, d, err
	}
	if c, err = a.known(ctx, r); err != nil {
		return c, other, d, err
	}
	other, err = a.other(ctx, "customerId", b.CustomerID)
	return c, other, d, err
}

// decision is who decides, and why. A reason is asked of everybody: whoever
// finds it wrong later has to know what to think of it.
func decision(r *request, why string) (identity.Decision, error) {
	why, err := clean("why", why, maxWhy, true)
	return identity.Decision{By: r.caller(), Why: why, At: r.now}, err
}

// other returns the customer that a body names.
func (a *Agents) other(ctx context.Context, name, id string) (identity.Customer, error) {
	u, err := uuid.Parse(id)
	if err != nil {
		return identity.Customer{}, fault.New(fault.Invalid, "%s must be the id of a customer", name)
	}
	c, err := a.Store.Customer(ctx, identity.CustomerID(u.String()))
	if err != nil {
		return c, err
	}
	if err := a.check(ctx, c); err != nil {
		return c, fault.New(fault.Invalid, "%s: there is no such customer", name)
	}
	return c, nil
}

// A split is the two customers after an unmerge.
type split struct {
	Customer identified `json:"customer"` // who stood for all
	Apart    identified `json:"apart"`    // who stands alone again
}

func (a *Agents) unmerge(ctx context.Context, r *request) (reply, error) {
	var b merging
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	d, err := decision(r, b.Why)
	if err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	u, err := uuid.Parse(b.CustomerID)
	if member := identity.CustomerID(u.String()); err != nil || member == c.ID || !slices.Contains(c.Members, member) {
		return reply{}, fault.New(fault.Invalid, "customerId must be one of the ids of the customer, and not the one that stands for all")
	}
	rest, apart, err := a.Store.UnmergeCustomer(ctx, identity.CustomerID(u.String()), d)
	if err != nil {
		return reply{}, err
	}
	return reply{body: split{identifiedAs(rest), identifiedAs(apart)}}, nil
}

// A moving says whose an alias is, and from when on.
type moving struct {
	Alias      string `json:"alias"`
	CustomerID string `json:"customerId"` // empty: somebody new
	From       string `json:"from"`
	Why        string `json:"why"`
}

// A movedAlias is the new owner of an alias. Visitors are those of a moved
// account who wrote since it moved, and whose messages therefore stay with the
// previous owner until they are moved too.
type movedAlias struct {
	ID       identity.CustomerID   `json:"id"`
	IDs      []identity.CustomerID `json:"ids"`
	Visitors []string              `json:"visitors,omitempty"` // in the form that a move takes
}

func (a *Agents) moveAlias(ctx context.Context, r *request) (reply, error) {
	var b moving
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	d, err := decision(r, b.Why)
	if err != nil {
		return reply{}, err
	}
	m := identity.Moving{}
	if m.Alias, err = identity.ParseAlias(b.Alias); err != nil {
		return reply{}, err
	}
	if m.From, err = instant("from", b.From); err != nil {
		return reply{}, err
	}
	if m.From.After(r.now) {
		return reply{}, fault.New(fault.Invalid, "from lies ahead")
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	if b.CustomerID != "" {
		to, err := a.other(ctx, "customerId", b.CustomerID)
		if err != nil {
			return reply{}, err
		}
		m.To = to.ID
	}
	// Read first: a repeated move is refused, so it could not name them.
	var visitors []string
	if m.Alias.Kind == identity.Account {
		all, err := a.Store.VisitorsSince(ctx, c, m.Alias, m.From)
		if err != nil {
			return reply{}, err
		}
		for _, v := range all {
			visitors = append(visitors, fmt.Sprintf("%s:%s:%s", v.Kind, v.Scope, v.Value))
		}
	}
	to, err := a.Store.MoveAlias(ctx, c, m, d)
	if err != nil {
		return reply{}, err
	}
	now, err := a.Store.Customer(ctx, to)
	return reply{body: movedAlias{now.ID, now.Members, visitors}}, err
}

type knownPage struct {
	CustomerID identity.CustomerID `json:"customerId"`
	Aliases    []identity.Known    `json:"aliases"`
}

func (a *Agents) aliases(ctx context.Context, r *request) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	all, err := a.Store.AliasDetails(ctx, c)
	return reply{body: knownPage{c.ID, append([]identity.Known{}, all...)}}, err
}

type suggestionPage struct {
	CustomerID  identity.CustomerID   `json:"customerId"`
	Suggestions []identity.Suggestion `json:"suggestions"`
}

func (a *Agents) suggestions(ctx context.Context, r *request) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	all, err := a.Store.Suggestions(ctx, c)
	return reply{body: suggestionPage{c.ID, append([]identity.Suggestion{}, all...)}}, err
}

// A deciding says whether a suggestion is true.
type deciding struct {
	Decision string `json:"decision"`
	Why      string `json:"why"`
}

func (a *Agents) decide(ctx context.Context, r *request) (reply, error) {
	var b deciding
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	d, err := decision(r, b.Why)
	if err != nil {
		return reply{}, err
	}
	if b.Decision != "accept" && b.Decision != "dismiss" {
		return reply{}, fault.New(fault.Invalid, "decision must be accept or dismiss")
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	other, err := a.other(ctx, "the suggestion", r.param("other"))
	if err != nil {
		return reply{}, fault.New(fault.NotFound, "there is no such suggestion")
	}
	if b.Decision == "accept" {
		c, err = a.Store.MergeCustomers(ctx, c.ID, other.ID, d)
	} else {
		err = a.Store.DismissSuggestion(ctx, c.ID, other.ID, d)
	}
	return reply{body: identifiedAs(c)}, err
}

type auditPage struct {
	CustomerID identity.CustomerID `json:"customerId"`
	Changes    []identity.Change   `json:"changes"`
	Cursor     string              `json:"cursor,omitempty"`
	Complete   bool                `json:"complete"`
}

func (a *Agents) audit(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	limit, cursor := q.limit(), q.text("cursor")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	all, err := walk(a.Store, "audit "+string(c.ID), cursor, func(place string) ([]identity.Change, string, error) {
		return a.Store.IdentityChanges(ctx, c, limit, place)
	})
	return reply{body: auditPage{c.ID, all.items, all.cursor, all.complete}}, err
}

package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A waiter is one entry of the waiting list, with how long it has waited.
type waiter struct {
	contact.Waiter
	Seconds int64          `json:"waitingSeconds"`
	Claim   *contact.Claim `json:"claim,omitempty"` // who has the customer; nil: nobody
}

type waitingPage struct {
	Contacts []waiter `json:"contacts"`
	Cursor   string   `json:"cursor,omitempty"`
	Complete bool     `json:"complete"`
}

func (a *Agents) waiting(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	limit, cursor := q.limit(), q.text("cursor")
	state := oneOf(q, "state", "waiting")
	department := oneOf(q, "department", append(departments(a.Taxonomy()), contact.Unassigned)...)
	wanted := q.holder()
	if state == "" || department == "" {
		q.fail("state=waiting and department are needed")
	}
	if err := q.done(); err != nil {
		return reply{}, err
	}
	all, err := walk(a.Store, "waiting "+department, cursor, func(place string) ([]contact.Waiter, string, error) {
		return a.Store.WaitingContacts(ctx, department, limit, place)
	})
	if err != nil {
		return reply{}, err
	}
	claims, err := a.claimsOn(ctx, all.items, r.now)
	if err != nil {
		return reply{}, err
	}
	page := waitingPage{Contacts: []waiter{}, Cursor: all.cursor, Complete: all.complete}
	for _, w := range all.items {
		if claim := claims[w.Customer]; wanted(claim) {
			page.Contacts = append(page.Contacts, waiter{w, max(0, int64(r.now.Sub(w.Since)/time.Second)), claim})
		}
	}
	return reply{body: page}, nil
}

// claimsOn returns who has the customers of a page, as far as anybody does.
func (a *Agents) claimsOn(ctx context.Context, all []contact.Waiter, now time.Time) (map[identity.CustomerID]*contact.Claim, error) {
	ids := make([]identity.CustomerID, len(all))
	for i, w := range all {
		ids[i] = w.Customer
	}
	found, err := a.Store.ClaimsByCustomer(ctx, ids)
	if err != nil {
		return nil, err
	}
	held := map[identity.CustomerID]*contact.Claim{}
	for id, claims := range found {
		if c := contact.Standing(claims, id, now); c.Held(now) {
			held[id] = &c
		}
	}
	return held, nil
}

// holder returns which claims a list is to show: "none" for customers whom
// nobody has, "agent:..." for those whom that agent has, all if it is empty.
func (q *query) holder() func(*contact.Claim) bool {
	v := q.text("holder")
	kind, id, _ := strings.Cut(v, ":")
	switch {
	case v == "":
		return func(*contact.Claim) bool { return true }
	case v == "none":
		return func(c *contact.Claim) bool { return c == nil }
	case !slices.Contains(parties, contact.PartyKind(kind)) || !printable(id, maxParty):
		q.fail("holder must be none, or a kind and an id like agent:agent-7")
	}
	return func(c *contact.Claim) bool { return c != nil && string(c.Holder.Kind) == kind && c.Holder.ID == id }
}

// departments returns the ids of the departments.
func departments(t *taxonomy.Taxonomy) []string {
	ids := make([]string, len(t.Departments))
	for i, d := range t.Departments {
		ids[i] = d.ID
	}
	slices.Sort(ids)
	return ids
}

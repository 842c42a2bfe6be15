package agentapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A waitingContact is one entry of the waiting list.
type waitingContact struct {
	contact.WaitingContact
	Seconds int64          `json:"waitingSeconds"`
	Claim   *contact.Claim `json:"claim,omitempty"` // nil: the customer is not claimed
}

type waitingResponse struct {
	Contacts []waitingContact `json:"contacts"`
	Cursor   string           `json:"cursor,omitempty"`
	Complete bool             `json:"complete"`
}

// listWaiting answers with the waiting contacts of a department, the longest
// wait first.
func (a *API) listWaiting(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	limit := q.PageLimit()
	cursor := q.Parameter("cursor")
	state := httpapi.OneOf(q, "state", "waiting")
	department := httpapi.OneOf(q, "department", append(departmentIDs(a.Taxonomy()), contact.Unassigned)...)
	matches := claimFilter(q)
	if state == "" || department == "" {
		q.AddMistake("the parameters state=waiting and department are required")
	}
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	page, err := httpapi.ReadPage(a.Store, "waiting "+department, cursor, func(place string) ([]contact.WaitingContact, string, error) {
		return a.Store.Contacts.WaitingContacts(ctx, department, limit, place)
	})
	if err != nil {
		return httpapi.Response{}, err
	}
	claims, err := a.readClaims(ctx, page.Items, r.Now)
	if err != nil {
		return httpapi.Response{}, err
	}
	body := waitingResponse{Contacts: []waitingContact{}, Cursor: page.Cursor, Complete: page.Complete}
	for _, w := range page.Items {
		if claim := claims[w.Customer]; matches(claim) {
			waited := max(0, int64(r.Now.Sub(w.Since)/time.Second))
			body.Contacts = append(body.Contacts, waitingContact{w, waited, claim})
		}
	}
	return httpapi.Response{Body: body}, nil
}

// readClaims returns the claims that are held on the customers of a page.
func (a *API) readClaims(ctx context.Context, waiting []contact.WaitingContact, now time.Time) (map[identity.CustomerID]*contact.Claim, error) {
	ids := make([]identity.CustomerID, len(waiting))
	for i, w := range waiting {
		ids[i] = w.Customer
	}
	found, err := a.Store.Contacts.ClaimsByCustomer(ctx, ids)
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

// claimFilter returns the filter of the parameter holder: "none" for customers
// who are not claimed, "agent:agent-7" for those claimed by that agent, empty
// for all.
func claimFilter(q *httpapi.Query) func(*contact.Claim) bool {
	v := q.Parameter("holder")
	kind, id, _ := strings.Cut(v, ":")
	switch {
	case v == "":
		return func(*contact.Claim) bool { return true }
	case v == "none":
		return func(c *contact.Claim) bool { return c == nil }
	case !slices.Contains(partyKinds, contact.PartyKind(kind)) || !httpapi.IsPrintable(id, maxPartyID):
		q.AddMistake("holder must be none, or a kind and an id like agent:agent-7")
	}
	return func(c *contact.Claim) bool { return c != nil && string(c.Holder.Kind) == kind && c.Holder.ID == id }
}

// departmentIDs returns the ids of the departments, sorted.
func departmentIDs(t *taxonomy.Taxonomy) []string {
	ids := make([]string, len(t.Departments))
	for i, d := range t.Departments {
		ids[i] = d.ID
	}
	slices.Sort(ids)
	return ids
}

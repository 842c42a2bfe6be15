package agentapi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
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

// maxWaitingPages bounds how many pages of the list one request reads to find contacts
// that its filters let through.
const maxWaitingPages = 5

// listWaiting answers with waiting contacts: critical ones first, then the longest wait.
func (a *API) listWaiting(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	limit := q.PageLimit()
	cursor := q.Parameter("cursor")
	state := httpapi.OneOf(q, "state", "waiting")
	departments := append(a.Taxonomy().DepartmentIDs(), contact.Unassigned)
	department := httpapi.OneOf(q, "department", departments...)
	filter := newWaitingFilter(q)
	if state == "" {
		q.AddMistake("the parameter state=waiting is required")
	}
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	if department != "" {
		departments = []string{department}
	}
	page, err := httpapi.ReadPage(a.Store, "waiting "+department, cursor, func(place string) ([]waitingContact, string, error) {
		return a.findWaiting(ctx, departments, filter, limit, place, r.Now)
	})
	return httpapi.Response{Body: waitingResponse{Contacts: page.Items, Cursor: page.Cursor, Complete: page.Complete}}, err
}

// findWaiting returns at most limit contacts after a place that pass a filter, and the
// place of the last one that it examined. It may return fewer although more follow.
func (a *API) findWaiting(ctx context.Context, departments []string, filter waitingFilter, limit int, place string, now time.Time) (found []waitingContact, next string, err error) {
	next = place
	for range maxWaitingPages {
		var waiting []contact.WaitingContact
		waiting, next, err = a.Store.Contacts.WaitingContacts(ctx, departments, limit-len(found), next)
		if err != nil {
			return nil, "", fmt.Errorf("read waiting list: %w", err)
		}
		some, err := a.describeWaiting(ctx, waiting, filter, now)
		if err != nil {
			return nil, "", fmt.Errorf("read waiting list: %w", err)
		}
		found = append(found, some...)
		if next == "" || len(found) == limit {
			break
		}
	}
	return found, next, nil
}

// describeWaiting returns the contacts that pass a filter, with the names and claims of
// their customers.
func (a *API) describeWaiting(ctx context.Context, waiting []contact.WaitingContact, filter waitingFilter, now time.Time) ([]waitingContact, error) {
	waiting = slices.DeleteFunc(waiting, func(w contact.WaitingContact) bool { return !filter.passes(w) })
	ids := make([]identity.CustomerID, len(waiting))
	for i, w := range waiting {
		ids[i] = w.Customer
	}
	customers, err := a.Store.Contacts.Waiters(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read who waits: %w", err)
	}
	var found []waitingContact
	for _, w := range waiting {
		who := customers[w.Customer]
		var claim *contact.Claim
		if c := contact.Standing(who.Claims, w.Customer, now); c.Held(now) {
			claim = &c
		}
		if !filter.holds(claim) {
			continue
		}
		w.Name = cmp.Or(who.Name, w.Name)
		waited := max(0, int64(now.Sub(w.Since)/time.Second))
		found = append(found, waitingContact{w, waited, claim})
	}
	return found, nil
}

// A waitingFilter selects contacts of the waiting list.
type waitingFilter struct {
	channel  message.Channel   // empty: all
	severity taxonomy.Severity // empty: all
	holds    func(*contact.Claim) bool
}

func newWaitingFilter(q *httpapi.Query) waitingFilter {
	return waitingFilter{
		channel:  httpapi.OneOf(q, "channel", message.Channels...),
		severity: httpapi.OneOf(q, "severity", taxonomy.Low, taxonomy.Normal, taxonomy.High, taxonomy.Critical),
		holds:    claimFilter(q),
	}
}

func (f waitingFilter) passes(w contact.WaitingContact) bool {
	isChannel := f.channel == "" || slices.Contains(w.Channels, f.channel)
	isSeverity := f.severity == "" || w.Severity == string(f.severity)
	return isChannel && isSeverity
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

// countWaiting answers with the counts of who waits that the schedule function takes
// each minute.
func (a *API) countWaiting(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	counts, err := a.Store.Contacts.WaitingCounts(ctx)
	return httpapi.Response{Body: counts}, err
}

package api

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A waiter is one entry of the waiting list, with how long it has waited.
type waiter struct {
	contact.Waiter
	Seconds int64 `json:"waitingSeconds"`
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
	if state == "" || department == "" {
		q.fail("state=waiting and department are needed")
	}
	if err := q.done(); err != nil {
		return reply{}, err
	}
	place, err := unseal(a.Store, "waiting "+department, cursor)
	if err != nil {
		return reply{}, err
	}
	all, next, err := a.Store.Waiting(ctx, department, limit, place)
	if err != nil {
		return reply{}, err
	}
	page := waitingPage{Contacts: []waiter{}, Cursor: seal(a.Store, "waiting "+department, next), Complete: next == ""}
	for _, w := range all {
		page.Contacts = append(page.Contacts, waiter{w, max(0, int64(r.now.Sub(w.Since)/time.Second))})
	}
	return reply{body: page}, nil
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

package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// candidates receives the candidate items of a department.
func (d *desk) candidates(department string) []problem.CandidateItem {
	d.Helper()
	items, err := d.QueueItems(d.Context(), department, true)
	if err != nil {
		d.Fatal(err)
	}
	var all []problem.CandidateItem
	for _, i := range items {
		if i.Event != problem.EventCandidate {
			continue
		}
		var c problem.CandidateItem
		if err := json.Unmarshal(i.Raw, &c); err != nil {
			d.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// decide sends a decision about a candidate to the address in its item. It returns
// the id of the problem that the decision opened, or "".
func (d *desk) decide(c problem.CandidateItem, body map[string]any) (opened string) {
	d.Helper()
	token, err := d.Token("customer-care", "problems:read", "problems:write")
	if err != nil {
		d.Fatal(err)
	}
	path := c.Decide[strings.Index(c.Decide, "/v1/"):]
	var shown struct{ Customers int }
	if err := d.CallWithToken(d.Context(), http.MethodGet, path, token, nil, &shown); err != nil || shown.Customers != c.Customers {
		d.Fatalf("shown %+v, %v", shown, err)
	}
	var out struct{ Problem string }
	if err := d.CallWithToken(d.Context(), http.MethodPost, path, token, body, &out); err != nil {
		d.Fatal(err)
	}
	return out.Problem
}

// TestCandidate_ConfirmAndDismiss checks that a topic that the taxonomy does not
// know is sent to the department for candidates, once. After a confirmation the
// owner of the reason gets a problem.
func TestCandidate_ConfirmAndDismiss(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	alone := strings.Fields("kwikstaart boomklever zwartkop wielewaal roodborst koolmees pimpelmees zanglijster grutto kievit tureluur scholekster aalscholver lepelaar ooievaar")
	for i := range 32 { // last week, all different texts
		who := someone()
		name := id()
		at := time.Now().Add(-5*aDay - time.Duration(i)*time.Hour)
		text := fmt.Sprintf("Een %s met een %s", alone[i%len(alone)], alone[(i+1+i/len(alone)*3)%len(alone)])
		d.taken(func() error { return d.try(d.Context(), who, message.WhatsApp, name, text, at) })
	}
	d.tick(0)
	if got := d.candidates("customer-care"); len(got) != 0 {
		t.Fatalf("got candidates %+v before the complaints, want none", got)
	}
	who := d.complain(6, time.Hour, "De gasklep fluit sinds gisteren heel hard")
	d.complain(6, time.Hour, "Het deuntje van de reclame")
	d.tick(11 * time.Minute)
	got := d.candidates("customer-care")
	if len(got) != 2 {
		t.Fatalf("got candidates %+v, want 2", got)
	}
	slices.SortFunc(got, func(a, b problem.CandidateItem) int { return strings.Compare(b.Names.Reason.EN, a.Names.Reason.EN) })
	i := slices.IndexFunc(got, func(c problem.CandidateItem) bool { return slices.Contains(c.Words, "gasklep") })
	if i < 0 || got[i].Customers != 6 || got[i].Contacts != 6 || len(got[i].Quotes) == 0 || got[i].Department != "customer-care" {
		t.Fatalf("got candidates %+v, want one with the word gasklep of 6 customers", got)
	}
	opened := d.decide(got[i], map[string]any{"decision": "confirm", "why": "The valves of batch 12.", "reason": "manual-unclear"})
	item := d.told("documentation", opened, "opened")
	if item.Customers != len(who) || item.Contacts != len(who) {
		t.Errorf("got item %+v, want %d customers and contacts", item.Item, len(who))
	}
	d.decide(got[1-i], map[string]any{"decision": "dismiss", "why": "A song of a commercial."})

	d.complain(7, 0, "Het deuntje van de reclame")
	d.complain(3, 0, "De gasklep fluit sinds gisteren heel hard")
	d.tick(22 * time.Minute)
	d.tick(44 * time.Minute)
	if again := d.candidates("customer-care"); len(again) != 0 {
		t.Errorf("got candidates %+v after the decisions, want none", again)
	}
}

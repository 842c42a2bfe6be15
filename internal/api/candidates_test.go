package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

const (
	candidatesRoute = "GET /v1/candidates"
	candidateRoute  = "POST /v1/candidates/{id}"
)

// burst stores forty customers of last week who said nothing alike, and six of
// today whose valve whistles.
func (s *stack) burst() {
	s.t.Helper()
	keep := func(c identity.CustomerID, id string, at time.Time, words ...string) {
		u := problem.UnclassifiedContact{Customer: c, Contact: id, At: at, Words: words, Expires: now.Add(time.Hour)}
		if err := s.table.PutUnknownContacts(s.t.Context(), []problem.UnclassifiedContact{u}); err != nil {
			s.t.Fatal(err)
		}
	}
	for i := range 40 {
		keep(identity.CustomerID(fmt.Sprint("past-", i)), fmt.Sprint("k", i), now.Add(-5*24*time.Hour), "woord", fmt.Sprint("eigen", i))
	}
	for i := range 6 {
		a := verified(identity.Phone, "", fmt.Sprintf("3197010055%d", i))
		m := s.put(contact.Message{
			Channel: contact.WhatsApp, Direction: contact.Inbound, Customer: a, Name: "Jan Voorbeeld",
			Text: "De gasklep fluit sinds gisteren heel hard, groet Jan Voorbeeld",
		}, 50-i)
		k := contact.Contact{
			ID: contact.IDOf(m.ID), Customer: m.CustomerID, Start: m.SentAt, WaitingSince: m.SentAt,
			Channels: []contact.Channel{contact.WhatsApp}, Department: contact.Unassigned,
		}
		if err := s.table.SaveContact(s.t.Context(), k); err != nil {
			s.t.Fatal(err)
		}
		keep(m.CustomerID, k.ID, k.Start, "gasklep", "fluit")
	}
}

type candidates struct {
	Candidates []struct {
		ID            string
		Words, Quotes []string
		Customers     int
		Contacts      []problem.ContactRef
	}
}

func TestACandidateShowsWhatCustomersShareAndNothingOfThem(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var got candidates
	s.do(call{route: candidatesRoute}).into(http.StatusOK, &got)
	if len(got.Candidates) != 0 {
		t.Fatalf("of nothing: %+v", got)
	}
	s.burst()
	answer := s.do(call{route: candidatesRoute})
	answer.into(http.StatusOK, &got)
	if len(got.Candidates) != 1 || got.Candidates[0].Customers != 6 || len(got.Candidates[0].Contacts) != 6 {
		t.Fatalf("got %+v", got)
	}
	c := got.Candidates[0]
	if !slices.Contains(c.Words, "gasklep") || !slices.Contains(c.Words, "fluit") {
		t.Errorf("words %v", c.Words)
	}
	if text := fmt.Sprint(c.Words, c.Quotes); strings.Contains(strings.ToLower(text), "voorbeeld") {
		t.Errorf("a name: %s", text)
	}
}

func TestADismissedCandidateStaysDismissed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.burst()
	id := map[string]string{"id": s.table.WordHash("gasklep")}
	c := call{route: candidateRoute, path: id, body: map[string]any{"decision": "dismiss", "why": "Een liedje"}}
	s.do(c).is(http.StatusOK)
	var got candidates
	s.do(call{route: candidatesRoute}).into(http.StatusOK, &got)
	if len(got.Candidates) != 0 {
		t.Errorf("still there: %+v", got)
	}
	s.do(c).is(http.StatusNotFound)
}

func TestAConfirmedCandidateIsAProblemWithItsContacts(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.burst()
	id := map[string]string{"id": s.table.WordHash("fluit")}
	var got struct{ Problem string }
	body := map[string]any{"decision": "confirm", "why": "De kleppen van partij 12", "reason": "manual-unclear"}
	s.do(call{route: candidateRoute, path: id, body: body}).into(http.StatusOK, &got)
	affected, _, err := s.table.AffectedCustomers(t.Context(), got.Problem, 10, "")
	if err != nil || len(affected) != 6 {
		t.Errorf("affected %v, %v", affected, err)
	}
	p, err := s.table.Problem(t.Context(), got.Problem)
	if err != nil || p.Customers != 6 || p.Contacts != 6 || p.Reason != "manual-unclear" {
		t.Errorf("%+v, %v", p, err)
	}
	var left candidates
	s.do(call{route: candidatesRoute}).into(http.StatusOK, &left)
	if len(left.Candidates) != 0 {
		t.Errorf("still there: %+v", left)
	}
}

func TestAConfirmedCandidateJoinsTheProblemOfItsCause(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.burst()
	var opened struct{ ID string }
	s.do(call{route: "POST /v1/problems", body: map[string]any{"reason": "manual-unclear"}}).into(http.StatusCreated, &opened)
	var got struct{ Problem string }
	body := map[string]any{"decision": "confirm", "why": "hetzelfde", "reason": "manual-unclear"}
	s.do(call{route: candidateRoute, path: map[string]string{"id": s.table.WordHash("gasklep")}, body: body}).into(http.StatusOK, &got)
	p, err := s.table.Problem(t.Context(), opened.ID)
	if err != nil || got.Problem != opened.ID || p.Customers != 6 {
		t.Errorf("%s: %+v, %v", got.Problem, p, err)
	}
}

func TestABadDecisionOnACandidateChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.burst()
	id := map[string]string{"id": s.table.WordHash("gasklep")}
	for name, body := range map[string]map[string]any{
		"no decision":              {"why": "x"},
		"another decision":         {"decision": "maybe", "why": "x"},
		"no why":                   {"decision": "dismiss"},
		"confirm without reason":   {"decision": "confirm", "why": "x"},
		"dismiss with a reason":    {"decision": "dismiss", "why": "x", "reason": "manual-unclear"},
		"dismiss with a product":   {"decision": "dismiss", "why": "x", "product": "airfryer"},
		"a reason that is unknown": {"decision": "confirm", "why": "x", "reason": "weather"},
	} {
		s.do(call{route: candidateRoute, path: id, body: body}).is(http.StatusBadRequest)
		var got candidates
		s.do(call{route: candidatesRoute}).into(http.StatusOK, &got)
		if len(got.Candidates) != 1 {
			t.Errorf("%s: %d candidates", name, len(got.Candidates))
		}
	}
}

package departmentapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/problem"
)

const (
	candidatesRoute = "GET /v1/candidates"
	candidateRoute  = "POST /v1/candidates/{id}"
)

type candidates struct {
	Candidates []struct {
		ID            string
		Words, Quotes []string
		Customers     int
		Contacts      []problem.ContactRef
	}
}

func TestCandidate_NoPersonalData(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var got candidates
	s.Do(call{Route: candidatesRoute}).Into(http.StatusOK, &got)
	if len(got.Candidates) != 0 {
		t.Fatalf("of nothing: %+v", got)
	}
	s.Burst()
	answer := s.Do(call{Route: candidatesRoute})
	answer.Into(http.StatusOK, &got)
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

func TestCandidate_Dismissed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Burst()
	id := map[string]string{"id": s.Table.Candidates.WordHash("gasklep")}
	c := call{Route: candidateRoute, Path: id, Body: map[string]any{"decision": "dismiss", "why": "Een liedje"}}
	s.Do(c).Expect(http.StatusOK)
	var got candidates
	s.Do(call{Route: candidatesRoute}).Into(http.StatusOK, &got)
	if len(got.Candidates) != 0 {
		t.Errorf("still there: %+v", got)
	}
	s.Do(c).Expect(http.StatusNotFound)
}

func TestCandidate_Confirmed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Burst()
	id := map[string]string{"id": s.Table.Candidates.WordHash("fluit")}
	var got struct{ Problem string }
	body := map[string]any{"decision": "confirm", "why": "De kleppen van partij 12", "reason": "manual-unclear"}
	s.Do(call{Route: candidateRoute, Path: id, Body: body}).Into(http.StatusOK, &got)
	affected, _, err := s.Table.Problems.AffectedCustomers(t.Context(), got.Problem, 10, "")
	if err != nil || len(affected) != 6 {
		t.Errorf("affected %v, %v", affected, err)
	}
	p, err := s.Table.Problems.Get(t.Context(), got.Problem)
	if err != nil || p.Customers != 6 || p.Contacts != 6 || p.Reason != "manual-unclear" {
		t.Errorf("%+v, %v", p, err)
	}
	var left candidates
	s.Do(call{Route: candidatesRoute}).Into(http.StatusOK, &left)
	if len(left.Candidates) != 0 {
		t.Errorf("still there: %+v", left)
	}
}

func TestCandidate_ConfirmedForKnownCause(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Burst()
	var opened struct{ ID string }
	s.Do(call{Route: "POST /v1/problems", Body: map[string]any{"reason": "manual-unclear"}}).Into(http.StatusCreated, &opened)
	var got struct{ Problem string }
	body := map[string]any{"decision": "confirm", "why": "hetzelfde", "reason": "manual-unclear"}
	s.Do(call{Route: candidateRoute, Path: map[string]string{"id": s.Table.Candidates.WordHash("gasklep")}, Body: body}).Into(http.StatusOK, &got)
	p, err := s.Table.Problems.Get(t.Context(), opened.ID)
	if err != nil || got.Problem != opened.ID || p.Customers != 6 {
		t.Errorf("%s: %+v, %v", got.Problem, p, err)
	}
}

func TestCandidate_InvalidDecision(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Burst()
	id := map[string]string{"id": s.Table.Candidates.WordHash("gasklep")}
	for name, body := range map[string]map[string]any{
		"no decision":              {"why": "x"},
		"another decision":         {"decision": "maybe", "why": "x"},
		"no why":                   {"decision": "dismiss"},
		"confirm without reason":   {"decision": "confirm", "why": "x"},
		"dismiss with a reason":    {"decision": "dismiss", "why": "x", "reason": "manual-unclear"},
		"dismiss with a product":   {"decision": "dismiss", "why": "x", "product": "airfryer"},
		"a reason that is unknown": {"decision": "confirm", "why": "x", "reason": "weather"},
	} {
		s.Do(call{Route: candidateRoute, Path: id, Body: body}).Expect(http.StatusBadRequest)
		var got candidates
		s.Do(call{Route: candidatesRoute}).Into(http.StatusOK, &got)
		if len(got.Candidates) != 1 {
			t.Errorf("%s: %d candidates", name, len(got.Candidates))
		}
	}
}

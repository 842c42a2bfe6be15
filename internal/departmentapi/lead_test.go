package departmentapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/test/apitest"
)

// A lead is the department that a problem is escalated to. It reaches the problem
// until it is acknowledged.

// A merge needs one owner of both problems, or a caller that acts for both owners.
// A refused merge changes neither problem.
func TestMerge_OfTwoDepartments(t *testing.T) {
	t.Parallel()
	const differ, foreign = "belong to different departments; move one of them", "into: this problem belongs to another department"
	for name, tt := range map[string]struct {
		fromOwner, intoOwner string
		escalateFrom         bool
		escalateInto         bool
		department           string // of the caller
		refusal              string // "" if the merge is applied
	}{
		"lead, of two departments":           {"logistics", "billing", true, true, "customer-care", differ},
		"lead, of one department":            {"billing", "billing", true, true, "customer-care", ""},
		"lead, an escalated one into an own": {"billing", "customer-care", true, false, "customer-care", differ},
		"lead, an own into an escalated one": {"customer-care", "billing", false, true, "customer-care", differ},
		"lead, into one that it reaches not": {"billing", "billing", true, false, "customer-care", foreign},
		"owner, into another department's":   {"billing", "logistics", false, false, "billing", foreign},
		"owner, into its own":                {"billing", "billing", false, false, "billing", ""},
		"owner, its own escalated ones":      {"billing", "billing", true, true, "billing", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			h, bury := s.queues("billing", "customer-care")
			for _, door := range []string{"api", "queue"} {
				from, into := s.Problem("from-"+door, tt.fromOwner, 5), s.Problem("into-"+door, tt.intoOwner, 5)
				if tt.escalateFrom {
					s.escalate(from, "customer-care")
				}
				if tt.escalateInto {
					s.escalate(into, "customer-care")
				}
				s.merge(door, h, bury, tt.department, from, into, tt.refusal)
				rec, err := s.Table.Problems.Get(t.Context(), from)
				if err != nil {
					t.Fatal(err)
				}
				if merged := rec.State == problem.Merged; merged != (tt.refusal == "") {
					t.Errorf("%s: the problem is %s, want merged %t", door, rec.State, tt.refusal == "")
				}
			}
		})
	}
}

// merge merges a problem into another by one of the two doors, and expects the
// refusal.
func (s *stack) merge(door string, h handler, bury func(string) string, department, from, into, refusal string) {
	s.T.Helper()
	if door == "queue" {
		s.sendUpdate(h, department, fmt.Sprintf(`{"problem":%q,"to":"merged","into":%q}`, from, into))
		reason := bury(department)
		if (reason == "") != (refusal == "") || !strings.Contains(reason, refusal) {
			s.T.Errorf("refused because %q, want %q", reason, refusal)
		}
		return
	}
	got := s.Do(call{Route: updateRoute, Path: pathOf(from), Body: map[string]any{"to": "merged", "into": into}, Claims: of(department)})
	if refusal == "" {
		got.Expect(http.StatusOK)
		return
	}
	got.ExpectRefusal(http.StatusForbidden, refusal)
}

// A token that acts for both owners, or for all departments, may merge their
// problems.
func TestMerge_ByACallerOfBothDepartments(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i, claims := range []map[string]string{of("[billing logistics]"), operator()} {
		from, into := s.Problem(fmt.Sprint("from", i), "logistics", 5), s.Problem(fmt.Sprint("into", i), "billing", 5)
		s.Do(call{Route: updateRoute, Path: pathOf(from), Body: map[string]any{"to": "merged", "into": into}, Claims: claims}).Expect(http.StatusOK)
	}
}

// An update that ends the reach of its caller is applied once, and its repetition
// is answered as applied. The answer shows nothing of the problem since.
func TestUpdate_RepeatedAfterItEndedTheReach(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		department string
		update     map[string]any
		after      map[string]any // an update of an operator, between the update and its repetition
		answer     string
	}{
		"moved": {
			"billing", map[string]any{"to": "moved", "department": "it"}, map[string]any{"to": "acknowledged"}, `{"id":"%s","state":"moved"}`,
		},
		"moved by the lead": {
			"customer-care", map[string]any{"to": "moved", "department": "it"}, map[string]any{"to": "acknowledged"}, `{"id":"%s","state":"moved"}`,
		},
		"acknowledged by the lead": {
			"customer-care", map[string]any{"to": "acknowledged"}, map[string]any{"to": "cause_known", "cause": "Een geheim tarief."}, `{"id":"%s","state":"acknowledged"}`,
		},
		"rejected by the lead": {
			"customer-care", map[string]any{"to": "rejected", "comment": "x"}, map[string]any{"to": "detected"}, `{"id":"%s","state":"rejected"}`,
		},
		"a comment of the lead, acknowledged since": {
			"customer-care", map[string]any{"comment": "x"}, map[string]any{"to": "acknowledged"}, `{"id":"%s"}`,
		},
		"a comment, handed over since": {
			"billing", map[string]any{"comment": "x"}, map[string]any{"to": "moved", "department": "it"}, `{"id":"%s"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			h, bury := s.queues("billing", "customer-care")
			for _, door := range []string{"api", "queue"} {
				p := s.property(door)
				apply := func() answer {
					return s.Do(call{
						Route: updateRoute, Path: pathOf(p.problem), Body: tt.update, Claims: of(tt.department),
						Headers: map[string]string{"Idempotency-Key": "u-1"},
					})
				}
				if door == "queue" {
					message := map[string]any{"problem": p.problem, "id": "u-1"}
					maps.Copy(message, tt.update)
					apply = func() answer { s.sendUpdate(h, tt.department, asJSON(t, message)); return answer{} }
				}
				first := apply()
				if door == "api" {
					first.Expect(http.StatusOK)
				}
				s.Do(call{Route: updateRoute, Path: pathOf(p.problem), Body: tt.after, Claims: operator()}).Expect(http.StatusOK)
				before, err := s.Table.Problems.Get(t.Context(), p.problem)
				if err != nil {
					t.Fatal(err)
				}
				again := apply()
				if want := fmt.Sprintf(tt.answer, p.problem); door == "api" && (again.Status != http.StatusOK || strings.TrimSpace(again.Body) != want) {
					t.Errorf("the repetition: %d %s, want 200 %s", again.Status, again.Body, want)
				}
				if reason := bury(tt.department); reason != "" {
					t.Errorf("%s: refused because %q, want no refusal", door, reason)
				}
				after, err := s.Table.Problems.Get(t.Context(), p.problem)
				if err != nil || after.Revision != before.Revision {
					t.Errorf("%s: the repetition changed the problem: revision %d, was %d; %v", door, after.Revision, before.Revision, err)
				}
			}
		})
	}
}

// The repetition of a merge is answered as applied, although the merge could not
// be made now.
func TestUpdate_RepeatedMerge(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	h, bury := s.queues("billing")
	for _, since := range []map[string]any{{"to": "rejected", "comment": "x"}, {"to": "moved", "department": "it"}} {
		from, into := s.Problem(fmt.Sprint("from", since["to"]), "billing", 5), s.Problem(fmt.Sprint("into", since["to"]), "billing", 5)
		c := call{
			Route: updateRoute, Path: pathOf(from), Body: map[string]any{"to": "merged", "into": into}, Claims: of("billing"),
			Headers: map[string]string{"Idempotency-Key": "m-1"},
		}
		s.Do(c).Expect(http.StatusOK)
		other := s.Problem(fmt.Sprint("queued", since["to"]), "billing", 5)
		message := fmt.Sprintf(`{"problem":%q,"id":"m-1","to":"merged","into":%q}`, other, into)
		s.sendUpdate(h, "billing", message)
		s.Do(call{Route: updateRoute, Path: pathOf(into), Body: since, Claims: of("billing")}).Expect(http.StatusOK)
		var p apitest.ProblemView
		if s.Do(c).Into(http.StatusOK, &p); p.State != "merged" {
			t.Errorf("the repeated merge is answered with state %s, want merged", p.State)
		}
		s.sendUpdate(h, "billing", message)
		if reason := bury("billing"); reason != "" {
			t.Errorf("after %v: refused because %q, want no refusal", since, reason)
		}
	}
}

type handler interface {
	Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error)
}

// sendUpdate sends a message to a department's queue of updates. It must not be
// delivered again.
func (s *stack) sendUpdate(h handler, department, body string) {
	s.T.Helper()
	resp, err := h.Handle(s.T.Context(), events.SQSEvent{Records: []events.SQSMessage{queued(department, body)}})
	if err != nil || len(resp.BatchItemFailures) > 0 {
		s.T.Errorf("by the queue of %s: %+v, %v", department, resp, err)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A list has the problems that were escalated to the department beside those that
// it owns, each once and on the right page.
func TestList_EscalatedProblems(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i, owner := range []string{"billing", "customer-care", "billing", "logistics", "customer-care", "billing"} {
		id := s.Problem(fmt.Sprint(i), owner, 10-i)
		if owner != "customer-care" && i != 5 {
			s.escalate(id, "customer-care")
		}
	}
	list := func(limit int, claims, query map[string]string) (got []string) {
		all := map[string]string{"limit": fmt.Sprint(limit)}
		maps.Copy(all, query)
		for {
			var p page
			s.Do(call{Route: problemsRoute, Query: all, Claims: claims}).Into(http.StatusOK, &p)
			for _, v := range p.Problems {
				got = append(got, v.ID)
			}
			if all["cursor"] = p.Cursor; p.Complete {
				return got
			}
		}
	}
	ofLead := []string{"p-4", "p-3", "p-2", "p-1", "p-0"}
	everything := append([]string{"p-5"}, ofLead...)
	for limit := 1; limit <= 7; limit++ {
		for name, tt := range map[string]struct {
			claims, query map[string]string
			want          []string
		}{
			"of the lead":                  {of("customer-care"), nil, ofLead},
			"of the lead, by name":         {of("customer-care"), map[string]string{"department": "customer-care"}, ofLead},
			"of the lead, in one state":    {of("customer-care"), map[string]string{"state": "detected"}, ofLead},
			"of the lead, in another":      {of("customer-care"), map[string]string{"state": "fixed"}, nil},
			"of the owner":                 {of("billing"), nil, []string{"p-5", "p-2", "p-0"}},
			"of the owner and the lead":    {of("[billing customer-care]"), nil, everything},
			"of an operator":               {operator(), nil, everything},
			"of an operator, for the lead": {operator(), map[string]string{"department": "customer-care"}, ofLead},
			"of another department":        {of("it"), nil, nil},
		} {
			if diff := cmp.Diff(tt.want, list(limit, tt.claims, tt.query)); diff != "" {
				t.Errorf("%s, %d a page (-want +got):\n%s", name, limit, diff)
			}
		}
	}
	s.Do(call{Route: problemsRoute, Query: map[string]string{"department": "billing"}, Claims: of("customer-care")}).ExpectRefusal(http.StatusForbidden, "another department")

	for id, body := range map[string]map[string]any{
		"p-0": {"to": "acknowledged"}, "p-2": {"to": "moved", "department": "it"}, "p-3": {"to": "rejected", "comment": "x"},
	} {
		s.Do(call{Route: updateRoute, Path: pathOf(id), Body: body, Claims: operator()}).Expect(http.StatusOK)
	}
	if diff := cmp.Diff([]string{"p-4", "p-1"}, list(50, of("customer-care"), nil)); diff != "" {
		t.Errorf("the lead's list after the escalations ended (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"p-5", "p-4", "p-3", "p-2", "p-1", "p-0"}, list(50, operator(), nil)); diff != "" {
		t.Errorf("the operator's list after the escalations ended (-want +got):\n%s", diff)
	}
}

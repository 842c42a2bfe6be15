package departmentapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/test/apitest"
)

const (
	problemsRoute = "GET /v1/problems"
	problemRoute  = "GET /v1/problems/{id}"
	affectedRoute = "GET /v1/problems/{id}/affected"
	updateRoute   = "POST /v1/problems/{id}/updates"
	resendRoute   = "POST /v1/problems/{id}/resend"
	attachRoute   = "POST /v1/problems/{id}/contacts"
	splitRoute    = "POST /v1/problems/{id}/split"
)

// of is a department's own token: it may read and write, and is limited to the
// department.
func of(department string) map[string]string {
	return with(map[string]string{"department": department, "scope": "problems:read problems:write"})
}

func TestList_LatestFirst(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i, d := range []string{"billing", "it", "billing", "logistics", "billing"} {
		s.Problem(fmt.Sprint(i), d, 10-i)
	}
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": "p-2"}, Body: map[string]any{"to": "acknowledged"}}).Expect(http.StatusOK)
	for name, tt := range map[string]struct {
		query  map[string]string
		claims map[string]string
		want   []string
	}{
		"of all departments":               {nil, nil, []string{"p-4", "p-3", "p-2", "p-1", "p-0"}},
		"of one department":                {map[string]string{"department": "billing"}, nil, []string{"p-4", "p-2", "p-0"}},
		"in one state":                     {map[string]string{"state": "acknowledged"}, nil, []string{"p-2"}},
		"in one state of one department":   {map[string]string{"state": "detected", "department": "billing"}, nil, []string{"p-4", "p-0"}},
		"of the token's department":        {nil, of("it"), []string{"p-1"}},
		"of the token's own by name":       {map[string]string{"department": "it"}, of("it"), []string{"p-1"}},
		"of all that the token names":      {nil, of("[it logistics]"), []string{"p-3", "p-1"}},
		"of one that the token repeats":    {nil, of("[it it cellar]"), []string{"p-1"}},
		"of all beside a department":       {nil, with(map[string]string{"department": "it"}), []string{"p-4", "p-3", "p-2", "p-1", "p-0"}},
		"of a department without problems": {map[string]string{"department": "privacy"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			var got []string
			query := map[string]string{"limit": "2"}
			maps.Copy(query, tt.query)
			for {
				var p page
				s.Do(call{Route: problemsRoute, Query: query, Claims: tt.claims}).Into(http.StatusOK, &p)
				for _, v := range p.Problems {
					got = append(got, v.ID)
				}
				if query["cursor"] = p.Cursor; p.Complete {
					break
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	s.Do(call{Route: problemsRoute, Query: map[string]string{"department": "billing"}, Claims: of("it")}).ExpectRefusal(http.StatusForbidden, "another department")
	s.Do(call{Route: problemsRoute, Claims: of("cellar")}).ExpectRefusal(http.StatusForbidden, "no such department")
	s.Do(call{Route: problemsRoute, Query: map[string]string{"department": "cellar"}}).ExpectRefusal(http.StatusBadRequest, "billing")
	s.Do(call{Route: problemsRoute, Query: map[string]string{"state": "lost"}}).ExpectRefusal(http.StatusBadRequest, "acknowledged")
}

func TestProblem_OfAnotherDepartment(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.Problem("a", "billing", 5)}
	for route, body := range map[string]any{problemRoute: nil, affectedRoute: nil, updateRoute: map[string]any{"to": "acknowledged"}} {
		s.Do(call{Route: route, Path: path, Body: body, Claims: of("it")}).ExpectRefusal(http.StatusForbidden, "another department")
		s.Do(call{Route: route, Path: path, Body: body, Claims: of("[]")}).ExpectRefusal(http.StatusForbidden, "needs the claim department")
		for _, none := range []string{"p-none", "\x00", "a b"} {
			s.Do(call{Route: route, Path: map[string]string{"id": none}, Body: body}).ExpectRefusal(http.StatusNotFound, "no such problem")
		}
	}
	var p apitest.ProblemView
	s.Do(call{Route: problemRoute, Path: path, Claims: of("billing")}).Into(http.StatusOK, &p)
	if p.State != "detected" || p.Version != 1 || !slices.Contains(p.Next, "acknowledged") {
		t.Errorf("%+v", p)
	}
}

func TestAffected_Pages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.Problem("a", "billing", 5)}
	s.Problem("b", "billing", 4)
	var got []string
	query := map[string]string{"limit": "2"}
	for {
		var p page
		s.Do(call{Route: affectedRoute, Path: path, Query: query}).Into(http.StatusOK, &p)
		for _, c := range p.Customers {
			got = append(got, c.CustomerID)
		}
		if p.Complete {
			break
		}
		query["cursor"] = p.Cursor
		s.Do(call{Route: affectedRoute, Path: map[string]string{"id": "p-b"}, Query: query}).ExpectRefusal(http.StatusBadRequest, "start again without one")
	}
	if len(got) != 5 || !slices.IsSorted(got) {
		t.Errorf("%v", got)
	}
}

func TestUpdate_ToConfirmed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.Problem("a", "billing", 5)}
	claims := of("billing")
	version := 1
	for _, body := range []map[string]any{
		{"to": "acknowledged"},
		{"comment": "We zoeken het uit."},
		{"to": "cause_known", "cause": "Een verkeerd tarief."},
		{"to": "workaround", "workaround": "Betaal het oude bedrag.", "links": []string{"https://wiki.example.com/1"}},
		{"to": "fix_planned", "expectedAt": "2026-03-09T17:00:00+01:00"},
		{"to": "fixed"},
	} {
		body["version"] = version
		var p apitest.ProblemView
		s.Do(call{Route: updateRoute, Path: path, Body: body, Claims: claims}).Into(http.StatusOK, &p)
		version++
		if to, ok := body["to"]; p.Version != version || ok && p.State != to {
			t.Fatalf("%+v", p)
		}
	}
	rec, err := s.Table.Problems.Get(t.Context(), "p-a")
	if err != nil || rec.Events[0].By != "agent-7" || rec.Events[0].Kind != problem.EventState || !rec.ExpectedAt.Equal(time.Date(2026, 3, 9, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v %v", rec.Events, err)
	}
}

func TestUpdate_StaleOrIllegal(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.Problem("a", "billing", 5)}
	other := s.Problem("b", "billing", 5)
	s.Problem("it", "it", 5)
	first := s.Do(call{Route: problemRoute, Path: path}).Header["ETag"]
	s.Do(call{Route: updateRoute, Path: path, Body: map[string]any{"to": "acknowledged"}, Headers: map[string]string{"if-match": first}}).Expect(http.StatusOK)
	for name, c := range map[string]call{
		"an older version":     {Body: map[string]any{"to": "fixed", "version": 1}},
		"an older ETag":        {Body: map[string]any{"to": "fixed"}, Headers: map[string]string{"if-match": first}},
		"a step that is none":  {Body: map[string]any{"to": "confirmed", "version": 2}},
		"a step back to start": {Body: map[string]any{"to": "detected"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			c.Route, c.Path = updateRoute, path
			var doc struct {
				Version  int
				State    string
				Possible []string
			}
			a := s.Do(c).Into(http.StatusConflict, &doc)
			if doc.Version != 2 || doc.State != "acknowledged" || !slices.Contains(doc.Possible, "fixed") {
				t.Errorf("%s", a.Body)
			}
		})
	}
	for name, tt := range map[string]struct {
		body   map[string]any
		header string
		status int
		detail string
	}{
		"a state that is none":             {map[string]any{"to": "lost"}, "", 400, "no such state"},
		"nothing":                          {map[string]any{}, "", 400, "changes nothing"},
		"a cause that is missing":          {map[string]any{"to": "cause_known"}, "", 400, "requires cause"},
		"a workaround that is missing":     {map[string]any{"to": "workaround"}, "", 400, "workaround"},
		"an expected time that is missing": {map[string]any{"to": "fix_planned"}, "", 400, "expectedAt"},
		"an expected time that is past":    {map[string]any{"to": "fix_planned", "expectedAt": "2026-02-01T00:00:00Z"}, "", 400, "future"},
		"an expected time that is none":    {map[string]any{"to": "fix_planned", "expectedAt": "soon"}, "", 400, "expectedAt must be a time"},
		"a rejection without a reason":     {map[string]any{"to": "rejected"}, "", 400, "comment"},
		"a link that is no link":           {map[string]any{"links": []string{"javascript:alert(1)"}}, "", 400, "https://"},
		"a merge into nothing":             {map[string]any{"to": "merged"}, "", 400, "into"},
		"a merge into itself":              {map[string]any{"to": "merged", "into": "p-a"}, "", 400, "into"},
		"a merge into what is not there":   {map[string]any{"to": "merged", "into": "p-none"}, "", 400, "into: there is no such problem"},
		"into without a merge":             {map[string]any{"to": "fixed", "into": other}, "", 400, "only allowed with the state merged"},
		"a move to nowhere":                {map[string]any{"to": "moved", "department": "cellar"}, "", 400, "billing"},
		"a move to itself":                 {map[string]any{"to": "moved", "department": "billing"}, "", 400, "another department"},
		"a department without a move":      {map[string]any{"to": "fixed", "department": "it"}, "", 400, "only allowed with the state moved"},
		"an If-Match that is no ETag":      {map[string]any{"to": "fixed"}, `"abc"`, 400, "If-Match"},
		"an If-Match beside a version":     {map[string]any{"to": "fixed", "version": 2}, `"1.1"`, 400, "If-Match"},
		"a version below zero":             {map[string]any{"to": "fixed", "version": -1}, "", 400, "version"},
		"a version that is a text":         {map[string]any{"to": "fixed", "version": "2"}, "", 400, "version must be a whole number"},
		"an author in the body":            {map[string]any{"to": "fixed", "by": "somebody else"}, "", 400, `no member "by"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			headers := map[string]string{}
			if tt.header != "" {
				headers["if-match"] = tt.header
			}
			s.Do(call{Route: updateRoute, Path: path, Body: tt.body, Headers: headers}).ExpectRefusal(tt.status, tt.detail)
		})
	}
	c := call{Route: updateRoute, Path: path, Body: map[string]any{"to": "merged", "into": "p-it"}, Claims: of("billing")}
	s.Do(c).ExpectRefusal(http.StatusForbidden, "into: this problem belongs to another department")
	rec, err := s.Table.Problems.Get(t.Context(), "p-a")
	if err != nil || rec.Version != 2 || rec.State != problem.Acknowledged {
		t.Errorf("something changed: %+v %v", rec.Problem, err)
	}
}

func TestUpdate_Moved(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.Problem("a", "billing", 5)}
	var p apitest.ProblemView
	body := map[string]any{"to": "moved", "department": "it", "comment": "De site rekent verkeerd."}
	s.Do(call{Route: updateRoute, Path: path, Body: body, Claims: of("billing")}).Into(http.StatusOK, &p)
	if p.Department != "it" || p.State != "detected" {
		t.Errorf("%+v", p)
	}
	s.Do(call{Route: problemRoute, Path: path, Claims: of("billing")}).Expect(http.StatusForbidden)
	s.Do(call{Route: problemRoute, Path: path, Claims: of("it")}).Expect(http.StatusOK)
	rec, err := s.Table.Problems.Get(t.Context(), "p-a")
	if err != nil || len(rec.Events) != 2 || rec.Names.Department != (problem.Label{NL: "ICT", EN: "IT"}) {
		t.Errorf("%+v %v", rec, err)
	}
}

func TestUpdate_Merged(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a, b, c := s.Problem("a", "billing", 5), s.Problem("b", "billing", 4), s.Problem("c", "billing", 3)
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": a}, Body: map[string]any{"to": "merged", "into": b}}).Expect(http.StatusOK)
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": a}, Body: map[string]any{"comment": "x"}}).ExpectRefusal(http.StatusConflict, "merged into "+b)
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": c}, Body: map[string]any{"to": "merged", "into": a}}).ExpectRefusal(http.StatusConflict, "merged into "+b)
	s.Do(call{Route: splitRoute, Path: map[string]string{"id": a}, Body: map[string]any{"words": []string{"x"}}}).ExpectRefusal(http.StatusConflict, "merged into "+b)
}

// One of several updates of the same version succeeds. Customers who join
// meanwhile do not change the version.
func TestUpdate_Concurrent(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.Problem("a", "billing", 5)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 4 {
		wg.Go(func() {
			a := s.Do(call{Route: updateRoute, Path: path, Body: map[string]any{"to": "acknowledged", "version": 1, "comment": fmt.Sprint(i)}})
			mu.Lock()
			defer mu.Unlock()
			statuses[a.Status]++
		})
	}
	wg.Wait()
	if statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != 3 {
		t.Errorf("%v", statuses)
	}
	rec, err := s.Table.Problems.Get(t.Context(), "p-a")
	if err != nil {
		t.Fatal(err)
	}
	seen := s.Do(call{Route: problemRoute, Path: path}).Header["ETag"]
	more, _ := problem.Affected{Customer: "c-joined"}.With(nil, []problem.Occurrence{{Customer: "c-joined", Contact: "k-joined", Day: "2026-03-01", At: now}})
	if err := s.Table.Problems.ChangeAffected(t.Context(), rec.ID, []problem.AffectedChange{more}); err != nil {
		t.Fatal(err)
	}
	var p apitest.ProblemView
	headers := map[string]string{"If-Match": seen}
	s.Do(call{Route: updateRoute, Path: path, Body: map[string]any{"to": "fixed"}, Headers: headers}).Into(http.StatusOK, &p)
	if p.Contacts != 6 {
		t.Errorf("the contact that joined is lost: %+v", p)
	}
}

func TestETag_UnchangedProblem(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{Route: problemRoute, Path: map[string]string{"id": s.Problem("a", "billing", 5)}}
	tag := s.Do(c).Expect(http.StatusOK).Header["ETag"]
	c.Headers = map[string]string{"if-none-match": tag}
	s.Do(c).Expect(http.StatusNotModified)
	update := s.Do(call{Route: updateRoute, Path: c.Path, Body: map[string]any{"comment": "x"}}).Expect(http.StatusOK)
	if after := s.Do(c).Expect(http.StatusOK).Header["ETag"]; after == tag || after != update.Header["ETag"] {
		t.Errorf("ETag %s, after the update %s and %s", tag, update.Header["ETag"], after)
	}
}

func TestUpdate_IdempotencyKey(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{Route: updateRoute, Path: map[string]string{"id": s.Problem("a", "billing", 5)}, Body: map[string]any{"comment": "x"}}
	c.Headers = map[string]string{"Idempotency-Key": "u-1"}
	for range 2 {
		var p apitest.ProblemView
		if s.Do(c).Into(http.StatusOK, &p); p.Version != 2 {
			t.Errorf("version %d", p.Version)
		}
	}
	other := c
	for _, body := range []any{map[string]any{"comment": "y"}, map[string]any{}, map[string]any{"links": []string{"none"}}, map[string]any{"to": "lost"}} {
		if other.Body = body; s.Do(other).Status == http.StatusOK {
			t.Errorf("%v was taken under the name of another update", body)
		}
	}
	other.Body = map[string]any{"comment": "y"}
	s.Do(other).ExpectRefusal(http.StatusConflict, "another change")
	c.Headers = map[string]string{"Idempotency-Key": "u-2"}
	var p apitest.ProblemView
	if s.Do(c).Into(http.StatusOK, &p); p.Version != 3 {
		t.Errorf("version %d", p.Version)
	}
	for _, bad := range []string{"a b", strings.Repeat("x", 201)} {
		c.Headers = map[string]string{"Idempotency-Key": bad}
		s.Do(c).ExpectRefusal(http.StatusBadRequest, "Idempotency-Key")
	}
}

func TestResend_Item(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{Route: resendRoute, Path: map[string]string{"id": s.Problem("a", "billing", 5)}, Claims: of("billing")}
	for range 2 {
		var p apitest.ProblemView
		if s.Do(c).Into(http.StatusOK, &p); p.Version != 1 {
			t.Errorf("version %d", p.Version)
		}
	}
	if rec, err := s.Table.Problems.Get(t.Context(), "p-a"); err != nil || rec.Resent != 2 || rec.Version != 1 || len(rec.Events) != 1 {
		t.Errorf("%+v %v", rec, err)
	}
	c.Claims = of("it")
	s.Do(c).ExpectRefusal(http.StatusForbidden, "another department")
	c.Claims, c.Path = nil, map[string]string{"id": "p-none"}
	s.Do(c).ExpectRefusal(http.StatusNotFound, "no such problem")
	c.Path, c.Body = map[string]string{"id": "p-a"}, map[string]any{"to": "fixed"}
	s.Do(c).ExpectRefusal(http.StatusBadRequest, "without a body")
}

// The customers of a merged problem are those of the problem that it was merged
// into. A token needs to reach that one to list them.
func TestAffected_MergedIntoAnotherDepartment(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a, b := map[string]string{"id": s.Problem("a", "billing", 5)}, map[string]string{"id": s.Problem("b", "billing", 4)}
	s.Do(call{Route: updateRoute, Path: a, Body: map[string]any{"to": "merged", "into": "p-b"}, Claims: of("billing")}).Expect(http.StatusOK)
	s.Do(call{Route: affectedRoute, Path: a, Claims: of("billing")}).Expect(http.StatusOK)
	s.Do(call{Route: updateRoute, Path: b, Body: map[string]any{"to": "moved", "department": "it"}, Claims: of("billing")}).Expect(http.StatusOK)
	s.Do(call{Route: affectedRoute, Path: a, Claims: of("billing")}).ExpectRefusal(http.StatusForbidden, "another department")
	s.Do(call{Route: affectedRoute, Path: a}).Expect(http.StatusOK)
}

// A comment that does not fit in an item is refused before the problem opens.
func TestOpen_LongComment(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{Route: "POST /v1/problems", Body: map[string]any{"reason": "refund-missing", "comment": strings.Repeat("é", problem.MaxComment+1)}}
	s.Do(c).ExpectRefusal(http.StatusBadRequest, "comment has more than 2000 characters")
	c.Body = map[string]any{"reason": "refund-missing", "comment": strings.Repeat("é", problem.MaxComment)}
	s.Do(c).Expect(http.StatusCreated)
}

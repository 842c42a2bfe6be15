package api_test

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

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
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

// problem stores an open problem of a department, n minutes old.
func (s *stack) problem(name, department string, n int) string {
	s.t.Helper()
	at := now.Add(-time.Duration(n) * time.Minute)
	var affected []problem.Affected
	for i := range 5 {
		affected = append(affected, problem.Affected{
			Customer: identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-00000000000%d", i)),
			Seen:     []problem.Occurrence{{Contact: fmt.Sprint("k", i), Day: at.Format(time.DateOnly), At: at}},
		})
	}
	p, events := problem.Open(problem.Seed{
		ID: "p-" + name, Reason: "reason-" + name, Department: department, Severity: "normal", TaxonomyVersion: "2026-01",
		Names: problem.Names{Department: problem.Label{NL: department, EN: department}}, Affected: affected,
	}, at)
	if err := s.table.OpenProblem(s.t.Context(), problem.Record{Problem: p, Quotes: []string{"de factuur klopt niet"}, Events: events}, affected); err != nil {
		s.t.Fatal(err)
	}
	return p.ID
}

// of is a department's own token: it may read and write, and is limited to the
// department.
func of(department string) map[string]string {
	return with(map[string]string{"department": department, "scope": "problems:read problems:write"})
}

func TestProblemsAreListedLatestFirst(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i, d := range []string{"billing", "it", "billing", "logistics", "billing"} {
		s.problem(fmt.Sprint(i), d, 10-i)
	}
	s.do(call{route: updateRoute, path: map[string]string{"id": "p-2"}, body: map[string]any{"to": "acknowledged"}}).is(http.StatusOK)
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
		"of a department that is unknown":  {nil, of("cellar"), nil},
		"of one that the token repeats":    {nil, of("[it it cellar]"), []string{"p-1"}},
		"of all beside a department":       {nil, with(map[string]string{"department": "it"}), []string{"p-4", "p-3", "p-2", "p-1", "p-0"}},
		"of a department without problems": {map[string]string{"department": "privacy"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			var got []string
			query := map[string]string{"limit": "2"}
			maps.Copy(query, tt.query)
			for {
				var p page
				s.do(call{route: problemsRoute, query: query, claims: tt.claims}).into(http.StatusOK, &p)
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
	s.do(call{route: problemsRoute, query: map[string]string{"department": "billing"}, claims: of("it")}).refused(http.StatusForbidden, "another department")
	s.do(call{route: problemsRoute, query: map[string]string{"department": "cellar"}}).refused(http.StatusBadRequest, "billing")
	s.do(call{route: problemsRoute, query: map[string]string{"state": "lost"}}).refused(http.StatusBadRequest, "acknowledged")
}

func TestAForeignProblemIsNeitherSeenNorChanged(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.problem("a", "billing", 5)}
	for route, body := range map[string]any{problemRoute: nil, affectedRoute: nil, updateRoute: map[string]any{"to": "acknowledged"}} {
		s.do(call{route: route, path: path, body: body, claims: of("it")}).refused(http.StatusForbidden, "another department")
		s.do(call{route: route, path: path, body: body, claims: of("[]")}).refused(http.StatusForbidden, "needs the claim department")
		for _, none := range []string{"p-none", "\x00", "a b"} {
			s.do(call{route: route, path: map[string]string{"id": none}, body: body}).refused(http.StatusNotFound, "no such problem")
		}
	}
	var p problemView
	s.do(call{route: problemRoute, path: path, claims: of("billing")}).into(http.StatusOK, &p)
	if p.State != "detected" || p.Version != 1 || !slices.Contains(p.Next, "acknowledged") {
		t.Errorf("%+v", p)
	}
}

func TestTheAffectedAreWalked(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.problem("a", "billing", 5)}
	s.problem("b", "billing", 4)
	var got []string
	query := map[string]string{"limit": "2"}
	for {
		var p page
		s.do(call{route: affectedRoute, path: path, query: query}).into(http.StatusOK, &p)
		for _, c := range p.Customers {
			got = append(got, c.CustomerID)
		}
		if p.Complete {
			break
		}
		query["cursor"] = p.Cursor
		s.do(call{route: affectedRoute, path: map[string]string{"id": "p-b"}, query: query}).refused(http.StatusBadRequest, "start again without one")
	}
	if len(got) != 5 || !slices.IsSorted(got) {
		t.Errorf("%v", got)
	}
}

func TestADepartmentTakesAProblemToItsEnd(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.problem("a", "billing", 5)}
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
		var p problemView
		s.do(call{route: updateRoute, path: path, body: body, claims: claims}).into(http.StatusOK, &p)
		version++
		if to, ok := body["to"]; p.Version != version || ok && p.State != to {
			t.Fatalf("%+v", p)
		}
	}
	rec, err := s.table.Problem(t.Context(), "p-a")
	if err != nil || rec.Events[0].By != "agent-7" || rec.Events[0].Kind != problem.EventState || !rec.ExpectedAt.Equal(time.Date(2026, 3, 9, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v %v", rec.Events, err)
	}
}

func TestAStaleOrIllegalUpdateSaysWhatIsPossible(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.problem("a", "billing", 5)}
	other := s.problem("b", "billing", 5)
	s.problem("it", "it", 5)
	first := s.do(call{route: problemRoute, path: path}).header["ETag"]
	s.do(call{route: updateRoute, path: path, body: map[string]any{"to": "acknowledged"}, headers: map[string]string{"if-match": first}}).is(http.StatusOK)
	for name, c := range map[string]call{
		"an older version":     {body: map[string]any{"to": "fixed", "version": 1}},
		"an older ETag":        {body: map[string]any{"to": "fixed"}, headers: map[string]string{"if-match": first}},
		"a step that is none":  {body: map[string]any{"to": "confirmed", "version": 2}},
		"a step back to start": {body: map[string]any{"to": "detected"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			c.route, c.path = updateRoute, path
			var doc struct {
				Version  int
				State    string
				Possible []string
			}
			a := s.do(c).into(http.StatusConflict, &doc)
			if doc.Version != 2 || doc.State != "acknowledged" || !slices.Contains(doc.Possible, "fixed") {
				t.Errorf("%s", a.body)
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
		"a cause that is missing":          {map[string]any{"to": "cause_known"}, "", 400, "needs a cause"},
		"a workaround that is missing":     {map[string]any{"to": "workaround"}, "", 400, "workaround"},
		"an expected time that is missing": {map[string]any{"to": "fix_planned"}, "", 400, "expectedAt"},
		"an expected time that is past":    {map[string]any{"to": "fix_planned", "expectedAt": "2026-02-01T00:00:00Z"}, "", 400, "future"},
		"an expected time that is none":    {map[string]any{"to": "fix_planned", "expectedAt": "soon"}, "", 400, "expectedAt must be a time"},
		"a rejection without a reason":     {map[string]any{"to": "rejected"}, "", 400, "comment"},
		"a link that is no link":           {map[string]any{"links": []string{"javascript:alert(1)"}}, "", 400, "https://"},
		"a merge into nothing":             {map[string]any{"to": "merged"}, "", 400, "into"},
		"a merge into itself":              {map[string]any{"to": "merged", "into": "p-a"}, "", 400, "into"},
		"a merge into what is not there":   {map[string]any{"to": "merged", "into": "p-none"}, "", 400, "into: there is no such problem"},
		"into without a merge":             {map[string]any{"to": "fixed", "into": other}, "", 400, "merged only"},
		"a move to nowhere":                {map[string]any{"to": "moved", "department": "cellar"}, "", 400, "billing"},
		"a move to itself":                 {map[string]any{"to": "moved", "department": "billing"}, "", 400, "another department"},
		"a department without a move":      {map[string]any{"to": "fixed", "department": "it"}, "", 400, "moved only"},
		"an If-Match that is no ETag":      {map[string]any{"to": "fixed"}, `"abc"`, 400, "If-Match"},
		"an If-Match beside a version":     {map[string]any{"to": "fixed", "version": 2}, `"1.1"`, 400, "If-Match"},
		"a version below zero":             {map[string]any{"to": "fixed", "version": -1}, "", 400, "version"},
		"a version that is a text":         {map[string]any{"to": "fixed", "version": "2"}, "", 400, "version must be a whole number"},
		"an author in the body":            {map[string]any{"to": "fixed", "by": "somebody else"}, "", 400, `no member "by"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			headers := map[string]string{}
			if tt.header != "" {
				headers["if-match"] = tt.header
			}
			s.do(call{route: updateRoute, path: path, body: tt.body, headers: headers}).refused(tt.status, tt.detail)
		})
	}
	c := call{route: updateRoute, path: path, body: map[string]any{"to": "merged", "into": "p-it"}, claims: of("billing")}
	s.do(c).refused(http.StatusForbidden, "into: it belongs to another department")
	rec, err := s.table.Problem(t.Context(), "p-a")
	if err != nil || rec.Version != 2 || rec.State != problem.Acknowledged {
		t.Errorf("something changed: %+v %v", rec.Problem, err)
	}
}

func TestAMovedProblemIsTheOthersFromThenOn(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.problem("a", "billing", 5)}
	var p problemView
	body := map[string]any{"to": "moved", "department": "it", "comment": "De site rekent verkeerd."}
	s.do(call{route: updateRoute, path: path, body: body, claims: of("billing")}).into(http.StatusOK, &p)
	if p.Department != "it" || p.State != "detected" {
		t.Errorf("%+v", p)
	}
	s.do(call{route: problemRoute, path: path, claims: of("billing")}).is(http.StatusForbidden)
	s.do(call{route: problemRoute, path: path, claims: of("it")}).is(http.StatusOK)
	rec, err := s.table.Problem(t.Context(), "p-a")
	if err != nil || len(rec.Events) != 2 || rec.Names.Department != (problem.Label{NL: "ICT", EN: "IT"}) {
		t.Errorf("%+v %v", rec, err)
	}
}

func TestAMergedProblemPointsToTheOneThatStays(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a, b, c := s.problem("a", "billing", 5), s.problem("b", "billing", 4), s.problem("c", "billing", 3)
	s.do(call{route: updateRoute, path: map[string]string{"id": a}, body: map[string]any{"to": "merged", "into": b}}).is(http.StatusOK)
	s.do(call{route: updateRoute, path: map[string]string{"id": a}, body: map[string]any{"comment": "x"}}).refused(http.StatusConflict, "merged into "+b)
	s.do(call{route: updateRoute, path: map[string]string{"id": c}, body: map[string]any{"to": "merged", "into": a}}).refused(http.StatusConflict, "merged into "+b)
	s.do(call{route: splitRoute, path: map[string]string{"id": a}, body: map[string]any{"words": []string{"x"}}}).refused(http.StatusConflict, "merged into "+b)
}

// Of those who all saw the same version one is first. Customers who join
// meanwhile come in between and change no version.
func TestUpdatesThatRaceAreNotLost(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.problem("a", "billing", 5)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 4 {
		wg.Go(func() {
			a := s.do(call{route: updateRoute, path: path, body: map[string]any{"to": "acknowledged", "version": 1, "comment": fmt.Sprint(i)}})
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
		})
	}
	wg.Wait()
	if statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != 3 {
		t.Errorf("%v", statuses)
	}
	rec, err := s.table.Problem(t.Context(), "p-a")
	if err != nil {
		t.Fatal(err)
	}
	seen := s.do(call{route: problemRoute, path: path}).header["ETag"]
	more, _ := problem.Affected{Customer: "c-joined"}.With(nil, []problem.Occurrence{{Customer: "c-joined", Contact: "k-joined", Day: "2026-03-01", At: now}})
	if err := s.table.ChangeAffected(t.Context(), rec.ID, []problem.AffectedChange{more}); err != nil {
		t.Fatal(err)
	}
	var p problemView
	headers := map[string]string{"If-Match": seen}
	s.do(call{route: updateRoute, path: path, body: map[string]any{"to": "fixed"}, headers: headers}).into(http.StatusOK, &p)
	if p.Contacts != 6 {
		t.Errorf("the contact that joined is lost: %+v", p)
	}
}

func TestAProblemThatDidNotChangeIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{route: problemRoute, path: map[string]string{"id": s.problem("a", "billing", 5)}}
	tag := s.do(c).is(http.StatusOK).header["ETag"]
	c.headers = map[string]string{"if-none-match": tag}
	s.do(c).is(http.StatusNotModified)
	update := s.do(call{route: updateRoute, path: c.path, body: map[string]any{"comment": "x"}}).is(http.StatusOK)
	if after := s.do(c).is(http.StatusOK).header["ETag"]; after == tag || after != update.header["ETag"] {
		t.Errorf("ETag %s, after the update %s and %s", tag, update.header["ETag"], after)
	}
}

func TestAnUpdateUnderOneNameIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{route: updateRoute, path: map[string]string{"id": s.problem("a", "billing", 5)}, body: map[string]any{"comment": "x"}}
	c.headers = map[string]string{"Idempotency-Key": "u-1"}
	for range 2 {
		var p problemView
		if s.do(c).into(http.StatusOK, &p); p.Version != 2 {
			t.Errorf("version %d", p.Version)
		}
	}
	other := c
	for _, body := range []any{map[string]any{"comment": "y"}, map[string]any{}, map[string]any{"links": []string{"none"}}, map[string]any{"to": "lost"}} {
		if other.body = body; s.do(other).status == http.StatusOK {
			t.Errorf("%v was taken under the name of another update", body)
		}
	}
	other.body = map[string]any{"comment": "y"}
	s.do(other).refused(http.StatusConflict, "another change")
	c.headers = map[string]string{"Idempotency-Key": "u-2"}
	var p problemView
	if s.do(c).into(http.StatusOK, &p); p.Version != 3 {
		t.Errorf("version %d", p.Version)
	}
	for _, bad := range []string{"a b", strings.Repeat("x", 201)} {
		c.headers = map[string]string{"Idempotency-Key": bad}
		s.do(c).refused(http.StatusBadRequest, "Idempotency-Key")
	}
}

func TestAnItemIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{route: resendRoute, path: map[string]string{"id": s.problem("a", "billing", 5)}, claims: of("billing")}
	for range 2 {
		var p problemView
		if s.do(c).into(http.StatusOK, &p); p.Version != 1 {
			t.Errorf("version %d", p.Version)
		}
	}
	if rec, err := s.table.Problem(t.Context(), "p-a"); err != nil || rec.Resent != 2 || rec.Version != 1 || len(rec.Events) != 1 {
		t.Errorf("%+v %v", rec, err)
	}
	c.claims = of("it")
	s.do(c).refused(http.StatusForbidden, "another department")
	c.claims, c.path = nil, map[string]string{"id": "p-none"}
	s.do(c).refused(http.StatusNotFound, "no such problem")
	c.path, c.body = map[string]string{"id": "p-a"}, map[string]any{"to": "fixed"}
	s.do(c).refused(http.StatusBadRequest, "no body")
}

// Whom a problem touched that was merged says the other, and only to whoever
// reaches that one.
func TestAMergedProblemDoesNotShowWhatItsTokenDoesNotReach(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a, b := map[string]string{"id": s.problem("a", "billing", 5)}, map[string]string{"id": s.problem("b", "billing", 4)}
	s.do(call{route: updateRoute, path: a, body: map[string]any{"to": "merged", "into": "p-b"}, claims: of("billing")}).is(http.StatusOK)
	s.do(call{route: affectedRoute, path: a, claims: of("billing")}).is(http.StatusOK)
	s.do(call{route: updateRoute, path: b, body: map[string]any{"to": "moved", "department": "it"}, claims: of("billing")}).is(http.StatusOK)
	s.do(call{route: affectedRoute, path: a, claims: of("billing")}).refused(http.StatusForbidden, "another department")
	s.do(call{route: affectedRoute, path: a}).is(http.StatusOK)
}

// A split takes only what is of the problem. What is not is named, with where
// the problem stands, and the same request under the same name may come again.
func TestASplitNamesTheContactsThatAreNotOfTheProblem(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	path := map[string]string{"id": d.as.Replace("01953f00-0000-7abc-8def-0123456789ab")}
	ref := map[string]string{"customerId": string(d.who), "contact": d.as.Replace("qLk3vYb2cD8eFgHi")}
	c := call{route: splitRoute, path: path, body: map[string]any{"contacts": []any{ref}}, headers: map[string]string{"Idempotency-Key": "s-1"}}
	var doc struct {
		Detail   string
		Version  int
		Possible []string
	}
	if d.do(c).into(http.StatusConflict, &doc); !strings.Contains(doc.Detail, ref["contact"]) || doc.Version != 1 || len(doc.Possible) == 0 {
		t.Errorf("%+v", doc)
	}
	d.do(call{route: attachRoute, path: path, body: map[string]any{"contacts": []any{ref}}}).is(http.StatusOK)
	ids := map[string]bool{}
	for range 2 {
		var part problemView
		if d.do(c).into(http.StatusCreated, &part); part.Contacts != 1 {
			t.Errorf("%+v", part)
		}
		ids[part.ID] = true
	}
	if len(ids) != 1 {
		t.Errorf("parts %v", ids)
	}
}

// What an item could not carry whole is refused before anything is opened.
func TestAProblemIsNotOpenedWithACommentThatIsTooLong(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{route: "POST /v1/problems", body: map[string]any{"reason": "refund-missing", "comment": strings.Repeat("é", problem.MaxComment+1)}}
	s.do(c).refused(http.StatusBadRequest, "comment has more than 2000 characters")
	c.body = map[string]any{"reason": "refund-missing", "comment": strings.Repeat("é", problem.MaxComment)}
	s.do(c).is(http.StatusCreated)
}

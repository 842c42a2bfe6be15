// Package departmentapi is the HTTP API of departments. They list and read the
// problems and candidates that they own, report back, and attach or split off
// contacts. [problems.Service] does the work and checks what a caller reaches.
//
//	POST /v1/problems/01953f00-0000-7abc-8def-0123456789ab/updates
//	Authorization: Bearer <token with problems:write and the claim department: billing>
//	If-Match: "3.7"
//	{"to": "fix_planned", "expectedAt": "2026-03-09T17:00:00Z"}
//
// answers with the problem and the states that it may go to next:
//
//	ETag: "4.8"
//	{"id": "01953f00-…", "version": 4, "state": "fix_planned", "next": ["fixed", …], "quotes": […], …}
//
// # What a token reaches
//
// A token reaches the problems and candidates of the departments in its claim
// department. A token with the scope problems:all reaches those of every
// department. A token with neither is refused with 403. [problem.Caller] is the
// rule.
//
// # Versions
//
// The first number of an ETag is the problem's version, which changes of its
// state increase. The second counts all writes. If-Match and the member version
// compare only the first, because a contact that joins meanwhile does not matter
// to the department's decision. A stale version is refused with 409, the current
// state and the states that are possible (TestUpdate_StaleOrIllegal).
package departmentapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/store"
)

// API serves departments.
type API struct {
	Problems *problems.Service
	Store    *store.Table
	Limiter  *httpapi.Limiter // nil: no limit
	Now      func() time.Time
}

// Handler returns the handler of every route.
func (a *API) Handler() *httpapi.Handler {
	return httpapi.NewHandler(httpapi.Config{Routes: a.routes(), Limiter: a.Limiter, Now: a.Now})
}

func (a *API) routes() []httpapi.Route {
	return []httpapi.Route{
		{Pattern: "GET /v1/problems", Scope: httpapi.ReadProblems, Serve: a.withCaller(a.listProblems)},
		{Pattern: "GET /v1/problems/{id}", Scope: httpapi.ReadProblems, Serve: a.withCaller(a.readProblem)},
		{Pattern: "GET /v1/problems/{id}/affected", Scope: httpapi.ReadProblems, Serve: a.withCaller(a.listAffected)},
		{Pattern: "GET /v1/problems/{id}/messages", Scope: httpapi.ReadProblems, Serve: a.withCaller(a.listMessages)},
		{Pattern: "GET /v1/problems/{id}/log", Scope: httpapi.ReadProblems, Serve: a.withCaller(a.readLog)},

		{Pattern: "POST /v1/problems", Scope: httpapi.WriteProblems, Serve: a.withCaller(a.openProblem)},
		{Pattern: "POST /v1/problems/{id}/updates", Scope: httpapi.WriteProblems, Serve: a.withCaller(a.updateProblem)},
		{Pattern: "POST /v1/problems/{id}/resend", Scope: httpapi.WriteProblems, Serve: a.withCaller(a.resendProblem)},
		{Pattern: "POST /v1/problems/{id}/contacts", Scope: httpapi.WriteProblems, Serve: a.withCaller(a.attachContacts)},
		{Pattern: "DELETE /v1/problems/{id}/contacts", Scope: httpapi.WriteProblems, Serve: a.withCaller(a.detachContact)},
		{Pattern: "POST /v1/problems/{id}/split", Scope: httpapi.WriteProblems, Serve: a.withCaller(a.splitProblem)},

		{Pattern: "GET /v1/candidates", Scope: httpapi.ReadProblems, Serve: a.withCaller(a.listCandidates)},
		{Pattern: "GET /v1/candidates/{id}", Scope: httpapi.ReadProblems, Serve: a.withCaller(a.readCandidate)},
		{Pattern: "POST /v1/candidates/{id}", Scope: httpapi.WriteProblems, Serve: a.withCaller(a.decideCandidate)},
	}
}

// withCaller returns the handler that calls serve with the caller of the
// request. A caller that acts for no department, or for no department of the
// taxonomy, is refused.
func (a *API) withCaller(serve func(context.Context, *httpapi.Request, problem.Caller) (httpapi.Response, error)) func(context.Context, *httpapi.Request) (httpapi.Response, error) {
	return func(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
		caller, err := a.callerOf(r)
		if err != nil {
			return httpapi.Response{}, err
		}
		return serve(ctx, r, caller)
	}
}

// callerOf returns the caller of a request by the claims of its token.
func (a *API) callerOf(r *httpapi.Request) (problem.Caller, error) {
	caller := problem.NewCaller(r.Caller(), r.ClaimWords("department"), r.HasScope(httpapi.AllProblems))
	err := a.Problems.CheckCaller(caller)
	switch {
	case err == nil:
		return caller, nil
	case caller.ActsForAny():
		err = fault.New(fault.Forbidden, "the claim department of the token: %s", fault.Message(err))
	default:
		err = fault.New(fault.Forbidden, "the token acts for no department: it needs the claim department, "+
			"with the ids of one or more departments, or the scope %s", httpapi.AllProblems)
	}
	return caller, &httpapi.Refusal{Err: err, Headers: httpapi.InsufficientScope(httpapi.AllProblems)}
}

// A problemResponse is a problem with its quotes and the states that it may go
// to.
type problemResponse struct {
	problem.Problem
	Next   []problem.State `json:"next"`
	Quotes []string        `json:"quotes"`
}

func newProblemResponse(p problem.Record) problemResponse {
	return problemResponse{p.Problem, append([]problem.State{}, problem.Next(p.State)...), append([]string{}, p.Quotes...)}
}

// problemResult returns the response to a request about one problem.
func problemResult(status int, p problem.Record, err error) (httpapi.Response, error) {
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Status: status, Body: newProblemResponse(p), ETag: problemETag(p.Version, p.Revision)}, nil
}

// problemETag is the ETag of a problem, like "3.7": its version, and the number of
// its writes.
func problemETag(version int, revision int64) string {
	return fmt.Sprintf(`"%d.%d"`, version, revision)
}

type problemListResponse struct {
	Problems []problemResponse `json:"problems"`
	Cursor   string            `json:"cursor,omitempty"`
	Complete bool              `json:"complete"`
}

func (a *API) listProblems(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	q := r.Query()
	limit := q.PageLimit()
	cursor := q.Parameter("cursor")
	state := httpapi.OneOf(q, "state", problem.States()...)
	all := a.Problems.DepartmentIDs()
	department := httpapi.OneOf(q, "department", all...)
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	if department != "" && !caller.ActsFor(department) {
		return httpapi.Response{}, problem.ErrOtherDepartment()
	}
	listed := caller.Departments
	switch {
	case department != "":
		listed = []string{department}
	case caller.All:
		listed = all
	}
	name := "problems " + strings.Join(listed, " ") + " " + string(state)
	page, err := httpapi.ReadPage(a.Store, name, cursor, func(place string) ([]problem.Record, string, error) {
		return a.Store.Problems.ProblemsOfDepartments(ctx, listed, state, limit, place)
	})
	response := problemListResponse{Problems: []problemResponse{}, Cursor: page.Cursor, Complete: page.Complete}
	for _, p := range page.Items {
		if caller.Reaches(p.Problem) { // the index may not show a hand-over yet
			response.Problems = append(response.Problems, newProblemResponse(p))
		}
	}
	return httpapi.Response{Body: response}, err
}

func (a *API) readProblem(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	p, err := a.Problems.Problem(ctx, caller, r.PathValue("id"))
	return problemResult(http.StatusOK, p, err)
}

type affectedListResponse struct {
	Customers []affectedResponse `json:"customers"`
	Cursor    string             `json:"cursor,omitempty"`
	Complete  bool               `json:"complete"`
}

// An affectedResponse is a customer that a problem affects.
type affectedResponse struct {
	Customer identity.CustomerID `json:"customerId"`
	Contacts []string            `json:"contacts"` // ids
	Since    time.Time           `json:"since"`    // of the first contact
}

func (a *API) listAffected(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	q := r.Query()
	limit := q.PageLimit()
	cursor := q.Parameter("cursor")
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	p, err := a.survivor(ctx, caller, r.PathValue("id"))
	if err != nil {
		return httpapi.Response{}, err
	}
	page, err := httpapi.ReadPage(a.Store, "affected "+p.ID, cursor, func(place string) ([]problem.Affected, string, error) {
		return a.Store.Problems.AffectedCustomers(ctx, p.ID, limit, place)
	})
	response := affectedListResponse{Customers: []affectedResponse{}, Cursor: page.Cursor, Complete: page.Complete}
	for _, a := range page.Items {
		response.Customers = append(response.Customers, affectedResponse{a.Customer, a.Contacts(), a.Since()})
	}
	return httpapi.Response{Body: response}, err
}

// survivor returns the problem that has the contacts of a problem. The contacts of a
// merged problem are those of the problem that it was merged into, which may belong
// to another department by now.
func (a *API) survivor(ctx context.Context, caller problem.Caller, id string) (problem.Record, error) {
	return problem.FollowMerges(ctx, id, func(ctx context.Context, id string) (problem.Record, error) {
		return a.Problems.Header(ctx, caller, id)
	})
}

type logResponse struct {
	Log      []problem.Line `json:"log"`
	Cursor   string         `json:"cursor,omitempty"`
	Complete bool           `json:"complete"`
}

func (a *API) readLog(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	q := r.Query()
	limit := q.PageLimit()
	cursor := q.Parameter("cursor")
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	p, err := a.Problems.Header(ctx, caller, r.PathValue("id"))
	if err != nil {
		return httpapi.Response{}, err
	}
	page, err := httpapi.ReadPage(a.Store, "log "+p.ID, cursor, func(place string) ([]problem.Line, string, error) {
		return a.Store.Problems.ProblemLog(ctx, p.ID, limit, place)
	})
	return httpapi.Response{Body: logResponse{page.Items, page.Cursor, page.Complete}}, err
}

package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
)

// A ProblemLister pages through problems, their customers and their logs.
// [store.Table] is the implementation.
type ProblemLister interface {
	Sealer
	AffectedCustomers(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Affected, string, error)
	ProblemsOfDepartments(ctx context.Context, departments []string, state problem.State, limit int, cursor string) ([]problem.Record, string, error)
	ProblemLog(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Line, string, error)
}

// Departments is the API of departments. A token reaches the problems and
// candidates of the departments in its claim department; a token with the scope
// problems:all reaches those of every department. A token with neither is
// refused. [problem.Caller] is the rule, and [problems.Service] does the work.
type Departments struct {
	Problems *problems.Service
	Store    ProblemLister
	Limit    *Limiter
	Now      func() time.Time
}

var departmentRoutes = routes[*Departments]{
	"GET /v1/problems":               {ReadProblems, acting((*Departments).list)},
	"GET /v1/problems/{id}":          {ReadProblems, acting((*Departments).read)},
	"GET /v1/problems/{id}/affected": {ReadProblems, acting((*Departments).affected)},
	"POST /v1/problems/{id}/updates": {WriteProblems, acting((*Departments).update)},
	"POST /v1/problems/{id}/resend":  {WriteProblems, acting((*Departments).resend)},
	"GET /v1/candidates":             {ReadProblems, acting((*Departments).listCandidates)},
	"GET /v1/candidates/{id}":        {ReadProblems, acting((*Departments).readCandidate)},
	"POST /v1/candidates/{id}":       {WriteProblems, acting((*Departments).decideCandidate)},

	"POST /v1/problems":                 {WriteProblems, acting((*Departments).open)},
	"POST /v1/problems/{id}/contacts":   {WriteProblems, acting((*Departments).attach)},
	"DELETE /v1/problems/{id}/contacts": {WriteProblems, acting((*Departments).detach)},
	"POST /v1/problems/{id}/split":      {WriteProblems, acting((*Departments).split)},
	"GET /v1/problems/{id}/log":         {ReadProblems, acting((*Departments).log)},
}

// acting returns a handler that calls do with the caller of the request. A caller
// that acts for no department is refused.
func acting(do func(*Departments, context.Context, *request, problem.Caller) (reply, error)) func(*Departments, context.Context, *request) (reply, error) {
	return func(d *Departments, ctx context.Context, r *request) (reply, error) {
		caller, err := callerOf(r)
		if err != nil {
			return reply{}, err
		}
		return do(d, ctx, r, caller)
	}
}

// callerOf returns the caller of a request by the claims of its token.
func callerOf(r *request) (problem.Caller, error) {
	caller := problem.NewCaller(r.caller(), words(r.claims()["department"]), r.has(AllProblems))
	if caller.ActsForAny() {
		return caller, nil
	}
	return caller, &refusal{
		error: fault.New(fault.Forbidden, "the token acts for no department: it needs the claim department, "+
			"with the ids of one or more departments, or the scope %s", AllProblems),
		headers: insufficient(AllProblems),
	}
}

// Handle answers one request.
func (d *Departments) Handle(ctx context.Context, ev events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return serve(ctx, d, departmentRoutes, d.Limit, d.Now(), ev), nil
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

// problemReply returns the reply to a request about one problem.
func problemReply(status int, p problem.Record, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return reply{status: status, body: newProblemResponse(p), etag: problemETag(p.Version, p.Revision)}, nil
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

func (d *Departments) list(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	q := r.query()
	limit := q.limit()
	cursor := q.text("cursor")
	state := oneOf(q, "state", problem.States()...)
	all := departments(d.Problems.Taxonomy())
	department := oneOf(q, "department", all...)
	if err := q.done(); err != nil {
		return reply{}, err
	}
	if department != "" && !caller.ActsFor(department) {
		return reply{}, problem.ErrOtherDepartment()
	}
	listed := caller.Departments
	switch {
	case department != "":
		listed = []string{department}
	case caller.All:
		listed = all
	}
	name := "problems " + strings.Join(listed, " ") + " " + string(state)
	page, err := walk(d.Store, name, cursor, func(place string) ([]problem.Record, string, error) {
		return d.Store.ProblemsOfDepartments(ctx, listed, state, limit, place)
	})
	response := problemListResponse{Problems: []problemResponse{}, Cursor: page.cursor, Complete: page.complete}
	for _, p := range page.items {
		if caller.Reaches(p.Problem) { // the index may not show a hand-over yet
			response.Problems = append(response.Problems, newProblemResponse(p))
		}
	}
	return reply{body: response}, err
}

func (d *Departments) read(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	p, err := d.Problems.Problem(ctx, caller, r.param("id"))
	return problemReply(http.StatusOK, p, err)
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

func (d *Departments) affected(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	q := r.query()
	limit := q.limit()
	cursor := q.text("cursor")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	// The contacts of a merged problem are those of the problem that it was merged
	// into, which may belong to another department by now.
	p, err := problem.FollowMerges(ctx, r.param("id"), func(ctx context.Context, id string) (problem.Record, error) {
		return d.Problems.Header(ctx, caller, id)
	})
	if err != nil {
		return reply{}, err
	}
	page, err := walk(d.Store, "affected "+p.ID, cursor, func(place string) ([]problem.Affected, string, error) {
		return d.Store.AffectedCustomers(ctx, p.ID, limit, place)
	})
	response := affectedListResponse{Customers: []affectedResponse{}, Cursor: page.cursor, Complete: page.complete}
	for _, a := range page.items {
		response.Customers = append(response.Customers, affectedResponse{a.Customer, a.Contacts(), a.Since()})
	}
	return reply{body: response}, err
}

type logResponse struct {
	Log      []problem.Line `json:"log"`
	Cursor   string         `json:"cursor,omitempty"`
	Complete bool           `json:"complete"`
}

func (d *Departments) log(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	q := r.query()
	limit := q.limit()
	cursor := q.text("cursor")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	p, err := d.Problems.Header(ctx, caller, r.param("id"))
	if err != nil {
		return reply{}, err
	}
	page, err := walk(d.Store, "log "+p.ID, cursor, func(place string) ([]problem.Line, string, error) {
		return d.Store.ProblemLog(ctx, p.ID, limit, place)
	})
	return reply{body: logResponse{page.items, page.cursor, page.complete}}, err
}

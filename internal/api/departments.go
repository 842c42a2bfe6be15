package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/candidate"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Problems is what is known of problems. [store.Table] is one.
type Problems interface {
	Sealer
	candidate.Store
	ProblemsOfDepartments(ctx context.Context, departments []string, state problem.State, limit int, cursor string) ([]problem.Record, string, error)
	ProblemLog(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Line, string, error)
}

// Departments is the API of departments. A token reaches the problems and
// candidates of the departments in its claim department; one with the scope
// problems:all reaches those of every department. A token with neither reaches
// none. [problem.Caller] is the rule.
type Departments struct {
	Store    Problems
	Taxonomy func() *taxonomy.Taxonomy // read when it is first asked for: most requests need none
	Limit    *Limiter
	Zone     *time.Location // of the organisation
	Now      func() time.Time
}

var departmentRoutes = routes[*Departments]{
	"GET /v1/problems":               {ReadProblems, acting((*Departments).list)},
	"GET /v1/problems/{id}":          {ReadProblems, acting((*Departments).read)},
	"GET /v1/problems/{id}/affected": {ReadProblems, acting((*Departments).affected)},
	"POST /v1/problems/{id}/updates": {WriteProblems, acting((*Departments).update)},
	"POST /v1/problems/{id}/resend":  {WriteProblems, acting((*Departments).resend)},
	"GET /v1/candidates":             {ReadProblems, acting((*Departments).candidates)},
	"GET /v1/candidates/{id}":        {ReadProblems, acting((*Departments).candidate)},
	"POST /v1/candidates/{id}":       {WriteProblems, acting((*Departments).decide)},

	"POST /v1/problems":                 {WriteProblems, acting((*Departments).open)},
	"POST /v1/problems/{id}/contacts":   {WriteProblems, acting((*Departments).attach)},
	"DELETE /v1/problems/{id}/contacts": {WriteProblems, acting((*Departments).detach)},
	"POST /v1/problems/{id}/split":      {WriteProblems, acting((*Departments).split)},
	"GET /v1/problems/{id}/log":         {ReadProblems, acting((*Departments).log)},
}

// acting makes a handler of a route from one that needs to know for which
// departments its caller acts. A caller who acts for none is refused.
func acting(do func(*Departments, context.Context, *request, problem.Caller) (reply, error)) func(*Departments, context.Context, *request) (reply, error) {
	return func(d *Departments, ctx context.Context, r *request) (reply, error) {
		caller, err := actor(r)
		if err != nil {
			return reply{}, err
		}
		return do(d, ctx, r, caller)
	}
}

// actor returns the caller that a token speaks of.
func actor(r *request) (problem.Caller, error) {
	caller := problem.NewCaller(r.caller(), words(r.claims()["department"]), r.has(AllProblems))
	if caller.Somewhere() {
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

// A problemView is a problem, and what its department can do with it.
type problemView struct {
	problem.Problem
	Next   []problem.State `json:"next"`
	Quotes []string        `json:"quotes"`
}

func view(p problem.Record) problemView {
	return problemView{p.Problem, append([]problem.State{}, problem.Next(p.State)...), append([]string{}, p.Quotes...)}
}

// tag is the ETag of a problem: its version, and the count of its writes.
func tag(p problem.Record) string { return fmt.Sprintf(`"%d.%d"`, p.Version, p.Revision) }

type problemPage struct {
	Problems []problemView `json:"problems"`
	Cursor   string        `json:"cursor,omitempty"`
	Complete bool          `json:"complete"`
}

func (d *Departments) list(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	q := r.query()
	limit, cursor := q.limit(), q.text("cursor")
	state := oneOf(q, "state", problem.States()...)
	of := oneOf(q, "department", departments(d.Taxonomy())...)
	if err := q.done(); err != nil {
		return reply{}, err
	}
	if of != "" && !caller.ActsFor(of) {
		return reply{}, problem.Foreign()
	}
	mine := caller.Departments
	switch {
	case of != "":
		mine = []string{of}
	case caller.All:
		mine = departments(d.Taxonomy())
	}
	name := "problems " + strings.Join(mine, " ") + " " + string(state)
	all, err := walk(d.Store, name, cursor, func(place string) ([]problem.Record, string, error) {
		return d.Store.ProblemsOfDepartments(ctx, mine, state, limit, place)
	})
	page := problemPage{Problems: []problemView{}, Cursor: all.cursor, Complete: all.complete}
	for _, p := range all.items {
		if caller.Reaches(p.Problem) { // the index may be behind a hand-over
			page.Problems = append(page.Problems, view(p))
		}
	}
	return reply{body: page}, err
}

// problem returns a problem, if the caller reaches it, with the counts that
// were told last.
func (d *Departments) problem(ctx context.Context, caller problem.Caller, id string) (problem.Record, error) {
	return reached(ctx, caller, id, d.Store.ProblemHeader)
}

// counted is [Departments.problem] of the problem in the path, with what it
// counts now.
func (d *Departments) counted(ctx context.Context, r *request, caller problem.Caller) (problem.Record, error) {
	return reached(ctx, caller, r.param("id"), d.Store.Problem)
}

func reached(ctx context.Context, caller problem.Caller, id string, read func(context.Context, string) (problem.Record, error)) (problem.Record, error) {
	if !printable(id, maxID) {
		return problem.Record{}, fault.New(fault.NotFound, "there is no such problem")
	}
	p, err := read(ctx, id)
	if err != nil {
		return p, err
	}
	if err := caller.Check(p.Problem); err != nil {
		return problem.Record{}, err
	}
	return p, nil
}

func (d *Departments) read(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	p, err := d.counted(ctx, r, caller)
	return reply{body: view(p), etag: tag(p)}, err
}

type affectedPage struct {
	Customers []affectedView `json:"customers"`
	Cursor    string         `json:"cursor,omitempty"`
	Complete  bool           `json:"complete"`
}

// An affectedView is a customer whom a problem touches.
type affectedView struct {
	Customer identity.CustomerID `json:"customerId"`
	Contacts []string            `json:"contacts"` // ids
	Since    time.Time           `json:"since"`    // of the first of them
}

func (d *Departments) affected(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	q := r.query()
	limit, cursor := q.limit(), q.text("cursor")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	// The contacts of one that was merged are the other's, which may be
	// another department's by now.
	p, err := problem.Standing(ctx, r.param("id"), func(ctx context.Context, id string) (problem.Record, error) { return d.problem(ctx, caller, id) })
	if err != nil {
		return reply{}, err
	}
	all, err := walk(d.Store, "affected "+p.ID, cursor, func(place string) ([]problem.Affected, string, error) {
		return d.Store.AffectedCustomers(ctx, p.ID, limit, place)
	})
	page := affectedPage{Customers: []affectedView{}, Cursor: all.cursor, Complete: all.complete}
	for _, a := range all.items {
		page.Customers = append(page.Customers, affectedView{a.Customer, a.Contacts(), a.Since()})
	}
	return reply{body: page}, err
}

// A change is what a department says of a problem.
type change struct {
	To         problem.State `json:"to"`
	Version    int           `json:"version"`
	Comment    string        `json:"comment"`
	Cause      string        `json:"cause"`
	Workaround string        `json:"workaround"`
	ExpectedAt string        `json:"expectedAt"`
	Links      []string      `json:"links"`
	Into       string        `json:"into"`
	Department string        `json:"department"`
}

// maxTries bounds how often a change is made again because customers joined
// the problem meanwhile.
const maxTries = 5

func (d *Departments) update(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	var c change
	if err := r.decode(&c); err != nil {
		return reply{}, err
	}
	u, err := d.updateOf(ctx, r, caller, c)
	if err != nil {
		return reply{}, err
	}
	once, err := onceOf(r)
	if err != nil {
		return reply{}, err
	}
	for range maxTries {
		p, err := d.counted(ctx, r, caller)
		if err != nil {
			return reply{}, err
		}
		if made, err := d.made(ctx, p, once, r.now); made || err != nil {
			return reply{body: view(p), etag: tag(p)}, err
		}
		next, events, err := problem.Apply(p.Problem, u)
		if err != nil {
			return reply{}, withWays(err, p)
		}
		p.Problem, p.Events, p.Once = problem.Agree(next, d.flow().AcknowledgeBy), events, once
		err = d.Store.SaveProblem(ctx, p)
		if err == nil {
			p = p.Saved()
			if u.To == problem.Merged {
				d.absorb(ctx, p, r.now)
			}
			return reply{body: view(p), etag: tag(p)}, nil
		}
		if fault.KindOf(err) != fault.Conflict {
			return reply{}, err
		}
	}
	return reply{}, fault.New(fault.Unavailable, "the problem keeps changing")
}

// withWays tells with a conflict where the problem stands and what can be
// done with it.
func withWays(err error, p problem.Record) error {
	if fault.KindOf(err) != fault.Conflict {
		return err
	}
	return &refusal{
		error:   err,
		headers: map[string]string{"ETag": tag(p)},
		more:    map[string]any{"version": p.Version, "state": p.State, "possible": view(p).Next},
	}
}

func (d *Departments) updateOf(ctx context.Context, r *request, caller problem.Caller, c change) (problem.Update, error) {
	u := problem.Update{
		To: c.To, By: caller.Name, At: r.now, Version: c.Version, Links: c.Links, Into: c.Into, Department: c.Department,
	}
	var err error
	if u.Version, err = versionOf(r, c.Version); err != nil {
		return u, err
	}
	if c.ExpectedAt != "" {
		if u.ExpectedAt, err = instant("expectedAt", c.ExpectedAt); err != nil {
			return u, err
		}
	}
	for _, t := range []struct {
		name, from string
		to         *string
	}{{"comment", c.Comment, &u.Comment}, {"cause", c.Cause, &u.Cause}, {"workaround", c.Workaround, &u.Workaround}} {
		if *t.to, err = clean(t.name, t.from, 4*problem.MaxComment, false); err != nil {
			return u, err
		}
	}
	if err := d.mover(&u); err != nil {
		return u, err
	}
	return u, d.merger(ctx, caller, u)
}

// versionOf returns the version of the problem that the caller saw: from the
// body, or from If-Match. Of an ETag only the version counts, since customers
// who join meanwhile change nothing for the department.
func versionOf(r *request, version int) (int, error) {
	match := r.header("if-match")
	if match == "" || match == "*" {
		if version < 0 {
			return 0, fault.New(fault.Invalid, "version is a whole number from 1")
		}
		return version, nil
	}
	number, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(match, "W/"), `"`), ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || version != 0 && version != n {
		return 0, fault.New(fault.Invalid, "If-Match must be the ETag of the problem, and agree with version")
	}
	return n, nil
}

// mover checks the department that a problem is moved to.
func (d *Departments) mover(u *problem.Update) error {
	if u.To != problem.Moved {
		if u.Department != "" {
			return fault.New(fault.Invalid, "department goes with the state moved only")
		}
		return nil
	}
	dept, ok := d.Taxonomy().Department(u.Department)
	if !ok {
		return fault.New(fault.Invalid, "department must be one of %s", strings.Join(departments(d.Taxonomy()), ", "))
	}
	u.DepartmentName = problem.Label{NL: dept.Names.NL, EN: dept.Names.EN}
	return nil
}

// merger checks the problem that another is merged into.
func (d *Departments) merger(ctx context.Context, caller problem.Caller, u problem.Update) error {
	if u.To != problem.Merged || u.Into == "" {
		if u.Into != "" {
			return fault.New(fault.Invalid, "into goes with the state merged only")
		}
		return nil
	}
	into, err := d.problem(ctx, caller, u.Into)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return fault.New(fault.Invalid, "into: there is no such problem")
	case fault.KindOf(err) == fault.Forbidden:
		return fault.New(fault.Forbidden, "into: it belongs to another department; hand yours over to that one (moved), which can merge it")
	case err != nil:
		return err
	case !into.State.Open() && into.State != problem.Merged:
		return fault.New(fault.Conflict, "the problem in into is %s; reopen it first", into.State)
	case into.State == problem.Merged:
		return fault.New(fault.Conflict, "the problem in into was merged into %s", into.MergedInto)
	default:
		return nil
	}
}

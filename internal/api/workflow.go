package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
)

func (d *Departments) flow() *problems.Workflow {
	return &problems.Workflow{Store: d.Store, Taxonomy: d.Taxonomy, Zone: d.Zone, Announced: d.desk().Customers}
}

// An opening is a problem opened by hand.
type opening struct {
	Reason   string         `json:"reason"`
	Product  string         `json:"product"`
	Comment  string         `json:"comment"`
	Contacts []problems.Ref `json:"contacts"`
}

func (d *Departments) open(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	var o opening
	if err := r.decode(&o); err != nil {
		return reply{}, err
	}
	comment, err := clean("comment", o.Comment, 4*problem.MaxComment, false)
	if err != nil {
		return reply{}, err
	}
	if err := problem.CheckText("comment", comment); err != nil {
		return reply{}, err
	}
	if err := refs(o.Contacts); err != nil {
		return reply{}, err
	}
	p, id, err := d.flow().Open(ctx, problems.Request{
		Reason: o.Reason, Product: o.Product, Comment: comment, By: caller, Contacts: o.Contacts, At: r.now,
	})
	if fault.KindOf(err) == fault.Conflict && id != "" {
		return reply{}, &refusal{error: err, more: map[string]any{"problem": id}}
	}
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, body: view(p), etag: tag(p)}, nil
}

// refs refuses what can be no contact of a customer.
func refs(all []problems.Ref) error {
	for _, c := range all {
		if !printable(string(c.Customer), maxID) || !printable(c.Contact, maxID) {
			return fault.New(fault.Invalid, "contacts: each has a customerId and the id of a contact")
		}
	}
	return nil
}

// A hand names contacts that are attached, detached or split off.
type hand struct {
	Contacts []problems.Ref `json:"contacts"`
	Comment  string         `json:"comment"`
	Words    []string       `json:"words"` // of a split
	Version  int            `json:"version"`
}

func (d *Departments) attach(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	h, p, err := d.hand(ctx, r, caller)
	if err != nil {
		return reply{}, err
	}
	if len(h.Words) > 0 {
		return reply{}, fault.New(fault.Invalid, "words go with a split only")
	}
	return d.byHand(ctx, r, caller, p, h, false)
}

func (d *Departments) detach(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	q := r.query()
	ref := problems.Ref{Customer: identity.CustomerID(q.text("customerId")), Contact: q.text("contact")}
	if err := q.done(); err != nil {
		return reply{}, err
	}
	if err := refs([]problems.Ref{ref}); err != nil {
		return reply{}, err
	}
	version, err := versionOf(r, 0)
	if err != nil {
		return reply{}, err
	}
	p, err := d.problem(ctx, caller, r.param("id"))
	if err != nil {
		return reply{}, err
	}
	return d.byHand(ctx, r, caller, p, hand{Contacts: []problems.Ref{ref}, Version: version}, true)
}

func (d *Departments) byHand(ctx context.Context, r *request, caller problem.Caller, p problem.Record, h hand, detach bool) (reply, error) {
	if h.Version != 0 && h.Version != p.Version {
		return reply{}, withWays(fault.New(fault.Conflict, "the problem is at version %d, not %d; read it again", p.Version, h.Version), p)
	}
	next, err := d.flow().Attach(ctx, p.ID, problems.Request{Comment: h.Comment, By: caller, Contacts: h.Contacts, At: r.now}, detach)
	if err != nil {
		return reply{}, withWays(err, p)
	}
	return reply{body: view(next), etag: tag(next)}, nil
}

func (d *Departments) split(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	h, p, err := d.hand(ctx, r, caller)
	if err != nil {
		return reply{}, err
	}
	once, err := onceOf(r)
	if err != nil {
		return reply{}, err
	}
	part, err := d.flow().Split(ctx, p.ID, problems.Split{
		Contacts: h.Contacts, Words: h.Words, By: caller, Comment: h.Comment, Version: h.Version, At: r.now, Once: once,
	})
	if err != nil {
		return reply{}, withWays(err, p)
	}
	return reply{status: http.StatusCreated, body: view(part), etag: tag(part)}, nil
}

// hand reads what a request names, and the problem in its path.
func (d *Departments) hand(ctx context.Context, r *request, caller problem.Caller) (h hand, p problem.Record, err error) {
	if err = r.decode(&h); err != nil {
		return h, p, err
	}
	if err = refs(h.Contacts); err != nil {
		return h, p, err
	}
	if h.Comment, err = clean("comment", h.Comment, 4*problem.MaxComment, false); err != nil {
		return h, p, err
	}
	if err = problem.CheckText("comment", h.Comment); err != nil { // also when nothing is to be done
		return h, p, err
	}
	if h.Version, err = versionOf(r, h.Version); err != nil {
		return h, p, err
	}
	p, err = d.problem(ctx, caller, r.param("id"))
	return h, p, err
}

type logPage struct {
	Log      []problem.Line `json:"log"`
	Cursor   string         `json:"cursor,omitempty"`
	Complete bool           `json:"complete"`
}

func (d *Departments) log(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	q := r.query()
	limit, cursor := q.limit(), q.text("cursor")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	p, err := d.problem(ctx, caller, r.param("id"))
	if err != nil {
		return reply{}, err
	}
	all, err := walk(d.Store, "log "+p.ID, cursor, func(place string) ([]problem.Line, string, error) {
		return d.Store.ProblemLog(ctx, p.ID, limit, place)
	})
	return reply{body: logPage{all.items, all.cursor, all.complete}}, err
}

// absorb hands the customers of a problem that was merged to the other at
// once. What it does not finish the clock does.
func (d *Departments) absorb(ctx context.Context, p problem.Record, now time.Time) {
	if err := d.flow().Absorb(ctx, p, now); err != nil {
		slog.WarnContext(ctx, "merge goes on by the clock", "kind", fault.KindOf(err), "err", err)
	}
}

// Package workflow changes problems where more than one item is concerned:
// it opens them by hand, attaches contacts and detaches them, merges and
// splits, and does what the clock finds due.
//
// Package problem says what may happen; this package reads, tries, and tries
// again when somebody was quicker. Nothing of it is lost halfway: what takes
// many writes is made of steps that can each be repeated, and the clock goes
// on with what was not finished.
package problems

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A Store is what the workflow reads and writes. [store.Table] is one.
type Store interface {
	Problem(ctx context.Context, id string) (problem.Record, error)
	ProblemHeader(ctx context.Context, id string) (problem.Record, error)
	ProblemIDs(ctx context.Context, departments []string, limit int) ([]string, error)
	SaveProblem(ctx context.Context, p problem.Record) error
	OpenProblem(ctx context.Context, p problem.Record, affected []problem.Affected) error
	SplitProblem(ctx context.Context, from, part problem.Record) error
	ProblemOfCause(ctx context.Context, reason, product string) (string, error)
	AffectedCustomers(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Affected, string, error)
	AffectedAmong(ctx context.Context, problemID string, customers []identity.CustomerID) (map[identity.CustomerID]problem.Affected, error)
	ChangeAffected(ctx context.Context, problemID string, changes []problem.Change) error
	Customer(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
	RecentMessages(ctx context.Context, c identity.Customer, from time.Time) ([]contact.Message, error)
	AlreadyApplied(ctx context.Context, problemID string, once problem.Once, now time.Time) (bool, error)
	CustomerContacts(ctx context.Context, c identity.Customer, limit int, cursor string) ([]contact.Contact, string, error)
}

// A Workflow changes problems.
type Workflow struct {
	Store    Store
	Taxonomy func() *taxonomy.Taxonomy
	Zone     *time.Location // of the organisation
	// Announced returns the customers of the candidates that were announced to
	// a caller's departments. Without it a caller that is limited to departments
	// may not name them.
	Announced func(ctx context.Context, caller problem.Caller, now time.Time) ([]identity.CustomerID, error)
}

// maxTries bounds how often a change is made again because somebody else
// changed the problem meanwhile.
const maxTries = 8

// Change reads a problem, changes it and writes it, until nobody was quicker.
// A change that returns no events changes nothing.
func (w *Workflow) Change(ctx context.Context, id string, change func(problem.Record) (problem.Record, error)) (problem.Record, error) {
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return problem.Record{}, err
		}
		was, err := w.Store.Problem(ctx, id)
		if err != nil {
			return was, err
		}
		next, err := change(was)
		if err != nil || next.Version == was.Version {
			return was, err
		}
		err = w.Store.SaveProblem(ctx, next)
		if err == nil {
			return next.Saved(), nil
		}
		if fault.KindOf(err) != fault.Conflict {
			return was, err
		}
	}
	return problem.Record{}, fault.New(fault.Unavailable, "the problem keeps changing")
}

// pause waits before a repeated try, longer each time.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "gave up a repeated write")
	case <-time.After(time.Duration(try*try) * 5 * time.Millisecond):
		return nil
	}
}

// A Request opens a problem by hand, or says which contacts of one to change;
// then Reason and Product are empty.
type Request struct {
	Reason, Product, Comment string
	By                       problem.Caller
	Contacts                 []Ref
	At                       time.Time
}

// A Ref names a contact of a customer.
type Ref = problem.Ref

// MaxRefs is how many contacts one request may name.
const MaxRefs = 50

// Open opens a problem by hand. Its caller must act for the department that
// owns the cause, and may name only customers that it was shown; else the error
// is [fault.Forbidden]. A cause that has a problem keeps it: then the error is a
// [fault.Conflict], and id the problem's if the caller reaches it.
func (w *Workflow) Open(ctx context.Context, r Request) (p problem.Record, id string, err error) {
	t := w.Taxonomy()
	reason, ok := t.Reason(r.Reason)
	if !ok {
		return p, "", t.NoReason(r.Reason)
	}
	product, ok := t.Product(r.Product)
	if r.Product != "" && (!ok || !reason.PerProduct) {
		return p, "", fault.New(fault.Invalid, "product: it must be one of the taxonomy, and is given for a reason that is counted per product only")
	}
	department, _ := t.Department(t.Owner(r.Reason, r.Product))
	if !r.By.ActsFor(department.ID) {
		return p, "", fault.New(fault.Forbidden, "reason %s belongs to %s (%s); ask that department to open the problem",
			r.Reason, department.Names.EN, department.Names.NL)
	}
	if err := w.refuseUnshown(ctx, r, ""); err != nil {
		return p, "", err
	}
	found, err := w.find(ctx, r.Contacts, true)
	if err != nil {
		return p, "", err
	}
	if id, err = w.Store.ProblemOfCause(ctx, r.Reason, r.Product); err != nil || id != "" {
		id, err = w.taken(ctx, r.By, id, err)
		return p, id, err
	}
	seed := problem.Seed{
		ID: uuid.Must(uuid.NewV7()).String(), Reason: reason.ID, Product: r.Product, Department: department.ID,
		Names:    problem.Names{Department: problem.Label(department.Names), Reason: problem.Label(reason.Names), Product: problem.Label(product.Names)},
		Severity: string(reason.Severity), TaxonomyVersion: t.Version, By: r.By.Name,
	}
	for _, c := range change(nil, nil, found) {
		seed.Affected = append(seed.Affected, c.Affected)
	}
	opened, events := problem.Open(seed, r.At)
	opened = problem.Agree(opened, w.AcknowledgeBy)
	events[0].Comment = r.Comment
	p = problem.Record{Problem: opened, Events: events}
	if err := w.Store.OpenProblem(ctx, p, seed.Affected); err != nil {
		if fault.KindOf(err) != fault.Conflict {
			return p, "", err
		}
		id, err = w.Store.ProblemOfCause(ctx, r.Reason, r.Product)
		id, err = w.taken(ctx, r.By, id, err)
		return p, id, err
	}
	return p.Saved(), p.ID, nil
}

// taken returns the conflict with the problem that a cause has already, and the
// id of that problem. The owner of a cause may have handed its problem over:
// then the conflict names the department that has it, and not the problem.
func (w *Workflow) taken(ctx context.Context, caller problem.Caller, id string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if id == "" { // there was one just now
		return "", fault.New(fault.Unavailable, "the problem keeps changing")
	}
	p, err := w.Store.ProblemHeader(ctx, id)
	if err != nil {
		return "", err
	}
	if !caller.Reaches(p.Problem) {
		return "", fault.New(fault.Conflict, "this reason and product have a problem already, which was handed over to %s (%s); ask that department",
			p.Names.Department.EN, p.Names.Department.NL)
	}
	return id, fault.New(fault.Conflict, "this reason and product have problem %s already; attach the contacts to it, reopen it, or split it", id)
}

// tooMany refuses more contacts than one request may name.
func tooMany(refs []Ref) error {
	if len(refs) > MaxRefs {
		return fault.New(fault.Invalid, "contacts has %d entries, and may have %d; send several requests", len(refs), MaxRefs)
	}
	return nil
}

// find returns the contacts, as they are seen. One that there is not, or not
// any more, is refused, or left out when not all are needed.
func (w *Workflow) find(ctx context.Context, refs []Ref, all bool) ([]problem.Seen, error) {
	if err := tooMany(refs); err != nil {
		return nil, err
	}
	var out []problem.Seen
	for _, r := range refs {
		c, err := w.Store.Customer(ctx, r.Customer)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		start, ok, err := w.start(ctx, c, r.Contact)
		if err != nil {
			return nil, err
		}
		switch {
		case ok:
			out = append(out, w.seen(c.ID, r.Contact, start))
		case all:
			return nil, fault.New(fault.Invalid, "contacts: the customer has no contact %s; nothing was changed", r.Contact)
		}
	}
	return out, nil
}

func (w *Workflow) seen(c identity.CustomerID, id string, start time.Time) problem.Seen {
	return problem.Seen{Customer: c, Contact: id, At: start, Day: start.In(w.Zone).Format(time.DateOnly)}
}

// maxPages bounds how far back a contact is looked for, in pages of 100.
const maxPages = 10

// start returns when a contact of a customer began.
func (w *Workflow) start(ctx context.Context, c identity.Customer, id string) (time.Time, bool, error) {
	if c.ID == "" {
		return time.Time{}, false, nil
	}
	cursor := ""
	for range maxPages {
		page, next, err := w.Store.CustomerContacts(ctx, c, 100, cursor)
		if err != nil {
			return time.Time{}, false, err
		}
		for _, k := range page {
			if k.ID == id {
				return k.Start, true, nil
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	return time.Time{}, false, nil
}

// change returns what contacts that go and join change for each of their
// customers, of whom known are affected already.
func change(known map[identity.CustomerID]problem.Affected, gone, joining []problem.Seen) []problem.Change {
	left, came := map[identity.CustomerID][]problem.Seen{}, map[identity.CustomerID][]problem.Seen{}
	for _, s := range gone {
		left[s.Customer] = append(left[s.Customer], s)
	}
	for _, s := range joining {
		came[s.Customer] = append(came[s.Customer], s)
	}
	var out []problem.Change
	for _, c := range customers(slices.Concat(gone, joining)) {
		was := known[c]
		was.Customer = c
		if ch, differs := was.With(left[c], came[c]); differs {
			out = append(out, ch)
		}
	}
	return out
}

// customers returns whose contacts these are, each once.
func customers(all []problem.Seen) []identity.CustomerID {
	var who []identity.CustomerID
	for _, s := range all {
		if !slices.Contains(who, s.Customer) {
			who = append(who, s.Customer)
		}
	}
	return who
}

// alter changes which contacts are a problem's.
func (w *Workflow) alter(ctx context.Context, id string, gone, joining []problem.Seen) (changed int, err error) {
	who := customers(slices.Concat(gone, joining))
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return 0, err
		}
		known, err := w.Store.AffectedAmong(ctx, id, who)
		if err != nil {
			return 0, err
		}
		all := change(known, gone, joining)
		changed = max(changed, len(all)) // a try that met another may have changed some
		err = w.Store.ChangeAffected(ctx, id, all)
		if fault.KindOf(err) != fault.Conflict {
			return changed, err
		}
	}
	return 0, fault.New(fault.Unavailable, "the problem keeps changing")
}

// Attach makes contacts part of a problem, or takes them out of it, by hand,
// and tells its department. Contacts that are where they should be change
// nothing. Its caller must reach the problem, and may name only customers that
// it was shown.
func (w *Workflow) Attach(ctx context.Context, id string, r Request, detach bool) (problem.Record, error) {
	if len(r.Contacts) == 0 {
		return problem.Record{}, fault.New(fault.Invalid, "contacts is missing; name at least one")
	}
	p, err := w.Store.ProblemHeader(ctx, id)
	if err != nil {
		return p, err
	}
	if err := r.By.Check(p.Problem); err != nil {
		return problem.Record{}, err
	}
	if p.State == problem.Merged {
		return p, fault.New(fault.Conflict, "the problem was merged into %s; change that one", p.MergedInto)
	}
	if err := w.refuseUnshown(ctx, r, id); err != nil {
		return p, err
	}
	found, err := w.find(ctx, r.Contacts, true)
	if err != nil {
		return p, err
	}
	gone, joining := []problem.Seen(nil), found
	if detach {
		gone, joining = found, nil
	}
	n, err := w.alter(ctx, id, gone, joining)
	if err != nil {
		return p, err
	}
	if n == 0 {
		return w.Store.Problem(ctx, id)
	}
	return w.Change(ctx, id, func(p problem.Record) (problem.Record, error) {
		p.Problem, p.Events = problem.Tell(p.Problem, problem.Event{Kind: problem.EventUpdated, By: r.By.Name, At: r.At, Comment: r.Comment})
		return p, nil
	})
}

// AcknowledgeBy returns by when a department acknowledges a problem that it has
// since a moment.
func (w *Workflow) AcknowledgeBy(department string, since time.Time) time.Time {
	return w.Taxonomy().AcknowledgeBy(department, since, w.Zone)
}

// Acknowledge escalates a problem that nobody acknowledged in the time agreed.
func (w *Workflow) Acknowledge(ctx context.Context, e due.Entry, now time.Time) (again time.Time, err error) {
	_, err = w.Change(ctx, e.Of, func(p problem.Record) (problem.Record, error) {
		again = time.Time{}
		if p.State != problem.Detected || !p.EscalatedAt.IsZero() {
			return p, nil
		}
		agreed := problem.Agree(p.Problem, w.AcknowledgeBy) // one of before it said so does not
		if now.Before(agreed.AcknowledgeBy) {
			again = agreed.AcknowledgeBy
			return p, nil
		}
		d, _ := w.Taxonomy().Department(p.Department)
		p.Problem, p.Events = problem.Escalate(p.Problem, d.EscalateTo, now)
		return p, nil
	})
	return again, gone(err)
}

// gone takes a problem that is not there any more for one that nothing is due
// for.
func gone(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Expected asks for a new time when the expected one has passed.
func (w *Workflow) Expected(ctx context.Context, e due.Entry, now time.Time) (time.Time, error) {
	_, err := w.Change(ctx, e.Of, func(p problem.Record) (problem.Record, error) {
		if next, events := problem.Overdue(p.Problem, now); len(events) > 0 {
			p.Problem, p.Events = next, events
		}
		return p, nil
	})
	return time.Time{}, gone(err)
}

// Watch ends the watch over a fixed problem.
func (w *Workflow) Watch(ctx context.Context, e due.Entry, now time.Time) (time.Time, error) {
	_, err := w.Change(ctx, e.Of, func(p problem.Record) (problem.Record, error) {
		t := w.Taxonomy()
		reason, _ := t.Reason(p.Reason)
		next, events, err := problem.Confirm(p.Problem, now, problem.Worth{PerContact: reason.CostPerContact, Currency: t.Currency, Zone: w.Zone})
		if err != nil || len(events) == 0 {
			return p, err
		}
		if events[0].Evidence != nil {
			events[0].Evidence.Quotes = p.Quotes
		}
		p.Problem, p.Events = problem.Agree(next, w.AcknowledgeBy), events
		return p, nil
	})
	return time.Time{}, gone(err)
}

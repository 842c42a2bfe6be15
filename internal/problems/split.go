package problems

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// A Split takes a second cause out of a problem: the contacts that it names,
// and those that hold one of its words. Further contacts with the words go to
// the part; without words none do, but by hand.
type Split struct {
	Contacts []Ref
	Words    []string
	By       problem.Caller
	Comment  string
	Version  int // of the problem that the sender saw; 0 when they do not say
	At       time.Time
	Once     problem.Once // by which a repetition finds the part
}

// Bounds of one go at filling a part: customers whose words are looked at
// together, and how often.
const (
	fillPage  = 25
	fillPages = 20
)

// Split splits a problem, and returns the part. What it does not finish the
// clock does; a repetition under the same name goes on, too. Its caller must
// reach the problem, and may name only customers that it was shown. A part that
// was handed over since is refused to a caller that does not reach it.
func (w *Workflow) Split(ctx context.Context, id string, s Split) (problem.Record, error) {
	words, ok := problem.Splits(s.Words)
	if !ok {
		return problem.Record{}, fault.New(fault.Invalid, "words must be up to 20 wordings of up to 60 characters")
	}
	if len(words) == 0 && len(s.Contacts) == 0 {
		return problem.Record{}, fault.New(fault.Invalid, "give contacts or words: what belongs to the part")
	}
	whole, err := w.Store.ProblemHeader(ctx, id)
	if err != nil {
		return problem.Record{}, err
	}
	if err := s.By.Check(whole.Problem); err != nil {
		return problem.Record{}, err
	}
	partID := uuid.Must(uuid.NewV7()).String()
	if s.Once.Key != "" {
		partID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(id+" "+s.Once.Key)).String()
		made, err := w.Store.AlreadyApplied(ctx, id, s.Once, s.At)
		if err != nil {
			return problem.Record{}, err
		}
		if made {
			return w.repeated(ctx, whole, partID, s.By)
		}
	}
	if err := w.refuseUnshown(ctx, Request{Contacts: s.Contacts, By: s.By, At: s.At}, id); err != nil {
		return problem.Record{}, err
	}
	named, err := w.find(ctx, s.Contacts, true)
	if err != nil {
		return problem.Record{}, err
	}
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return problem.Record{}, err
		}
		from, err := w.Store.Problem(ctx, id)
		if err != nil {
			return problem.Record{}, err
		}
		if err := s.By.Check(from.Problem); err != nil { // handed over meanwhile
			return problem.Record{}, err
		}
		if err := splits(from, s, words); err != nil {
			return from, err
		}
		if err := w.refuseForeign(ctx, id, named); err != nil {
			return from, err
		}
		rest, part := w.split(from, s, words, partID)
		if err = w.Store.SplitProblem(ctx, rest, part); err == nil {
			return w.fill(ctx, partID)
		}
		if fault.KindOf(err) != fault.Conflict {
			return problem.Record{}, err
		}
	}
	return problem.Record{}, fault.New(fault.Unavailable, "the problem keeps changing")
}

// repeated goes on with a split that was asked for before, and returns the part.
// A caller to whom the whole was escalated reaches a part that is still of the
// same department.
func (w *Workflow) repeated(ctx context.Context, whole problem.Record, partID string, caller problem.Caller) (problem.Record, error) {
	part, err := w.fill(ctx, partID)
	if err != nil {
		return part, err
	}
	if part.Department != whole.Department && !caller.Reaches(part.Problem) {
		return problem.Record{}, fault.New(fault.Forbidden, "the problem was split, and the part belongs to another department by now")
	}
	return part, nil
}

// Divide goes on with a split that was not finished.
func (w *Workflow) Divide(ctx context.Context, e due.Entry, now time.Time) (time.Time, error) {
	part, err := w.fill(ctx, e.Of)
	if err != nil || part.Filling == nil {
		return time.Time{}, gone(err)
	}
	return now.Add(time.Minute), nil
}

// fill moves to a part what belongs to it, tells its department once it has
// all, and returns it. Every step can be repeated: a contact is in both for a
// moment rather than in neither.
func (w *Workflow) fill(ctx context.Context, partID string) (problem.Record, error) {
	part, err := w.Store.Problem(ctx, partID)
	if err != nil || part.Filling == nil {
		return part, err
	}
	f := *part.Filling
	moving, err := w.find(ctx, f.Contacts, false)
	if err != nil {
		return part, err
	}
	for range fillPages {
		page, next, err := w.holding(ctx, part.SplitFrom, f)
		if err != nil {
			return part, err
		}
		if err := w.moveTo(ctx, part, append(moving, page...)); err != nil {
			return part, err
		}
		if moving, f.After = nil, identity.CustomerID(next); next == "" {
			return w.filled(ctx, partID, f)
		}
		if err := w.filledUpTo(ctx, partID, f); err != nil {
			return part, err
		}
	}
	return w.Store.Problem(ctx, partID)
}

// refuseForeign refuses contacts that are not of a problem, by name.
func (w *Workflow) refuseForeign(ctx context.Context, id string, named []problem.Seen) error {
	of, err := w.of(ctx, named, id)
	if err != nil || len(of) == len(named) {
		return err
	}
	var foreign []string
	for _, s := range named {
		if !slices.Contains(of, s) && !slices.Contains(foreign, s.Contact) {
			foreign = append(foreign, s.Contact)
		}
	}
	return fault.New(fault.Conflict, "contacts: not of this problem: %s; nothing was changed", strings.Join(foreign, ", "))
}

// of returns those contacts that are of one of some problems.
func (w *Workflow) of(ctx context.Context, all []problem.Seen, ids ...string) ([]problem.Seen, error) {
	who := customers(all)
	affected := make([]map[identity.CustomerID]problem.Affected, len(ids))
	for i, id := range ids {
		var err error
		if affected[i], err = w.Store.AffectedAmong(ctx, id, who); err != nil {
			return nil, err
		}
	}
	foreign := func(s problem.Seen) bool {
		return !slices.ContainsFunc(affected, func(known map[identity.CustomerID]problem.Affected) bool {
			return known[s.Customer].Has(s.Contact)
		})
	}
	return slices.DeleteFunc(slices.Clone(all), foreign), nil
}

// moveTo moves contacts to a part, from the problem that it was split off and
// from the one which that was merged into meanwhile. Those that left these
// meanwhile stay out.
func (w *Workflow) moveTo(ctx context.Context, part problem.Record, moving []problem.Seen) error {
	from, err := problem.Standing(ctx, part.SplitFrom, w.Store.ProblemHeader)
	if err != nil {
		return err
	}
	to, err := problem.Standing(ctx, part.ID, w.Store.ProblemHeader)
	if err != nil || from.ID == to.ID {
		return err
	}
	origins := slices.Compact([]string{from.ID, part.SplitFrom})
	for some := range slices.Chunk(moving, MaxRefs) {
		if some, err = w.of(ctx, some, origins...); err != nil {
			return err
		}
		if _, err := w.alter(ctx, to.ID, nil, some); err != nil {
			return err
		}
		for _, id := range origins {
			if _, err := w.alter(ctx, id, some, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// filled tells that a part has all that belongs to it, once.
func (w *Workflow) filled(ctx context.Context, partID string, f problem.Filling) (problem.Record, error) {
	return w.Change(ctx, partID, func(p problem.Record) (problem.Record, error) {
		if p.Filling == nil {
			return p, nil
		}
		p.Filling = nil
		if m, ok := problem.Milestone(p.Milestone, p.Customers); ok {
			p.Milestone = m // those who are told are told of more than this
		}
		p.Problem, p.Events = problem.Tell(p.Problem, problem.Event{Kind: problem.EventUpdated, By: f.By, At: f.At, Comment: f.Comment, Other: p.SplitFrom})
		return p, nil
	})
}

// filledUpTo keeps how far the words were looked for.
func (w *Workflow) filledUpTo(ctx context.Context, partID string, f problem.Filling) error {
	p, err := w.Store.ProblemHeader(ctx, partID)
	if err != nil || p.Filling == nil || p.Filling.After >= f.After {
		return err
	}
	p.Filling = &f
	if err = w.Store.SaveProblem(ctx, p); fault.KindOf(err) == fault.Conflict {
		return nil // looked for again, which changes nothing
	}
	return err
}

// splits refuses a problem that cannot be split.
func splits(from problem.Record, s Split, words []string) error {
	switch {
	case s.Version != 0 && s.Version != from.Version:
		return fault.New(fault.Conflict, "the problem is at version %d, not %d; read it again", from.Version, s.Version)
	case from.State == problem.Merged:
		return fault.New(fault.Conflict, "the problem was merged into %s; split that one", from.MergedInto)
	case !from.State.Open():
		return fault.New(fault.Conflict, "a problem that is %s cannot be split; reopen it first", from.State)
	case len(from.Parts) >= problem.MaxParts:
		return fault.New(fault.Conflict, "the problem has %d parts already; split one of those", problem.MaxParts)
	case slices.ContainsFunc(from.Parts, func(p problem.Part) bool { return len(words) > 0 && slices.Equal(p.Words, words) }):
		return fault.New(fault.Conflict, "a part has these words already; attach contacts to that one")
	default:
		return nil
	}
}

// split returns a problem without its part, and the part with nobody in it
// yet.
func (w *Workflow) split(from problem.Record, s Split, words []string, id string) (rest, part problem.Record) {
	opened, events := problem.Open(problem.Seed{
		ID: id, Reason: from.Reason, Product: from.Product, Department: from.Department, Names: from.Names,
		Severity: from.Severity, TaxonomyVersion: from.TaxonomyVersion, By: s.By.Name,
	}, s.At)
	opened = problem.Agree(opened, w.AcknowledgeBy)
	opened.SplitFrom = from.ID
	events[0].Comment = s.Comment
	rest = from
	rest.Once = s.Once
	rest.Parts = append(slices.Clip(from.Parts), problem.Part{ID: id, Words: words})
	rest.Problem, rest.Events = problem.Tell(rest.Problem, problem.Event{Kind: problem.EventSplit, By: s.By.Name, At: s.At, Comment: s.Comment, Other: id})
	filling := &problem.Filling{Contacts: s.Contacts, Words: words, By: s.By.Name, Comment: s.Comment, At: s.At}
	return rest, problem.Record{Problem: opened, Events: events, Filling: filling}
}

// holding returns the contacts of a problem that hold one of the words of a
// split, of a page of customers after those that were looked at, and the last
// of these; "" when there are no more.
func (w *Workflow) holding(ctx context.Context, id string, f problem.Filling) (found []problem.Seen, next string, err error) {
	if len(f.Words) == 0 {
		return nil, "", nil
	}
	page, next, err := w.Store.AffectedCustomers(ctx, id, fillPage, string(f.After))
	if err != nil {
		return nil, "", err
	}
	part := problem.Part{Words: f.Words}
	for _, a := range page {
		said, err := w.said(ctx, a)
		if err != nil {
			return nil, "", err
		}
		for _, s := range a.Seen {
			is := func(k contact.Contact) bool { return k.ID == s.Contact && part.Takes(words(k.Messages)) }
			if slices.ContainsFunc(said, is) {
				found = append(found, s)
			}
		}
	}
	return found, next, nil
}

// said returns the contacts of an affected customer with their messages.
func (w *Workflow) said(ctx context.Context, a problem.Affected) ([]contact.Contact, error) {
	c, err := w.Store.Customer(ctx, a.Customer)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ms, err := w.Store.RecentMessages(ctx, c, a.Since())
	if err != nil {
		return nil, err
	}
	return contact.Contacts(ms), nil
}

func words(ms []contact.Message) string {
	var b strings.Builder
	for _, m := range ms {
		if m.Direction == contact.Inbound {
			b.WriteString(m.Text + "\n")
		}
	}
	return b.String()
}

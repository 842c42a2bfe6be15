package problems

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// The decisions about a candidate.
const (
	Confirm = "confirm"
	Dismiss = "dismiss"
)

// lasts is for how long it is remembered that somebody was told of words, or
// decided about them: until the contacts of now are past and forgotten.
const lasts = 2 * problem.BurstHistory

// A Judgement says whether a candidate is a problem, and of what reason.
type Judgement struct {
	Decision, Why   string
	Reason, Product string // of the problem, when it is one
	By              problem.Caller
	At              time.Time
}

// Decide dismisses a candidate for as long as its contacts are looked at, or
// opens its problem, whose id it returns. Broken off in between it can be done
// again: contacts that are attached already change nothing. The same decision
// again about a candidate that was told changes nothing, and is none that comes
// too late.
//
// The caller must judge the candidate. It may confirm it with a reason of
// another department: whose problem it is, only the reason says. That is the one
// change that a caller may make to a problem that it does not reach, and it
// learns no more of the problem than its id.
func (d *Desk) Decide(ctx context.Context, id string, j Judgement) (problemID string, err error) {
	switch {
	case j.Decision != Confirm && j.Decision != Dismiss:
		return "", fault.New(fault.Invalid, "decision must be confirm or dismiss")
	case (j.Decision == Confirm) != (j.Reason != "") || j.Reason == "" && j.Product != "":
		return "", fault.New(fault.Invalid, "reason goes with confirm, and must be given then; product goes with reason")
	}
	c, err := d.One(ctx, j.By, id, j.At)
	if fault.KindOf(err) == fault.NotFound {
		if made, problemID, err := d.made(ctx, id, j); made || err != nil {
			return problemID, err
		}
	}
	if err != nil {
		return "", err
	}
	if j.Decision == Confirm {
		if problemID, err = d.confirm(ctx, j, c); err != nil {
			return "", err
		}
	}
	return problemID, d.Store.DecideWords(ctx, c.hashes, j.By.Name, j.Decision, j.At.Add(lasts))
}

// made reports whether the same was decided before of a candidate that was
// told, and what problem it is.
func (d *Desk) made(ctx context.Context, id string, j Judgement) (made bool, problemID string, err error) {
	told, _, err := d.Store.AnnouncedCandidates(ctx, j.At)
	if err != nil {
		return false, "", err
	}
	decided, err := d.Store.DecidedWords(ctx, j.At)
	i := slices.IndexFunc(told, func(t problem.Told) bool { return t.ID == id })
	if err != nil || i < 0 || decisionOn(told[i], decided) != j.Decision {
		return false, "", err
	}
	if j.Decision == Confirm {
		problemID, err = d.Store.ProblemOfCause(ctx, j.Reason, j.Product)
	}
	if problemID != "" && err == nil {
		problemID, err = d.surviving(ctx, problemID)
	}
	return j.Decision == Dismiss || problemID != "", problemID, err
}

// confirm opens the problem of a candidate, or finds the one of its cause, and
// attaches the contacts. It returns the problem's id.
func (d *Desk) confirm(ctx context.Context, j Judgement, c Candidate) (string, error) {
	flow := &Workflow{Store: d.Store, Taxonomy: d.Taxonomy, Zone: d.Zone}
	refs := Refs(c)
	first := refs[:min(len(refs), MaxRefs)]
	r := Request{Comment: j.Why, By: problem.Everywhere(j.By.Name), At: j.At}
	open := r
	open.Reason, open.Product, open.Contacts = j.Reason, j.Product, first
	_, id, err := flow.Open(ctx, open)
	if err == nil {
		refs = refs[len(first):]
	} else if fault.KindOf(err) != fault.Conflict || id == "" {
		return "", err
	} else if id, err = d.surviving(ctx, id); err != nil {
		return "", err
	}
	for some := range slices.Chunk(refs, MaxRefs) {
		r.Contacts = some
		if _, err := flow.Attach(ctx, id, r, false); err != nil {
			return "", err
		}
	}
	return id, nil
}

// surviving returns the id of the problem that one was merged into, or its own.
func (d *Desk) surviving(ctx context.Context, id string) (string, error) {
	p, err := problem.Standing(ctx, id, d.Store.ProblemHeader)
	return p.ID, err
}

// Refs names the contacts of a candidate.
func Refs(c Candidate) []Ref {
	refs := make([]Ref, len(c.Contacts))
	for i, u := range c.Contacts {
		refs[i] = Ref{Customer: u.Customer, Contact: u.Contact}
	}
	return refs
}

package problems

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/problem"
)

// maxAbsorbed bounds how many problems may be merged into one.
const maxAbsorbed = 50

// settle is how long after a merge the customers are looked at once more: a
// contact that was joining the merged problem at that moment is found then.
const settle = 5 * time.Minute

// transferPage is how many customers are handed over together.
const transferPage = 100

// Transfer hands the customers of a merged problem to the one that it was
// merged into.
func (w *Workflow) Transfer(ctx context.Context, e due.Entry, now time.Time) (time.Time, error) {
	from, err := w.Store.ProblemHeader(ctx, e.Of)
	if err != nil || from.State != problem.Merged {
		return time.Time{}, gone(err)
	}
	if err := w.Absorb(ctx, from, now); err != nil {
		return time.Time{}, gone(err)
	}
	if end := from.ChangedAt.Add(settle); now.Before(end) {
		return end, nil
	}
	return time.Time{}, nil
}

// Absorb gives the problem that another was merged into its contacts, and
// tells the department so, once. The merged problem keeps what it had. All of
// it can be repeated.
func (w *Workflow) Absorb(ctx context.Context, from problem.Record, now time.Time) error {
	into, err := problem.Standing(ctx, from.MergedInto, w.Store.ProblemHeader)
	if err != nil {
		return err
	}
	cursor := ""
	for {
		page, next, err := w.Store.AffectedCustomers(ctx, from.ID, transferPage, cursor)
		if err != nil {
			return err
		}
		var joining []problem.Seen
		for _, a := range page {
			joining = append(joining, a.Seen...)
		}
		if _, err := w.alter(ctx, into.ID, nil, joining); err != nil {
			return err
		}
		if cursor = next; next == "" {
			break
		}
	}
	_, err = w.Change(ctx, into.ID, func(p problem.Record) (problem.Record, error) {
		if slices.Contains(p.Absorbed, from.ID) || len(p.Absorbed) >= maxAbsorbed {
			return p, nil
		}
		if m, ok := problem.Milestone(p.Milestone, p.Customers); ok {
			p.Milestone = m // those who are told are told of more than this
		}
		p.Absorbed = append(slices.Clip(p.Absorbed), from.ID)
		p.Parts = slices.DeleteFunc(slices.Clone(p.Parts), func(part problem.Part) bool { return part.ID == from.ID }) // it is whole again
		p.Problem, p.Events = problem.Tell(p.Problem, problem.Event{Kind: problem.EventMerged, At: now, Other: from.ID})
		p.Quotes, _ = problem.AddQuotes(p.Quotes, from.Quotes)
		return p, nil
	})
	return err
}

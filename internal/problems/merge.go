package problems

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/schedule"
)

// maxAbsorbed bounds how many problems may be merged into one.
const maxAbsorbed = 50

// settleTime is how long after a merge the contacts are copied once more: a
// contact that was joining the merged problem at that moment is found then.
const settleTime = 5 * time.Minute

// mergePage is how many customers are copied together.
const mergePage = 100

// ContinueMerge copies the contacts of a merged problem to the one that it was
// merged into, until both have settled.
func (s *Service) ContinueMerge(ctx context.Context, e schedule.Entry, now time.Time) (again time.Time, err error) {
	merged, err := s.Store.Problems.GetHeader(ctx, e.Of)
	if err != nil || merged.State != problem.Merged {
		return time.Time{}, ignoreNotFound(err)
	}
	if err := s.Absorb(ctx, merged, now); err != nil {
		return time.Time{}, ignoreNotFound(err)
	}
	if end := merged.ChangedAt.Add(settleTime); now.Before(end) {
		return end, nil
	}
	return time.Time{}, nil
}

// Absorb copies the contacts of a merged problem to the problem that it was
// merged into, and notifies the department of that one, once. The merged problem
// keeps its contacts. All of it can be repeated.
func (s *Service) Absorb(ctx context.Context, merged problem.Record, now time.Time) error {
	into, err := problem.FollowMerges(ctx, merged.MergedInto, s.Store.Problems.GetHeader)
	if err != nil {
		return err
	}
	if err := s.copyContacts(ctx, merged.ID, into.ID); err != nil {
		return err
	}
	_, err = s.editProblem(ctx, into.ID, func(p problem.Record) (problem.Record, bool, error) {
		if slices.Contains(p.Absorbed, merged.ID) || len(p.Absorbed) >= maxAbsorbed {
			return p, false, nil
		}
		p.Problem = reachMilestone(p.Problem)
		p.Absorbed = append(slices.Clip(p.Absorbed), merged.ID)
		// A part that is merged back takes no contacts of its own any more.
		p.Parts = slices.DeleteFunc(slices.Clone(p.Parts), func(part problem.Part) bool { return part.ID == merged.ID })
		p.Problem, p.Events = problem.AddEvent(p.Problem, problem.Event{Kind: problem.EventMerged, At: now, Other: merged.ID})
		p.Quotes, _ = problem.AddQuotes(p.Quotes, merged.Quotes)
		return p, true, nil
	})
	return err
}

// reachMilestone records the milestone that a problem reached, without an event
// of its own: the event that follows has the counts already.
func reachMilestone(p problem.Problem) problem.Problem {
	if m, ok := problem.Milestone(p.Milestone, p.Customers); ok {
		p.Milestone = m
	}
	return p
}

func (s *Service) copyContacts(ctx context.Context, from, to string) error {
	cursor := ""
	for {
		page, next, err := s.Store.Problems.AffectedCustomers(ctx, from, mergePage, cursor)
		if err != nil {
			return err
		}
		var joining []problem.Occurrence
		for _, a := range page {
			joining = append(joining, a.Occurrences...)
		}
		if _, err := s.changeAffected(ctx, to, nil, joining); err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
}

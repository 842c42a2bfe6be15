package problems

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/schedule"
)

// EscalateUnacknowledged escalates a problem that its department did not
// acknowledge in the agreed time, once. Again is when to look again, if the
// problem has more time than the entry says.
func (s *Service) EscalateUnacknowledged(ctx context.Context, e schedule.Entry, now time.Time) (again time.Time, err error) {
	_, err = s.editProblem(ctx, e.Of, func(p problem.Record) (problem.Record, bool, error) {
		again = time.Time{}
		if p.State != problem.Detected || !p.EscalatedAt.IsZero() {
			return p, false, nil
		}
		agreed := problem.SetAcknowledgeBy(p.Problem, s.acknowledgeBy) // a problem of an older release has no AcknowledgeBy
		if now.Before(agreed.AcknowledgeBy) {
			again = agreed.AcknowledgeBy
			return p, false, nil
		}
		department, _ := s.Taxonomy().Department(p.Department)
		p.Problem, p.Events = problem.Escalate(p.Problem, department.EscalateTo, now)
		return p, true, nil
	})
	return again, ignoreNotFound(err)
}

// RemindOverdue asks a department for a new time when the expected time of a fix
// has passed, once for each expected time.
func (s *Service) RemindOverdue(ctx context.Context, e schedule.Entry, now time.Time) (again time.Time, err error) {
	_, err = s.editProblem(ctx, e.Of, func(p problem.Record) (problem.Record, bool, error) {
		next, events := problem.RemindOverdue(p.Problem, now)
		if len(events) == 0 {
			return p, false, nil
		}
		p.Problem = next
		p.Events = events
		return p, true, nil
	})
	return time.Time{}, ignoreNotFound(err)
}

// FinishWatch ends the watch over a fixed problem: the problem is confirmed if
// its contacts went down, and reopened if they did not.
func (s *Service) FinishWatch(ctx context.Context, e schedule.Entry, now time.Time) (again time.Time, err error) {
	_, err = s.editProblem(ctx, e.Of, func(p problem.Record) (problem.Record, bool, error) {
		rules := s.Taxonomy()
		reason, _ := rules.Reason(p.Reason)
		next, events, err := problem.Confirm(p.Problem, now, problem.Worth{PerContact: reason.CostPerContact, Currency: rules.Currency, Zone: s.Zone})
		if err != nil || len(events) == 0 {
			return p, false, err
		}
		if events[0].Evidence != nil {
			events[0].Evidence.Quotes = p.Quotes
		}
		p.Problem = problem.SetAcknowledgeBy(next, s.acknowledgeBy)
		p.Events = events
		return p, true, nil
	})
	return time.Time{}, ignoreNotFound(err)
}

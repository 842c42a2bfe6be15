package problems

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// A Change is what a department reports about a problem: another state, or
// details that it found. Texts are trimmed and checked by [Service.Update].
type Change struct {
	To         problem.State // empty: the state stays
	Version    int           // of the problem that the caller read; 0: any version
	Comment    string
	Cause      string
	Workaround string
	ExpectedAt time.Time // of the fix; zero: unchanged
	Links      []string  // added to those that the problem has
	Into       string    // with merged: the id of the problem that stays
	Department string    // with moved: the id of the new owner
	At         time.Time // when the change was received
	// Key recognizes a repetition of the change; the zero value recognizes none.
	Key problem.IdempotencyKey
}

// keyLifetime is how long a repetition of a change is recognized. SQS keeps a
// message for 14 days.
const keyLifetime = 30 * 24 * time.Hour

// IdempotencyKey returns the key by which a repetition of a caller's change is
// recognized for 30 days. Callers do not share names. The same name with another
// body is refused as a conflict.
func IdempotencyKey(caller problem.Caller, name string, body []byte, now time.Time) problem.IdempotencyKey {
	sum := sha256.Sum256(body)
	return problem.IdempotencyKey{Key: caller.Name + " " + name, Print: hex.EncodeToString(sum[:]), Expires: now.Add(keyLifetime)}
}

// Update applies a change to a problem, and returns the problem with its current
// counts. A repetition of a change with the same Key changes nothing. If the caller
// no longer reaches the problem, the repetition returns only its id and state.
//
// The error is a [*ConflictError] for an illegal step or an outdated version,
// [fault.Invalid] for a change that lacks something, [fault.Forbidden] for a
// problem that the caller does not reach, and [fault.Unavailable] when others
// kept changing the problem.
func (s *Service) Update(ctx context.Context, caller problem.Caller, id string, change Change) (problem.Record, error) {
	if repeated, err := s.wasApplied(ctx, id, change.Key, change.At); err != nil || repeated {
		return s.readRepeated(ctx, caller, id, err)
	}
	update, into, err := s.checkChange(ctx, caller, change)
	if err != nil {
		return problem.Record{}, err
	}
	applied := false
	stored, err := s.editProblem(ctx, id, func(p problem.Record) (problem.Record, bool, error) {
		applied = false
		if repeated, err := s.wasApplied(ctx, p.ID, change.Key, change.At); repeated || err != nil {
			return visibleTo(caller, p), false, err
		}
		if err := caller.Check(p.Problem); err != nil {
			return p, false, err
		}
		if change.To == problem.Merged && !caller.MayMerge(p.Problem, into) {
			return p, false, errMergeOfOthers
		}
		next, events, err := problem.ApplyUpdate(p.Problem, update)
		if err != nil {
			return p, false, withState(err, p)
		}
		p.Problem = problem.SetAcknowledgeBy(next, s.acknowledgeBy)
		p.Events = events
		p.Once = change.Key
		applied = true
		return p, true, nil
	})
	if err != nil {
		return problem.Record{}, err
	}
	if applied && change.To == problem.Merged {
		if err := s.Absorb(ctx, stored, change.At); err != nil {
			slog.WarnContext(ctx, "merge is left to the scheduler", "kind", fault.KindOf(err), "err", err)
		}
	}
	return stored, nil
}

var errMergeOfOthers = fault.New(fault.Forbidden, "into: the problems have different owners; hand one over to the owner of the other (moved), which can merge them")

// readRepeated returns a problem as a caller may see it whose change was applied
// before. Err is the error of looking for the change.
func (s *Service) readRepeated(ctx context.Context, caller problem.Caller, id string, err error) (problem.Record, error) {
	if err != nil {
		return problem.Record{}, err
	}
	p, err := s.Store.Problems.Get(ctx, id)
	if err != nil {
		return problem.Record{}, err
	}
	return visibleTo(caller, p), nil
}

// visibleTo returns what a caller may see of a problem that it has changed: all of
// it, or only its id, state and severity when it no longer reaches the problem.
func visibleTo(caller problem.Caller, p problem.Record) problem.Record {
	if caller.Reaches(p.Problem) {
		return p
	}
	return problem.Record{Problem: problem.Problem{ID: p.ID, State: p.State, Severity: p.Severity, PerDay: map[string]int{}}}
}

// wasApplied reports whether the change of a key was applied before.
func (s *Service) wasApplied(ctx context.Context, problemID string, key problem.IdempotencyKey, now time.Time) (bool, error) {
	if key.Key == "" {
		return false, nil
	}
	return s.Store.Problems.AlreadyApplied(ctx, problemID, key, now)
}

// checkChange returns the update of a change, with clean texts and the names of
// the department that a problem is moved to. Into is the problem to merge into, if
// there is one.
func (s *Service) checkChange(ctx context.Context, caller problem.Caller, c Change) (u problem.Update, into problem.Problem, err error) {
	u = problem.Update{
		To: c.To, By: caller.Name, At: c.At, Version: c.Version, ExpectedAt: c.ExpectedAt, Links: c.Links, Into: c.Into, Department: c.Department,
	}
	if err := checkVersionNumber(c.Version); err != nil {
		return u, into, err
	}
	for _, text := range []struct {
		name, value string
		clean       *string
	}{{"comment", c.Comment, &u.Comment}, {"cause", c.Cause, &u.Cause}, {"workaround", c.Workaround, &u.Workaround}} {
		var err error
		if *text.clean, err = message.CleanField(text.name, text.value, maxTextBytes, false); err != nil {
			return u, into, err
		}
	}
	if err := s.setNewOwner(&u); err != nil {
		return u, into, err
	}
	into, err = s.readMergeTarget(ctx, caller, u)
	return u, into, err
}

// maxTextBytes bounds a text in bytes, before its characters are counted.
const maxTextBytes = 4 * problem.MaxComment

// cleanComment returns a comment without surrounding space, or [fault.Invalid]
// if a problem cannot have it.
func cleanComment(comment string) (string, error) {
	comment, err := message.CleanField("comment", comment, maxTextBytes, false)
	if err != nil {
		return "", err
	}
	return comment, problem.CheckText("comment", comment)
}

func checkVersionNumber(version int) error {
	if version < 0 {
		return fault.New(fault.Invalid, "version must be a whole number from 1")
	}
	return nil
}

// setNewOwner adds the names of the department that a problem is moved to.
func (s *Service) setNewOwner(u *problem.Update) error {
	if u.To != problem.Moved {
		if u.Department != "" {
			return fault.New(fault.Invalid, "department goes with the state moved only")
		}
		return nil
	}
	rules := s.Taxonomy()
	department, ok := rules.Department(u.Department)
	if !ok {
		ids := make([]string, len(rules.Departments))
		for i, d := range rules.Departments {
			ids[i] = d.ID
		}
		slices.Sort(ids)
		return fault.New(fault.Invalid, "department must be one of %s", strings.Join(ids, ", "))
	}
	u.DepartmentName = problem.Label(department.Names)
	return nil
}

// readMergeTarget returns the problem to merge into. It refuses one that another
// cannot be merged into.
func (s *Service) readMergeTarget(ctx context.Context, caller problem.Caller, u problem.Update) (problem.Problem, error) {
	if u.To != problem.Merged || u.Into == "" {
		if u.Into != "" {
			return problem.Problem{}, fault.New(fault.Invalid, "into goes with the state merged only")
		}
		return problem.Problem{}, nil
	}
	into, err := s.Header(ctx, caller, u.Into)
	switch {
	case fault.Is(err, fault.NotFound):
		return problem.Problem{}, fault.New(fault.Invalid, "into: there is no such problem")
	case fault.Is(err, fault.Forbidden):
		return problem.Problem{}, fault.New(fault.Forbidden, "into: it belongs to another department; hand yours over to that one (moved), which can merge it")
	case err != nil:
		return problem.Problem{}, err
	case into.State == problem.Merged:
		return problem.Problem{}, fault.New(fault.Conflict, "the problem in into was merged into %s", into.MergedInto)
	case !into.State.Open():
		return problem.Problem{}, fault.New(fault.Conflict, "the problem in into is %s; reopen it first", into.State)
	default:
		return into.Problem, nil
	}
}

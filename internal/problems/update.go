package problems

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
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
// recognized for 30 days. Two callers may use the same name for different
// changes. The same name of one caller with another body is refused as a
// conflict.
func IdempotencyKey(caller problem.Caller, name string, body []byte, now time.Time) problem.IdempotencyKey {
	sum := sha256.Sum256(body)
	return problem.IdempotencyKey{Key: caller.Name + " " + name, Print: hex.EncodeToString(sum[:]), Expires: now.Add(keyLifetime)}
}

// Update applies a change to a problem, and returns the problem with its current
// counts. A repetition of a change with the same Key changes nothing, and succeeds
// even if the change ended the caller's reach: then the problem that is returned is
// withheld ([problem.Withhold]), in the state that the change asked for.
//
// The error is a [*ConflictError] for an illegal step or an outdated version, a
// [*KeyReusedError] for another change under the same Key, [fault.Invalid] for a
// change that lacks something, [fault.Forbidden] for a problem that the caller does
// not reach or may not merge, and [fault.Unavailable] when others kept changing the
// problem.
func (s *Service) Update(ctx context.Context, caller problem.Caller, id string, change Change) (problem.Record, error) {
	applied := false
	stored, err := s.editProblem(ctx, id, func(p problem.Record) (problem.Record, bool, error) {
		applied = false
		// Only this caller has this key. A repetition must be recognized before
		// the checks, which the change itself may have made fail.
		if repeated, err := s.wasApplied(ctx, p.ID, change.Key, change.At); repeated || err != nil {
			return p, false, err
		}
		if err := caller.Check(p.Problem); err != nil {
			return p, false, err
		}
		update, err := s.checkChange(ctx, caller, p, change)
		if err != nil {
			return p, false, err
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
	if !applied && !caller.Reaches(stored.Problem) {
		return problem.Withhold(stored.ID, change.To), nil
	}
	if applied && change.To == problem.Merged {
		if err := s.Absorb(ctx, stored, change.At); err != nil {
			slog.WarnContext(ctx, "merge not completed; the schedule function will complete it", "kind", fault.KindOf(err), "err", err)
		}
	}
	return stored, nil
}

// wasApplied reports whether the change of a key was applied before. It is a
// [*KeyReusedError] if another change has the key.
func (s *Service) wasApplied(ctx context.Context, problemID string, key problem.IdempotencyKey, now time.Time) (bool, error) {
	if key.Key == "" {
		return false, nil
	}
	applied, err := s.Store.Problems.AlreadyApplied(ctx, problemID, key, now)
	if fault.Is(err, fault.Conflict) {
		return false, &KeyReusedError{err}
	}
	return applied, err
}

// checkChange returns the update of a problem by a change, with clean texts and the
// names of the department that the problem is moved to.
func (s *Service) checkChange(ctx context.Context, caller problem.Caller, p problem.Record, c Change) (problem.Update, error) {
	u := problem.Update{
		To: c.To, By: caller.Name, At: c.At, Version: c.Version, ExpectedAt: c.ExpectedAt, Links: c.Links, Into: c.Into, Department: c.Department,
	}
	if err := checkVersionNumber(c.Version); err != nil {
		return u, err
	}
	for _, text := range []struct {
		name, value string
		clean       *string
	}{{"comment", c.Comment, &u.Comment}, {"cause", c.Cause, &u.Cause}, {"workaround", c.Workaround, &u.Workaround}} {
		var err error
		if *text.clean, err = message.CleanField(text.name, text.value, maxTextBytes, false); err != nil {
			return u, err
		}
	}
	if err := s.setNewOwner(&u); err != nil {
		return u, err
	}
	return u, s.checkMergeTarget(ctx, caller, p, u)
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
			return fault.New(fault.Invalid, "department is only allowed with the state moved")
		}
		return nil
	}
	department, ok := s.Taxonomy().Department(u.Department)
	if !ok {
		return fault.New(fault.Invalid, "department must be one of %s", strings.Join(s.DepartmentIDs(), ", "))
	}
	u.DepartmentName = problem.Label(department.Names)
	return nil
}

// checkMergeTarget refuses an update that merges a problem into one that it cannot
// be merged into, or that the caller may not merge it into.
func (s *Service) checkMergeTarget(ctx context.Context, caller problem.Caller, p problem.Record, u problem.Update) error {
	if u.To != problem.Merged || u.Into == "" {
		if u.Into != "" {
			return fault.New(fault.Invalid, "into is only allowed with the state merged")
		}
		return nil
	}
	into, err := s.Header(ctx, caller, u.Into)
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.New(fault.Invalid, "into: there is no such problem")
	case fault.Is(err, fault.Forbidden):
		return fault.New(fault.Forbidden, "into: this problem belongs to another department; move your problem there with the state moved, and that department can merge them")
	case err != nil:
		return err
	case !caller.MayMerge(p.Problem, into.Problem):
		return fault.New(fault.Forbidden, "into: the two problems belong to different departments; "+
			"move one of them to the department of the other with the state moved, and that department can merge them")
	case into.State == problem.Merged:
		return fault.New(fault.Conflict, "the problem in into was merged into %s; merge with that problem", into.MergedInto)
	case !into.State.Open():
		return fault.New(fault.Conflict, "the problem in into is %s; reopen it first", into.State)
	default:
		return nil
	}
}

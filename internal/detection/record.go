package detection

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/retry"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Failures has the errors of causes whose evidence could not be recorded.
type Failures map[Cause]error

// Record records the evidence of all changes, with one pass for each cause.
// Call it before the contacts are saved. The failures have the indexes of all;
// they are nil for changes that are recorded.
//
// A cause that fails fails all changes that have evidence of it. When it fails
// permanently, the evidence of each change is recorded separately, so that one
// customer's bad data does not fail the others. The message of a permanent error
// names the cause, and the problem if that cannot be read.
func (d *Detector) Record(ctx context.Context, all []Changes) []Failures {
	evidence := map[Cause][]Evidence{}
	sources := map[Cause][]int{} // indexes of the changes that have evidence of the cause
	for i, changes := range all {
		for c, evs := range changes {
			evidence[c] = mergeEvidence(evidence[c], evs)
			sources[c] = append(sources[c], i)
		}
	}
	causes := slices.Collect(maps.Keys(evidence))
	failed := make([]error, len(causes))
	lambdabatch.Each(len(causes), parallel, func(i int) {
		failed[i] = d.recordCause(ctx, causes[i], evidence[causes[i]])
	})
	failures := make([]Failures, len(all))
	for i, c := range causes {
		separately := lambdabatch.IsPermanent(failed[i]) && len(sources[c]) > 1
		for _, source := range sources[c] {
			err := failed[i]
			if separately {
				err = d.recordCause(ctx, c, all[source][c])
			}
			if err == nil {
				continue
			}
			if failures[source] == nil {
				failures[source] = Failures{}
			}
			failures[source][c] = nameSubject(err, "cause "+strings.TrimSuffix(c.Reason+"#"+c.Product, "#"))
		}
	}
	return failures
}

// nameSubject puts a subject before the message of a permanent error: the id of
// a problem, or a cause.
func nameSubject(err error, subject string) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || !lambdabatch.IsPermanent(err) {
		return err
	}
	return fault.Wrap(e.Kind, err, "%s: %s", subject, e.Msg)
}

// readHeader reads a problem. A permanent error names it.
func (d *Detector) readHeader(ctx context.Context, id string) (problem.Record, error) {
	rec, err := d.Store.Problems.GetHeader(ctx, id)
	return rec, nameSubject(err, "problem "+id)
}

// recordCause records evidence of one cause. A panic becomes an error.
func (d *Detector) recordCause(ctx context.Context, c Cause, evs []Evidence) error {
	return lambdabatch.RecoverPanic(ctx, func() error {
		r, ok := d.Taxonomy.Reason(c.Reason)
		if !ok {
			// The reason is from an older taxonomy. Its contacts can leave a
			// problem, and join none.
			r = taxonomy.Reason{ID: c.Reason, Detect: taxonomy.Off}
			for i := range evs {
				evs[i].Added = nil
			}
		}
		return retry.OnConflict(ctx, maxTries, func() error { return d.recordOnce(ctx, r, c.Product, evs) })
	})
}

// maxTries limits how often an operation is tried on a problem that other runs
// change at the same time.
const maxTries = 10

// recordOnce adds evidence to the problem of a cause. Without a problem it
// records it in the window and opens a problem when the rule says so.
func (d *Detector) recordOnce(ctx context.Context, r taxonomy.Reason, product string, evs []Evidence) error {
	id, err := d.Store.Causes.ProblemOfCause(ctx, r.ID, product)
	if err != nil {
		return fmt.Errorf("cause %s: %w", r.ID, err)
	}
	if id != "" {
		return d.joinProblem(ctx, r, product, id, evs)
	}
	if r.Detect == taxonomy.Off {
		return nil // only agents open problems of this reason
	}
	added, err := d.writeOccurrences(ctx, r, product, evs)
	if err != nil || len(added) == 0 {
		return err
	}
	// The window is read after the write. So either this run finds a problem
	// that another opens now, or the other finds these occurrences.
	f, err := d.examineWindow(ctx, r, product, added, time.Time{})
	switch {
	case err != nil:
		return fmt.Errorf("examine the window of %s: %w", r.ID, err)
	case f.existing != "":
		return d.joinProblem(ctx, r, product, f.existing, evs)
	case f.opens:
		return d.openProblem(ctx, r, product, f.firstSlot)
	default:
		return nil
	}
}

// lateness is how much longer than the reason's window an occurrence is stored,
// for messages that arrive late.
const lateness = 8 * 24 * time.Hour

// retention returns how long an occurrence of a reason is stored.
func retention(r taxonomy.Reason) time.Duration {
	retained := r.Window.Duration() + lateness
	if r.Detect == taxonomy.Rise {
		retained = max(retained, problem.LevelDays*24*time.Hour)
	}
	return retained
}

// writeOccurrences writes evidence to the window of its cause: first the added
// occurrences, then the removals. It returns the added ones.
func (d *Detector) writeOccurrences(ctx context.Context, r taxonomy.Reason, product string, evs []Evidence) ([]problem.Occurrence, error) {
	retained := retention(r)
	var added, removed []problem.Occurrence
	for _, e := range evs {
		added = append(added, e.Added...)
		removed = append(removed, e.Removed...)
	}
	errs := make([]error, len(added))
	lambdabatch.Each(len(added), parallel, func(i int) {
		added[i].Expires = laterOf(added[i].At, d.Now()).Add(retained)
		_, errs[i] = d.Store.Causes.PutOccurrence(ctx, r.ID, product, added[i])
	})
	for _, s := range removed {
		errs = append(errs, d.Store.Causes.DropOccurrence(ctx, r.ID, product, s))
	}
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("write occurrences of %s: %w", r.ID, err)
		}
	}
	return added, nil
}

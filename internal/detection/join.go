package detection

import (
	"context"
	"fmt"
	"slices"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// joinProblem applies evidence to the affected customers of a problem and of its
// parts, and reopens a solved problem when the rule says so. parents are the ids
// of the problems that led to this one by their parts: after merges a problem
// can be a part of itself, and then its parts are skipped.
func (d *Detector) joinProblem(ctx context.Context, r taxonomy.Reason, product, id string, evs []Evidence, parents ...string) error {
	rec, err := d.readSurvivor(ctx, id)
	if err != nil {
		return fmt.Errorf("read problem %s: %w", id, err)
	}
	if slices.Contains(parents, rec.ID) {
		rec.Parts = nil
	}
	for _, part := range rec.Parts {
		var taken []Evidence
		if taken, evs = divideEvidence(part, evs); len(taken) > 0 {
			if err := d.joinProblem(ctx, r, product, part.ID, taken, append(slices.Clip(parents), rec.ID)...); err != nil {
				return fmt.Errorf("part %s: %w", part.ID, err)
			}
		}
	}
	reopen := false
	if rec.State.Solved() {
		if reopen, err = d.recursAfterFix(ctx, r, product, rec, evs); err != nil {
			return fmt.Errorf("check whether problem %s recurs: %w", rec.ID, err)
		}
	}
	if err := d.updateAffected(ctx, rec.ID, evs); err != nil {
		return fmt.Errorf("count the customers of problem %s: %w", rec.ID, err)
	}
	return d.publishGrowth(ctx, rec, reopen, evs)
}

// divideEvidence returns the evidence that a part of a problem takes, and the
// evidence that stays. Both get all removals: the removed occurrences may have
// been in either.
func divideEvidence(part problem.Part, evs []Evidence) (taken, rest []Evidence) {
	for _, e := range evs {
		theirs := Evidence{Customer: e.Customer, Removed: e.Removed, FormerIDs: e.FormerIDs}
		ours := theirs
		for _, s := range e.Added {
			if part.MatchesText(s.Text) {
				theirs.Added = append(theirs.Added, s)
			} else {
				ours.Added = append(ours.Added, s)
			}
		}
		if len(theirs.Added)+len(theirs.Removed)+len(theirs.FormerIDs) > 0 {
			taken = append(taken, theirs)
		}
		rest = append(rest, ours)
	}
	return taken, rest
}

// recursAfterFix records evidence in the window of a solved problem's cause. It
// reports whether the occurrences since the solution are enough to reopen it.
func (d *Detector) recursAfterFix(ctx context.Context, r taxonomy.Reason, product string, rec problem.Record, evs []Evidence) (bool, error) {
	if r.Detect == taxonomy.Off {
		return false, nil
	}
	added, err := d.writeOccurrences(ctx, r, product, evs)
	if err != nil || len(added) == 0 {
		return false, err
	}
	f, err := d.examineWindow(ctx, r, product, added, rec.ChangedAt, problem.Break{From: rec.FirstSeen, To: rec.ChangedAt})
	return f.opens, err
}

// updateAffected applies evidence to the affected customers of a problem. It
// writes only customers that change.
func (d *Detector) updateAffected(ctx context.Context, id string, evs []Evidence) error {
	customers := make([]identity.CustomerID, len(evs))
	for i, e := range evs {
		customers[i] = e.Customer
	}
	current, err := d.Store.Problems.AffectedAmong(ctx, id, customers)
	if err != nil {
		return fmt.Errorf("problem %s: %w", id, err)
	}
	var changes []problem.AffectedChange
	for _, e := range evs {
		affected := current[e.Customer]
		affected.Customer = e.Customer
		if change, differs := affected.With(slices.Concat(e.Removed, e.FormerIDs), e.Added); differs {
			changes = append(changes, change)
		}
	}
	return d.Store.Problems.ChangeAffected(ctx, id, changes)
}

// publishGrowth writes a problem again when its counts passed a milestone, when
// it reopens, when it began earlier than known, or when it lacked quotes. It
// reads the counts only if one of these is possible.
//
// It considers all joining customers, not only new ones: a batch that failed
// before it published is repeated. Of two concurrent runs, the later one reads
// the customers of both.
func (d *Detector) publishGrowth(ctx context.Context, before problem.Record, reopen bool, evs []Evidence) error {
	var joining []identity.CustomerID
	var newQuotes []string
	earlier := false
	for _, e := range evs {
		for _, s := range e.Added {
			joining = append(joining, e.Customer)
			newQuotes = append(newQuotes, s.Quote)
			earlier = earlier || s.At.Before(before.FirstSeen)
		}
	}
	_, lacksQuotes := problem.AddQuotes(before.Quotes, newQuotes)
	mayGrow := before.State.Open() && before.NeedsCount(joining)
	if unchanged := !earlier && !lacksQuotes && !mayGrow; unchanged && !reopen {
		return nil
	}
	rec, err := d.Store.Problems.Get(ctx, before.ID)
	if err != nil {
		return fmt.Errorf("reopen problem %s: %w", before.ID, err)
	}
	quotes, added := problem.AddQuotes(rec.Quotes, newQuotes)
	grown, published := problem.ApplyGrowth(rec.Problem, reopen, rec.LastSeen)
	if !added && !earlier && len(published) == 0 {
		return nil
	}
	rec.Problem = problem.SetAcknowledgeBy(grown, d.acknowledgeBy)
	rec.Quotes = quotes
	if len(published) > 0 {
		rec.Events = published
		if rec.Words, err = d.renewWords(ctx, rec); err != nil {
			return fmt.Errorf("words of problem %s: %w", rec.ID, err)
		}
		if published[0].Kind == problem.EventReopened {
			published[0].Evidence = problem.EvidenceOf(rec.Was, d.Zone, newQuotes)
		}
	}
	return d.Store.Problems.Save(ctx, rec)
}

// renewWords returns the words that set the contacts of a problem apart now.
func (d *Detector) renewWords(ctx context.Context, rec problem.Record) ([]string, error) {
	affected, _, err := d.Store.Problems.AffectedCustomers(ctx, rec.ID, maxSampled, "")
	if err != nil {
		return nil, err
	}
	var all []problem.Occurrence
	for _, a := range affected {
		all = append(all, a.Located()...)
	}
	read, err := d.readSample(ctx, all)
	if err != nil {
		return nil, err
	}
	return d.findWords(ctx, rec.Reason, rec.Product, read)
}

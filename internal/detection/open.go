package detection

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/retry"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// maxOccurrences limits how many occurrences one opening reads.
const maxOccurrences = 20_000

// afterAllSlots sorts after every slot.
const afterAllSlots = "9"

// openProblem opens the problem of a cause with all customers who have an
// occurrence from firstSlot on. It returns a conflict when another run opened a
// problem of the cause first.
func (d *Detector) openProblem(ctx context.Context, r taxonomy.Reason, product, firstSlot string) error {
	all, err := d.Store.Causes.Occurrences(ctx, r.ID, product, firstSlot, afterAllSlots, maxOccurrences, d.Now())
	if err != nil {
		return fmt.Errorf("cause %s: %w", r.ID, err)
	}
	seed := problem.Seed{
		ID: uuid.Must(uuid.NewV7()).String(), Reason: r.ID, Product: product, Department: d.Taxonomy.Owner(r.ID, product),
		Names: d.displayNames(r, product), Severity: string(r.Severity), TaxonomyVersion: d.Taxonomy.Version,
	}
	for _, e := range groupByCustomer(all) {
		change, _ := problem.Affected{Customer: e.Customer}.With(nil, e.Added)
		seed.Affected = append(seed.Affected, change.Affected)
	}
	p, published := problem.Open(seed, d.Now().UTC())
	p = problem.SetAcknowledgeBy(p, d.acknowledgeBy)
	read, err := d.readSample(ctx, all)
	if err != nil {
		return fmt.Errorf("messages about %s: %w", r.ID, err)
	}
	quotes := excerpt.Select(d.Taxonomy, r.ID, read, all)
	if p.Words, err = d.findWords(ctx, r.ID, product, read); err != nil {
		return err
	}
	rec := problem.Record{Problem: p, Events: published, Quotes: quotes, Opening: firstSlot}
	if err := d.Store.Problems.Create(ctx, rec, nil); err != nil {
		return fmt.Errorf("open a problem of %s: %w", r.ID, err)
	}
	d.Meter.Count("Department", p.Department, map[string]int{"ProblemsOpened": 1})
	return d.joinProblem(ctx, r, product, p.ID, nil) // adds the affected customers
}

// maxSampled limits how many contacts of a problem are read for its quotes and words.
const maxSampled = 30

// readSample returns the first contacts of some with what their customers wrote, one
// of each customer. A contact that cannot be read is left out.
func (d *Detector) readSample(ctx context.Context, all []problem.Occurrence) ([]excerpt.Contact, error) {
	var sampled []problem.Occurrence
	for _, o := range all {
		isSame := func(s problem.Occurrence) bool { return s.Customer == o.Customer }
		if len(sampled) < maxSampled && !slices.ContainsFunc(sampled, isSame) {
			sampled = append(sampled, o)
		}
	}
	reader := excerpt.Reader{Customers: d.Store.Customers, Contacts: d.Store.Contacts, Taxonomy: d.Taxonomy}
	return reader.Read(ctx, sampled)
}

// findWords returns the words that set contacts of a cause apart.
func (d *Detector) findWords(ctx context.Context, reason, product string, contacts []excerpt.Contact) ([]string, error) {
	others, err := excerpt.OtherQuotes(ctx, d.Store.Causes, d.Taxonomy, reason, product, d.Now())
	if err != nil {
		return nil, err
	}
	return excerpt.Words(d.Taxonomy, reason, contacts, others), nil
}

// readSurvivor returns the problem that remains of id after merges. It completes
// an opening that another run did not.
func (d *Detector) readSurvivor(ctx context.Context, id string) (problem.Record, error) {
	return problem.FollowMerges(ctx, id, func(ctx context.Context, id string) (problem.Record, error) {
		rec, err := d.readHeader(ctx, id)
		if err != nil || rec.Opening == "" {
			return rec, err
		}
		return d.completeOpening(ctx, rec)
	})
}

// completeOpening adds affected customers to a problem that was just opened:
// all customers with an occurrence from rec.Opening on. Opening stays set until
// all of them are added. So if a run dies, the next run completes the opening.
// A run that records an occurrence later than this read finds the problem and
// adds the customer itself.
func (d *Detector) completeOpening(ctx context.Context, rec problem.Record) (problem.Record, error) {
	if r, ok := d.Taxonomy.Reason(rec.Reason); ok && rec.Product != "" {
		if err := d.absorbGeneralProblem(ctx, r, rec.Problem); err != nil {
			return rec, fmt.Errorf("problem %s: %w", rec.ID, err)
		}
	}
	all, err := d.Store.Causes.Occurrences(ctx, rec.Reason, rec.Product, rec.Opening, afterAllSlots, maxOccurrences, d.Now())
	if err != nil {
		return rec, fmt.Errorf("complete problem %s: %w", rec.ID, err)
	}
	if err := d.updateAffected(ctx, rec.ID, groupByCustomer(all)); err != nil {
		return rec, fmt.Errorf("complete problem %s: %w", rec.ID, err)
	}
	if rec, err = d.Store.Problems.Get(ctx, rec.ID); err != nil {
		return rec, fmt.Errorf("complete problem %s: %w", rec.ID, err)
	}
	rec.Opening = ""
	if p, published := problem.ApplyGrowth(rec.Problem, false, rec.LastSeen); len(published) > 0 {
		rec.Problem = p
		rec.Events = published
	}
	return rec.Saved(), d.Store.Problems.Save(ctx, rec)
}

// absorbGeneralProblem merges the problem of the same reason without a product
// into that of a product. It does so only if the general problem is as recent
// and its cause is still unknown. A burst often opens a general problem first:
// its product shows when enough customers have named it.
func (d *Detector) absorbGeneralProblem(ctx context.Context, r taxonomy.Reason, into problem.Problem) error {
	id, err := d.Store.Causes.ProblemOfCause(ctx, r.ID, "")
	if err != nil || id == "" {
		return err
	}
	return retry.OnConflict(ctx, maxTries, func() error {
		rec, err := d.Store.Problems.Get(ctx, id)
		if err != nil || !isAbsorbable(rec, into.OpenedAt.Add(-r.Window.Duration())) {
			return err
		}
		next, published, err := problem.ApplyUpdate(rec.Problem, problem.Update{To: problem.Merged, Into: into.ID, At: d.Now().UTC()})
		if err != nil {
			return fmt.Errorf("merge problem %s into %s: %w", id, into.ID, err)
		}
		rec.Problem = next
		rec.Events = published
		return d.Store.Problems.Save(ctx, rec)
	})
}

// isAbsorbable reports whether the cause of a problem that opened since a time
// is still unknown.
func isAbsorbable(rec problem.Record, since time.Time) bool {
	undecided := rec.State == problem.Detected || rec.State == problem.Acknowledged
	return undecided && !rec.OpenedAt.Before(since)
}

// acknowledgeBy returns when a department that has a problem since a time must
// have acknowledged it.
func (d *Detector) acknowledgeBy(department string, since time.Time) time.Time {
	return d.Taxonomy.AcknowledgeBy(department, since, d.Zone)
}

// displayNames returns the names of a cause and its department in all languages.
func (d *Detector) displayNames(r taxonomy.Reason, product string) problem.Names {
	n := problem.Names{Reason: problem.Label(r.Names)}
	if dept, ok := d.Taxonomy.Department(d.Taxonomy.Owner(r.ID, product)); ok {
		n.Department = problem.Label(dept.Names)
	}
	if p, ok := d.Taxonomy.Product(product); ok {
		n.Product = problem.Label(p.Names)
	}
	return n
}

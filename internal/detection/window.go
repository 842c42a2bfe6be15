package detection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// finding is the result of examining a cause's window.
type finding struct {
	existing  string // id of the problem that the cause has already
	opens     bool   // the occurrences are enough to open or reopen the problem
	firstSlot string // the problem takes the occurrences from this slot on
}

// examination is the state of one examination of a window.
type examination struct {
	reason    taxonomy.Reason
	product   string
	rule      problem.Rule
	rises     bool            // the rule compares with the usual level
	latest    time.Time       // of the latest new occurrence
	span      time.Duration   // from the first to the latest new occurrence
	firstRead string          // the first slot that is read
	readLimit int             // how many are read
	breaks    []problem.Break // times that are left out of the usual level
	window    []problem.Occurrence
}

// startExamination returns the examination of a window to which new occurrences
// were added. It sorts them by time.
func (d *Detector) startExamination(r taxonomy.Reason, product string, added []problem.Occurrence, breaks []problem.Break) *examination {
	slices.SortFunc(added, func(a, b problem.Occurrence) int { return a.At.Compare(b.At) })
	first := added[0].At.In(d.Zone)
	latest := added[len(added)-1].At.In(d.Zone)
	rule := openingRule(r, product)
	x := &examination{
		reason: r, product: product, rule: rule, breaks: breaks,
		latest: latest, span: latest.Sub(first), firstRead: rule.FirstDay(first),
		rises: r.Detect == taxonomy.Rise && rule.Threshold > 1,
	}
	x.readLimit = readLimit(rule, x.span)
	if x.rises {
		x.firstRead = first.Format(problem.HourLayout)
		x.readLimit = maxOccurrences
	}
	return x
}

// examineWindow decides whether the occurrences of a cause open its problem.
// added are those that were just written; there is at least one. With a zero
// after it looks for a new problem, and an existing one ends the examination.
// Otherwise it decides whether to reopen the problem that was solved at that
// time, and counts only later occurrences.
func (d *Detector) examineWindow(ctx context.Context, r taxonomy.Reason, product string, added []problem.Occurrence, after time.Time, breaks ...problem.Break) (finding, error) {
	x := d.startExamination(r, product, added, breaks)
	w, err := d.Store.Causes.CauseWindow(ctx, r.ID, product, x.firstRead, x.readLimit, d.Now())
	if err != nil {
		return finding{}, fmt.Errorf("cause %s: %w", r.ID, err)
	}
	x.window = w.Occurrences
	if w.Problem != "" {
		if after.IsZero() {
			return finding{existing: w.Problem}, nil
		}
		if err := d.readOccurrences(ctx, x, x.readLimit); err != nil { // Window returned none
			return finding{}, err
		}
	}
	f, err := d.evaluateRule(ctx, x, after)
	if err != nil || !f.opens {
		return f, err
	}
	if f, err = d.discountMistaken(ctx, x, f, after); err != nil {
		return finding{}, fmt.Errorf("discount mistaken contacts of %s: %w", r.ID, err)
	}
	if !f.opens || len(w.Others) == 0 {
		return f, nil
	}
	return d.discountExplained(ctx, x, w.Others, after)
}

// readOccurrences reads the window again.
func (d *Detector) readOccurrences(ctx context.Context, x *examination, limit int) (err error) {
	x.window, err = d.Store.Causes.Occurrences(ctx, x.reason.ID, x.product, x.firstRead, afterAllSlots, limit, d.Now())
	return err
}

// evaluateRule applies the rule to the occurrences after a time, and drops all
// others from the examination.
func (d *Detector) evaluateRule(ctx context.Context, x *examination, after time.Time) (finding, error) {
	x.window = slices.DeleteFunc(x.window, func(s problem.Occurrence) bool { return !s.At.After(after) })
	if x.rises {
		return d.evaluateRise(ctx, x, after)
	}
	opens, err := d.hasEnoughCustomers(ctx, x.rule, x.window)
	return finding{opens: opens, firstSlot: "0"}, err
}

// mistakenShare is the divisor for the part of a problem's contacts that may be
// classified with another reason: one in five. Of all messages one in twenty is
// classified wrongly, of those with a reason one in ten. The share is doubled
// because the contacts of one problem say much the same.
const mistakenShare = 5

// discountMistaken evaluates the rule again with a higher threshold when other
// problems of the product may have caused wrongly classified occurrences. f is
// the finding without them.
func (d *Detector) discountMistaken(ctx context.Context, x *examination, f finding, after time.Time) (finding, error) {
	if x.product == "" || x.rule.Threshold <= 1 {
		return f, nil
	}
	mistaken, err := d.estimateMistaken(ctx, x.reason, x.product, x.rule.FirstDay(x.latest))
	if err != nil || mistaken == 0 {
		return f, err
	}
	x.rule.Threshold += mistaken
	// A higher threshold may need more occurrences than were read.
	if err := d.readOccurrences(ctx, x, max(x.readLimit, readLimit(x.rule, x.span))); err != nil {
		return finding{}, err
	}
	return d.evaluateRule(ctx, x, after)
}

// estimateMistaken returns how many contacts of the product's other problems may
// have been classified with this reason since a day.
func (d *Detector) estimateMistaken(ctx context.Context, r taxonomy.Reason, product, since string) (int, error) {
	others := d.Taxonomy.Reasons
	contacts := make([]int, len(others))
	errs := make([]error, len(others))
	lambdabatch.Each(len(others), parallel, func(i int) {
		if others[i].ID != r.ID && others[i].PerProduct {
			contacts[i], errs[i] = d.contactsSince(ctx, others[i].ID, product, since)
		}
	})
	total := 0
	for _, n := range contacts {
		total += n
	}
	return total / mistakenShare, errors.Join(errs...)
}

// contactsSince returns how many contacts the problem of a cause has had since a
// day, and 0 when the cause has no problem.
func (d *Detector) contactsSince(ctx context.Context, reason, product, day string) (contacts int, err error) {
	id, err := d.Store.Causes.ProblemOfCause(ctx, reason, product)
	if err != nil || id == "" {
		return 0, err
	}
	p, err := d.Store.Problems.Get(ctx, id)
	if lambdabatch.IsPermanent(err) { // an estimate without it is better than none
		slog.ErrorContext(ctx, "unreadable problem not counted", "problem", id, "kind", fault.KindOf(err))
		return 0, nil
	}
	for on, n := range p.PerDay {
		if on >= day {
			contacts += n
		}
	}
	return contacts, err
}

// discountExplained decides about a cause without a product when products have
// problems of the same reason, by product in others. An open one explains all
// occurrences. Closed ones explain the occurrences until the last was closed.
func (d *Detector) discountExplained(ctx context.Context, x *examination, others map[string]string, after time.Time) (finding, error) {
	var until time.Time
	for _, id := range others {
		p, err := problem.FollowMerges(ctx, id, d.readHeader)
		if err != nil || p.State.Open() {
			return finding{}, err
		}
		until = laterOf(until, p.ChangedAt)
	}
	f, err := d.evaluateRule(ctx, x, laterOf(after, until))
	if !x.rises {
		f.firstSlot = until.In(d.Zone).Format(time.DateOnly)
	}
	return f, err
}

// hasEnoughCustomers reports whether a rule of days is met. Only if it seems to
// be, it resolves merged customers and counts again.
func (d *Detector) hasEnoughCustomers(ctx context.Context, rule problem.Rule, occurrences []problem.Occurrence) (bool, error) {
	if !meetsRule(rule, occurrences, d.Zone) {
		return false, nil
	}
	if err := d.canonicalizeCustomers(ctx, occurrences); err != nil {
		return false, err
	}
	return meetsRule(rule, occurrences, d.Zone), nil
}

// canonicalizeCustomers replaces each customer id with the surviving id after
// merges. Triage may not have processed a recent merge yet.
func (d *Detector) canonicalizeCustomers(ctx context.Context, occurrences []problem.Occurrence) error {
	indexes := map[identity.CustomerID][]int{}
	for i, s := range occurrences {
		indexes[s.Customer] = append(indexes[s.Customer], i)
	}
	ids := slices.Collect(maps.Keys(indexes))
	errs := make([]error, len(ids))
	lambdabatch.Each(len(ids), parallel, func(n int) {
		c, err := d.Store.Customers.Get(ctx, ids[n])
		errs[n] = err
		for _, i := range indexes[ids[n]] {
			occurrences[i].Customer = c.ID
		}
	})
	return errors.Join(errs...)
}

// openingRule returns the rule by which a cause opens a problem. A reason of
// critical severity needs one contact. Contacts that lack a product may belong
// to any product, so that their threshold is doubled: the problem of the product
// is to be found first.
func openingRule(r taxonomy.Reason, product string) problem.Rule {
	rule := problem.Rule{Threshold: r.Threshold, Window: r.Window.Duration()}
	switch {
	case r.Severity == taxonomy.Critical:
		rule.Threshold = 1
	case r.PerProduct && product == "":
		rule.Threshold *= 2
	}
	return rule
}

// readLimit returns how many occurrences to read to decide by a rule of days.
// span is the time between the first and the last new occurrence. The limit is
// high enough to find every window that opens a problem, unless a few customers
// have very many contacts.
func readLimit(rule problem.Rule, span time.Duration) int {
	days := int((2*rule.Window+span)/(24*time.Hour)) + 2
	return 4 * rule.Threshold * days
}

// meetsRule reports whether a window that ends on any of the occurrences' days
// has enough customers.
func meetsRule(r problem.Rule, occurrences []problem.Occurrence, zone *time.Location) bool {
	sightings := toSightings(occurrences)
	ends := map[string]time.Time{}
	for _, s := range occurrences {
		ends[s.Day] = s.At.In(zone)
	}
	for _, end := range ends {
		if problem.Opens(r, sightings, end) {
			return true
		}
	}
	return false
}

func toSightings(occurrences []problem.Occurrence) []problem.Sighting {
	out := make([]problem.Sighting, len(occurrences))
	for i, s := range occurrences {
		out[i] = problem.Sighting{Customer: string(s.Customer), Day: s.Day}
	}
	return out
}

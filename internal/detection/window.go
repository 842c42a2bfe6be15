package detection

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A finding is what a look at a cause's window gives.
type finding struct {
	problem string // that the cause has already
	opens   bool
	from    string // the slot from which on who was seen belongs to it
}

// look says whether what was seen of a cause opens its problem, or opens it
// again: then only what was seen after a time counts.
func (d *Detector) look(ctx context.Context, r taxonomy.Reason, product string, seen []problem.Seen, after time.Time, breaks ...problem.Break) (finding, error) {
	slices.SortFunc(seen, func(a, b problem.Seen) int { return a.At.Compare(b.At) })
	first, latest := seen[0].At.In(d.Zone), seen[len(seen)-1].At.In(d.Zone)
	rule := ruleOf(r, product)
	rises := r.Detect == taxonomy.Rise && rule.Threshold > 1
	from, limit := rule.FirstDay(first), d.limit(rule, latest.Sub(first))
	if rises {
		from, limit = first.Format(problem.HourLayout), maxSeen
	}
	w, err := d.Store.CauseWindow(ctx, r.ID, product, from, limit, d.Now())
	if err != nil || w.Problem != "" && after.IsZero() {
		return finding{problem: w.Problem}, err
	}
	if w.Problem != "" { // a look at a problem that is solved reads past it
		if w.Seen, err = d.Store.Occurrences(ctx, r.ID, product, from, last, limit, d.Now()); err != nil {
			return finding{}, err
		}
	}
	// since looks at what was seen after a time, and takes none but that as
	// its problem's.
	since := func(after time.Time) (f finding, err error) {
		w.Seen = slices.DeleteFunc(w.Seen, func(s problem.Seen) bool { return !s.At.After(after) })
		if rises {
			f.opens, f.from, err = d.rises(ctx, r, product, rule, w.Seen, latest, after, breaks)
			return f, err
		}
		f.opens, err = d.enough(ctx, rule, w.Seen)
		return f, err
	}
	f, err := since(after)
	if err != nil || !f.opens {
		return f, err
	}
	more := 0
	if product != "" && rule.Threshold > 1 {
		if more, err = d.mistaken(ctx, r, product, rule.FirstDay(latest)); err != nil {
			return finding{}, err
		}
	}
	if more > 0 { // what is enough now may be more than was read
		rule.Threshold += more
		if w.Seen, err = d.Store.Occurrences(ctx, r.ID, product, from, last, max(limit, d.limit(rule, latest.Sub(first))), d.Now()); err != nil {
			return finding{}, err
		}
		f, err = since(after)
	}
	if !rises {
		f.from = "0"
	}
	if err != nil || !f.opens || len(w.Others) == 0 {
		return f, err
	}
	until, open, err := d.explained(ctx, w.Others)
	if open || err != nil {
		return finding{}, err
	}
	f, err = since(later(after, until))
	if !rises {
		f.from = until.In(d.Zone).Format(time.DateOnly)
	}
	return f, err
}

// mistakenShare is what part of a problem's contacts may be taken to have
// another reason: one message in twenty is, of those that are understood at all
// one in ten, and as many again since those of one problem say much the same.
const mistakenShare = 5

// mistaken returns how many contacts of the product's other problems may have
// been taken for contacts with this reason since a day.
func (d *Detector) mistaken(ctx context.Context, r taxonomy.Reason, product, since string) (int, error) {
	others := d.Taxonomy.Reasons
	contacts, errs := make([]int, len(others)), make([]error, len(others))
	batch.Each(len(others), parallel, func(i int) {
		if others[i].ID != r.ID && others[i].PerProduct {
			contacts[i], errs[i] = d.had(ctx, others[i].ID, product, since)
		}
	})
	all := 0
	for _, n := range contacts {
		all += n
	}
	return all / mistakenShare, errors.Join(errs...)
}

// had returns how many contacts the problem of a cause had since a day.
func (d *Detector) had(ctx context.Context, reason, product, since string) (contacts int, err error) {
	id, err := d.Store.ProblemOfCause(ctx, reason, product)
	if err != nil || id == "" {
		return 0, err
	}
	p, err := d.Store.Problem(ctx, id)
	for day, n := range p.PerDay {
		if day >= since {
			contacts += n
		}
	}
	return contacts, err
}

// enough reports whether enough people were seen in a window.
func (d *Detector) enough(ctx context.Context, rule problem.Rule, seen []problem.Seen) (bool, error) {
	if !opens(rule, seen, d.Zone) {
		return false, nil
	}
	if err := d.stand(ctx, seen); err != nil {
		return false, err
	}
	return opens(rule, seen, d.Zone), nil
}

// stand puts in the place of each customer who was seen the one that stands
// for all of a person's ids: the stream may not have told of a merge yet. It is
// asked only when there seem to be enough for a problem.
func (d *Detector) stand(ctx context.Context, seen []problem.Seen) error {
	at := map[identity.CustomerID][]int{}
	for i, s := range seen {
		at[s.Customer] = append(at[s.Customer], i)
	}
	ids := slices.Collect(maps.Keys(at))
	errs := make([]error, len(ids))
	batch.Each(len(ids), parallel, func(n int) {
		c, err := d.Store.Customer(ctx, ids[n])
		errs[n] = err
		for _, i := range at[ids[n]] {
			seen[i].Customer = c.ID
		}
	})
	return errors.Join(errs...)
}

// ruleOf returns the rule of a cause. One contact of critical severity is
// enough. Contacts that lack the product belong to several causes, nobody
// knows which: twice as many are asked for, so that the product's own problem
// is found first.
func ruleOf(r taxonomy.Reason, product string) problem.Rule {
	rule := problem.Rule{Threshold: r.Threshold, Window: r.Window.Duration()}
	switch {
	case r.Severity == taxonomy.Critical:
		rule.Threshold = 1
	case r.PerProduct && product == "":
		rule.Threshold *= 2
	}
	return rule
}

// limit bounds what is read of a window: so many contacts in so many days
// hold a window that is enough by itself, unless they are of few customers.
func (d *Detector) limit(rule problem.Rule, span time.Duration) int {
	days := int((2*rule.Window+span)/(24*time.Hour)) + 2
	return 4 * rule.Threshold * days
}

// opens reports whether enough customers were seen in a window that ends on
// any of the days.
func opens(r problem.Rule, seen []problem.Seen, zone *time.Location) bool {
	sightings := make([]problem.Sighting, len(seen))
	ends := map[string]time.Time{}
	for i, s := range seen {
		sightings[i] = problem.Sighting{Customer: string(s.Customer), Day: s.Day}
		ends[s.Day] = s.At.In(zone)
	}
	for _, end := range ends {
		if problem.Opens(r, sightings, end) {
			return true
		}
	}
	return false
}

// explained reports whether one of these problems is open, and else when the
// last of them was closed: until then, who named no product may well have
// meant its product.
func (d *Detector) explained(ctx context.Context, others map[string]string) (until time.Time, open bool, err error) {
	for _, id := range others {
		p, err := problem.Standing(ctx, id, d.Store.ProblemHeader)
		if err != nil || p.State.Open() {
			return until, err == nil, err
		}
		until = later(until, p.ChangedAt)
	}
	return until, false, nil
}

// rises reports whether the hours up to that of at show more customers than
// usual, and from which slot on.
func (d *Detector) rises(ctx context.Context, r taxonomy.Reason, product string, rule problem.Rule, hour []problem.Seen, at, after time.Time, breaks []problem.Break) (bool, string, error) {
	known, err := d.since(ctx, at)
	if err != nil {
		return false, "", err
	}
	usual, err := d.levels(ctx, r.ID, product, at)
	if err != nil {
		return false, "", err
	}
	levels := problem.Levels{}
	for day, l := range usual {
		levels[day] = l
	}
	count(levels, hour)
	rise, ok := rule.Rises(levels, known, at, breaks...)
	if !ok {
		return false, "", nil
	}
	// Whoever comes back every hour is counted by the hour; so look again at
	// who they are.
	slot := later(rise.Since, after).In(d.Zone).Format(problem.HourLayout)
	who, err := d.Store.Occurrences(ctx, r.ID, product, slot, last, maxSeen, d.Now())
	enough := func() bool {
		n := problem.Distinct(problem.Rule{Window: 8 * 24 * time.Hour}, sightings(who), at)
		return float64(n) >= float64(rule.Threshold)+rise.Usual
	}
	if err != nil || !enough() {
		return false, "", err
	}
	err = d.stand(ctx, who)
	return err == nil && enough(), slot, err
}

func sightings(seen []problem.Seen) []problem.Sighting {
	out := make([]problem.Sighting, len(seen))
	for i, s := range seen {
		out[i] = problem.Sighting{Customer: string(s.Customer), Day: s.Day}
	}
	return out
}

// count puts the customers of hours that are not over into the levels.
func count(levels problem.Levels, seen []problem.Seen) {
	counted := map[string]map[string]bool{}
	for _, s := range seen {
		if counted[s.Slot()] == nil {
			counted[s.Slot()] = map[string]bool{}
		}
		counted[s.Slot()][string(s.Customer)] = true
	}
	for slot, who := range counted {
		at, err := time.Parse(problem.HourLayout, slot)
		if err != nil {
			continue // counted by the day: the reason's detection was another then
		}
		l := levels[slot[:10]]
		l[at.Hour()] = len(who)
		levels[slot[:10]] = l
	}
}

// A LevelCache keeps what costs reading and does not change within an hour.
type LevelCache struct {
	mu     sync.Mutex
	since  time.Time
	levels map[Cause]known
}

type known struct {
	levels problem.Levels
	hour   string
}

// maxRemembered bounds the causes in the memory.
const maxRemembered = 2000

// since returns since when causes are counted.
func (d *Detector) since(ctx context.Context, at time.Time) (time.Time, error) {
	d.Levels.mu.Lock()
	defer d.Levels.mu.Unlock()
	if !d.Levels.since.IsZero() {
		return d.Levels.since, nil
	}
	since, err := d.Store.CountingStart(ctx, at)
	if err == nil {
		d.Levels.since = since
	}
	return since, err
}

// leastKept is how many customers are kept as a level rather than counted
// again: a write costs as much as reading some two hundred of them. When a day
// is over, its level is kept in any case.
const leastKept = 100

// levels returns the levels of a cause up to the hour of at, which is left
// out, and writes down those of hours that are over since somebody looked.
func (d *Detector) levels(ctx context.Context, reason, product string, at time.Time) (problem.Levels, error) {
	c, hour := Cause{reason, product}, at.Format(problem.HourLayout)
	d.Levels.mu.Lock()
	k, ok := d.Levels.levels[c]
	d.Levels.mu.Unlock()
	if ok && k.hour == hour {
		return k.levels, nil
	}
	begin := at.AddDate(0, 0, -problem.LevelDays).Format(time.DateOnly)
	levels, through, err := d.Store.Levels(ctx, reason, product, begin, d.Now())
	if err != nil {
		return nil, err
	}
	if through < hour {
		if through == "" {
			through = begin
		}
		fresh, err := d.Store.OccurrencesPerHour(ctx, reason, product, through, hour, d.Now())
		if err != nil {
			return nil, err
		}
		if err := d.writeLevels(ctx, c, levels, fresh, through, hour, at); err != nil {
			return nil, err
		}
	}
	d.Levels.mu.Lock()
	defer d.Levels.mu.Unlock()
	if d.Levels.levels == nil || len(d.Levels.levels) > maxRemembered {
		d.Levels.levels = map[Cause]known{}
	}
	d.Levels.levels[c] = known{levels, hour}
	return levels, nil
}

// writeLevels adds hours to levels, and keeps the days that they changed: that
// of the hour last, since it says how far the others are known. A few customers
// of one day are not kept yet.
func (d *Detector) writeLevels(ctx context.Context, c Cause, levels, fresh problem.Levels, through, hour string, at time.Time) error {
	expires := later(at, d.Now()).AddDate(0, 0, problem.LevelDays+7)
	today, counted := hour[:10], 0
	for day, l := range fresh {
		sum := levels[day]
		for h, n := range l {
			sum[h] += n
			counted += n
		}
		levels[day] = sum
		if day == today {
			continue
		}
		if err := d.Store.PutLevel(ctx, c.Reason, c.Product, day, sum, day+"T24", expires); err != nil {
			return err
		}
	}
	if counted < leastKept && strings.HasPrefix(through, today) {
		return nil
	}
	return d.Store.PutLevel(ctx, c.Reason, c.Product, today, levels[today], hour, expires)
}

package detection

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/problem"
)

// evaluateRise reports whether the hours up to the latest occurrence have more
// customers than usual, and from which slot on.
func (d *Detector) evaluateRise(ctx context.Context, x *examination, after time.Time) (finding, error) {
	countedSince, err := d.countedSince(ctx, x.latest)
	if err != nil {
		return finding{}, fmt.Errorf("read the start of counting: %w", err)
	}
	usual, err := d.readLevels(ctx, Cause{x.reason.ID, x.product}, x.latest)
	if err != nil {
		return finding{}, fmt.Errorf("read the usual numbers of %s: %w", x.reason.ID, err)
	}
	levels := problem.Levels{}
	for day, l := range usual {
		levels[day] = l
	}
	addCurrentHours(levels, x.window)
	rise, ok := x.rule.Rises(levels, countedSince, x.latest, x.breaks...)
	if !ok {
		return finding{}, nil
	}
	// Levels count customers by the hour, so that one who returns every hour
	// counts every hour. Count the distinct customers of the rise.
	slot := laterOf(rise.Since, after).In(d.Zone).Format(problem.HourLayout)
	occurrences, err := d.Store.Causes.Occurrences(ctx, x.reason.ID, x.product, slot, afterAllSlots, maxOccurrences, d.Now())
	if err != nil {
		return finding{}, fmt.Errorf("read the rise of %s: %w", x.reason.ID, err)
	}
	enough := func() bool {
		n := problem.Distinct(problem.Rule{Window: 8 * 24 * time.Hour}, toSightings(occurrences), x.latest)
		return float64(n) >= float64(x.rule.Threshold)+rise.Usual
	}
	if !enough() {
		return finding{}, nil
	}
	if err := d.canonicalizeCustomers(ctx, occurrences); err != nil {
		return finding{}, err
	}
	return finding{opens: enough(), firstSlot: slot}, nil
}

// addCurrentHours sets the hours of occurrences in levels to their number of
// distinct customers.
func addCurrentHours(levels problem.Levels, occurrences []problem.Occurrence) {
	customers := map[string]map[string]bool{}
	for _, s := range occurrences {
		if customers[s.Slot()] == nil {
			customers[s.Slot()] = map[string]bool{}
		}
		customers[s.Slot()][string(s.Customer)] = true
	}
	for slot, distinct := range customers {
		at, err := time.Parse(problem.HourLayout, slot)
		if err != nil {
			continue // the slot is a day: an older taxonomy detected the reason by days
		}
		day := slot[:len(time.DateOnly)]
		l := levels[day]
		l[at.Hour()] = len(distinct)
		levels[day] = l
	}
}

// LevelCache holds the levels of causes, which do not change within an hour. The
// zero value is empty and ready to use, also concurrently.
type LevelCache struct {
	mu           sync.Mutex
	countedSince time.Time
	levels       map[Cause]cachedLevels
}

type cachedLevels struct {
	levels problem.Levels
	hour   string // the first hour that is not included
}

// maxCachedCauses limits the causes in the cache.
const maxCachedCauses = 2000

func (c *LevelCache) lookupLevels(cause Cause, hour string) (problem.Levels, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cached, ok := c.levels[cause]
	return cached.levels, ok && cached.hour == hour
}

func (c *LevelCache) storeLevels(cause Cause, hour string, levels problem.Levels) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.levels == nil || len(c.levels) > maxCachedCauses {
		c.levels = map[Cause]cachedLevels{}
	}
	c.levels[cause] = cachedLevels{levels, hour}
}

// countedSince returns since when occurrences are recorded in the table. Levels
// of earlier hours are unknown, not zero. The first call sets it to at if the
// table has no such time yet.
func (d *Detector) countedSince(ctx context.Context, at time.Time) (time.Time, error) {
	d.Levels.mu.Lock()
	defer d.Levels.mu.Unlock()
	if !d.Levels.countedSince.IsZero() {
		return d.Levels.countedSince, nil
	}
	since, err := d.Store.Causes.CountingStart(ctx, at)
	if err == nil {
		d.Levels.countedSince = since
	}
	return since, err
}

// minStored is how many customers the hours of the current day must have for
// their level to be stored. Below that, counting them again costs less than the
// write: one write costs as much as reading some two hundred. The level of a
// day that is over is stored in any case.
const minStored = 100

// readLevels returns the levels of a cause for all hours before that of at. It
// computes and stores the hours that are missing in the table.
func (d *Detector) readLevels(ctx context.Context, c Cause, at time.Time) (problem.Levels, error) {
	hour := at.Format(problem.HourLayout)
	if levels, ok := d.Levels.lookupLevels(c, hour); ok {
		return levels, nil
	}
	firstDay := at.AddDate(0, 0, -problem.LevelDays).Format(time.DateOnly)
	levels, through, err := d.Store.Causes.Levels(ctx, c.Reason, c.Product, firstDay, d.Now())
	if err != nil {
		return nil, fmt.Errorf("read the levels of cause %s: %w", c.Reason, err)
	}
	if through < hour {
		if through == "" {
			through = firstDay
		}
		missing, err := d.Store.Causes.OccurrencesPerHour(ctx, c.Reason, c.Product, through, hour, d.Now())
		if err != nil {
			return nil, fmt.Errorf("count the hours of %s: %w", c.Reason, err)
		}
		if err := d.writeLevels(ctx, c, levels, missing, through, at); err != nil {
			return nil, fmt.Errorf("store the levels of %s: %w", c.Reason, err)
		}
	}
	d.Levels.storeLevels(c, hour, levels)
	return levels, nil
}

// writeLevels adds missing hours, which begin at the slot through, to levels. It
// stores the days that change. The day of at is stored last, because its item
// says through which hour all levels are known. While it has few customers and
// no other day is missing, it is not stored.
func (d *Detector) writeLevels(ctx context.Context, c Cause, levels, missing problem.Levels, through string, at time.Time) error {
	hour := at.Format(problem.HourLayout)
	today := at.Format(time.DateOnly)
	expires := laterOf(at, d.Now()).AddDate(0, 0, problem.LevelDays+7)
	counted := 0
	for day, l := range missing {
		sum := levels[day]
		for h, n := range l {
			sum[h] += n
			counted += n
		}
		levels[day] = sum
		if day == today {
			continue
		}
		if err := d.Store.Causes.PutLevel(ctx, c.Reason, c.Product, day, sum, day+"T24", expires); err != nil {
			return fmt.Errorf("store day %s: %w", day, err)
		}
	}
	if counted < minStored && strings.HasPrefix(through, today) {
		return nil
	}
	return d.Store.Causes.PutLevel(ctx, c.Reason, c.Product, today, levels[today], hour, expires)
}

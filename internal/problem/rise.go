package problem

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Level holds how many distinct customers were seen with a cause in each
// hour of one day, in the organisation's time zone.
type Level [24]int

// Levels are the levels of days, like 2026-03-01; a day that is not there had
// nobody.
type Levels map[string]Level

// LevelDays is how many days back levels are looked at: four weeks of the
// same weekdays, of which the earliest begins up to a week earlier.
const LevelDays = 35

// Bounds of what counts as a rise; docs/adr says why these.
const (
	usualWeeks  = 4    // that are compared with
	leastWeeks  = 2    // that must be known, or nothing is usual yet
	rareTail    = 1e-5 // chance of as many by accident
	leastFactor = 1.5  // times the usual level
	drift       = 0.01 // squared relative deviation that one week may have from another
)

// spans are how long contacts are counted together, in hours: what is sudden
// shows in the first, what is slow in the last.
var spans = [...]int{1, 6, 24, 168}

// A Rise is a number of distinct customers that is more than usual.
type Rise struct {
	Since time.Time // beginning of the hours that show it
	Seen  int       // customers in those hours; one who comes back hours later counts again
	Usual float64   // mean of the same hours of the weeks before
}

// Rises reports whether more customers were seen in the hours up to at than is
// usual in the same hours of the same weekday, and in which hours. known is
// since when levels are kept; hours within one of the breaks are no measure of
// what is usual, since a problem was open then.
//
// The number is taken for a draw from a negative binomial distribution whose
// mean is that of the past weeks, and whose deviation is what these weeks
// show, but at least a little: a week is never quite like another. It is a
// rise when as many come by accident once in a hundred thousand times, when it is half as
// many again as usual and the rule's threshold more, and when no other such
// span of the past weeks had as many: so that Mondays, mornings and the first
// of the month are no news.
func (r Rule) Rises(levels Levels, known, at time.Time, breaks ...Break) (Rise, bool) {
	h := levels.hours(known, at, breaks)
	for _, n := range spans {
		seen := h.sum(0, n)
		if seen < r.Threshold {
			continue
		}
		var past []int
		for week := 1; week <= usualWeeks; week++ {
			if h.whole(week*weekHours, n) {
				past = append(past, h.sum(week*weekHours, n))
			}
		}
		if len(past) < leastWeeks {
			continue
		}
		usual, deviation := spread(past)
		if float64(seen) < leastFactor*usual || float64(seen)-usual < float64(r.Threshold) ||
			tail(seen, usual, deviation) > rareTail || h.most(n, n) >= seen {
			continue
		}
		return Rise{Since: at.Truncate(time.Hour).Add(-time.Duration(n-1) * time.Hour), Seen: seen, Usual: usual}, true
	}
	return Rise{}, false
}

// A Break is a time in which a problem of the cause was open.
type Break struct{ From, To time.Time }

// hours are the levels hour by hour, backwards from the one that is tested.
// They go by the clock on the wall: the hour that is left out in spring had
// nobody, and the one that comes twice in autumn counts as one.
type hours struct {
	seen  []int
	blank []bool // tells nothing of what is usual
}

const weekHours = 7 * 24

func (l Levels) hours(known, at time.Time, breaks []Break) hours {
	var h hours
	knownDay, knownHour := known.In(at.Location()).Format(time.DateOnly), known.In(at.Location()).Hour()
	noon := time.Date(at.Year(), at.Month(), at.Day(), 12, 0, 0, 0, at.Location())
	for back := range LevelDays + 1 {
		begin := noon.AddDate(0, 0, -back)
		day := begin.Format(time.DateOnly)
		level := l[day]
		begin = begin.Add(-12 * time.Hour)
		latest := 23
		if back == 0 {
			latest = at.Hour()
		}
		for hour := latest; hour >= 0; hour-- {
			t := begin.Add(time.Duration(hour) * time.Hour)
			blank := day < knownDay || day == knownDay && hour < knownHour
			for _, b := range breaks {
				blank = blank || t.Before(b.To) && b.From.Before(t.Add(time.Hour))
			}
			h.seen, h.blank = append(h.seen, level[hour]), append(h.blank, blank)
		}
	}
	return h
}

// sum counts n hours, the latest of which lies as many back.
func (h hours) sum(back, n int) int {
	sum := 0
	for _, x := range h.seen[back : back+n] {
		sum += x
	}
	return sum
}

// whole reports whether all of these hours tell what is usual.
func (h hours) whole(back, n int) bool {
	return back+n <= len(h.seen) && !slices.Contains(h.blank[back:back+n], true)
}

// most returns the most that any n hours had which end as many back or
// earlier.
func (h hours) most(back, n int) int {
	sum, most := 0, 0
	at := func(i int) int {
		if h.blank[i] {
			return 0
		}
		return h.seen[i]
	}
	for i := back; i < len(h.seen); i++ {
		sum += at(i)
		if i-back >= n {
			sum -= at(i - n)
		}
		most = max(most, sum)
	}
	return most
}

// spread returns the mean of the past, and its squared relative deviation:
// half of what the weeks show beyond chance, since so few weeks show it badly,
// and that of the mean itself, which is known the worse the less was seen.
func spread(past []int) (mean, deviation float64) {
	sum := 0.0
	for _, x := range past {
		sum += float64(x)
	}
	sum += 0.5 // nothing seen is not never
	mean = sum / float64(len(past))
	variance := 0.0
	for _, x := range past {
		variance += (float64(x) - mean) * (float64(x) - mean)
	}
	variance /= float64(len(past) - 1)
	return mean, max(drift, (variance-mean)/(mean*mean)/2) + 1/sum
}

// tail returns the chance of n or more from a negative binomial distribution
// of that mean and squared relative deviation beyond Poisson's.
func tail(n int, mean, deviation float64) float64 {
	size := 1 / deviation
	p := mean / (mean + size)
	at := func(k float64) float64 { // ln of the chance of k
		a, _ := math.Lgamma(k + size)
		b, _ := math.Lgamma(size)
		c, _ := math.Lgamma(k + 1)
		return a - b - c + k*math.Log(p) + size*math.Log1p(-p)
	}
	total, term := 0.0, math.Exp(at(float64(n)))
	for k := float64(n); k < float64(n)+10_000; k++ {
		total += term
		term *= p * (k + size) / (k + 1)
		if term < total*1e-6 {
			break
		}
	}
	return total
}

// String returns the level in a short form, which ParseLevel reads.
func (l Level) String() string {
	parts := make([]string, len(l))
	for i, n := range l {
		if n > 0 {
			parts[i] = strconv.Itoa(n)
		}
	}
	return strings.Join(parts, ",")
}

// ParseLevel reads a level; what is no number counts nothing.
func ParseLevel(s string) Level {
	var l Level
	i := 0
	for part := range strings.SplitSeq(s, ",") {
		if n, err := strconv.Atoi(part); err == nil && i < len(l) && n > 0 {
			l[i] = n
		}
		i++
	}
	return l
}

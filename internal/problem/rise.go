package problem

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Level has the number of distinct customers that had a cause in each hour of one
// day, in the organisation's time zone.
type Level [24]int

// Levels has the level of each day, like 2026-03-01. A day without a level had no
// customers.
type Levels map[string]Level

// LevelDays is how many days of levels [Rule.Rises] needs: four weeks to compare
// with, and up to a week before the earliest.
const LevelDays = 35

// Bounds of a rise; docs/adr has the reasons.
const (
	usualWeeks  = 4    // to compare with
	leastWeeks  = 2    // that must be known
	rareTail    = 1e-5 // probability of as many by chance, at most
	leastFactor = 1.5  // times the usual number, at least
	drift       = 0.01 // squared relative deviation between two weeks, at least
)

// spans are the numbers of hours that are counted together. A sudden rise shows in
// the short ones, a slow one in the long ones.
var spans = [...]int{1, 6, 24, 168}

// A Rise is a span of hours with more distinct customers than usual.
type Rise struct {
	Since time.Time // the beginning of the span
	Seen  int       // customers in the span; one that returns hours later counts again
	Usual float64   // mean of the same hours of the weeks before
}

// Rises reports whether the hours up to at had more customers than the same hours
// of the same weekday usually have, and returns the shortest span that shows it.
// Known is when levels began to be stored. Hours in a break are not compared with,
// since a problem was open then.
//
// The number of customers is taken as a draw from a negative binomial distribution.
// Its mean is that of the past four weeks, and its deviation is that between these
// weeks, with a minimum. A span is a rise if all of this is true:
//
//   - It has as many customers as the rule's threshold, and exceeds the usual number
//     by at least the threshold.
//   - It has at least half as many again as usual.
//   - As many come by chance at most once in a hundred thousand times.
//   - No other span of the same length in the past weeks had as many. So Mondays,
//     mornings and the first of the month are not reported.
func (r Rule) Rises(levels Levels, known, at time.Time, breaks ...Break) (Rise, bool) {
	h := levels.hours(known, at, breaks)
	for _, n := range spans {
		seen := h.sumHours(0, n)
		if seen < r.Threshold {
			continue
		}
		var past []int
		for week := 1; week <= usualWeeks; week++ {
			if h.isComparable(week*weekHours, n) {
				past = append(past, h.sumHours(week*weekHours, n))
			}
		}
		if len(past) < leastWeeks {
			continue
		}
		usual, deviation := estimateUsual(past)
		isMore := float64(seen) >= leastFactor*usual && float64(seen)-usual >= float64(r.Threshold)
		if !isMore || tailProbability(seen, usual, deviation) > rareTail || h.maxSum(n, n) >= seen {
			continue
		}
		return Rise{Since: at.Truncate(time.Hour).Add(-time.Duration(n-1) * time.Hour), Seen: seen, Usual: usual}, true
	}
	return Rise{}, false
}

// A Break is a period in which a problem of the cause was open.
type Break struct{ From, To time.Time }

// hours has the levels hour by hour, backwards from the hour that is tested. It
// follows local time: the hour that is skipped in spring has no customers, and the
// hour that is repeated in autumn counts as one.
type hours struct {
	seen  []int
	blank []bool // not to be compared with
}

const weekHours = 7 * 24

func (l Levels) hours(known, at time.Time, breaks []Break) hours {
	var h hours
	local := known.In(at.Location())
	knownDay := local.Format(time.DateOnly)
	knownHour := local.Hour()
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
			blank := day < knownDay || (day == knownDay && hour < knownHour)
			for _, b := range breaks {
				blank = blank || (t.Before(b.To) && b.From.Before(t.Add(time.Hour)))
			}
			h.seen = append(h.seen, level[hour])
			h.blank = append(h.blank, blank)
		}
	}
	return h
}

// sumHours returns the customers of n hours, of which the latest is back hours
// before the tested one.
func (h hours) sumHours(back, n int) int {
	sum := 0
	for _, x := range h.seen[back : back+n] {
		sum += x
	}
	return sum
}

// isComparable reports whether none of these hours is blank.
func (h hours) isComparable(back, n int) bool {
	return back+n <= len(h.seen) && !slices.Contains(h.blank[back:back+n], true)
}

// maxSum returns the largest number of customers of any n hours that end back hours
// before the tested one or earlier.
func (h hours) maxSum(back, n int) int {
	sum := 0
	most := 0
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

// estimateUsual returns the mean of the past weeks and a squared relative deviation.
// The deviation has two parts: half of the variance beyond Poisson's, because few
// weeks overestimate it, and the uncertainty of the mean, which is larger the fewer
// customers there were.
func estimateUsual(past []int) (mean, deviation float64) {
	sum := 0.0
	for _, x := range past {
		sum += float64(x)
	}
	sum += 0.5 // a cause without customers is still possible
	mean = sum / float64(len(past))
	variance := 0.0
	for _, x := range past {
		variance += (float64(x) - mean) * (float64(x) - mean)
	}
	variance /= float64(len(past) - 1)
	return mean, max(drift, (variance-mean)/(mean*mean)/2) + 1/sum
}

// tailProbability returns the probability of n or more in a negative binomial
// distribution with that mean and squared relative deviation beyond Poisson's.
func tailProbability(n int, mean, deviation float64) float64 {
	size := 1 / deviation
	p := mean / (mean + size)
	at := func(k float64) float64 { // ln of the probability of k
		a, _ := math.Lgamma(k + size)
		b, _ := math.Lgamma(size)
		c, _ := math.Lgamma(k + 1)
		return a - b - c + k*math.Log(p) + size*math.Log1p(-p)
	}
	total := 0.0
	term := math.Exp(at(float64(n)))
	for k := float64(n); k < float64(n)+10_000; k++ {
		total += term
		term *= p * (k + size) / (k + 1)
		if term < total*1e-6 {
			break
		}
	}
	return total
}

// String returns the level in a short form that [ParseLevel] reads: the hours in
// order, separated by commas, with nothing for an hour without customers.
func (l Level) String() string {
	parts := make([]string, len(l))
	for i, n := range l {
		if n > 0 {
			parts[i] = strconv.Itoa(n)
		}
	}
	return strings.Join(parts, ",")
}

// ParseLevel reads the result of [Level.String]. An hour that is not a number counts
// as 0.
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

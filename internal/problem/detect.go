package problem

import "time"

// A Rule is the number of distinct customers within a window that opens a problem.
type Rule struct {
	Threshold int
	Window    time.Duration // whole days
}

// A Sighting is a customer that had a cause on one day.
type Sighting struct {
	Customer string
	Day      string // in the organisation's time zone, like 2026-03-01
}

// Opens reports whether the customers seen within the window are enough. The
// window ends with the day of now, in now's own time zone.
func Opens(rule Rule, seen []Sighting, now time.Time) bool {
	return rule.Threshold > 0 && Distinct(rule, seen, now) >= rule.Threshold
}

// Distinct returns how many customers were seen within the window.
func Distinct(rule Rule, seen []Sighting, now time.Time) int {
	first := rule.FirstDay(now)
	last := now.Format(time.DateOnly)
	customers := make(map[string]bool, rule.Threshold)
	for _, s := range seen {
		if first <= s.Day && s.Day <= last {
			customers[s.Customer] = true
		}
	}
	return len(customers)
}

// FirstDay returns the first day of the window that ends with the day of now.
func (r Rule) FirstDay(now time.Time) string {
	days := int(r.Window / (24 * time.Hour))
	return now.AddDate(0, 0, 1-max(days, 1)).Format(time.DateOnly)
}

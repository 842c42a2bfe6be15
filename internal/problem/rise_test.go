package problem_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/problem"
)

// A crowd draws the number of customers of an hour.
type crowd struct{ *rand.Rand }

func (c crowd) poisson(mean float64) int {
	n, p, least := 0, 1.0, math.Exp(-mean)
	for p *= c.Float64(); p > least; p *= c.Float64() {
		n++
	}
	return n
}

// weekly is the traffic of a web shop: quiet nights, busy Mondays.
func weekly(t time.Time, perDay float64) float64 {
	day := [...]float64{0.6, 1.6, 1.2, 1, 1, 0.9, 0.7}[t.Weekday()]
	hour := [...]float64{0, 0, 0, 0, 0, 0, 0.2, 0.6, 1.2, 2, 2.2, 2, 1.6, 1.8, 1.8, 1.7, 1.5, 1.3, 1.4, 1.8, 1.6, 0.8, 0.4, 0.1}[t.Hour()]
	return perDay * day * hour / 24
}

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// play counts hour by hour, and returns the time of the first rise.
func play(c crowd, days int, rate func(time.Time) float64) (time.Time, problem.Rise, bool) {
	levels := problem.Levels{}
	rule := problem.Rule{Threshold: 5}
	for t := monday; t.Before(monday.AddDate(0, 0, days)); t = t.Add(time.Hour) {
		day := t.Format(time.DateOnly)
		l := levels[day]
		l[t.Hour()] = c.poisson(rate(t))
		levels[day] = l
		if rise, ok := rule.Rises(levels, monday, t.Add(59*time.Minute)); ok {
			return t, rise, true
		}
	}
	return time.Time{}, problem.Rise{}, false
}

func TestRises_UsualTraffic(t *testing.T) {
	t.Parallel()
	for name, rate := range map[string]func(time.Time) float64{
		"one a week":            func(t time.Time) float64 { return weekly(t, 0.15) },
		"two a day":             func(t time.Time) float64 { return weekly(t, 2) },
		"twenty a day":          func(t time.Time) float64 { return weekly(t, 20) },
		"five hundred a day":    func(t time.Time) float64 { return weekly(t, 500) },
		"slowly more each week": func(t time.Time) float64 { return weekly(t, 40) * (1 + 0.05*t.Sub(monday).Hours()/168) },
		"four times as many on the first of the month": func(t time.Time) float64 {
			if t.Day() == 1 {
				return weekly(t, 160)
			}
			return weekly(t, 40)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(8) {
				from := 0
				if name == "four times as many on the first of the month" {
					from = 40 // the first month it is news
				}
				at, rise, ok := play(crowd{rand.New(rand.NewPCG(seed, 1))}, 90, func(t time.Time) float64 {
					if t.Before(monday.AddDate(0, 0, from)) {
						return weekly(t, 40) * map[bool]float64{false: 1, true: 4}[from > 0 && t.Day() == 1 && t.Month() == time.February]
					}
					return rate(t)
				})
				if ok && (from == 0 || at.Month() != time.February) {
					t.Errorf("seed %d: %s: %+v", seed, at, rise)
				}
			}
		})
	}
}

func TestRises_MoreThanUsual(t *testing.T) {
	t.Parallel()
	begin := monday.AddDate(0, 0, 44).Add(9 * time.Hour) // a Wednesday, at nine
	for _, tt := range []struct {
		name        string
		usual, more float64 // a day
		within      time.Duration
	}{
		{"a sudden one of a rare cause", 0.1, 60, 6 * time.Hour},
		{"a slow one of a rare cause", 0.1, 4, 7 * 24 * time.Hour},
		{"a sudden one of an everyday cause", 100, 500, 6 * time.Hour},
		{"one that doubles an everyday cause", 100, 100, 72 * time.Hour},
		{"a slow one of an everyday cause", 20, 20, 7 * 24 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(8) {
				at, rise, ok := play(crowd{rand.New(rand.NewPCG(seed, 2))}, 60, func(t time.Time) float64 {
					rate := weekly(t, tt.usual)
					if !t.Before(begin) {
						rate += weekly(t, tt.more)
					}
					return rate
				})
				if !ok || at.Before(begin) || at.Sub(begin) > tt.within || float64(rise.Seen) < rise.Usual {
					t.Errorf("seed %d: %v after %s: %+v", seed, ok, at.Sub(begin), rise)
				}
			}
		})
	}
}

func TestRises_FirstWeeks(t *testing.T) {
	t.Parallel()
	if at, rise, ok := play(crowd{rand.New(rand.NewPCG(1, 3))}, 14, func(t time.Time) float64 { return weekly(t, 300) * t.Sub(monday).Hours() / 168 }); ok {
		t.Errorf("%s: %+v", at, rise)
	}
}

func TestRises_Breaks(t *testing.T) {
	t.Parallel()
	levels := problem.Levels{}
	for d := range 50 {
		for h := 8; h < 18; h++ {
			l := levels[monday.AddDate(0, 0, d).Format(time.DateOnly)]
			l[h] = 2
			if d >= 30 && d < 36 || d == 49 {
				l[h] = 20 // a problem, and its return
			}
			levels[monday.AddDate(0, 0, d).Format(time.DateOnly)] = l
		}
	}
	at := monday.AddDate(0, 0, 49).Add(12 * time.Hour)
	open := problem.Break{From: monday.AddDate(0, 0, 30), To: monday.AddDate(0, 0, 36)}
	rule := problem.Rule{Threshold: 5}
	if _, ok := rule.Rises(levels, monday, at); ok {
		t.Error("a second time is news without the break")
	}
	if _, ok := rule.Rises(levels, monday, at, open); !ok {
		t.Error("its return is no news with the break")
	}
}

func TestParseLevel(t *testing.T) {
	t.Parallel()
	l := problem.Level{3: 7, 23: 1200}
	if got := problem.ParseLevel(l.String()); got != l {
		t.Errorf("%v, then %v", l, got)
	}
	if got := problem.ParseLevel("x,-3,4" + string(make([]byte, 99))); got != (problem.Level{2: 0}) && got != (problem.Level{2: 4}) {
		t.Errorf("%v", got)
	}
}

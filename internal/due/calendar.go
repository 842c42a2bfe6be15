package due

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Calendar says when people work. The zero value is Monday to Friday from
// nine to five.
type Calendar struct {
	Days     []string `yaml:"days" json:"days,omitempty"`         // mon, tue, ...
	Hours    string   `yaml:"hours" json:"hours,omitempty"`       // 09:00-17:00
	Holidays []string `yaml:"holidays" json:"holidays,omitempty"` // 2026-12-25
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// IsZero reports whether c says nothing.
func (c Calendar) IsZero() bool { return len(c.Days)+len(c.Holidays) == 0 && c.Hours == "" }

// Check calls wrong for each field that cannot be read, with the remedy.
func (c Calendar) Check(wrong func(field, msg string)) {
	for _, d := range c.Days {
		if !slices.Contains(weekdays, d) {
			wrong("days", fmt.Sprintf("%q is no day; use mon, tue, wed, thu, fri, sat, sun", d))
		}
	}
	if _, _, err := c.hours(); err != nil {
		wrong("hours", fmt.Sprintf("is %q; write them like 09:00-17:00, within one day", c.Hours))
	}
	for _, h := range c.Holidays {
		if _, err := time.Parse(time.DateOnly, h); err != nil {
			wrong("holidays", fmt.Sprintf("%q is no day; write one like 2026-12-25", h))
		}
	}
}

// hours returns the hours as minutes of the day.
func (c Calendar) hours() (from, to int, err error) {
	text := c.Hours
	if text == "" {
		text = "09:00-17:00"
	}
	first, last, _ := strings.Cut(text, "-")
	for _, h := range []struct {
		text string
		to   *int
	}{{first, &from}, {last, &to}} {
		if h.text == "24:00" {
			*h.to = 24 * 60
			continue
		}
		t, err := time.Parse("15:04", h.text)
		if err != nil {
			return 0, 0, err
		}
		*h.to = t.Hour()*60 + t.Minute()
	}
	if to <= from {
		return 0, 0, fmt.Errorf("no time between %s and %s", first, last)
	}
	return from, to, nil
}

// maxSearch is how many days ahead are looked at.
const maxSearch = 3 * 366

// After returns when so much working time has passed since a moment, in a
// time zone. Time is what the clock on the wall takes: where it is put back
// during working hours, those hours are longer. A calendar that nobody ever
// works by, or that [Calendar.Check] refuses, counts all time.
func (c Calendar) After(since time.Time, work time.Duration, zone *time.Location) time.Time {
	from, to, err := c.hours()
	if err != nil {
		return since.Add(work)
	}
	left := work
	year, month, first := since.In(zone).Date()
	for i := range maxSearch {
		noon := time.Date(year, month, first+i, 12, 0, 0, 0, zone)
		if !c.works(noon) {
			continue
		}
		y, m, d := noon.Date()
		begin, end := time.Date(y, m, d, 0, from, 0, 0, zone), time.Date(y, m, d, 0, to, 0, 0, zone)
		if begin.Before(since) {
			begin = since
		}
		switch today := end.Sub(begin); {
		case today < 0 || today == 0 && left > 0:
		case left <= today:
			return begin.Add(left)
		default:
			left -= today
		}
	}
	return since.Add(work)
}

func (c Calendar) works(day time.Time) bool {
	if slices.Contains(c.Holidays, day.Format(time.DateOnly)) {
		return false
	}
	if len(c.Days) == 0 {
		return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	}
	return slices.Contains(c.Days, weekdays[day.Weekday()])
}

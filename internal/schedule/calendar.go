package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Calendar holds the working hours of a department. The zero value means
// Monday to Friday, 09:00 to 17:00.
type Calendar struct {
	Days     []string `yaml:"days" json:"days,omitempty"`         // mon, tue, ...
	Hours    string   `yaml:"hours" json:"hours,omitempty"`       // 09:00-17:00
	Holidays []string `yaml:"holidays" json:"holidays,omitempty"` // 2026-12-25
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// IsZero reports whether no field of c is set.
func (c Calendar) IsZero() bool { return len(c.Days)+len(c.Holidays) == 0 && c.Hours == "" }

// Check calls wrong for each value that is not valid. field is the YAML name of
// the field, and msg describes the error and the remedy.
func (c Calendar) Check(wrong func(field, msg string)) {
	for _, d := range c.Days {
		if !slices.Contains(weekdays, d) {
			wrong("days", fmt.Sprintf("%q is not a weekday; use mon, tue, wed, thu, fri, sat, sun", d))
		}
	}
	if _, _, err := c.parseHours(); err != nil {
		wrong("hours", fmt.Sprintf("is %q; write one period within a day, like 09:00-17:00", c.Hours))
	}
	for _, h := range c.Holidays {
		if _, err := time.Parse(time.DateOnly, h); err != nil {
			wrong("holidays", fmt.Sprintf("%q is not a date; write one like 2026-12-25", h))
		}
	}
}

// parseHours returns the working hours in minutes since midnight.
func (c Calendar) parseHours() (from, to int, err error) {
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
		return 0, 0, fmt.Errorf("hours end at %s, not after they begin at %s", last, first)
	}
	return from, to, nil
}

// maxSearchDays limits how far ahead [Calendar.After] searches for workdays.
const maxSearchDays = 3 * 366

// After returns the time at which an amount of working time, work, has passed since
// the given time. Working hours are local to zone. They count elapsed time: a
// working period in which the clocks go back is an hour longer.
//
// If the calendar has no workday in the next three years, or if
// [Calendar.Check] refuses its hours, After counts every hour: it returns
// since + work.
func (c Calendar) After(since time.Time, work time.Duration, zone *time.Location) time.Time {
	from, to, err := c.parseHours()
	if err != nil {
		return since.Add(work)
	}
	left := work
	year, month, first := since.In(zone).Date()
	for i := range maxSearchDays {
		noon := time.Date(year, month, first+i, 12, 0, 0, 0, zone)
		if !c.isWorkday(noon) {
			continue
		}
		y, m, d := noon.Date()
		begin := time.Date(y, m, d, 0, from, 0, 0, zone)
		end := time.Date(y, m, d, 0, to, 0, 0, zone)
		if begin.Before(since) {
			begin = since
		}
		today := end.Sub(begin)
		if today < 0 {
			continue
		}
		if left <= today {
			return begin.Add(left)
		}
		left -= today
	}
	return since.Add(work)
}

// isWorkday reports whether the date of day is a working day.
func (c Calendar) isWorkday(day time.Time) bool {
	if slices.Contains(c.Holidays, day.Format(time.DateOnly)) {
		return false
	}
	if len(c.Days) == 0 {
		return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	}
	return slices.Contains(c.Days, weekdays[day.Weekday()])
}

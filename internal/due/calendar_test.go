package due_test

import (
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/due"
)

func TestWorkingTimeAfterAMoment(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	office := due.Calendar{Holidays: []string{"2026-04-06"}} // Easter Monday
	night := due.Calendar{Days: []string{"sat", "sun"}, Hours: "00:00-06:00"}
	always := due.Calendar{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Hours: "00:00-24:00"}
	for _, c := range []struct {
		name        string
		calendar    due.Calendar
		since, want string
		hours       float64
	}{
		{"within the day", office, "2026-03-02 09:30", "2026-03-02 11:30", 2},
		{"to the very end of the day", office, "2026-03-02 09:00", "2026-03-02 17:00", 8},
		{"over the night", office, "2026-03-02 16:00", "2026-03-03 10:00", 2},
		{"from before the day begins", office, "2026-03-02 05:00", "2026-03-02 10:00", 1},
		{"from after the day ends", office, "2026-03-02 18:00", "2026-03-03 10:00", 1},
		{"at the very end of the day", office, "2026-03-02 17:00", "2026-03-03 10:00", 1},
		{"over the weekend", office, "2026-03-06 16:00", "2026-03-09 10:00", 2},
		{"in the weekend", office, "2026-03-07 12:00", "2026-03-09 10:00", 1},
		{"over a weekend and a holiday", office, "2026-04-03 16:00", "2026-04-07 10:00", 2},
		{"three days of eight hours", office, "2026-03-02 12:00", "2026-03-05 12:00", 24},
		{"over the clock put forward", office, "2026-03-27 16:00", "2026-03-30 10:00", 2},
		{"over the clock put back", office, "2026-10-23 16:00", "2026-10-26 10:00", 2},
		{"while the clock is put forward", night, "2026-03-29 00:00", "2026-03-29 06:00", 5},
		{"while the clock is put back", night, "2026-10-25 00:00", "2026-10-25 06:00", 7},
		{"a day of 23 hours", always, "2026-03-29 00:00", "2026-03-30 00:00", 23},
		{"a day of 25 hours", always, "2026-10-25 00:00", "2026-10-26 00:00", 25},
		{"days of their own", due.Calendar{Days: []string{"sat"}, Hours: "10:00-12:00"}, "2026-03-02 09:00", "2026-03-14 11:00", 3},
		{"no time at all, at night", office, "2026-03-02 20:00", "2026-03-03 09:00", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			since, errS := time.ParseInLocation("2006-01-02 15:04", c.since, zone)
			want, errW := time.ParseInLocation("2006-01-02 15:04", c.want, zone)
			if errS != nil || errW != nil {
				t.Fatal(errS, errW)
			}
			work := time.Duration(c.hours * float64(time.Hour))
			if got := c.calendar.After(since.UTC(), work, zone); !got.Equal(want) {
				t.Errorf("got %s, not %s", got.In(zone), want)
			}
		})
	}
}

func TestACalendarThatNobodyWorksByCountsAllTime(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, c := range []due.Calendar{{Days: []string{"never"}}, {Hours: "17:00-09:00"}, {Hours: "x"}} {
		if got := c.After(since, time.Hour, time.UTC); !got.Equal(since.Add(time.Hour)) {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestACalendarIsCheckedByField(t *testing.T) {
	t.Parallel()
	for field, c := range map[string]due.Calendar{
		"":         {Days: []string{"mon", "sun"}, Hours: "08:30-24:00", Holidays: []string{"2026-12-25"}},
		"days":     {Days: []string{"maandag"}},
		"hours":    {Hours: "9-17"},
		"holidays": {Holidays: []string{"25-12-2026"}},
	} {
		got := ""
		c.Check(func(f, _ string) { got = f })
		if got != field {
			t.Errorf("%+v: wrong in %q, not %q", c, got, field)
		}
	}
}

package schedule_test

import (
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/schedule"
)

func TestCalendarAfter(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	office := schedule.Calendar{Holidays: []string{"2026-04-06"}} // Easter Monday
	night := schedule.Calendar{Days: []string{"sat", "sun"}, Hours: "00:00-06:00"}
	always := schedule.Calendar{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Hours: "00:00-24:00"}
	for _, c := range []struct {
		name        string
		calendar    schedule.Calendar
		since, want string
		hours       float64
	}{
		{"same day", office, "2026-03-02 09:30", "2026-03-02 11:30", 2},
		{"whole day", office, "2026-03-02 09:00", "2026-03-02 17:00", 8},
		{"across a night", office, "2026-03-02 16:00", "2026-03-03 10:00", 2},
		{"start before hours", office, "2026-03-02 05:00", "2026-03-02 10:00", 1},
		{"start after hours", office, "2026-03-02 18:00", "2026-03-03 10:00", 1},
		{"start at closing time", office, "2026-03-02 17:00", "2026-03-03 10:00", 1},
		{"across a weekend", office, "2026-03-06 16:00", "2026-03-09 10:00", 2},
		{"start in a weekend", office, "2026-03-07 12:00", "2026-03-09 10:00", 1},
		{"across a weekend and a holiday", office, "2026-04-03 16:00", "2026-04-07 10:00", 2},
		{"three days of eight hours", office, "2026-03-02 12:00", "2026-03-05 12:00", 24},
		{"weekend with clocks going forward", office, "2026-03-27 16:00", "2026-03-30 10:00", 2},
		{"weekend with clocks going back", office, "2026-10-23 16:00", "2026-10-26 10:00", 2},
		{"clocks go forward in working hours", night, "2026-03-29 00:00", "2026-03-29 06:00", 5},
		{"clocks go back in working hours", night, "2026-10-25 00:00", "2026-10-25 06:00", 7},
		{"day of 23 hours", always, "2026-03-29 00:00", "2026-03-30 00:00", 23},
		{"day of 25 hours", always, "2026-10-25 00:00", "2026-10-26 00:00", 25},
		{"configured days", schedule.Calendar{Days: []string{"sat"}, Hours: "10:00-12:00"}, "2026-03-02 09:00", "2026-03-14 11:00", 3},
		{"zero work at night", office, "2026-03-02 20:00", "2026-03-03 09:00", 0},
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
				t.Errorf("After() = %s, want %s", got.In(zone), want)
			}
		})
	}
}

func TestCalendarAfter_UnusableCalendar(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, c := range []schedule.Calendar{{Days: []string{"never"}}, {Hours: "17:00-09:00"}, {Hours: "x"}} {
		if got := c.After(since, time.Hour, time.UTC); !got.Equal(since.Add(time.Hour)) {
			t.Errorf("%+v: After() = %s, want one hour after %s", c, got, since)
		}
	}
}

func TestCalendarCheck_Fields(t *testing.T) {
	t.Parallel()
	for field, c := range map[string]schedule.Calendar{
		"":         {Days: []string{"mon", "sun"}, Hours: "08:30-24:00", Holidays: []string{"2026-12-25"}},
		"days":     {Days: []string{"maandag"}},
		"hours":    {Hours: "9-17"},
		"holidays": {Holidays: []string{"25-12-2026"}},
	} {
		got := ""
		c.Check(func(f, _ string) { got = f })
		if got != field {
			t.Errorf("%+v: Check refused field %q, want %q", c, got, field)
		}
	}
}

package schedule_test

import (
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/schedule"
)

func ExampleCalendar_After() {
	office := schedule.Calendar{Hours: "09:00-17:00", Holidays: []string{"2026-04-06"}}
	friday := time.Date(2026, 4, 3, 16, 0, 0, 0, time.UTC)
	fmt.Println(office.After(friday, 2*time.Hour, time.UTC).Format("Mon 2 Jan 15:04"))
	// Output: Tue 7 Apr 10:00
}

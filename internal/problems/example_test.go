package problems_test

import (
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/problems"
)

func ExampleUpdateBody_ToChange() {
	received := time.Date(2031, 3, 3, 9, 0, 0, 0, time.UTC)
	change, err := problems.UpdateBody{To: "fix_planned", ExpectedAt: "2031-03-10T12:00:00+01:00"}.ToChange(received)
	fmt.Println(change.To, change.ExpectedAt, err)
	_, err = problems.UpdateBody{To: "fix_planned", ExpectedAt: "next week"}.ToChange(received)
	fmt.Println(err)
	// Output:
	// fix_planned 2031-03-10 11:00:00 +0000 UTC <nil>
	// expectedAt must be a time like 2026-03-01T10:00:00Z
}

package meta_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/channel/meta"
)

// Members of an unexpected type read as empty, and a single object reads as a
// list of one.
func ExampleParse() {
	body, err := meta.Parse([]byte(`{"entry": {"id": 90071992547409931, "time": "soon"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, entry := range body.Get("entry").Elements() {
		fmt.Println(entry.Get("id").Text(), entry.Get("time").Time().IsZero())
	}
	// Output: 90071992547409931 true
}

func ExampleParseTime() {
	fmt.Println(meta.ParseTime("1789997600"))
	fmt.Println(meta.ParseTime("1789997600123"))
	// Output:
	// 2026-09-21 13:33:20 +0000 UTC
	// 2026-09-21 13:33:20.123 +0000 UTC
}

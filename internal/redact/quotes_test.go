package redact_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/redact"
)

func TestSelectQuotes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("De handleiding is onduidelijk en ik kom er niet uit. ", 10)
	got := redact.SelectQuotes([]redact.QuoteCandidate{
		{Customer: "1", Text: "Stap 4 in de handleiding klopt niet met de tekening"},
		{Customer: "2", Text: "stap 4 in de handleiding klopt niet met de tekening!!"},
		{Customer: "3", Text: "Mijn buurvrouw Truus snapt de handleiding ook niet, Zwolle"},
		{Customer: "4", Text: "The manual does not say how to replace the filter"},
		{Customer: "4", Text: "I have called three times and nobody can help me with it"},
		{Customer: "5", Text: "help"},
		{Customer: "6", Text: long},
		{Customer: "7", Text: "Ik ben Jan en bel mij op 06-12345678, de thermostaat doet niets", Known: redact.PersonalData{Names: []string{"Jan"}}},
	}, 3)
	if len(got) != 3 {
		t.Fatalf("got %q", got)
	}
	for _, q := range got {
		if utf8.RuneCountInString(q) > redact.MaxQuote || strings.Contains(q, "Truus") || strings.Contains(q, "Jan") || strings.HasSuffix(q, " ") {
			t.Errorf("got %q", q)
		}
	}
	if slices.ContainsFunc(got, func(q string) bool { return q == "help" }) {
		t.Errorf("%q says nothing", got)
	}
	if got := redact.SelectQuotes(nil, 3); got == nil || len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// The texts were written for the taxonomy, not with masking in mind: this is
// how much of what customers write can be quoted.
func TestSelectQuotes_ShareOfTexts(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../taxonomy/testdata/labelled.tsv")
	if err != nil {
		t.Fatal(err)
	}
	kept, all := 0, 0
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 4 || f[0] == "unknown" {
			continue
		}
		all++
		if q, ok := redact.Mask(f[3], redact.PersonalData{}); ok {
			kept++
		} else {
			t.Logf("left out: %s%s", f[3], q)
		}
	}
	t.Logf("%d of %d quoted", kept, all)
	if kept*100 < 40*all {
		t.Errorf("%d of %d quoted, want 40%%", kept, all)
	}
}

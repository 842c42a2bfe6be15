package redact_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/redact"
	"github.com/heard-intake/heard/internal/taxonomy"
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

// The texts are what customers of the example organisation write. The lists of
// words were made with those of the taxonomy, and not with the others.
func TestQuote_ShareOfTexts(t *testing.T) {
	t.Parallel()
	const taxonomyData = "../taxonomy/testdata/"
	for name, texts := range map[string][]string{
		"examples of the taxonomy": readExamples(t),
		"labelled":                 readColumn(t, taxonomyData+"labelled.tsv", 3),
		"held out":                 readColumn(t, taxonomyData+"heldout.tsv", 2),
		"paraphrased":              readColumn(t, taxonomyData+"paraphrased.tsv", 2),
		"safety":                   readColumn(t, taxonomyData+"safety.tsv", 2),
	} {
		masker := redact.NewMasker(redact.PersonalData{})
		quoted, all, left, hidden := 0, 0, 0, 0
		for _, text := range texts {
			if len(strings.Fields(text)) < 4 {
				continue // too short to be a quote
			}
			all++
			q, ok := masker.Quote(text)
			if ok {
				quoted++
				left += len(strings.Fields(q))
				hidden += strings.Count(q, "[...]")
			}
		}
		t.Logf("%s: %d of %d texts are quoted; %d of %d words are masked and may be names", name, quoted, all, hidden, left)
		if all < 100 || quoted*100 < 95*all {
			t.Errorf("%s: %d of %d are quoted, want 95%% of 100 or more", name, quoted, all)
		}
		if hidden*100 > 6*left {
			t.Errorf("%s: %d of %d words are masked, want 6%% or less", name, hidden, left)
		}
	}
}

// readExamples returns a part of the examples of the example organisation's
// taxonomy.
func readExamples(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tax, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range tax.Reasons {
		texts = append(texts, r.Examples.NL...)
		texts = append(texts, r.Examples.EN...)
	}
	const every = 5 // they are many
	part := texts[:0]
	for i := 0; i < len(texts); i += every {
		part = append(part, texts[i])
	}
	return part
}

// readColumn returns a column of a file with tabs, without the lines that begin
// with #.
func readColumn(t *testing.T, file string, column int) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if !strings.HasPrefix(line, "#") && len(fields) > column {
			texts = append(texts, fields[column])
		}
	}
	return texts
}

// Codes that three customers wrote are public. Data of one household is not.
func TestSharedCodes(t *testing.T) {
	t.Parallel()
	write := func(texts ...string) (all []redact.QuoteCandidate) {
		for i, text := range texts {
			all = append(all, redact.QuoteCandidate{Customer: strconv.Itoa(i), Text: text, Known: redact.PersonalData{Orders: []string{"WS-2041"}}})
		}
		return all
	}
	for name, c := range map[string]struct {
		texts []redact.QuoteCandidate
		want  []string
	}{
		"three customers":       {write("HERFST15 werkt niet", "de code herfst15 doet niets", "korting HERFST15?"), []string{"herfst15"}},
		"two customers":         {write("HERFST15 werkt niet", "de code herfst15 doet niets"), []string{}},
		"a code in capitals":    {write("foutcode EAGAIN", "error EAGAIN", "de code EAGAIN"), []string{"eagain"}},
		"a Dutch postcode":      {write("naar 1234AB", "op 1234ab", "in 1234 AB", "bij 1234AB"), []string{}},
		"a British postcode":    {write("at LS62AB", "to ls62ab", "near LS62AB", "in 2AB"), []string{}},
		"an error":              {write("fout E14", "E14 in de app", "melding e14"), []string{"e14"}},
		"a known order":         {write("WS-2041 is er niet", "waar is ws-2041", "WS-2041"), []string{}},
		"a name in capitals":    {write("IK BEN WESLEY", "WESLEY", "BEL WESLEY"), []string{}},
		"more than four digits": {write("BX47112 kwijt", "BX47112", "waar is BX47112"), []string{}},
	} {
		got := redact.SharedCodes(c.texts)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: SharedCodes = %q, want %q", name, got, c.want)
		}
	}
	known := redact.PersonalData{Public: []string{"herfst15"}}
	if got, _ := redact.Mask("De code HERFST15 werkt niet", known); got != "De code HERFST15 werkt niet" {
		t.Errorf("Mask = %q, want the public code in it", got)
	}
}

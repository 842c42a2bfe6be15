package taxonomy_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

type labelledLine struct{ reason, product, language, text string }

func readLabelled(t testing.TB) []labelledLine {
	t.Helper()
	data, err := os.ReadFile("testdata/labelled.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []labelledLine
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != 4 {
			t.Fatalf("testdata/labelled.tsv: %d fields in %q", len(f), line)
		}
		all = append(all, labelledLine{f[0], f[1], f[2], f[3]})
	}
	return all
}

func readParaphrased(t testing.TB) []labelledLine {
	t.Helper()
	data, err := os.ReadFile("testdata/paraphrased.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []labelledLine
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if !strings.HasPrefix(line, "#") && len(f) == 3 {
			all = append(all, labelledLine{reason: f[0], language: f[1], text: f[2]})
		}
	}
	return all
}

// The phrases of the example were written with the labelled lines at hand. This test
// therefore shows that the rules are consistent, not how they perform on new text.
func TestClassify_LabelledLines(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	all := readLabelled(t)
	if len(all) < 120 {
		t.Fatalf("labelled lines = %d, want at least 120", len(all))
	}
	var right, claimed, known, unknown, unknownRight, product, language int
	for _, l := range all {
		got := x.Classify(l.text, taxonomy.Hints{})
		reason := got.Reason
		if reason == "" {
			reason = taxonomy.Unknown
		}
		if reason != l.reason || got.Product != l.product {
			t.Logf("want %s/%s got %s/%s by %v (%.2f): %s", l.reason, l.product, reason, got.Product, got.Matched, got.Confidence, l.text)
		}
		if l.reason == taxonomy.Unknown {
			unknown++
			if got.Reason == "" {
				unknownRight++
			}
		} else {
			known++
		}
		if got.Reason != "" {
			claimed++
			if got.Reason == l.reason {
				right++
			}
		}
		if got.Product == l.product {
			product++
		}
		if got.Language == l.language {
			language++
		}
	}
	precision, recall := float64(right)/float64(claimed), float64(right)/float64(known)
	t.Logf("%d lines: precision %.3f, recall %.3f, unknown kept unknown %d of %d, product %.3f, language %.3f",
		len(all), precision, recall, unknownRight, unknown, float64(product)/float64(len(all)), float64(language)/float64(len(all)))
	if precision < 0.95 || recall < 0.92 {
		t.Errorf("precision %.3f and recall %.3f, want at least 0.95 and 0.92", precision, recall)
	}
	if unknownRight < unknown-1 {
		t.Errorf("unknown lines with a reason = %d of %d, want at most 1", unknown-unknownRight, unknown)
	}
	if float64(product) < 0.95*float64(len(all)) {
		t.Errorf("lines with the right product = %d of %d, want at least 95%%", product, len(all))
	}
}

// The paraphrased lines were written without knowledge of the phrases, and phrases
// must not be derived from them.
func TestClassifyAll_ParaphrasedLines(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	var known, found, wrong, unknown, guessed int
	for _, l := range readParaphrased(t) {
		all := x.ClassifyAll(l.text, taxonomy.Hints{}, nil)
		got := all[0]
		right := slices.ContainsFunc(all, func(r taxonomy.Result) bool { return r.Reason == l.reason })
		switch {
		case l.reason == taxonomy.Unknown:
			unknown++
			if got.Reason != "" {
				guessed++
				t.Logf("guessed %s by %v (%.2f): %s", got.Reason, got.Matched, got.Confidence, l.text)
			}
			continue
		case right:
			found++
		case got.Reason != "":
			wrong++
			t.Logf("want %s got %s by %v (%.2f): %s", l.reason, got.Reason, got.Matched, got.Confidence, l.text)
		default:
			t.Logf("want %s got nothing: %s", l.reason, l.text)
		}
		known++
	}
	t.Logf("%d lines: found %d, wrong %d; unknown %d, of which guessed %d", known, found, wrong, unknown, guessed)
	if float64(found) < 0.74*float64(known) || float64(wrong) > 0.06*float64(known) || guessed > 0 {
		t.Errorf("found %d of %d, wrong %d, guessed %d of %d unknown; want at least 74%% found, at most 6%% wrong and 0 guessed", found, known, wrong, guessed, unknown)
	}
}

func TestClassify_NoAllocations(t *testing.T) {
	x := loadExample(t)
	text := "Hallo, ik begrijp de factuur van vorige maand niet, kunt u mij uitleggen waar die kosten vandaan komen?"
	hints := taxonomy.Hints{Products: []string{"headphones"}}
	x.Classify(text, hints)
	if n := testing.AllocsPerRun(200, func() { x.Classify(text, hints) }); n > 0 && !raceEnabled {
		t.Errorf("allocations per text = %v, want 0", n)
	}
	if got := x.Classify(text, hints); got.Reason != "invoice-unclear" || got.Department != "billing" || len(got.Matched) != 1 || got.Language != "nl" {
		t.Errorf("Classify() = %+v, want reason invoice-unclear of billing by one phrase, in nl", got)
	}
}

func BenchmarkClassify(b *testing.B) {
	x := loadExample(b)
	for name, text := range map[string]string{
		"short":  "Hallo, ik begrijp de factuur van vorige maand niet, kunt u mij uitleggen waar die kosten vandaan komen?",
		"typos":  "Hallo, ik begrijpp de fatcuur van vorige maaand niet, kuntt u mij uitlegen waar de kostten vandaann komen?",
		"mail2k": strings.Repeat("Dit is een lange mail over van alles en nog wat, maar zonder een enkel punt. ", 26),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Classify(text, taxonomy.Hints{})
			}
		})
	}
}

// What a customer wants done about a problem is no second reason.
func TestClassifyAll_Remedies(t *testing.T) {
	t.Parallel()
	shop := loadExample(t)
	for text, want := range map[string][]string{
		"Mijn koffiemachine lekt water, kan ik hem ruilen?":               {"defect"},
		"Kan ik hem ruilen? Mijn koffiemachine lekt water":                {"defect"},
		"De koptelefoon is kapot, ik wil hem retourneren":                 {"defect"},
		"My coffee machine is broken, can I exchange it?":                 {"defect"},
		"The headphones are broken. I want to return them.":               {"defect"},
		"Mijn factuur klopt niet, kunt u mij terugbellen?":                {"invoice-wrong"},
		"My invoice is wrong, please call me back":                        {"invoice-wrong"},
		"Ik wil de stoel ruilen voor een blauwe":                          {"exchange"},
		"I would like to exchange it for a bigger size":                   {"exchange"},
		"Kunt u mij terugbellen?":                                         {"callback"},
		"Waar blijft mijn pakket, en kan ik de airfryer ruilen?":          {"order-status", "exchange"},
		"Mijn factuur klopt niet. En waar blijft mijn pakket?":            {"invoice-wrong", "order-status"},
		"Ik ben mijn wachtwoord vergeten. Mijn koffiemachine lekt water.": {"defect", "password-reset"},
		"My coffee machine leaks water. And I forgot my password":         {"defect", "password-reset"},
		"Mijn factuur klopt niet, graag uitleg.":                          {"invoice-wrong"},
	} {
		var got []string
		for _, r := range shop.ClassifyAll(text, taxonomy.Hints{}, nil) {
			got = append(got, r.Reason)
		}
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
		if !slices.Equal(got, want) {
			t.Errorf("reasons of %q: got %v, want %v", text, got, want)
		}
	}
}

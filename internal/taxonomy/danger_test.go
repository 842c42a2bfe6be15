package taxonomy_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// A dangerMessage is a message with a sign of danger, or a harmless one with similar
// words.
type dangerMessage struct {
	isSign bool
	text   string
}

func readDangers(t *testing.T, file string) []dangerMessage {
	t.Helper()
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		t.Skipf("%s is not there", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []dangerMessage
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if !strings.HasPrefix(line, "#") && len(f) == 3 {
			all = append(all, dangerMessage{f[0] == "S", f[2]})
		}
	}
	return all
}

// A sign of danger must hardly ever be missed. A few false alarms are accepted.
func TestClassify_Dangers(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	for _, file := range []string{"testdata/safety.tsv", "../../../shared/cases/wording/safety.tsv"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			var signs, found, harmless, alarms int
			for _, m := range readDangers(t, file) {
				results := x.ClassifyAll(m.text, taxonomy.Hints{}, nil)
				isFound := slices.ContainsFunc(results, func(r taxonomy.Result) bool { return r.Reason == "safety" })
				if isFound != m.isSign {
					t.Logf("found %t: %s %v", isFound, m.text, results[0].Matched)
				}
				switch {
				case m.isSign && isFound:
					signs++
					found++
				case m.isSign:
					signs++
				case isFound:
					harmless++
					alarms++
				default:
					harmless++
				}
			}
			t.Logf("found %d of %d signs, %d false alarms of %d", found, signs, alarms, harmless)
			if signs == 0 || harmless == 0 {
				t.Fatalf("messages = %d with a sign and %d without, want some of both", signs, harmless)
			}
			if 30*found < 28*signs || 20*alarms > harmless {
				t.Errorf("found = %d of %d, false alarms = %d of %d; want at least 28 of 30, and at most 1 of 20", found, signs, alarms, harmless)
			}
		})
	}
}

func TestClassify_DangerRules(t *testing.T) {
	t.Parallel()
	critical := loadText(t, small)
	gas := loadText(t, strings.Replace(small, "[vlam], en: [fire]", "[gaslucht], en: [gas leak]", 1))
	other := loadText(t, strings.Replace(small, "[vlam], en: [fire]", "[hacker], en: [hacked]", 1))
	normal := loadText(t, strings.Replace(small, "severity: critical\n    threshold: 1", "severity: high", 1))
	tests := []struct {
		name string
		x    *taxonomy.Taxonomy
		text string
		want string
	}{
		{"own phrase", critical, "er is een vlam", "fire"},
		{"sign in Dutch", critical, "de stekker is gloeiend heet", "fire"},
		{"sign in English", critical, "I got an electric shock", "fire"},
		{"negated sign", critical, "er zijn geen vonken", ""},
		{"negation of another clause", critical, "het is niet normaal dat er vonken komen", "fire"},
		{"sign with a negation", critical, "this cannot be safe", "fire"},
		{"everyday use", critical, "is the fire sale over", ""},
		{"sign beside an everyday use", critical, "after the fire sale it started smoking", "fire"},
		{"own phrase in an everyday use", critical, "the fire sale", ""},
		{"gas", gas, "wij ruiken gas in huis", "fire"},
		{"fire when the reason is about gas", gas, "de stekker is gloeiend heet", ""},
		{"critical reason that is not about a danger", other, "de stekker is gloeiend heet", ""},
		{"reason that is not critical", normal, "de stekker is gloeiend heet", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.x.Classify(tt.text, taxonomy.Hints{}); got.Reason != tt.want {
				t.Errorf("%q: reason = %q by %v, want %q", tt.text, got.Reason, got.Matched, tt.want)
			}
		})
	}
}

func TestClassify_DangerConfidence(t *testing.T) {
	t.Parallel()
	x := loadText(t, small)
	own := x.Classify("er is een vlam", taxonomy.Hints{})
	sign := x.Classify("er zijn vonken", taxonomy.Hints{})
	both := x.Classify("er zijn vonken en een vlam", taxonomy.Hints{})
	if own.Confidence <= sign.Confidence || sign.Confidence <= 0 {
		t.Errorf("confidence of the own phrase = %v, of a sign = %v; want the first to be higher", own.Confidence, sign.Confidence)
	}
	if want := []string{"vonken"}; !slices.Equal(sign.Matched, want) {
		t.Errorf("matched = %v, want %v", sign.Matched, want)
	}
	if want := []string{"vlam"}; !slices.Equal(both.Matched, want) {
		t.Errorf("matched = %v, want %v: the own phrase decides", both.Matched, want)
	}
}

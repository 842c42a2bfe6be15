package taxonomy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// Two files hold wordings that authors of phrases must not read, to measure the
// recognition of new texts: this one, for all reasons of the example, and the one of
// the story in test/story.
func TestClassify_HeldOutLines(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	data, err := os.ReadFile("testdata/heldout.tsv")
	if err != nil {
		t.Fatal(err)
	}
	type count struct{ all, right, wrong int }
	by := map[string]*count{}
	var total count
	var unrelated, guessed int
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 3 {
			continue
		}
		got := x.Classify(f[2], taxonomy.Hints{})
		if f[0] == taxonomy.Unknown {
			unrelated++
			if got.Reason != "" {
				guessed++
			}
			continue
		}
		c := by[f[1]]
		if c == nil {
			c = &count{}
			by[f[1]] = c
		}
		for _, c := range []*count{c, &total} {
			c.all++
			switch got.Reason {
			case f[0]:
				c.right++
			case "":
			default:
				c.wrong++
			}
		}
	}
	share := func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	for _, language := range []string{"nl", "en"} {
		c := by[language]
		t.Logf("%s: %d wordings, recall %.3f, another reason %.3f", language, c.all, share(c.right, c.all), share(c.wrong, c.all))
	}
	t.Logf("all: %d wordings, recall %.3f, another reason %.3f, unknown %.3f; %d of %d unrelated wordings guessed",
		total.all, share(total.right, total.all), share(total.wrong, total.all), share(total.all-total.right-total.wrong, total.all), guessed, unrelated)
	if share(total.right, total.all) < 0.83 || share(total.wrong, total.all) > 0.03 || guessed > 0 {
		t.Errorf("recall = %.3f, another reason = %.3f, guessed = %d; want at least 0.83, at most 0.03, and 0", share(total.right, total.all), share(total.wrong, total.all), guessed)
	}
}

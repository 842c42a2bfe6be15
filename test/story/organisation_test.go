package story_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/goccy/go-yaml"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// An organisation is the company of the story: its taxonomy, and the wordings of
// its customers.
type organisation struct {
	taxonomy *taxonomy.Taxonomy
	reasons  []string
	says     map[string]map[string][]string // wordings by reason and language
}

// chatter is the key of wordings without a reason.
const chatter = "chatter"

var theShop = sync.OnceValues(func() (*organisation, error) {
	tax, err := shopTaxonomy()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile("wordings.yaml")
	if err != nil {
		return nil, err
	}
	var blocks map[string]map[string]string
	if err := yaml.Unmarshal(data, &blocks); err != nil {
		return nil, err
	}
	o := &organisation{taxonomy: tax, says: map[string]map[string][]string{}}
	for reason, languages := range blocks {
		o.says[reason] = map[string][]string{}
		for language, block := range languages {
			o.says[reason][language] = strings.Split(strings.TrimSpace(block), "\n")
		}
	}
	for _, r := range tax.Reasons {
		o.reasons = append(o.reasons, r.ID)
	}
	return o, nil
})

// shopTaxonomy returns infra/taxonomy.yaml with the products and rules of the
// story.
func shopTaxonomy() (*taxonomy.Taxonomy, error) {
	var example map[string]any
	var own struct {
		Products []any
		Reasons  map[string]map[string]any
	}
	for file, to := range map[string]any{"../../infra/taxonomy.yaml": &example, "taxonomy.yaml": &own} {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(data, to); err != nil {
			return nil, err
		}
	}
	var reasons []any
	for _, r := range example["reasons"].([]any) {
		reason := r.(map[string]any)
		rules, ok := own.Reasons[reason["id"].(string)]
		if !ok {
			continue
		}
		for key, value := range rules {
			reason[key] = value
		}
		reasons = append(reasons, reason)
	}
	example["version"], example["products"], example["reasons"] = "story-1", own.Products, reasons
	data, err := yaml.Marshal(example)
	if err != nil {
		return nil, err
	}
	return taxonomy.Load(data)
}

func shop(t testing.TB) *organisation {
	t.Helper()
	o, err := theShop()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOrganisation_Size(t *testing.T) {
	t.Parallel()
	o := shop(t)
	if len(o.taxonomy.Products) != 40 || len(o.reasons) != 30 {
		t.Errorf("got %d products and %d reasons, want 40 and 30", len(o.taxonomy.Products), len(o.reasons))
	}
	for _, reason := range o.reasons {
		for _, language := range []string{"nl", "en"} {
			if n := len(o.says[reason][language]); n < 20 {
				t.Errorf("%s: got %d wordings in %s, want at least 20", reason, n, language)
			}
		}
	}
}

// TestClassify_Wordings measures how many texts of customers are classified
// correctly. The wordings are a held-out test set: they were written without the
// phrases of the taxonomy, and more than half contain none of them. When you
// change infra/taxonomy.yaml, look at the numbers of this test only. Do not copy
// phrases from the wordings.
func TestClassify_Wordings(t *testing.T) {
	t.Parallel()
	o := shop(t)
	total := map[string]*classificationCount{"nl": {}, "en": {}, "both": {}}
	var rows strings.Builder
	w := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "reason\tlanguage\trecall\tunknown\tanother\twhich")
	for _, reason := range o.reasons {
		for _, language := range []string{"nl", "en"} {
			var here classificationCount
			product := map[string]string{"nl": "waterkoker", "en": "kettle"}[language]
			for _, line := range o.says[reason][language] {
				text := strings.NewReplacer("{p}", product, "{nr}", "WS-123456").Replace(line)
				got := o.taxonomy.Classify(text, taxonomy.Hints{}).Reason
				for _, u := range []*classificationCount{&here, total[language], total["both"]} {
					u.add(reason, got)
				}
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", reason, language, here)
		}
	}
	for _, language := range []string{"nl", "en", "both"} {
		fmt.Fprintf(w, "all\t%s\t%s\n", language, *total[language])
	}
	_ = w.Flush()
	t.Logf("%d wordings\n%s", total["both"].all, rows.String())
	if u := total["both"]; share(u.right, u.all) < minRecall || share(u.wrong, u.all) >= maxWrong {
		t.Errorf("got recall %.3f and %.3f with another reason, want at least %.2f and less than %.2f",
			share(u.right, u.all), share(u.wrong, u.all), minRecall, maxWrong)
	}
	for _, language := range []string{"nl", "en"} {
		for _, line := range o.says[chatter][language] {
			if got := o.taxonomy.Classify(line, taxonomy.Hints{}); got.Reason != "" {
				t.Errorf("%s: got reason %s (matched %v), want none", line, got.Reason, got.Matched)
			}
		}
	}
}

// The required shares of the wordings.
const (
	minRecall = 0.57
	maxWrong  = 0.06
)

// A classificationCount counts the results of texts with a known reason.
type classificationCount struct {
	all, right, unknown, wrong int
	wrongReasons               map[string]int // wrong results, by reason
}

func (u *classificationCount) add(want, got string) {
	u.all++
	switch got {
	case want:
		u.right++
	case "":
		u.unknown++
	default:
		u.wrong++
		if u.wrongReasons == nil {
			u.wrongReasons = map[string]int{}
		}
		u.wrongReasons[got]++
	}
}

// String returns the shares as a row of a table.
func (u classificationCount) String() string {
	row := fmt.Sprintf("%.3f\t%.3f\t%.3f\t", share(u.right, u.all), share(u.unknown, u.all), share(u.wrong, u.all))
	if len(u.wrongReasons) < 10 {
		for _, r := range slices.Sorted(maps.Keys(u.wrongReasons)) {
			row += fmt.Sprintf("%s %d ", r, u.wrongReasons[r])
		}
	}
	return row
}

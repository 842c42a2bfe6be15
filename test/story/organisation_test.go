package story_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// An organisation is what the story takes place in: its taxonomy, and how its
// customers put things.
type organisation struct {
	taxonomy *taxonomy.Taxonomy
	reasons  []string
	says     map[string]map[string][]string // reason, language
}

// chatter is what customers write about nothing that the taxonomy knows.
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

// shopTaxonomy is the example's, with the products and the rules of the story.
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

func TestTheOrganisationIsAsLargeAsItSays(t *testing.T) {
	t.Parallel()
	o := shop(t)
	if len(o.taxonomy.Products) != 40 || len(o.reasons) != 30 {
		t.Errorf("%d products, %d reasons", len(o.taxonomy.Products), len(o.reasons))
	}
	for _, reason := range o.reasons {
		for _, language := range []string{"nl", "en"} {
			if n := len(o.says[reason][language]); n < 20 {
				t.Errorf("%s has %d wordings in %s", reason, n, language)
			}
		}
	}
}

// Customers do not know the taxonomy: when the wordings were written, six in
// ten held none of its phrases. How many are understood is told, and bounded
// only from below: a taxonomy that understands more is better.
func TestWhatIsUnderstoodOfTheWordings(t *testing.T) {
	t.Parallel()
	o := shop(t)
	all, right, unknown := 0, 0, 0
	for _, reason := range o.reasons {
		for language, lines := range o.says[reason] {
			product := map[string]string{"nl": "waterkoker", "en": "kettle"}[language]
			for _, line := range lines {
				text := strings.NewReplacer("{p}", product, "{nr}", "WS-123456").Replace(line)
				all++
				switch o.taxonomy.Classify(text, taxonomy.Hints{}).Reason {
				case reason:
					right++
				case "":
					unknown++
				default: // taken for another
				}
			}
		}
	}
	t.Logf("%d wordings: recall %.3f, unknown %.3f, another reason %.3f", all, part(right, all), part(unknown, all), part(all-right-unknown, all))
	if right < all/4 || all-right-unknown > all/10 {
		t.Errorf("of %d wordings %d are understood, and %d taken for another reason", all, right, all-right-unknown)
	}
}

package taxonomy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// small is a taxonomy of a few rules.
const small = `
schema: "1"
version: "7"
order_number: "WS-[0-9]{6}"
words:
  bill: "factuur|factu*|*rekening"
departments:
  - {id: billing, names: {nl: Facturatie, en: Billing}}
  - {id: quality, names: {nl: Kwaliteit, en: Quality}}
  - {id: it, names: {nl: ICT, en: IT}}
products:
  - {id: lamp, names: {nl: Lamp, en: Lamp}, phrases: {nl: [lamp], en: [light]}}
  - {id: desk, names: {nl: Bureau, en: Desk}, phrases: {nl: [bureau, zit-sta bureau], en: [desk]}}
reasons:
  - id: invoice
    names: {nl: Factuur, en: Invoice}
    department: billing
    phrases: {nl: [$bill & onduidelijk, snap .. $bill, café nota], en: [unclear invoice]}
  - id: defect
    names: {nl: Defect, en: Defect}
    department: quality
    owners: {lamp: it}
    per_product: true
    phrases: {nl: [werkt niet], en: [does not work, stopped|quit working]}
    negatable: {nl: [kapot, lamp .. stuk], en: [broken]}
    unless: {nl: [grapje], en: [just kidding]}
  - id: fire
    names: {nl: Brand, en: Fire}
    department: quality
    severity: critical
    threshold: 1
    priority: 10
    phrases: {nl: [vlam], en: [fire]}
`

func load(t testing.TB, text string) *taxonomy.Taxonomy {
	t.Helper()
	x, err := taxonomy.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestClassifyRules(t *testing.T) {
	t.Parallel()
	x := load(t, small)
	tests := []struct {
		name, text, reason string
	}{
		{"no text", "", ""},
		{"only signs", "?! ... \x00 \xff", ""},
		{"both parts of & in any order", "wat onduidelijk, die factuur", "invoice"},
		{"parts of & too far apart", "onduidelijk een twee drie vier vijf zes zeven acht factuur", ""},
		{"case and accents", "CAFE NÓTA", "invoice"},
		{"a combining accent", "cafe\u0301 nota", "invoice"},
		{"a prefix", "factuurtje onduidelijk", "invoice"},
		{"a suffix, as Dutch makes words", "eindrekening onduidelijk", "invoice"},
		{"a word within a word is none", "kapotte", ""},
		{"a gap of three", "snap van die oude factuur", "invoice"},
		{"a gap of four", "snap van die hele oude factuur", ""},
		{"a gap does not reach over a sentence", "ik snap het. factuur", ""},
		{"& does", "factuur gekregen. Onduidelijk!", "invoice"},
		{"a typing error: letter missing", "onduidlijk factuur", "invoice"},
		{"a typing error: letter added", "onduiidelijk factuur", "invoice"},
		{"a typing error: letter changed", "ondiidelijk factuur", "invoice"},
		{"a typing error: letters swapped", "odnuidelijk factuur", "invoice"},
		{"two typing errors", "odnuidlijk factuur", ""},
		{"no typing error in the first letter", "anduidelijk factuur", ""},
		{"an alternative", "it quit working", "defect"},
		{"plain words next to each other", "werkt niet", "defect"},
		{"plain words with one between", "werkt echt niet", ""},
		{"negated", "hij is niet kapot", ""},
		{"negated at three words", "niet meer zo kapot", ""},
		{"negated at four words", "niet meer zo erg kapot", "defect"},
		{"negated within the phrase", "de lamp is niet stuk", ""},
		{"not negated", "de lamp is nu stuk", "defect"},
		{"negated in English", "it isn't broken", ""},
		{"a negation of another clause", "het is niet leuk, kapot", "defect"},
		{"a negation before but", "ik wil niet maar kapot", "defect"},
		{"not only", "niet alleen kapot", "defect"},
		{"negation, but once not", "niet kapot. Nu wel kapot", "defect"},
		{"a phrase with a negation of its own", "does not work", "defect"},
		{"voided", "kapot! grapje", ""},
		{"priority goes before length", "werkt niet, vlam", "fire"},
		{"the longer phrase goes first", "kapot en unclear invoice", "invoice"},
		{"the first goes first", "onduidelijk factuur en werkt niet", "invoice"},
		{"a phrase far down", strings.Repeat("lorem ipsum dolor ", 500) + "werkt niet", "defect"},
		{"a phrase over the edge of the window", strings.Repeat("lorem ", 63) + "werkt niet", "defect"},
		{"too far down", strings.Repeat("lorem ", 5000) + "werkt niet", ""},
		{"other scripts", "не работает 壊れた", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := x.Classify(tt.text, taxonomy.Hints{})
			if slices.Equal(got.Matched, taxonomy.ByWords) {
				got = taxonomy.Result{} // here it is the phrases that matter
			}
			if got.Reason != tt.reason {
				t.Errorf("reason %q by %v, want %q", got.Reason, got.Matched, tt.reason)
			}
			if got.Reason == "" && (got.Product != "" || got.Department != "" || got.Matched != nil || got.Confidence != 0) {
				t.Errorf("no reason, yet %+v", got)
			}
		})
	}
}

func TestEveryPlaceInTheWindow(t *testing.T) {
	t.Parallel()
	x := load(t, small)
	for n := range 200 {
		if got := x.Classify(strings.Repeat("lorem ", n)+"snap van die oude factuur"+strings.Repeat(" ipsum", n%7), taxonomy.Hints{}); got.Reason != "invoice" {
			t.Errorf("after %d words: %+v", n, got)
		}
	}
}

func TestClassifyProducts(t *testing.T) {
	t.Parallel()
	x := load(t, small)
	tests := []struct {
		name, text          string
		hints               []string
		product, department string
	}{
		{"none", "werkt niet", nil, "", "quality"},
		{"in the text", "bureau werkt niet", nil, "desk", "quality"},
		{"owned by another department", "lamp werkt niet", nil, "lamp", "it"},
		{"the only one of the order", "werkt niet", []string{"lamp"}, "lamp", "it"},
		{"two in the order: not guessed", "werkt niet", []string{"lamp", "desk"}, "", "quality"},
		{"the text goes before the order", "lamp werkt niet", []string{"desk"}, "lamp", "it"},
		{"two in the text: not guessed", "lamp en bureau werkt niet", nil, "", "quality"},
		{"two in the text, one in the order", "lamp en bureau werkt niet", []string{"desk"}, "desk", "quality"},
		{"the longer wording", "lamp op zit-sta bureau werkt niet", nil, "desk", "quality"},
		{"of no matter to the reason", "snap factuur van lamp", nil, "", "billing"},
		{"an order of what we do not know", "werkt niet", []string{"boat"}, "", "quality"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := x.Classify(tt.text, taxonomy.Hints{Products: tt.hints})
			if got.Product != tt.product || got.Department != tt.department {
				t.Errorf("got %q of %q, want %q of %q", got.Product, got.Department, tt.product, tt.department)
			}
		})
	}
}

func TestClassifyAll(t *testing.T) {
	t.Parallel()
	got := load(t, small).ClassifyAll("de lamp werkt niet en ik snap de factuur niet", taxonomy.Hints{}, nil)
	if len(got) != 2 || got[0].Reason != "defect" || got[1].Reason != "invoice" {
		t.Fatalf("got %+v", got)
	}
	if got[0].Product != "lamp" || got[1].Product != "" || got[1].Department != "billing" {
		t.Errorf("got %+v", got)
	}
	if got[0].Confidence <= got[1].Confidence {
		t.Errorf("confidence %v, then %v", got[0].Confidence, got[1].Confidence)
	}
	if !slices.Equal(got[0].Matched, []string{"werkt niet"}) || got[0].Language != "nl" {
		t.Errorf("got %+v", got[0])
	}
}

func TestOrderNumbers(t *testing.T) {
	t.Parallel()
	x := load(t, small)
	got := x.OrderNumbers("ws-123456, WS-123456 en WS-999999, maar niet WS-1234567 of XWS-123456")
	if want := []string{"WS-123456", "WS-999999"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	without := load(t, strings.Replace(small, `order_number: "WS-[0-9]{6}"`, "", 1))
	if got := without.OrderNumbers("WS-123456"); got != nil {
		t.Errorf("got %v without a pattern", got)
	}
}

func TestCheckQueues(t *testing.T) {
	t.Parallel()
	x := load(t, small)
	if err := x.CheckQueues([]string{"it", "quality", "billing", "spare"}); err != nil {
		t.Error(err)
	}
	err := x.CheckQueues([]string{"it"})
	if err == nil || !strings.Contains(err.Error(), "billing, quality") {
		t.Errorf("got %v", err)
	}
}

func TestQuadrant(t *testing.T) {
	t.Parallel()
	for v, want := range map[taxonomy.Value]taxonomy.Quadrant{
		{Customer: taxonomy.Irritant, Company: taxonomy.Irritant}: taxonomy.Eliminate,
		{Customer: taxonomy.Valuable, Company: taxonomy.Irritant}: taxonomy.SelfService,
		{Customer: taxonomy.Irritant, Company: taxonomy.Valuable}: taxonomy.Automate,
		{Customer: taxonomy.Valuable, Company: taxonomy.Valuable}: taxonomy.Human,
	} {
		if got := v.Quadrant(); got != want {
			t.Errorf("%+v: %s, want %s", v, got, want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("Ik snap de factuur niet", "lamp")
	f.Add(strings.Repeat("werkt niet. ", 80), "")
	f.Add("\xff\xfe\u0301 WS-123456", "desk")
	x := load(f, small)
	f.Fuzz(func(t *testing.T, text, product string) {
		got := x.ClassifyAll(text, taxonomy.Hints{Products: []string{product}}, nil)
		again := x.ClassifyAll(text, taxonomy.Hints{Products: []string{product}}, nil)
		if len(got) == 0 || !slices.EqualFunc(got, again, func(a, b taxonomy.Result) bool {
			return a.Reason == b.Reason && a.Product == b.Product && a.Confidence == b.Confidence
		}) {
			t.Fatalf("%+v, then %+v", got, again)
		}
		for _, r := range got {
			if r.Reason != "" && (r.Confidence <= 0 || r.Confidence > 1 || r.Matched == nil || r.Department != x.Owner(r.Reason, r.Product)) {
				t.Fatalf("%+v", r)
			}
		}
		x.OrderNumbers(text)
	})
}

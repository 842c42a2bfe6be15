package taxonomy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// small is a taxonomy with a few rules.
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

func loadText(t testing.TB, text string) *taxonomy.Taxonomy {
	t.Helper()
	x, err := taxonomy.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestClassify_Rules(t *testing.T) {
	t.Parallel()
	x := loadText(t, small)
	tests := []struct {
		name, text, reason string
	}{
		{"empty text", "", ""},
		{"only punctuation", "?! ... \x00 \xff", ""},
		{"parts of & in reverse order", "wat onduidelijk, die factuur", "invoice"},
		{"parts of & too far apart", "onduidelijk een twee drie vier vijf zes zeven acht factuur", ""},
		{"case and accents", "CAFE NÓTA", "invoice"},
		{"combining accent", "cafe\u0301 nota", "invoice"},
		{"prefix", "factuurtje onduidelijk", "invoice"},
		{"suffix of a Dutch compound", "eindrekening onduidelijk", "invoice"},
		{"word within a longer word", "kapotte", ""},
		{"gap of three words", "snap van die oude factuur", "invoice"},
		{"gap of four words", "snap van die hele oude factuur", ""},
		{"gap across sentences", "ik snap het. factuur", ""},
		{"parts of & across sentences", "factuur gekregen. Onduidelijk!", "invoice"},
		{"typing error: missing letter", "onduidlijk factuur", "invoice"},
		{"typing error: added letter", "onduiidelijk factuur", "invoice"},
		{"typing error: changed letter", "ondiidelijk factuur", "invoice"},
		{"typing error: swapped letters", "odnuidelijk factuur", "invoice"},
		{"two typing errors", "odnuidlijk factuur", ""},
		{"typing error in the first letter", "anduidelijk factuur", ""},
		{"alternative", "it quit working", "defect"},
		{"adjacent words", "werkt niet", "defect"},
		{"word between adjacent words", "werkt echt niet", ""},
		{"negated", "hij is niet kapot", ""},
		{"negation three words before", "niet meer zo kapot", ""},
		{"negation four words before", "niet meer zo erg kapot", "defect"},
		{"negation within the phrase", "de lamp is niet stuk", ""},
		{"not negated", "de lamp is nu stuk", "defect"},
		{"negated in English", "it isn't broken", ""},
		{"negation in another clause", "het is niet leuk, kapot", "defect"},
		{"negation before but", "ik wil niet maar kapot", "defect"},
		{"not only", "niet alleen kapot", "defect"},
		{"negated once, then not", "niet kapot. Nu wel kapot", "defect"},
		{"phrase that contains a negation", "does not work", "defect"},
		{"voided", "kapot! grapje", ""},
		{"priority before length", "werkt niet, vlam", "fire"},
		{"longer phrase first", "broken and an unclear invoice", "invoice"},
		{"first phrase first", "onduidelijk factuur en werkt niet", "invoice"},
		{"phrase far into the text", strings.Repeat("lorem ipsum dolor ", 500) + "werkt niet", "defect"},
		{"phrase across windows", strings.Repeat("lorem ", 63) + "werkt niet", "defect"},
		{"phrase beyond the limit", strings.Repeat("lorem ", 5000) + "werkt niet", ""},
		{"other scripts", "не работает 壊れた", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := x.Classify(tt.text, taxonomy.Hints{})
			if got.ByLexicon {
				got = taxonomy.Result{} // this test is about phrases as they are written
			}
			if got.Reason != tt.reason {
				t.Errorf("reason = %q by %v, want %q", got.Reason, got.Matched, tt.reason)
			}
			if got.Reason == "" && (got.Product != "" || got.Department != "" || got.Matched != nil || got.Confidence != 0) {
				t.Errorf("result without a reason = %+v, want empty fields", got)
			}
		})
	}
}

// Each text has words of the other language or of an aside that would recognise
// another reason.
func TestClassify_LanguagesAndAsides(t *testing.T) {
	t.Parallel()
	x := loadText(t, strings.NewReplacer("[vlam], en: [fire]", "[brand, fikkie branden], en: [fire, bureau]").Replace(small))
	tests := []struct {
		name, text, reason string
	}{
		{"Dutch word in Dutch", "er is brand", "fire"},
		{"Dutch word in English", "which brand do you recommend", ""},
		{"English word in Dutch", "mijn bureau is er nog niet", ""},
		{"English word in English", "the bureau is burning", "fire"},
		{"no common words", "brand", "fire"},
		{"both languages", "brand! the lamp does not work", "defect"},
		{"sentence of the text's language", "de lamp is nieuw en er was iets. Brand?", "fire"},
		{"phrase of a threat", "ik stap naar de rechter, werkt niet", "defect"},
		{"phrase in a signature", "ik heb een vraag. Met vriendelijke groet, Jan Brand", ""},
		{"closing within a sentence", "de groeten hadden brand gezien", "fire"},
		{"long text after a closing", "Groetjes! " + strings.Repeat("wij hebben een leuke dag gehad ", 10) + "er is brand", "fire"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := x.Classify(tt.text, taxonomy.Hints{}); got.Reason != tt.reason {
				t.Errorf("reason = %q by %v, want %q", got.Reason, got.Matched, tt.reason)
			}
		})
	}
}

func TestClassify_OrderNumberIsAnOrder(t *testing.T) {
	t.Parallel()
	x := loadText(t, strings.Replace(small, "snap .. $bill, café nota]", "snap .. $bill, waar blijft .. bestelling]", 1))
	for text, reason := range map[string]string{
		"Waar blijft mijn bestelling?":      "invoice",
		"Waar blijft WS-206040?":            "invoice",
		"waar blijft (ws-206040).":          "invoice",
		"waar blijft mijn order WS-206040":  "invoice",
		"waar blijft WS-20604":              "",
		"waar blijft XWS-206040":            "",
		"waar blijft WS-206040 niet vergis": "invoice",
	} {
		if got := x.Classify(text, taxonomy.Hints{}); got.Reason != reason {
			t.Errorf("%q: reason = %q, want %q", text, got.Reason, reason)
		}
	}
	got := x.Classify("Waar blijft WS-206040?", taxonomy.Hints{})
	if want := []taxonomy.Span{{From: 0, To: 4}, {From: 5, To: 11}, {From: 12, To: 21}}; !slices.Equal(got.Spans.List(), want) {
		t.Errorf("spans = %v, want %v", got.Spans.List(), want)
	}
}

// The words of a phrase must be in one sentence of a long text, but a chat message may
// spread the parts of & over two.
func TestClassify_SentenceBySentence(t *testing.T) {
	t.Parallel()
	x := loadText(t, small)
	story := "Wij wonen al jaren met veel plezier in een huis aan de rand van het dorp. Onze buren hebben drie honden en een kat. " +
		"Elke zomer gaan wij samen met de kinderen en de honden een paar weken naar de zee. Dat is altijd heel gezellig en ontspannen. "
	tests := []struct {
		name, text, reason string
	}{
		{"short text", "Factuur gekregen. Onduidelijk!", "invoice"},
		{"long text", story + "Factuur gekregen. Onduidelijk!", ""},
		{"one sentence of a long text", story + "De factuur is onduidelijk.", "invoice"},
		{"amount", story + "De factuur van 4.95 is onduidelijk.", "invoice"},
		{"line broken by a mail program", story + "\nDaarna kregen wij van jullie eindelijk de nieuwe factuur\nmaar die is onduidelijk.", "invoice"},
		{"new line", story + "\nDaarna kregen wij van jullie eindelijk de nieuwe factuur\nOnduidelijk is het weer.", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := x.Classify(tt.text, taxonomy.Hints{}); got.Reason != tt.reason {
				t.Errorf("reason = %q by %v, want %q", got.Reason, got.Matched, tt.reason)
			}
		})
	}
}

func TestClassify_ShortPhraseAmongOtherWords(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	for text, reason := range map[string]string{
		"Mijn airfryer is kapot, zie foto":                      "defect",
		"De airfryer die ik vorige maand bestelde is kapot":     "defect",
		"Mijn airfryer is kapot. Het adres is Dorpsstraat 1.":   "defect",
		"Het scherm van mijn thermostaat is kapot, wat nu?":     "defect",
		"De oplader is ontploft toen ik hem in de stekker stak": "safety",
	} {
		if got := x.Classify(text, taxonomy.Hints{}); got.Reason != reason {
			t.Errorf("%q: reason = %q by %v, want %q", text, got.Reason, got.Matched, reason)
		}
	}
}

func TestClassify_WindowPositions(t *testing.T) {
	t.Parallel()
	x := loadText(t, small)
	for n := range 200 {
		if got := x.Classify(strings.Repeat("lorem ", n)+"snap van die oude factuur"+strings.Repeat(" ipsum", n%7), taxonomy.Hints{}); got.Reason != "invoice" {
			t.Errorf("phrase after %d words: Classify() = %+v, want reason invoice", n, got)
		}
	}
}

func TestClassify_Products(t *testing.T) {
	t.Parallel()
	x := loadText(t, small)
	tests := []struct {
		name, text          string
		hints               []string
		product, department string
	}{
		{"no product", "werkt niet", nil, "", "quality"},
		{"in the text", "bureau werkt niet", nil, "desk", "quality"},
		{"owned by another department", "lamp werkt niet", nil, "lamp", "it"},
		{"single product of the order", "werkt niet", []string{"lamp"}, "lamp", "it"},
		{"two in the order", "werkt niet", []string{"lamp", "desk"}, "", "quality"},
		{"text before order", "lamp werkt niet", []string{"desk"}, "lamp", "it"},
		{"two in the text", "lamp en bureau werkt niet", nil, "", "quality"},
		{"two in the text, one in the order", "lamp en bureau werkt niet", []string{"desk"}, "desk", "quality"},
		{"longer phrase", "lamp op zit-sta bureau werkt niet", nil, "desk", "quality"},
		{"reason without products", "snap factuur van lamp", nil, "", "billing"},
		{"unknown product in the order", "werkt niet", []string{"boat"}, "", "quality"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := x.Classify(tt.text, taxonomy.Hints{Products: tt.hints})
			if got.Product != tt.product || got.Department != tt.department {
				t.Errorf("product = %q of department %q, want %q of %q", got.Product, got.Department, tt.product, tt.department)
			}
		})
	}
}

func TestClassifyAll(t *testing.T) {
	t.Parallel()
	got := loadText(t, small).ClassifyAll("de lamp werkt niet en ik snap de factuur niet", taxonomy.Hints{}, nil)
	if len(got) != 2 || got[0].Reason != "defect" || got[1].Reason != "invoice" {
		t.Fatalf("ClassifyAll() = %+v, want reasons defect and invoice", got)
	}
	if got[0].Product != "lamp" || got[1].Product != "" || got[1].Department != "billing" {
		t.Errorf("ClassifyAll() = %+v, want the lamp for defect, and billing without a product for invoice", got)
	}
	if got[0].Confidence <= got[1].Confidence {
		t.Errorf("confidences = %v and %v, want a falling order", got[0].Confidence, got[1].Confidence)
	}
	if !slices.Equal(got[0].Matched, []string{"werkt niet"}) || got[0].Language != "nl" {
		t.Errorf("first result = %+v, want one matched by %q, in nl", got[0], "werkt niet")
	}
}

func TestOrderNumbers(t *testing.T) {
	t.Parallel()
	x := loadText(t, small)
	got := x.OrderNumbers("ws-123456, WS-123456 en WS-999999, maar niet WS-1234567 of XWS-123456")
	if want := []string{"WS-123456", "WS-999999"}; !slices.Equal(got, want) {
		t.Errorf("OrderNumbers() = %v, want %v", got, want)
	}
	without := loadText(t, strings.Replace(small, `order_number: "WS-[0-9]{6}"`, "", 1))
	if got := without.OrderNumbers("WS-123456"); got != nil {
		t.Errorf("OrderNumbers() without a pattern = %v, want none", got)
	}
}

func TestCheckQueues(t *testing.T) {
	t.Parallel()
	x := loadText(t, small)
	if err := x.CheckQueues([]string{"it", "quality", "billing", "spare"}); err != nil {
		t.Errorf("CheckQueues() with all queues = %v, want nil", err)
	}
	err := x.CheckQueues([]string{"it"})
	if err == nil || !strings.Contains(err.Error(), "billing, quality") {
		t.Errorf("CheckQueues() = %v, want an error that names billing and quality", err)
	}
}

func TestValueQuadrant(t *testing.T) {
	t.Parallel()
	for v, want := range map[taxonomy.Value]taxonomy.Quadrant{
		{Customer: taxonomy.Irritant, Company: taxonomy.Irritant}: taxonomy.Eliminate,
		{Customer: taxonomy.Valuable, Company: taxonomy.Irritant}: taxonomy.SelfService,
		{Customer: taxonomy.Irritant, Company: taxonomy.Valuable}: taxonomy.Automate,
		{Customer: taxonomy.Valuable, Company: taxonomy.Valuable}: taxonomy.Human,
	} {
		if got := v.Quadrant(); got != want {
			t.Errorf("%+v: Quadrant() = %s, want %s", v, got, want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("Ik snap de factuur niet", "lamp")
	f.Add(strings.Repeat("werkt niet. ", 80), "")
	f.Add("\xff\xfe\u0301 WS-123456", "desk")
	x := loadText(f, small)
	f.Fuzz(func(t *testing.T, text, product string) {
		got := x.ClassifyAll(text, taxonomy.Hints{Products: []string{product}}, nil)
		again := x.ClassifyAll(text, taxonomy.Hints{Products: []string{product}}, nil)
		if len(got) == 0 || !slices.EqualFunc(got, again, func(a, b taxonomy.Result) bool {
			return a.Reason == b.Reason && a.Product == b.Product && a.Confidence == b.Confidence
		}) {
			t.Fatalf("ClassifyAll() = %+v, then %+v", got, again)
		}
		for _, r := range got {
			if r.Reason != "" && (r.Confidence <= 0 || r.Confidence > 1 || r.Matched == nil || r.Department != x.Owner(r.Reason, r.Product)) {
				t.Fatalf("invalid result %+v", r)
			}
		}
		x.OrderNumbers(text)
	})
}

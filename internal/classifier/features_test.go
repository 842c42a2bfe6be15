package classifier

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// features returns the features of a text.
func features(text string, products ...string) map[uint32]featureKind {
	names := map[uint32]bool{}
	for _, p := range products {
		names[hashName(taxonomy.Words(p))] = true
	}
	x := newExtraction()
	x.readText(text, names)
	x.extractFeatures(&chosen, "nl", x.parts[0])
	all := map[uint32]featureKind{}
	for _, f := range x.features {
		all[f.hash] = f.kind
	}
	return all
}

func TestExtractFeatures_EqualTexts(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"Café, KAPOT!", "cafe kapot"},
		{"order WS-123456", "order ws 654321"},
		{"het kost 14,95 extra", "het kost 9.50 extra"},
		{"het kost €15 extra", "het kost €900 extra"},
		{"bezorgd op 12-3", "bezorgd op 4/11"},
		{"de airfryer is stuk", "de robot vacuum is stuk"},
		{"bel 0612345678", "bel 0698765432"},
	} {
		a := features(pair[0], "airfryer", "robot vacuum")
		b := features(pair[1], "airfryer", "robot vacuum")
		if len(a) != len(b) {
			t.Errorf("%q has %d features, %q has %d; want the same", pair[0], len(a), pair[1], len(b))
		}
		for h, kind := range a {
			if _, ok := b[h]; !ok {
				t.Errorf("a feature of kind %d of %q is missing in %q", kind, pair[0], pair[1])
			}
		}
	}
}

func TestExtractFeatures_DistinctTexts(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"2 keer betaald", "3 keer betaald"},
		{"werkt niet goed", "niet werkt goed"},
		{"te laat. bezorgd", "te laat bezorgd"},
		{"nummer 12", "nummer 1234"},
	} {
		a := features(pair[0])
		b := features(pair[1])
		same := 0
		for h := range a {
			if _, ok := b[h]; ok {
				same++
			}
		}
		if same == len(a) && same == len(b) {
			t.Errorf("%q and %q have the same features, want different ones", pair[0], pair[1])
		}
	}
}

func TestExtractFeatures_Limits(t *testing.T) {
	t.Parallel()
	x := newExtraction()
	x.readText(strings.Repeat("kapotte onderdelen ontbreken niet. ", 1000)+strings.Repeat("x", 5000), nil)
	if len(x.tokens) != maxTokens {
		t.Errorf("tokens = %d, want %d", len(x.tokens), maxTokens)
	}
	if len(x.parts) != maxParts {
		t.Errorf("parts = %d, want %d", len(x.parts), maxParts)
	}
	var words []string
	for i := range 3000 {
		words = append(words, strings.Repeat(string(rune('a'+i%26)), 3)+strings.Repeat(string(rune('a'+i/26%26)), 12)+strings.Repeat(string(rune('a'+i/676)), 9))
	}
	x.readText(strings.Join(words, " "), nil)
	x.extractFeatures(&chosen, "nl", x.parts[0])
	if len(x.features) > maxFeatures {
		t.Errorf("features = %d, want at most %d", len(x.features), maxFeatures)
	}
}

func TestReadText_Parts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("kapot ", longText-5)
	for text, want := range map[string][]part{
		"mijn lamp is kapot. Groeten!":              {{0, 5}},
		long + "mijn lamp is kapot.":                {{0, 29}},
		long + "mijn lamp is nu kapot":              {{0, 30}},
		long + "mijn. Lamp is nu kapot":             {{0, 30}, {0, 26}, {26, 30}},
		long + "mijn! Lamp? Het kost 3.50\nte veel": {{0, 32}, {0, 26}, {27, 30}, {30, 32}},
	} {
		x := newExtraction()
		x.readText(text, nil)
		if !slices.Equal(x.parts, want) {
			t.Errorf("parts of %q = %v, want %v", text, x.parts, want)
		}
	}
}

func TestAppendConcepts(t *testing.T) {
	t.Parallel()
	same := func(a, b string) bool {
		in := appendConcepts(nil, []byte(a))
		return slices.ContainsFunc(appendConcepts(nil, []byte(b)), func(c uint32) bool { return slices.Contains(in, c) })
	}
	for _, pair := range [][2]string{{"kapot", "broken"}, {"factuur", "eindfactuur"}, {"bezorgd", "delivered"}, {"kapotte", "stuk"}} {
		if !same(pair[0], pair[1]) {
			t.Errorf("%s and %s have no concept in common, want one", pair[0], pair[1])
		}
	}
	if same("wachtwoord", "pakket") {
		t.Error("wachtwoord and pakket have a concept in common, want none")
	}
}

func TestGroupSamples(t *testing.T) {
	t.Parallel()
	trainer, err := newTrainer(&chosen, []Example{
		{Text: "mijn pakket is nog steeds niet bezorgd door de koerier", Reason: "late"},
		{Text: "mijn pakket is nog steeds niet bezorgd door de koerier!!", Reason: "late", Language: "nl"},
		{Text: "waar blijft de bestelling die ik vorige week deed", Reason: "late"},
		{Text: "de factuur klopt niet", Reason: "invoice"},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := trainer.samples
	if s[0].group != s[1].group || s[0].fold != s[1].fold {
		t.Error("near-identical texts have different groups or folds, want the same")
	}
	if s[0].group == s[2].group || s[0].group == s[3].group {
		t.Error("different texts have the same group, want different ones")
	}
}

func TestSetThresholds(t *testing.T) {
	t.Parallel()
	trainer := &trainer{settings: &chosen, options: Options{Precision: 0.9}}
	var predictions []prediction
	add := func(class, best int, lead float32, n int) {
		for range n {
			predictions = append(predictions, prediction{sample: &sample{class: class}, best: best, lead: lead})
		}
	}
	add(1, 1, 0.9, 100)
	add(1, 1, 0.5, 10)
	add(2, 1, 0.5, 40) // half of them wrong at 0.5
	add(2, 2, 0.8, 9)
	add(0, 0, 0.9, 50)
	classes := make([]class, 4)
	trainer.setThresholds(classes, predictions)
	for c, want := range []float32{never, 0.9, 0.8, never} {
		if classes[c].threshold != want {
			t.Errorf("threshold of class %d = %g, want %g", c, classes[c].threshold, want)
		}
	}
}

package classifier_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/taxonomy"
)

func loadTaxonomy(t testing.TB) *taxonomy.Taxonomy {
	t.Helper()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	x, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// readExamples reads lines of reason, language and text.
func readExamples(t testing.TB, name string) []classifier.Example {
	t.Helper()
	data, err := os.ReadFile("../taxonomy/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var all []classifier.Example
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 3 {
			continue
		}
		if f[0] == taxonomy.Unknown {
			f[0] = ""
		}
		all = append(all, classifier.Example{Reason: f[0], Language: f[1], Text: f[2]})
	}
	return all
}

type trained struct {
	model  *classifier.Model
	report classifier.Report
	err    error
}

// train trains one model with the paraphrased lines, for all tests.
var train = sync.OnceValue(func() trained {
	var t testing.T // only for its helper methods; the files exist
	var r trained
	r.model, r.report, r.err = classifier.Train(context.Background(), readExamples(&t, "paraphrased.tsv"),
		classifier.Options{Version: "7", Products: []string{"airfryer", "robot vacuum"}})
	return r
})

func trainModel(t testing.TB) (*classifier.Model, classifier.Report) {
	t.Helper()
	r := train()
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.model, r.report
}

// The held-out lines have other authors than the examples, and the model knows no
// phrases here.
func TestGuess_HeldOutLines(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	known := 0
	right := 0
	firstThree := 0
	for _, e := range readExamples(t, "heldout.tsv") {
		if !slices.Contains(m.Reasons(), e.Reason) {
			continue
		}
		known++
		guesses := m.Guess(e.Text, e.Language, nil)
		if len(guesses) > 0 && guesses[0].Reason == e.Reason {
			right++
		}
		if slices.ContainsFunc(guesses, func(g classifier.Guess) bool { return g.Reason == e.Reason }) {
			firstThree++
		}
	}
	t.Logf("%d lines: first guess right %d, one of three right %d", known, right, firstThree)
	if 10*right < 7*known || 10*firstThree < 8*known {
		t.Errorf("first guess right = %d, one of three right = %d of %d; want at least 70%% and 80%%", right, firstThree, known)
	}
}

// Polite sentences around a message must not hide its reason.
func TestGuess_Mail(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	const message = "mijn wachtwoord werkt niet meer"
	want := m.Guess(message, "nl", nil)[0]
	got := m.Guess("Goedemiddag allemaal. Ik ben al jaren een tevreden klant van jullie winkel. "+message+
		". Ik hoor graag van u. Met vriendelijke groet, J. de Vries, Dorpsstraat 12, Utrecht", "nl", nil)[0]
	if got.Reason != want.Reason || got.Probability < want.Probability {
		t.Errorf("guess for the mail = %+v, want at least %+v", got, want)
	}
}

func TestGuess_Order(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	guesses := m.Guess("mijn pakket is nog niet bezorgd", "nl", nil)
	if len(guesses) != classifier.MaxGuesses {
		t.Fatalf("guesses = %d, want %d", len(guesses), classifier.MaxGuesses)
	}
	sum := float32(0)
	for i, g := range guesses {
		sum += g.Probability
		if i > 0 && (g.Probability > guesses[i-1].Probability || g.Sure) {
			t.Errorf("guess %d = %+v after %+v, want a lower probability and not sure", i, g, guesses[i-1])
		}
	}
	if sum > 1.001 {
		t.Errorf("sum of probabilities = %f, want at most 1", sum)
	}
}

func TestDoubts(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	for _, tt := range []struct {
		text, reason string
		want         bool
	}{
		{"mijn wachtwoord werkt niet, ik wil het resetten", "password-reset", false},
		{"mijn wachtwoord werkt niet, ik wil het resetten", "wrong-item", true},
		{"mijn wachtwoord werkt niet, ik wil het resetten", "newsletter", false}, // too few examples to contradict
		{"mijn wachtwoord werkt niet, ik wil het resetten", "no-such-reason", false},
		{"???", "wrong-item", false},
	} {
		if got := m.Doubts(tt.text, "nl", tt.reason); got != tt.want {
			t.Errorf("Doubts(%q, %s) = %t, want %t", tt.text, tt.reason, got, tt.want)
		}
	}
}

// A rare word of one customer, for example a name, must not be in the model. A word
// of two customers may be.
func TestTrain_PrivateWords(t *testing.T) {
	t.Parallel()
	const name = "zwabbermans"
	train := func(owners ...string) *classifier.Model {
		t.Helper()
		examples := []classifier.Example{
			{Text: "mijn factuur klopt niet", Language: "nl", Reason: "invoice"}, {Text: "de rekening is te hoog", Language: "nl", Reason: "invoice"},
			{Text: "het pakket is te laat", Language: "nl", Reason: "delivery"}, {Text: "waar blijft mijn bestelling", Language: "nl", Reason: "delivery"},
		}
		for i, owner := range owners {
			text := []string{"factuur voor " + name, "rekening van " + name}[i%2]
			examples = append(examples, classifier.Example{Text: text, Language: "nl", Reason: "invoice", Owner: owner})
		}
		m, _, err := classifier.Train(t.Context(), examples, classifier.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for want, owners := range map[bool][]string{false: {"c1", "c1"}, true: {"c1", "c2"}} {
		if got := len(train(owners...).Guess(name, "nl", nil)) > 0; got != want {
			t.Errorf("the model knows the word of the customers %v: got %t, want %t", owners, got, want)
		}
	}
}

func TestGuess_UnknownWords(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	for _, text := range []string{"", "???", "\xff\xfe", "привет"} {
		if got := m.Guess(text, "nl", nil); len(got) != 0 {
			t.Errorf("Guess(%q) = %v, want no guesses", text, got)
		}
	}
}

func TestGuess_LongText(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	text := "ik wil mijn bestelling annuleren. " + strings.Repeat("é", 1<<20)
	if got := m.Guess(text, "nl", nil); len(got) == 0 {
		t.Error("a long text has no guesses, want some")
	}
}

func TestGuess_NoAllocations(t *testing.T) {
	m, _ := trainModel(t)
	var buffer [classifier.MaxGuesses]classifier.Guess
	const text = "Hallo, ik begrijp de factuur van vorige maand niet"
	m.Guess(text, "nl", buffer[:0])
	if n := testing.AllocsPerRun(200, func() { m.Guess(text, "nl", buffer[:0]) }); n > 0 && !raceEnabled {
		t.Errorf("allocations per text = %v, want 0", n)
	}
	if n := testing.AllocsPerRun(200, func() { m.Doubts(text, "nl", "invoice-unclear") }); n > 0 && !raceEnabled {
		t.Errorf("allocations of a doubt = %v, want 0", n)
	}
}

func TestGuess_Concurrent(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	const text = "de levering is al dagen te laat"
	want := m.Guess(text, "nl", nil)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if got := m.Guess(text, "nl", nil); !cmp.Equal(got, want) {
					t.Errorf("concurrent guess = %v, want %v", got, want)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestTrain_Deterministic(t *testing.T) {
	t.Parallel()
	examples := readExamples(t, "paraphrased.tsv")[:120]
	encode := func(seed uint64) []byte {
		m, _, err := classifier.Train(context.Background(), examples, classifier.Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		data, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first := encode(1)
	if !bytes.Equal(first, encode(1)) {
		t.Error("two models of the same input differ, want equal bytes")
	}
	if bytes.Equal(first, encode(2)) {
		t.Error("models of two seeds are equal, want different ones")
	}
}

func TestTrain_Refuses(t *testing.T) {
	t.Parallel()
	two := []classifier.Example{{Text: "kapot", Reason: "defect"}, {Text: "te laat", Reason: "late"}}
	many := make([]classifier.Example, classifier.MaxReasons+1)
	for i := range many {
		many[i] = classifier.Example{Text: "tekst", Reason: fmt.Sprint("r", i)}
	}
	large := slices.Repeat([]classifier.Example{{Text: strings.Repeat("woord ", 600), Reason: "late"}, two[0]}, 3000)
	slow := make([]classifier.Example, 0, 20_000)
	for i := range cap(slow) {
		slow = append(slow, classifier.Example{Text: fmt.Sprint("ik wil graag weten hoe het zit met bestelling ", i, " van vorige week"), Reason: fmt.Sprint("r", i%400)})
	}
	for name, tt := range map[string]struct {
		examples []classifier.Example
		options  classifier.Options
		kind     fault.Kind
		want     string
	}{
		"no examples":          {nil, classifier.Options{}, fault.Invalid, "give examples of at least two"},
		"one reason":           {two[:1], classifier.Options{}, fault.Invalid, "have 1 reasons"},
		"unknown language":     {append(two[:2:2], classifier.Example{Text: "kaputt", Language: "de"}), classifier.Options{}, fault.Invalid, `example 2 has the language "de"`},
		"negative weight":      {append(two[:2:2], classifier.Example{Text: "stuk", Weight: -1}), classifier.Options{}, fault.Invalid, "weight -1"},
		"long reason":          {append(two[:2:2], classifier.Example{Text: "stuk", Reason: strings.Repeat("x", 101)}), classifier.Options{}, fault.Invalid, "reason of 101 bytes"},
		"precision of one":     {two, classifier.Options{Precision: 1}, fault.Invalid, "from 0.5 to 0.99"},
		"too many reasons":     {many, classifier.Options{}, fault.TooLarge, "501 reasons, at most 500"},
		"too many examples":    {make([]classifier.Example, classifier.MaxExamples+1), classifier.Options{}, fault.TooLarge, "at most 30000"},
		"too many bytes":       {large, classifier.Options{}, fault.TooLarge, "leave out the oldest"},
		"too much to multiply": {slow, classifier.Options{}, fault.TooLarge, "take too long to learn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := classifier.Train(context.Background(), tt.examples, tt.options)
			if fault.KindOf(err) != tt.kind || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Train() error = %v, want a %s with %q", err, tt.kind, tt.want)
			}
		})
	}
}

func TestTrain_Canceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := classifier.Train(ctx, readExamples(t, "paraphrased.tsv"), classifier.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Train() error = %v, want context.Canceled", err)
	}
}

func TestTrain_Report(t *testing.T) {
	t.Parallel()
	m, r := trainModel(t)
	if r.Examples < 380 || r.Phrases != 0 {
		t.Errorf("examples = %d, phrases = %d; want at least 380 and 0", r.Examples, r.Phrases)
	}
	if r.Accuracy < 0.6 || r.Accuracy > r.FirstThree || r.FirstThree > 1 {
		t.Errorf("accuracy = %g, first three = %g; want at least 0.6, and the second above the first", r.Accuracy, r.FirstThree)
	}
	if r.Coverage97 > r.Coverage95 || r.Coverage95 > r.Accuracy {
		t.Errorf("coverage at 97%% and 95%% = %g and %g, accuracy = %g; want them in ascending order", r.Coverage97, r.Coverage95, r.Accuracy)
	}
	if len(r.LearningCurve) != 3 || r.LearningCurve[0].Examples >= r.LearningCurve[2].Examples {
		t.Errorf("learning curve = %v, want three points with more examples each", r.LearningCurve)
	}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if r.Bytes != len(data) || r.Bytes > classifier.MaxBytes {
		t.Errorf("bytes = %d, want %d, at most %d", r.Bytes, len(data), classifier.MaxBytes)
	}
	if len(r.Languages) != 2 || len(r.Reasons) < 70 || len(r.Confusions) == 0 {
		t.Errorf("report has %d languages, %d reasons and %d confusions, want 2, at least 70, and some", len(r.Languages), len(r.Reasons), len(r.Confusions))
	}
}

// The texts of each reason below are easy to tell apart, so that the model is sure of
// the reason with enough examples of customers, and only of that one.
func TestTrain_SureNeedsExamples(t *testing.T) {
	t.Parallel()
	var examples []classifier.Example
	add := func(reason, words string, n int, phrase bool) {
		list := strings.Fields(words)
		for i := range n {
			text := fmt.Sprint(list[i%len(list)], " ", list[(i*7+3)%len(list)], " ", list[(i*i+1)%len(list)])
			examples = append(examples, classifier.Example{Text: text, Language: "nl", Reason: reason, Phrase: phrase})
		}
	}
	add("invoice", "factuur rekening nota btw bedrag regel afrekening kosten toeslag specificatie post", 60, false)
	add("fire", "brand rook vlam vuur smeult heet schroeit vonk brandlucht gesmolten", 9, false)
	add("password", "wachtwoord inloggen inlogcode account aanmelden resetlink gebruikersnaam", 60, true)
	add("", "bedankt dank groet prettig weekend fijn tot ziens dag super top hartelijk", 60, false)
	m, _, err := classifier.Train(context.Background(), examples, classifier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]classifier.Guess{
		"factuur rekening btw":            {Reason: "invoice", Sure: true},
		"brand rook vlam":                 {Reason: "fire"},
		"wachtwoord inloggen aanmelden":   {Reason: "password"},
		"hartelijk bedankt fijn weekend":  {Reason: ""},
		"prettig weekend factuur bedankt": {Reason: ""},
	} {
		got := m.Guess(text, "nl", nil)
		if len(got) == 0 {
			t.Fatalf("Guess(%q) has no guesses, want some", text)
		}
		if want.Reason != "" && got[0].Reason != want.Reason {
			t.Errorf("Guess(%q) = %+v, want %s", text, got[0], want.Reason)
		}
		if got[0].Sure != want.Sure {
			t.Errorf("Guess(%q) = %+v, want sure: %t", text, got[0], want.Sure)
		}
	}
}

func TestBetter(t *testing.T) {
	t.Parallel()
	inUse := classifier.Report{Examples: 2000, Accuracy: 0.8, Coverage95: 0.5}
	for name, tt := range map[string]struct {
		old, candidate classifier.Report
		want           bool
	}{
		"no model in use":        {classifier.Report{}, inUse, true},
		"equal":                  {inUse, inUse, true},
		"more accurate":          {inUse, classifier.Report{Examples: 2100, Accuracy: 0.82, Coverage95: 0.5}, true},
		"less accurate":          {inUse, classifier.Report{Examples: 2100, Accuracy: 0.78, Coverage95: 0.5}, false},
		"less by chance":         {inUse, classifier.Report{Examples: 2100, Accuracy: 0.795, Coverage95: 0.495}, true},
		"less covered":           {inUse, classifier.Report{Examples: 2100, Accuracy: 0.81, Coverage95: 0.4}, false},
		"without examples":       {inUse, classifier.Report{Phrases: 3000}, false},
		"neither with examples":  {classifier.Report{Phrases: 9}, classifier.Report{Phrases: 3000}, true},
		"few examples, as right": {classifier.Report{Examples: 30, Accuracy: 0.8}, classifier.Report{Examples: 40, Accuracy: 0.75}, true},
	} {
		if got, why := classifier.Better(tt.old, tt.candidate); got != tt.want || why == "" {
			t.Errorf("%s: Better() = %t, %q; want %t with a reason", name, got, why, tt.want)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	const text = "Goedemorgen, mijn wachtwoord werkt niet"
	words := m.Explain(text, "nl", "password-reset")
	if len(words) == 0 || len(words) > classifier.MaxWords {
		t.Fatalf("words = %v, want 1 to %d", words, classifier.MaxWords)
	}
	if got := text[words[0].From:words[0].To]; got != "wachtwoord" {
		t.Errorf("first word = %q, want wachtwoord", got)
	}
	for i, w := range words[1:] {
		if w.Weight > words[i].Weight || w.Weight <= 0 {
			t.Errorf("weights = %v, want them positive and descending", words)
		}
	}
	if got := m.Explain(text, "nl", "no-such-reason"); got != nil {
		t.Errorf("words for an unknown reason = %v, want nil", got)
	}
	if got := m.Explain("", "nl", "password-reset"); len(got) != 0 {
		t.Errorf("words of an empty text = %v, want none", got)
	}
}

func ExampleTrain() {
	examples := []classifier.Example{
		{Text: "de airfryer is kapot", Language: "nl", Reason: "defect"},
		{Text: "hij doet het niet meer", Language: "nl", Reason: "defect"},
		{Text: "mijn pakket is te laat", Language: "nl", Reason: "delivery-late"},
		{Text: "nog steeds niets bezorgd", Language: "nl", Reason: "delivery-late"},
	}
	m, _, err := classifier.Train(context.Background(), examples, classifier.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	g := m.Guess("onze lamp is kapot", "nl", nil)[0]
	fmt.Println(g.Reason, g.Sure)
	// Output: defect false
}

func BenchmarkGuess(b *testing.B) {
	m, _ := trainModel(b)
	var buffer [classifier.MaxGuesses]classifier.Guess
	for name, text := range map[string]string{
		"short":  "Hallo, ik begrijp de factuur van vorige maand niet, kunt u mij uitleggen waar die kosten vandaan komen?",
		"mail2k": strings.Repeat("Dit is een lange mail over van alles en nog wat, maar zonder een enkel punt. ", 26),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Guess(text, "nl", buffer[:0])
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	data := encodeModel(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := classifier.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

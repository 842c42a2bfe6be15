package classifier

import (
	"context"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Limits of the input of [Train].
const (
	MaxExamples = 30_000
	MaxText     = 4000    // bytes of a text that are read; the rest is ignored
	MaxInput    = 8 << 20 // bytes of all texts together
	maxReasons  = 500
)

// An Example is a text with its reason.
type Example struct {
	Text     string
	Language string  // nl, en, or empty if unknown
	Reason   string  // the id of the reason; empty if the text has none
	Weight   float32 // how much it counts in training; 0 means 1
	// Phrase marks a text that no customer wrote, for example a phrase of the
	// taxonomy. The model learns from it, and is not measured with it.
	Phrase bool
}

// Options are the options of [Train].
type Options struct {
	Seed     uint64   // of the pseudo-random order of examples
	Version  string   // stored in the model, for example the version of the taxonomy
	Products []string // names of products; the model does not distinguish them
}

// Train trains a model and measures it by cross-validation. The result is the same
// for the same input on the same processor architecture. It returns a
// [fault.Invalid] or [fault.TooLarge] for examples from which nothing can be learned.
func Train(ctx context.Context, examples []Example, options Options) (*Model, Report, error) {
	return train(ctx, &chosen, examples, options)
}

func train(ctx context.Context, o *settings, examples []Example, options Options) (*Model, Report, error) {
	begin := time.Now()
	t, err := newTrainer(o, examples, options)
	if err != nil {
		return nil, Report{}, err
	}
	v, err := t.crossValidate(ctx)
	if err != nil {
		return nil, Report{}, err
	}
	m, err := t.build(ctx, t.samples)
	if err != nil {
		return nil, Report{}, err
	}
	m.sharpness = v.sharpness
	t.setThresholds(m.classes, v.predictions)
	report := t.report(v)
	if report.LearningCurve, err = t.learningCurve(ctx); err != nil {
		return nil, Report{}, err
	}
	encoded, err := m.Encode()
	if err != nil {
		return nil, Report{}, err
	}
	report.Bytes = len(encoded)
	report.Seconds = math.Round(100*time.Since(begin).Seconds()) / 100
	return m, report, nil
}

// A trainer holds the examples in numbers.
type trainer struct {
	settings *settings
	options  Options
	classes  []class
	products map[uint32]bool
	hashes   []uint32 // by feature
	samples  []*sample
	folds    []int // by sample
}

func newTrainer(o *settings, examples []Example, options Options) (*trainer, error) {
	reasons, err := checkExamples(examples)
	if err != nil {
		return nil, err
	}
	t := &trainer{settings: o, options: options, products: map[uint32]bool{}, classes: []class{{threshold: never}}}
	numbers := map[string]int{"": 0}
	for _, id := range reasons {
		numbers[id] = len(t.classes)
		t.classes = append(t.classes, class{reason: id, threshold: never})
	}
	for _, name := range options.Products {
		if words := taxonomy.Words(name); len(words) > 0 && len(words) <= maxProductWords {
			t.products[hashProduct(words)] = true
		}
	}
	x := newExtraction()
	ids := map[uint32]int32{}
	seen := map[string]bool{}
	for i, e := range examples {
		key := e.Language + "\x00" + e.Reason + "\x00" + e.Text
		if seen[key] {
			continue
		}
		seen[key] = true
		if x.extract(o, shorten(e.Text), e.Language, t.products); len(x.tokens) == 0 {
			continue
		}
		s := &sample{class: numbers[e.Reason], weight: e.Weight, phrase: e.Phrase, language: e.Language, example: i}
		if s.weight == 0 {
			s.weight = 1
		}
		for _, f := range x.features {
			id, ok := ids[f.hash]
			if !ok {
				id = int32(len(t.hashes)) //nolint:gosec // MaxInput limits it
				ids[f.hash] = id
				t.hashes = append(t.hashes, f.hash)
			}
			s.ids = append(s.ids, id)
			s.values = append(s.values, x.values[f.kind])
		}
		t.samples = append(t.samples, s)
	}
	t.groupSamples()
	t.assignFolds()
	return t, nil
}

// shorten cuts a text after MaxText bytes.
func shorten(text string) string {
	if len(text) <= MaxText {
		return text
	}
	n := MaxText
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// checkExamples returns the ids of the reasons of the examples, sorted.
func checkExamples(examples []Example) ([]string, error) {
	if len(examples) > MaxExamples {
		return nil, fault.New(fault.TooLarge, "there are %d examples, at most %d are allowed; leave out the oldest", len(examples), MaxExamples)
	}
	size := 0
	var reasons []string
	for i, e := range examples {
		size += min(len(e.Text), MaxText)
		switch {
		case e.Language != "" && e.Language != "nl" && e.Language != "en":
			return nil, fault.New(fault.Invalid, "example %d has the language %.10q; use nl, en or an empty one", i, e.Language)
		case e.Weight < 0 || e.Weight > 100 || e.Weight != e.Weight:
			return nil, fault.New(fault.Invalid, "example %d has the weight %g; use a number from 0 to 100", i, e.Weight)
		case len(e.Reason) > 100:
			return nil, fault.New(fault.Invalid, "example %d has a reason of %d bytes; use the id of a reason", i, len(e.Reason))
		}
		if e.Reason != "" {
			reasons = append(reasons, e.Reason)
		}
	}
	if size > MaxInput {
		return nil, fault.New(fault.TooLarge, "the examples have %d bytes, at most %d are allowed; leave out the oldest", size, MaxInput)
	}
	slices.Sort(reasons)
	reasons = slices.Compact(reasons)
	if len(reasons) < 2 {
		return nil, fault.New(fault.Invalid, "the examples have %d reasons; give examples of at least two", len(reasons))
	}
	if len(reasons) > maxReasons {
		return nil, fault.New(fault.TooLarge, "the examples have %d reasons, at most %d are allowed; merge some", len(reasons), maxReasons)
	}
	return reasons, nil
}

// build trains a model with the samples, without thresholds.
func (t *trainer) build(ctx context.Context, samples []*sample) (*Model, error) {
	w, err := fit(ctx, t.settings, samples, len(t.classes), len(t.hashes), t.options.Seed)
	if err != nil {
		return nil, err
	}
	return quantize(t.settings, w, t.hashes, t.classes, t.products, t.options.Version), nil
}

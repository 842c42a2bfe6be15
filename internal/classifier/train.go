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
	MaxReasons  = 500
	MaxText     = 4000    // bytes of a text that are read; the rest is ignored
	MaxInput    = 8 << 20 // bytes of all texts together

	maxWeight   = 100
	maxReasonID = 100 // bytes
	// maxWork limits the multiplications of the training, and so its time: on one
	// core, about a second per thousand million.
	maxWork   = 15_000_000_000
	minEpochs = 4
	// maxMatrix limits the weights in memory. If there are more, or if the work
	// allows less than half of the epochs, features that only one example has are
	// left out.
	maxMatrix = 64 << 20
)

// An Example is a text with its reason.
type Example struct {
	Text     string
	Language string  // nl, en, or empty if unknown
	Reason   string  // the id of the reason; empty if the text has none
	Weight   float32 // how much it counts in training, up to 100; 0 means 1
	// Phrase marks a text that no customer wrote, for example a phrase of the
	// taxonomy. The model learns from it but is not measured with it.
	Phrase bool
	// Owner identifies the customer who wrote the text; empty for a text that is not
	// private. The model has no feature that only the texts of one owner have.
	Owner string
}

// Options are the options of [Train].
type Options struct {
	Seed     uint64   // of the pseudo-random order of examples
	Version  string   // stored in the model, for example the version of the taxonomy
	Products []string // names of products, between which the model does not distinguish
	// Precision is the share of the sure guesses that must be right; 0 means
	// [DefaultPrecision].
	Precision float64
}

// DefaultPrecision is the share of the sure guesses that must be right.
const DefaultPrecision = 0.95

// Train trains a model and measures it by cross-validation. On one processor
// architecture, equal input gives an equal model. Texts without a word and repeated
// examples are ignored. The error is a [fault.Invalid] or [fault.TooLarge] if nothing
// can be learned from the examples; the error of ctx is returned as it is.
func Train(ctx context.Context, examples []Example, options Options) (*Model, Report, error) {
	return trainWith(ctx, &chosen, examples, options)
}

func trainWith(ctx context.Context, o *settings, examples []Example, options Options) (*Model, Report, error) {
	begin := time.Now()
	t, err := newTrainer(o, examples, options)
	if err != nil {
		return nil, Report{}, err
	}
	v, err := t.crossValidate(ctx)
	if err != nil {
		return nil, Report{}, err
	}
	m, err := t.buildModel(ctx, t.samples)
	if err != nil {
		return nil, Report{}, err
	}
	m.sharpness = v.sharpness
	t.setThresholds(m.classes, v.predictions)
	report := t.reportOn(v)
	if report.LearningCurve, err = t.measureLearning(ctx, v); err != nil {
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
	matrix   matrix
	epochs   int
}

func newTrainer(o *settings, examples []Example, options Options) (*trainer, error) {
	if options.Precision == 0 {
		options.Precision = DefaultPrecision
	}
	if !(options.Precision >= 0.5 && options.Precision < 1) {
		return nil, fault.New(fault.Invalid, "precision is %g; use a number from 0.5 to 0.99", options.Precision)
	}
	reasons, err := checkExamples(examples)
	if err != nil {
		return nil, err
	}
	t := &trainer{settings: o, options: options, products: map[uint32]bool{}, classes: []class{{threshold: never}}}
	for _, name := range options.Products {
		if words := taxonomy.Words(name); len(words) > 0 && len(words) <= maxNameWords {
			t.products[hashName(words)] = true
		}
	}
	numbers := map[string]int{"": 0}
	for _, id := range reasons {
		numbers[id] = len(t.classes)
		t.classes = append(t.classes, class{reason: id, threshold: never})
	}
	t.addSamples(examples, numbers)
	t.dropPrivateFeatures()
	t.epochs = t.countEpochs()
	if t.epochs < o.epochs/2 || len(t.hashes)*len(t.classes) > maxMatrix {
		t.dropRareFeatures()
		t.epochs = t.countEpochs()
	}
	if t.epochs < minEpochs {
		return nil, fault.New(fault.TooLarge, "%d examples of %d reasons take too long to learn; use fewer examples of each reason", len(t.samples), len(t.classes)-1)
	}
	t.matrix = matrix{classes: len(t.classes), rows: make([]float32, len(t.hashes)*len(t.classes))}
	t.groupSamples()
	t.assignFolds()
	return t, nil
}

// addSamples converts the examples. Classes are numbered by reason.
func (t *trainer) addSamples(examples []Example, numbers map[string]int) {
	x := newExtraction()
	ids := map[uint32]int32{} // of the features
	seen := map[Example]bool{}
	for _, e := range examples {
		e.Text = shortenText(e.Text)
		if e.Weight == 0 {
			e.Weight = 1
		}
		x.readText(e.Text, t.products)
		if len(x.tokens) == 0 || seen[e] {
			continue
		}
		seen[e] = true
		s := &sample{class: numbers[e.Reason], weight: e.Weight, phrase: e.Phrase, language: e.Language, owner: e.Owner}
		s.features = t.numberFeatures(x, e.Language, x.parts[0], ids)
		if !e.Phrase {
			for _, p := range x.parts[1:] {
				s.sentences = append(s.sentences, t.numberFeatures(x, e.Language, p, ids))
			}
		}
		t.samples = append(t.samples, s)
	}
}

// numberFeatures returns the features of a part. A new feature gets the next id.
func (t *trainer) numberFeatures(x *extraction, language string, p part, ids map[uint32]int32) vector {
	x.extractFeatures(t.settings, language, p)
	v := vector{ids: make([]int32, 0, len(x.features)), values: make([]float32, 0, len(x.features))}
	for _, f := range x.features {
		id, known := ids[f.hash]
		if !known {
			id = int32(len(t.hashes)) //nolint:gosec // MaxInput limits it
			ids[f.hash] = id
			t.hashes = append(t.hashes, f.hash)
		}
		v.ids = append(v.ids, id)
		v.values = append(v.values, x.values[f.kind])
	}
	return v
}

// dropRareFeatures removes the features that only one sample has.
func (t *trainer) dropRareFeatures() {
	counts := make([]int, len(t.hashes))
	for _, s := range t.samples {
		for _, id := range s.features.ids {
			counts[id]++
		}
	}
	t.keepFeatures(func(id int) bool { return counts[id] > 1 })
}

// dropPrivateFeatures removes the features that only the samples of one owner have,
// for example an unusual name.
func (t *trainer) dropPrivateFeatures() {
	owners := make([]string, len(t.hashes))
	used := make([]bool, len(t.hashes))
	public := make([]bool, len(t.hashes))
	for _, s := range t.samples {
		for _, id := range s.features.ids {
			if s.owner == "" || (used[id] && owners[id] != s.owner) {
				public[id] = true
			}
			owners[id] = s.owner
			used[id] = true
		}
	}
	t.keepFeatures(func(id int) bool { return public[id] })
}

// keepFeatures removes all other features. The rest get new ids.
func (t *trainer) keepFeatures(kept func(id int) bool) {
	renumbered := make([]int32, len(t.hashes))
	var hashes []uint32
	for id, hash := range t.hashes {
		renumbered[id] = -1
		if kept(id) {
			renumbered[id] = int32(len(hashes)) //nolint:gosec // MaxInput limits it
			hashes = append(hashes, hash)
		}
	}
	if len(hashes) == len(t.hashes) {
		return
	}
	t.hashes = hashes
	for _, s := range t.samples {
		s.features.renumber(renumbered)
		for i := range s.sentences {
			s.sentences[i].renumber(renumbered)
		}
	}
}

// countEpochs returns the number of epochs that the limit of work allows.
func (t *trainer) countEpochs() int {
	perEpoch := 0
	for _, s := range t.samples {
		perEpoch += len(s.features.ids) * len(t.classes)
	}
	perEpoch *= folds + 2 // trainings: one per fold, the final one, and less than one for the learning curve
	return min(maxWork/max(perEpoch, 1), t.settings.epochs)
}

// shortenText cuts a text after MaxText bytes.
func shortenText(text string) string {
	if len(text) <= MaxText {
		return text
	}
	n := MaxText
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// checkExamples returns the sorted ids of the reasons of the examples.
func checkExamples(examples []Example) ([]string, error) {
	if len(examples) > MaxExamples {
		return nil, fault.New(fault.TooLarge, "there are %d examples, at most %d are allowed; leave out the oldest", len(examples), MaxExamples)
	}
	size := 0
	var reasons []string
	for i := range examples {
		e := &examples[i]
		if err := checkExample(i, e); err != nil {
			return nil, err
		}
		size += min(len(e.Text), MaxText)
		if e.Reason != "" {
			reasons = append(reasons, e.Reason)
		}
	}
	slices.Sort(reasons)
	reasons = slices.Compact(reasons)
	switch {
	case size > MaxInput:
		return nil, fault.New(fault.TooLarge, "the examples have %d bytes, at most %d are allowed; leave out the oldest", size, MaxInput)
	case len(reasons) < 2:
		return nil, fault.New(fault.Invalid, "the examples have %d reasons; give examples of at least two", len(reasons))
	case len(reasons) > MaxReasons:
		return nil, fault.New(fault.TooLarge, "the examples have %d reasons, at most %d are allowed; merge some", len(reasons), MaxReasons)
	default:
		return reasons, nil
	}
}

func checkExample(i int, e *Example) error {
	if e.Language != "" && e.Language != "nl" && e.Language != "en" {
		return fault.New(fault.Invalid, "example %d has the language %.10q; use nl, en or an empty one", i, e.Language)
	}
	if !(e.Weight >= 0 && e.Weight <= maxWeight) { // also if it is not a number
		return fault.New(fault.Invalid, "example %d has the weight %g; use a number from 0 to %d", i, e.Weight, maxWeight)
	}
	if len(e.Reason) > maxReasonID {
		return fault.New(fault.Invalid, "example %d has a reason of %d bytes; use the id of a reason", i, len(e.Reason))
	}
	return nil
}

// buildModel trains a model with the samples. The model has no thresholds.
func (t *trainer) buildModel(ctx context.Context, samples []*sample) (*Model, error) {
	if err := t.matrix.fit(ctx, t.settings, t.epochs, samples, t.options.Seed); err != nil {
		return nil, err
	}
	m := &Model{version: t.options.Version, classes: slices.Clone(t.classes), products: t.products, sharpness: 1, settings: t.settings}
	m.quantize(&t.matrix, t.hashes)
	m.indexFeatures()
	return m, nil
}

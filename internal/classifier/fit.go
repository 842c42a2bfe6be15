package classifier

import (
	"context"
	"math"
	"math/rand/v2"
)

// A sample is an example in numbers.
type sample struct {
	features  vector
	sentences []vector // features of the sentences of a long text; none for a phrase
	class     int
	weight    float32
	phrase    bool
	language  string
	owner     string // empty if the text is not private
	group     int    // samples with near-identical texts have the same group
	fold      int    // samples of a group have the same fold
}

// A vector holds features and their values.
type vector struct {
	ids    []int32
	values []float32
}

// renumber replaces the ids of the features. It removes features whose new id is
// negative.
func (v *vector) renumber(ids []int32) {
	n := 0
	for i, id := range v.ids {
		if ids[id] >= 0 {
			v.ids[n] = ids[id]
			v.values[n] = v.values[i]
			n++
		}
	}
	v.ids = v.ids[:n]
	v.values = v.values[:n]
}

// A matrix holds the weights of a linear model: a row per feature, with a weight per
// class.
type matrix struct {
	classes int
	rows    []float32
}

func (m *matrix) row(feature int32) []float32 {
	return m.rows[int(feature)*m.classes:][:m.classes]
}

// fit computes the weights in m from the samples. It is logistic regression by
// stochastic gradient descent; the step of a feature becomes smaller the more the
// feature was used (AdaGrad).
func (m *matrix) fit(ctx context.Context, o *settings, epochs int, samples []*sample, seed uint64) error {
	clear(m.rows)
	squares := make([]float32, len(m.rows)/m.classes) // by feature: 1 + sum of its squared gradients
	for i := range squares {
		squares[i] = 1
	}
	classWeights := balanceClasses(samples, m.classes, o.balance)
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // no secret
	order := make([]*sample, len(samples))
	copy(order, samples)
	errs := make([]float32, m.classes)
	wrong := make([]int32, 0, m.classes) // classes whose error counts
	for epoch := range epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		rate := o.rate * (1 - 0.9*float32(epoch)/float32(epochs))
		for n, s := range order {
			if n%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			m.computeErrors(o, s, errs)
			wrong = wrong[:0]
			square := float32(0)
			for c, e := range errs {
				if e > o.ignored || e < -o.ignored {
					wrong = append(wrong, int32(c))
					square += float32(e * e)
				}
			}
			square *= s.weight
			step := rate * s.weight * classWeights[s.class]
			for i, f := range s.features.ids {
				v := s.features.values[i]
				squares[f] += float32(square * v * v)
				d := step * v / float32(math.Sqrt(float64(squares[f])))
				row := m.row(f)
				for _, c := range wrong {
					row[c] -= float32(d * errs[c])
				}
			}
		}
	}
	return nil
}

// computeErrors computes how much the probability of each class differs from the
// wanted one.
func (m *matrix) computeErrors(o *settings, s *sample, errs []float32) {
	clear(errs)
	for i, f := range s.features.ids {
		v := s.features.values[i]
		for c, w := range m.row(f) {
			errs[c] += float32(v * w)
		}
	}
	convertScores(errs)
	for c := range errs {
		errs[c] -= o.smoothing / float32(m.classes)
	}
	errs[s.class] -= 1 - o.smoothing
}

// balanceClasses returns a weight for each class. With power 1 every class counts
// equally; with 0, every sample.
func balanceClasses(samples []*sample, classes int, power float64) []float32 {
	sums := make([]float64, classes)
	total := 0.0
	for _, s := range samples {
		sums[s.class] += float64(s.weight)
		total += float64(s.weight)
	}
	weights := make([]float32, classes)
	for c, sum := range sums {
		if sum > 0 {
			weights[c] = float32(math.Pow(total/(float64(classes)*sum), power))
		}
	}
	return weights
}

// convertScores replaces scores by probabilities (softmax).
func convertScores(p []float32) {
	most := p[0]
	for _, x := range p {
		most = max(most, x)
	}
	sum := float32(0)
	for i, x := range p {
		p[i] = float32(math.Exp(float64(x - most)))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

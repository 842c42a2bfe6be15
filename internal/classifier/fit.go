package classifier

import (
	"context"
	"math"
	"math/rand/v2"
)

// A sample is an example in numbers.
type sample struct {
	ids      []int32   // its features
	values   []float32 // their values
	class    int
	weight   float32
	phrase   bool
	language string
	group    int // samples with near-identical texts are in one group
	example  int // its index
}

// matrix holds the weights of a linear model: a row for each feature, with a weight
// for each class.
type matrix struct {
	classes int
	rows    []float32
}

func (m *matrix) row(feature int32) []float32 {
	return m.rows[int(feature)*m.classes:][:m.classes]
}

// fit computes the weights with which the samples are classified best: logistic
// regression with stochastic gradient descent, and a step per feature that becomes
// smaller the more it was used (AdaGrad).
func fit(ctx context.Context, o *settings, samples []*sample, classes, features int, seed uint64) (*matrix, error) {
	m := &matrix{classes: classes, rows: make([]float32, features*classes)}
	squares := make([]float32, features) // sums of squared gradients
	for i := range squares {
		squares[i] = 1
	}
	classWeights := balance(samples, classes, o.balance)
	random := rand.New(rand.NewPCG(seed, uint64(classes))) //nolint:gosec // not a secret
	order := make([]*sample, len(samples))
	copy(order, samples)
	errs := make([]float32, classes)
	var wrong []int32 // classes with an error that counts
	for epoch := range o.epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		rate := o.rate * (1 - 0.9*float32(epoch)/float32(o.epochs))
		for n, s := range order {
			if n%512 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			m.score(s, errs)
			softmax(errs)
			wrong = wrong[:0]
			square := float32(0)
			for c := range errs {
				errs[c] -= o.smoothing / float32(classes)
				if c == s.class {
					errs[c] -= 1 - o.smoothing
				}
				if e := errs[c]; e > o.ignored || e < -o.ignored {
					wrong = append(wrong, int32(c)) //nolint:gosec // classes are few
					square += e * e
				}
			}
			square *= s.weight
			step := rate * s.weight * classWeights[s.class]
			for i, f := range s.ids {
				v := s.values[i]
				squares[f] += square * v * v
				d := step * v / float32(math.Sqrt(float64(squares[f])))
				row := m.row(f)
				for _, c := range wrong {
					row[c] -= d * errs[c]
				}
			}
		}
	}
	return m, nil
}

// balance returns a weight for each class. With power 1 every class counts equally;
// with 0, every sample.
func balance(samples []*sample, classes int, power float64) []float32 {
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

// score computes the score of each class.
func (m *matrix) score(s *sample, scores []float32) {
	clear(scores)
	for i, f := range s.ids {
		v := s.values[i]
		for c, w := range m.row(f) {
			scores[c] += v * w
		}
	}
}

// softmax replaces scores by probabilities.
func softmax(p []float32) {
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

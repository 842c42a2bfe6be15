package classifier

import (
	"cmp"
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	folds       = 5
	minExamples = 10 // examples of customers that a reason needs to be ever sure
	never       = 2  // a threshold that no probability reaches
	nearby      = 0.6
)

// A prediction is the result for a sample of a model that was trained without its
// group.
type prediction struct {
	sample *sample
	fold   int
	scores []float32 // by class
	// Of the probabilities, after calibration:
	best        int
	probability float32
	reason      int // the most likely class with a reason
}

type validation struct {
	predictions []prediction
	sharpness   float32
}

// groupSamples gives near-identical samples the same group. Candidates are found with
// MinHash: two samples that share many features share a band of minima.
func (t *trainer) groupSamples() {
	const bands, rows = 12, 2
	parent := make([]int, len(t.samples))
	for i := range parent {
		parent[i] = i
	}
	var find func(int) int
	find = func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for band := range uint32(bands) {
		buckets := map[[rows]uint32][]int{}
		for i, s := range t.samples {
			var key [rows]uint32
			for r := range uint32(rows) {
				key[r] = math.MaxUint32
				for _, id := range s.ids {
					key[r] = min(key[r], combine(100+band*rows+r, t.hashes[id], 0))
				}
			}
			others := buckets[key]
			for _, j := range others[max(0, len(others)-20):] {
				if find(i) != find(j) && similarity(t.samples[i], t.samples[j]) >= nearby {
					parent[find(i)] = find(j)
				}
			}
			buckets[key] = append(others, i)
		}
	}
	for i, s := range t.samples {
		s.group = find(i)
	}
}

// similarity returns the share of the features of two samples that both have.
func similarity(a, b *sample) float64 {
	in := make(map[int32]bool, len(a.ids))
	for _, id := range a.ids {
		in[id] = true
	}
	both := 0
	for _, id := range b.ids {
		if in[id] {
			both++
		}
	}
	return float64(both) / float64(len(a.ids)+len(b.ids)-both)
}

// assignFolds distributes the groups over the folds, in a pseudo-random order.
func (t *trainer) assignFolds() {
	random := rand.New(rand.NewPCG(t.options.Seed, 2)) //nolint:gosec // not a secret
	fold := map[int]int{}
	groups := map[int]int{} // class of the first sample of each group
	for _, s := range t.samples {
		if _, ok := groups[s.group]; !ok {
			groups[s.group] = s.class
		}
	}
	order := slices.Sorted(maps.Keys(groups))
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(groups[a], groups[b]) })
	for i, g := range order {
		fold[g] = i % folds
	}
	t.folds = make([]int, len(t.samples))
	for i, s := range t.samples {
		t.folds[i] = fold[s.group]
	}
}

// predict returns the predictions for the customers' samples of a fold.
func (t *trainer) predict(m *Model, fold int) []prediction {
	var out []prediction
	for i, s := range t.samples {
		if t.folds[i] != fold || s.phrase {
			continue
		}
		p := prediction{sample: s, fold: fold, scores: make([]float32, len(m.classes))}
		for j, id := range s.ids {
			row, ok := m.find(t.hashes[id])
			if !ok {
				continue
			}
			for _, c := range m.row(row) {
				p.scores[c.class] += s.values[j] * float32(c.weight)
			}
		}
		for c := range p.scores {
			p.scores[c] *= m.classes[c].scale
		}
		out = append(out, p)
	}
	return out
}

// crossValidate trains a model for each fold with the other folds, and predicts the
// samples of the fold.
func (t *trainer) crossValidate(ctx context.Context) (validation, error) {
	var v validation
	for fold := range folds {
		var rest []*sample
		for i, s := range t.samples {
			if t.folds[i] != fold {
				rest = append(rest, s)
			}
		}
		m, err := t.build(ctx, rest)
		if err != nil {
			return v, err
		}
		v.predictions = append(v.predictions, t.predict(m, fold)...)
	}
	v.calibrate()
	return v, nil
}

// calibrate finds the factor of the scores with the most likely probabilities.
func (v *validation) calibrate() {
	v.sharpness = 1
	least := math.Inf(1)
	for step := -8; step <= 8; step++ {
		sharpness := float32(math.Pow(1.15, float64(step)))
		loss := 0.0
		for i := range v.predictions {
			p := v.predictions[i].probabilities(sharpness)
			loss -= math.Log(max(float64(p[v.predictions[i].sample.class]), 1e-9))
		}
		if loss < least {
			least = loss
			v.sharpness = sharpness
		}
	}
	for i := range v.predictions {
		x := &v.predictions[i]
		p := x.probabilities(v.sharpness)
		x.reason = 1
		for c := range p {
			if p[c] > p[x.best] {
				x.best = c
			}
			if c > 0 && p[c] > p[x.reason] {
				x.reason = c
			}
		}
		x.probability = p[x.best]
	}
}

func (p *prediction) probabilities(sharpness float32) []float32 {
	out := make([]float32, len(p.scores))
	for i, s := range p.scores {
		out[i] = s * sharpness
	}
	softmax(out)
	return out
}

// setThresholds gives each class the lowest probability from which its predictions
// are right often enough. A reason with few predictions borrows from all.
func (t *trainer) setThresholds(classes []class, predictions []prediction) {
	all := slices.Clone(predictions)
	all = slices.DeleteFunc(all, func(p prediction) bool { return p.best == 0 })
	slices.SortStableFunc(all, func(a, b prediction) int { return cmp.Compare(b.probability, a.probability) })
	right := make([]int, len(all)+1) // right[i] of the first i are right
	for i, p := range all {
		right[i+1] = right[i]
		if p.best == p.sample.class {
			right[i+1]++
		}
	}
	examples := make([]int, len(classes))
	for _, p := range predictions {
		examples[p.sample.class]++
	}
	for c := range classes {
		classes[c].threshold = never
		if c == 0 || examples[c] < minExamples {
			continue
		}
		var n, good float64
		for i, p := range all {
			if p.best != c {
				continue
			}
			n++
			if p.sample.class == c {
				good++
			}
			overall := float64(right[i+1]) / float64(i+1)
			if (good+t.settings.prior*overall)/(n+t.settings.prior) >= t.settings.target {
				classes[c].threshold = p.probability
			}
		}
	}
}

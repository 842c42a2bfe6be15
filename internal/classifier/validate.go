package classifier

import (
	"cmp"
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// MinExamples is the number of customers' examples that a reason needs for a guess to be
// sure.
const MinExamples = 10

const (
	folds       = 5
	never       = 2   // a threshold that no lead reaches
	identical   = 0.6 // the similarity from which two texts are near-identical
	maxCompared = 20  // samples of a bucket that a sample is compared with
)

// A prediction is the result for a customer's sample of a model that was trained
// without the sample's group.
type prediction struct {
	sample *sample
	scores [][]float32 // by part and class; the first part is the whole text
	// After calibration:
	best int     // the most likely class
	lead float32 // how much its probability is above that of the next class
	rank int     // the number of reasons that are more likely than the right class
}

func (p *prediction) isRight() bool { return p.best == p.sample.class }

// A validation holds the predictions for all customers' samples.
type validation struct {
	predictions []prediction
	sharpness   float32 // factor of the scores with the most likely probabilities
}

// groupSamples gives near-identical samples the same group. Candidates are found by
// MinHash: samples that share many features probably share a band of minima.
func (t *trainer) groupSamples() {
	const bands, rows = 12, 2
	parents := make([]int, len(t.samples))
	for i := range parents {
		parents[i] = i
	}
	root := func(i int) int {
		for parents[i] != i {
			parents[i] = parents[parents[i]]
			i = parents[i]
		}
		return i
	}
	for band := range uint32(bands) {
		buckets := map[[rows]uint32][]int{}
		for i, s := range t.samples {
			var key [rows]uint32
			for r := range uint32(rows) {
				key[r] = math.MaxUint32
				for _, id := range s.features.ids {
					key[r] = min(key[r], combineHashes(band*rows+r, t.hashes[id], 0))
				}
			}
			others := buckets[key]
			for _, j := range others[max(0, len(others)-maxCompared):] {
				if root(i) != root(j) && similarity(&s.features, &t.samples[j].features) >= identical {
					parents[root(i)] = root(j)
				}
			}
			buckets[key] = append(others, i)
		}
	}
	for i, s := range t.samples {
		s.group = root(i)
	}
}

// similarity returns the share of the features of two texts that both have.
func similarity(a, b *vector) float64 {
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

// assignFolds distributes the groups of each class evenly over the folds, in a
// pseudo-random order.
func (t *trainer) assignFolds() {
	classOf := map[int]int{} // class of the first sample of each group
	for _, s := range t.samples {
		if _, ok := classOf[s.group]; !ok {
			classOf[s.group] = s.class
		}
	}
	order := slices.Sorted(maps.Keys(classOf))
	random := rand.New(rand.NewPCG(t.options.Seed, 2)) //nolint:gosec // no secret
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(classOf[a], classOf[b]) })
	foldOf := map[int]int{}
	for i, group := range order {
		foldOf[group] = i % folds
	}
	for _, s := range t.samples {
		s.fold = foldOf[s.group]
	}
}

// scoreVector computes the scores of the classes, without sharpness.
func (t *trainer) scoreVector(m *Model, v *vector) []float32 {
	scores := make([]float32, len(m.classes))
	for i, id := range v.ids {
		if index, ok := m.findFeature(t.hashes[id]); ok {
			m.addCells(scores, index, v.values[i])
		}
	}
	m.scaleScores(scores)
	return scores
}

// crossValidate trains a model for each fold with the other folds, and predicts the
// samples of the fold.
func (t *trainer) crossValidate(ctx context.Context) (*validation, error) {
	v := &validation{}
	for fold := range folds {
		m, err := t.buildModel(ctx, t.selectSamples(func(s *sample) bool { return s.fold != fold }))
		if err != nil {
			return nil, err
		}
		v.predictions = append(v.predictions, t.predictFold(m, fold)...)
	}
	v.calibrate()
	return v, nil
}

func (t *trainer) selectSamples(selected func(*sample) bool) []*sample {
	var out []*sample
	for _, s := range t.samples {
		if selected(s) {
			out = append(out, s)
		}
	}
	return out
}

// predictFold returns the predictions of m for the customers' samples of a fold.
func (t *trainer) predictFold(m *Model, fold int) []prediction {
	var out []prediction
	for _, s := range t.samples {
		if s.fold != fold || s.phrase {
			continue
		}
		p := prediction{sample: s, scores: [][]float32{t.scoreVector(m, &s.features)}}
		for i := range s.sentences {
			p.scores = append(p.scores, t.scoreVector(m, &s.sentences[i]))
		}
		out = append(out, p)
	}
	return out
}

// calibrate finds the factor of the scores with which the probabilities fit the
// classes best, and computes the results of the predictions with it.
func (v *validation) calibrate() {
	v.sharpness = 1
	least := math.Inf(1)
	for step := -8; step <= 8; step++ {
		sharpness := float32(math.Pow(1.15, float64(step)))
		loss := 0.0
		for i := range v.predictions {
			p := &v.predictions[i]
			loss -= math.Log(max(float64(p.probabilities(sharpness)[p.sample.class]), 1e-9))
		}
		if loss < least {
			least = loss
			v.sharpness = sharpness
		}
	}
	for i := range v.predictions {
		x := &v.predictions[i]
		p := x.probabilities(v.sharpness)
		x.best = 0
		for c := range p {
			if p[c] > p[x.best] {
				x.best = c
			}
		}
		x.lead = leadOf(p, x.best)
		x.rank = 0
		for _, other := range p[1:] {
			if other > p[x.sample.class] {
				x.rank++
			}
		}
	}
}

// probabilities returns those of the part that decides, as [Model.decide] does.
func (p *prediction) probabilities(sharpness float32) []float32 {
	var best []float32
	for _, scores := range p.scores {
		part := make([]float32, len(scores))
		for i, s := range scores {
			part[i] = s * sharpness
		}
		convertScores(part)
		if best == nil || likelihood(part, anyReason) > likelihood(best, anyReason) {
			best = part
		}
	}
	return best
}

// sortAssigned returns the predictions of a reason, those with the largest lead first.
func sortAssigned(predictions []prediction) []*prediction {
	var assigned []*prediction
	for i := range predictions {
		if predictions[i].best > 0 {
			assigned = append(assigned, &predictions[i])
		}
	}
	slices.SortStableFunc(assigned, func(a, b *prediction) int { return cmp.Compare(b.lead, a.lead) })
	return assigned
}

// setThresholds gives each reason the smallest lead from which enough of its
// predictions are right. The precision of a reason with few predictions is mixed
// with that of all reasons.
func (t *trainer) setThresholds(classes []class, predictions []prediction) {
	measured := make([]int, len(classes))
	for i := range predictions {
		measured[predictions[i].sample.class]++
	}
	for c := range classes {
		classes[c].threshold = never
	}
	type count struct{ all, right float64 }
	counts := make([]count, len(classes))
	var total count
	var changed []int // classes with a prediction of the current lead
	assigned := sortAssigned(predictions)
	for i, p := range assigned {
		n := &counts[p.best]
		n.all++
		total.all++
		if p.isRight() {
			n.right++
			total.right++
		}
		changed = append(changed, p.best)
		if i+1 < len(assigned) && assigned[i+1].lead == p.lead {
			continue
		}
		for _, c := range changed {
			prior := t.settings.prior
			precision := (counts[c].right + prior*total.right/total.all) / (counts[c].all + prior + t.settings.caution)
			if precision >= t.options.Precision && measured[c] >= MinExamples {
				classes[c].threshold = p.lead
			}
		}
		changed = changed[:0]
	}
}

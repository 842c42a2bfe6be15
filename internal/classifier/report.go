package classifier

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// A Report is the result of cross-validation: each text of a customer was classified
// by a model that was trained without it and without near-identical texts. All shares
// are from 0 to 1.
type Report struct {
	Examples int `json:"examples"` // texts of customers
	Phrases  int `json:"phrases"`  // other texts
	// Accuracy is the share of the texts with a reason of which it is the most
	// likely class. FirstThree is the share of which it is one of the guesses.
	Accuracy   float64 `json:"accuracy"`
	FirstThree float64 `json:"first_three"`
	// Coverage95 and Coverage97 are the shares of the texts with a reason that get
	// it, if the same threshold for all reasons makes 95% or 97% of the assigned
	// reasons right.
	Coverage95 float64 `json:"coverage_95"`
	Coverage97 float64 `json:"coverage_97"`
	// Sure is the share of the texts with a reason that surely get one.
	// SurePrecision is the share of all sure guesses that are right. SureWithout is
	// the share of the texts without a reason that surely get one.
	Sure          float64 `json:"sure"`
	SurePrecision float64 `json:"sure_precision"`
	SureWithout   float64 `json:"sure_without"`

	Languages     []GroupReport   `json:"languages"`
	Reasons       []GroupReport   `json:"reasons"`    // by reason and language
	Confusions    []Confusion     `json:"confusions"` // the most frequent first
	LearningCurve []LearningPoint `json:"learning_curve"`
	Seconds       float64         `json:"seconds"` // of training
	Bytes         int             `json:"bytes"`   // of the encoded model
}

// A GroupReport is the part of a report about the texts of a language, or of a
// reason in a language.
type GroupReport struct {
	Reason   string  `json:"reason,omitempty"`
	Language string  `json:"language"`
	Examples int     `json:"examples"`
	Accuracy float64 `json:"accuracy"`
	Sure     float64 `json:"sure"` // share that surely gets the right reason
	// Threshold is the lead from which the reason is sure: how much its probability
	// is above that of the next class. It is 0 for a language, and above 1 if the
	// reason is never sure.
	Threshold float64 `json:"threshold,omitempty"`
}

// A Confusion counts texts of one reason that were given another one.
type Confusion struct {
	Reason string `json:"reason"` // empty for no reason
	Given  string `json:"given"`  // empty for no reason
	Texts  int    `json:"texts"`
}

// A LearningPoint is the accuracy with a part of the customers' examples.
type LearningPoint struct {
	Examples int     `json:"examples"`
	Accuracy float64 `json:"accuracy"`
}

const maxConfusions = 30

// share returns n of all, rounded to four decimals.
func share(n, all int) float64 {
	if all == 0 {
		return 0
	}
	return math.Round(1e4*float64(n)/float64(all)) / 1e4
}

// A tally counts the predictions of a group of texts with a reason.
type tally struct{ all, right, firstThree, sure, surelyRight int }

func (n *tally) add(p *prediction, sure bool) {
	n.all++
	if p.rank < MaxGuesses {
		n.firstThree++
	}
	if sure {
		n.sure++
	}
	if p.isRight() {
		n.right++
		if sure {
			n.surelyRight++
		}
	}
}

func (t *trainer) reportOn(v *validation) Report {
	type key struct {
		reason   int // 0 for all
		language string
	}
	groups := map[key]*tally{}
	confusions := map[[2]int]int{}
	var known, without tally
	sure := t.findSure(v.predictions)
	for i := range v.predictions {
		p := &v.predictions[i]
		if !p.isRight() {
			confusions[[2]int{p.sample.class, p.best}]++
		}
		if p.sample.class == 0 {
			without.add(p, sure[i])
			continue
		}
		known.add(p, sure[i])
		for _, k := range []key{{0, p.sample.language}, {p.sample.class, p.sample.language}} {
			if groups[k] == nil {
				groups[k] = &tally{}
			}
			groups[k].add(p, sure[i])
		}
	}
	r := Report{
		Examples: len(v.predictions), Phrases: len(t.samples) - len(v.predictions),
		Accuracy: share(known.right, known.all), FirstThree: share(known.firstThree, known.all),
		Coverage95: coverageAt(v.predictions, 0.95), Coverage97: coverageAt(v.predictions, 0.97),
		Sure: share(known.sure, known.all), SurePrecision: share(known.surelyRight, known.sure+without.sure),
		SureWithout: share(without.sure, without.all),
	}
	final := slices.Clone(t.classes)
	t.setThresholds(final, v.predictions)
	for k, n := range groups {
		g := GroupReport{Language: k.language, Examples: n.all, Accuracy: share(n.right, n.all), Sure: share(n.surelyRight, n.all)}
		if k.reason == 0 {
			r.Languages = append(r.Languages, g)
			continue
		}
		g.Reason = final[k.reason].reason
		g.Threshold = math.Round(1e4*float64(final[k.reason].threshold)) / 1e4
		r.Reasons = append(r.Reasons, g)
	}
	byName := func(a, b GroupReport) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Language, b.Language))
	}
	slices.SortFunc(r.Languages, byName)
	slices.SortFunc(r.Reasons, byName)
	r.Confusions = t.listConfusions(confusions)
	return r
}

// listConfusions returns the most frequent confusions, from counts by class and
// given class.
func (t *trainer) listConfusions(counts map[[2]int]int) []Confusion {
	var list []Confusion
	for pair, n := range counts {
		list = append(list, Confusion{t.classes[pair[0]].reason, t.classes[pair[1]].reason, n})
	}
	slices.SortFunc(list, func(a, b Confusion) int {
		return cmp.Or(cmp.Compare(b.Texts, a.Texts), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Given, b.Given))
	})
	return list[:min(len(list), maxConfusions)]
}

// findSure reports for each prediction whether it is sure, by the thresholds that the
// other folds give.
func (t *trainer) findSure(predictions []prediction) []bool {
	sure := make([]bool, len(predictions))
	for fold := range folds {
		classes := slices.Clone(t.classes)
		t.setThresholds(classes, slices.DeleteFunc(slices.Clone(predictions), func(p prediction) bool { return p.sample.fold == fold }))
		for i := range predictions {
			if p := &predictions[i]; p.sample.fold == fold && p.best > 0 {
				sure[i] = p.lead >= classes[p.best].threshold
			}
		}
	}
	return sure
}

// coverageAt returns the coverage at a precision: the share of the texts with a
// reason that get their right reason, with the lowest threshold that reaches
// the precision.
func coverageAt(predictions []prediction, precision float64) float64 {
	known := 0
	for i := range predictions {
		if predictions[i].sample.class > 0 {
			known++
		}
	}
	right := 0
	most := 0
	for i, p := range sortAssigned(predictions) {
		if p.isRight() {
			right++
		}
		if float64(right) >= precision*float64(i+1) {
			most = right
		}
	}
	return share(most, known)
}

// measureLearning measures the accuracy on the first fold of models that were trained
// with a quarter, half and all of the other customers' examples.
func (t *trainer) measureLearning(ctx context.Context, v *validation) ([]LearningPoint, error) {
	const parts = 4
	var points []LearningPoint
	for _, part := range []int{1, 2, parts} {
		samples := t.selectSamples(func(s *sample) bool {
			return s.fold != 0 && (s.phrase || s.group%parts < part)
		})
		p := LearningPoint{}
		for _, s := range samples {
			if !s.phrase {
				p.Examples++
			}
		}
		if part == parts { // the cross-validation trained this model
			p.Accuracy = accuracyOf(slices.DeleteFunc(slices.Clone(v.predictions), func(p prediction) bool { return p.sample.fold != 0 }))
		} else {
			m, err := t.buildModel(ctx, samples)
			if err != nil {
				return nil, err
			}
			some := validation{predictions: t.predictFold(m, 0)}
			some.calibrate()
			p.Accuracy = accuracyOf(some.predictions)
		}
		points = append(points, p)
	}
	return points, nil
}

// accuracyOf returns the accuracy for the texts with a reason.
func accuracyOf(predictions []prediction) float64 {
	all := 0
	right := 0
	for i := range predictions {
		if p := &predictions[i]; p.sample.class > 0 {
			all++
			if p.isRight() {
				right++
			}
		}
	}
	return share(right, all)
}

// Better reports whether a new model may replace the one in use, and why. It may not
// if cross-validation found a lower accuracy or coverage at 95% precision, by more
// than one standard error: the examples of the two reports may differ, so a smaller
// difference says nothing.
func Better(inUse, candidate Report) (better bool, why string) {
	switch {
	case candidate.Examples == 0 && inUse.Examples > 0:
		return false, "the new model was not measured, because it has no examples of customers"
	case inUse.Examples == 0:
		return true, "the model in use was not measured"
	}
	for _, m := range []struct {
		name     string
		old, now float64
	}{{"accuracy", inUse.Accuracy, candidate.Accuracy}, {"coverage at 95% precision", inUse.Coverage95, candidate.Coverage95}} {
		chance := math.Sqrt(m.old * (1 - m.old) * (1/float64(inUse.Examples) + 1/float64(candidate.Examples)))
		if m.now < m.old-chance {
			return false, fmt.Sprintf("the new model is worse: %s %.3f, in use %.3f", m.name, m.now, m.old)
		}
	}
	return true, fmt.Sprintf("accuracy %.3f (in use %.3f), coverage at 95%% precision %.3f (in use %.3f)",
		candidate.Accuracy, inUse.Accuracy, candidate.Coverage95, inUse.Coverage95)
}

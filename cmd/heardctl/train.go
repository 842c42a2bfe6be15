package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/training"
)

// trainClassifier has the stack train its classifier, and prints the result.
func (t *tool) trainClassifier(ctx context.Context, args []string) error {
	f := t.newFlagSet("train")
	last := f.Bool("last", false, "only print the result of the last training")
	c, err := t.parseAndOpen(ctx, f, args, 0, 0)
	if err != nil {
		return err
	}
	train := (*stackclient.Client).Train
	if *last {
		train = (*stackclient.Client).LastTraining
	} else {
		fmt.Fprintln(t.err, "The train function starts within two minutes.")
	}
	r, err := train(c, ctx)
	if err != nil {
		return withRemedy(err)
	}
	t.printTraining(r)
	return nil
}

// maxPrintedGroups limits the reasons that the report of a training prints.
const maxPrintedGroups = 10

func (t *tool) printTraining(r training.Report) {
	model := "no model"
	if r.Model != "" {
		model = "model " + r.Model
	}
	fmt.Fprintf(t.out, "%s, started %s because of: %s, took %.0f s\n", strings.ToUpper(string(r.Outcome)), r.At.Format(time.RFC3339), r.Why, r.Seconds)
	fmt.Fprintf(t.out, "%s is in use, taxonomy %s\n", model, r.Taxonomy)
	if r.Explanation != "" {
		fmt.Fprintln(t.out, r.Explanation)
	}
	m := r.Material
	fmt.Fprintf(t.out, "learned: %d texts of the taxonomy, %d corrections (%d count double), %d registered contacts, %d contacts attached to problems; left out: %d\n",
		m.Taxonomy, m.Corrections, m.Doubled, m.Registered, m.Attached, m.LeftOut)
	if m.Truncated {
		fmt.Fprintln(t.out, "there was more material than a training takes; the oldest was left out")
	}
	if r.Figures.Examples > 0 {
		fmt.Fprintf(t.out, "cross-validation with %d texts: the first guess is right in %s, one of three in %s; sure and right in %s\n",
			r.Figures.Examples, percentOf(r.Figures.Accuracy), percentOf(r.Figures.FirstThree), percentOf(r.Figures.Sure*r.Figures.SurePrecision))
	}
	for _, c := range r.Figures.Confusions[:min(len(r.Figures.Confusions), maxPrintedGroups)] {
		fmt.Fprintf(t.out, "%6d texts of %s were taken for %s\n", c.Texts, reasonOrNone(c.Reason), reasonOrNone(c.Given))
	}
	for _, next := range r.Next {
		t.printHint("%s", next)
	}
}

func percentOf(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

func reasonOrNone(id string) string {
	if id == "" {
		return "no reason"
	}
	return id
}

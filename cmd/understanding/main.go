// Understanding measures how well the reasons of messages are recognised: by the
// phrases of the taxonomy alone, by the learned classifier alone, and by both
// together as triage uses them.
//
//	go run ./cmd/understanding [-train file,file] [-test file,file] [-reasons=false]
//
// A set is a TSV file with the columns reason, language and text, or reason, product,
// language and text. The reason unknown marks a text without a reason. A YAML file
// with texts by reason and language is a set as well. The authors of a test set must
// not be those of a training set; lines that a test set also has are not learned.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/taxonomy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "understanding: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("understanding", flag.ContinueOnError)
	file := f.String("taxonomy", "infra/taxonomy.yaml", "the taxonomy `file`; its phrases and examples are learned")
	train := f.String("train", "internal/taxonomy/testdata/labelled.tsv,internal/taxonomy/testdata/paraphrased.tsv", "also learn these `files`")
	test := f.String("test", "internal/taxonomy/testdata/heldout.tsv,test/story/wordings.yaml", "measure with these `files`")
	reasons := f.Bool("reasons", true, "also print a line for each reason")
	precision := f.Float64("precision", classifier.DefaultPrecision, "the `share` of the model's sure guesses that must be right")
	small := f.Int("small", 10, "also measure this `number` of small organisations")
	if err := f.Parse(args); err != nil {
		return err
	}
	data, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	tax, err := taxonomy.Load(data)
	if err != nil {
		return fmt.Errorf("read %s: %w", *file, err)
	}
	training, err := readSets(*train)
	if err != nil {
		return err
	}
	tests, err := readSets(*test)
	if err != nil {
		return err
	}
	return report{out: out, tax: tax, file: *file, training: training, tests: tests, reasons: *reasons, precision: *precision, small: *small}.print(ctx)
}

// A report holds the sets to measure and the writer to print to.
type report struct {
	out             io.Writer
	tax             *taxonomy.Taxonomy
	file            string // of the taxonomy
	training, tests []set
	reasons         bool
	precision       float64
	small           int
}

func (r report) print(ctx context.Context) error {
	examples, options := classifier.FromTaxonomy(r.tax)
	options.Precision = r.precision
	own := len(examples)
	held := textsOf(r.tests)
	for i := range r.training {
		s := &r.training[i]
		for _, l := range s.lines {
			if held[foldText(l.text)] {
				s.dropped++
				continue
			}
			examples = append(examples, classifier.Example{Text: l.text, Language: l.language, Reason: l.reason})
		}
	}
	r.printSets(own)
	m, trained, err := classifier.Train(ctx, examples, options)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	r.printTraining(trained)
	for _, s := range r.tests {
		r.printTest(m, s)
	}
	if len(r.tests) > 1 {
		all := set{name: "all test sets"}
		for _, s := range r.tests {
			all.lines = append(all.lines, s.lines...)
		}
		r.printTest(m, all)
	}
	r.printSpeed(m)
	if r.small > 0 {
		return r.printSmall(ctx)
	}
	return nil
}

// printSets prints the learned and the tested sets. own is the number of texts that
// the taxonomy teaches.
func (r report) printSets(own int) {
	r.printHeading("Sets")
	r.printRow("role", "file", "texts", "not learned", "source and licence")
	r.printRow("learned", r.file, own, 0, "names, phrases, vocabularies and examples of the taxonomy; licence of this repository")
	for _, s := range r.training {
		r.printRow("learned", s.name, len(s.lines), s.dropped, s.source)
	}
	for _, s := range r.tests {
		r.printRow("tested", s.name, len(s.lines), "", s.source)
	}
	r.printRow("The sets are split by file, so by author. Lines of a learned file that a tested file also has are not learned.")
	r.printRow("Cross-validation splits the learned messages in five; near-identical ones stay together. Phrases are learned, but not measured with.")
}

func (r report) printTraining(t classifier.Report) {
	r.printHeading("Cross-validation of the model")
	r.printRow("messages", t.Examples, "", "other texts", t.Phrases)
	r.printRow("right", percent(t.Accuracy), "", "one of three", percent(t.FirstThree))
	r.printRow("coverage at 95% precision", percent(t.Coverage95), "", "at 97%", percent(t.Coverage97))
	r.printRow("sure", percent(t.Sure), "", "precision when sure", percent(t.SurePrecision), "", "without a reason, but sure", percent(t.SureWithout))
	r.printRow("training time", fmt.Sprintf("%.1f s", t.Seconds), "", "size of the model", fmt.Sprintf("%d kB", t.Bytes/1000))
	for _, p := range t.LearningCurve {
		r.printRow("learning curve", fmt.Sprintf("%d messages", p.Examples), percent(p.Accuracy))
	}
	for _, g := range t.Languages {
		r.printRow("language "+g.Language, fmt.Sprintf("%d messages", g.Examples), "right", percent(g.Accuracy), "sure and right", percent(g.Sure))
	}
	if r.reasons {
		for _, g := range t.Reasons {
			threshold := "never sure"
			if g.Threshold <= 1 {
				threshold = fmt.Sprintf("sure from %.2f", g.Threshold)
			}
			r.printRow(g.Reason, g.Language, g.Examples, "right", percent(g.Accuracy), "sure and right", percent(g.Sure), threshold)
		}
	}
	for _, c := range t.Confusions[:min(len(t.Confusions), maxPairs)] {
		r.printRow("confusion", nameReason(c.Reason), "was given", nameReason(c.Given), c.Texts)
	}
}

func (r report) printHeading(text string) { _, _ = fmt.Fprintf(r.out, "\n== %s\n", text) }

// printRow prints cells, separated by tabs.
func (r report) printRow(cells ...any) {
	text := make([]string, len(cells))
	for i, c := range cells {
		text[i] = fmt.Sprint(c)
	}
	_, _ = fmt.Fprintln(r.out, strings.Join(text, "\t"))
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

func nameReason(id string) string {
	if id == "" {
		return "no reason"
	}
	return id
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// taxonomyCommands are the commands that improve the taxonomy and apply it.
func taxonomyCommands() []command {
	return []command{
		{
			"corrections", "[-text]", "print the corrections by agents, one JSON line each; -text prints masked texts",
			"corrections -since 2026-03-01T00:00:00Z", (*tool).exportCorrections,
		},
		{
			"reclassify", "-reason <id> -since <time>", "classify contacts again by the current taxonomy",
			"reclassify -reason unknown -since 2026-03-01T00:00:00Z -dry-run", (*tool).reclassifyContacts,
		},
		{
			"taxonomy", "check|publish <file>", "check a taxonomy, or check and publish it",
			"taxonomy check -text 'my invoice is wrong' infra/taxonomy.yaml", (*tool).runTaxonomy,
		},
		{
			"train", "[-last]", "train the classifier and print the result, or the last result",
			"train -last", (*tool).trainClassifier,
		},
	}
}

// runTaxonomy checks a taxonomy, and publishes it with the word publish. With
// -text it also classifies a text.
func (t *tool) runTaxonomy(ctx context.Context, args []string) error {
	f := t.newFlagSet("taxonomy")
	text := f.String("text", "", "also classify this `text`, and show the phrases that decided")
	out := f.String("out", "", "also write the checked form, with which functions deploy, to this `file`")
	publishes := false
	if len(args) > 0 && (args[0] == "check" || args[0] == "publish") {
		publishes = args[0] == "publish"
		args = args[1:]
	}
	if err := t.parseArgs(f, args, 1, 1); err != nil {
		return err
	}
	data, err := os.ReadFile(f.Arg(0))
	if err != nil {
		return err
	}
	tax, err := taxonomy.Load(data)
	if list, ok := errors.AsType[taxonomy.Errors](err); ok {
		for _, e := range list {
			fmt.Fprintf(t.out, "%s: %v\n", f.Arg(0), e)
		}
		if len(list) == 1 {
			return errors.New("1 mistake: correct it and check again")
		}
		return fmt.Errorf("%d mistakes: correct them and check again", len(list))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s, version %s: %d departments, %d products, %d reasons\n", tax.Organisation, tax.Version,
		len(tax.Departments), len(tax.Products), len(tax.Reasons))
	if *text == "" {
		t.printFewExamples(tax)
		t.printConfusions(tax.Confusions())
	} else {
		t.printClassification(*text, tax.ClassifyAll(*text, taxonomy.Hints{}, nil))
		t.printSuggestions(tax, *text)
	}
	if *out != "" {
		if err := writeChecked(tax, *out); err != nil {
			return err
		}
	}
	if !publishes {
		t.printHint("heardctl taxonomy publish %s", f.Arg(0))
		return nil
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	report, err := c.PublishTaxonomy(ctx, data)
	fmt.Fprint(t.out, report)
	if err != nil {
		return err
	}
	t.printHint("heardctl reclassify -reason unknown -since <time> -dry-run shows which earlier contacts it would change")
	return nil
}

// goodExamples is the number of examples per reason and language that a taxonomy should
// have.
const goodExamples = 50

// printFewExamples prints the reasons that have too few examples for the classifier.
func (t *tool) printFewExamples(tax *taxonomy.Taxonomy) {
	var none, unsure, few []string // reasons without examples, with too few to be sure, and with less than a good number
	for i := range tax.Reasons {
		r := &tax.Reasons[i]
		dutch := len(r.Examples.NL)
		english := len(r.Examples.EN)
		counts := fmt.Sprintf("%s (%d nl, %d en)", r.ID, dutch, english)
		switch {
		case dutch+english == 0:
			none = append(none, r.ID)
		case dutch+english < classifier.MinExamples:
			unsure = append(unsure, counts)
		case min(dutch, english) < goodExamples:
			few = append(few, counts)
		}
	}
	t.printReasons("without examples: the classifier knows them by their phrases only, and never assigns them", none)
	t.printReasons(fmt.Sprintf("with fewer than %d examples: the classifier never assigns them", classifier.MinExamples), unsure)
	t.printReasons(fmt.Sprintf("with fewer than %d examples in a language: the classifier recognises them less often", goodExamples), few)
}

// maxReasons limits the reasons in one line.
const maxReasons = 10

// printReasons prints reasons after a title, if there are any.
func (t *tool) printReasons(title string, reasons []string) {
	if len(reasons) == 0 {
		return
	}
	line := strings.Join(reasons[:min(len(reasons), maxReasons)], ", ")
	if more := len(reasons) - maxReasons; more > 0 {
		line += fmt.Sprintf(", and %d more", more)
	}
	fmt.Fprintf(t.out, "%s %s: %s\n", countOf(len(reasons), "reason"), title, line)
}

// maxConfusions limits the confused reasons that are printed.
const maxConfusions = 10

// printConfusions prints the reasons that are easily confused, and how to tell them
// apart.
func (t *tool) printConfusions(all []taxonomy.Confusion) {
	for _, c := range all[:min(len(all), maxConfusions)] {
		fmt.Fprintf(t.out, "%s is easily taken for %s: %s, such as %q, which matches %q\n", c.Reason, c.Other, countOf(c.Phrases, "phrase"), c.Phrase, c.OtherPhrase)
	}
	if more := len(all) - maxConfusions; more > 0 {
		fmt.Fprintf(t.out, "and %d more pairs of reasons\n", more)
	}
	if len(all) > 0 {
		fmt.Fprintln(t.out, "Add a word to such a phrase that only its reason has, give one of the reasons a higher priority, or merge them.")
	}
}

// countOf returns a number of things in words.
func countOf(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// writeChecked writes the checked form of a taxonomy, which has no examples.
func writeChecked(tax *taxonomy.Taxonomy, file string) error {
	data, err := tax.Checked()
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644) //nolint:gosec // no secret
}

// printClassification prints the reasons of a text, with the phrases and words
// that decided.
func (t *tool) printClassification(text string, all []taxonomy.Result) {
	for _, r := range all {
		if r.Reason == "" {
			fmt.Fprintln(t.out, "unknown: the text has no phrase that identifies a reason")
			continue
		}
		var words []string
		for _, s := range r.Spans.List() {
			words = append(words, strconv.Quote(text[s.From:s.To]))
		}
		through := ""
		if r.ByLexicon {
			through = " through the lexicon"
		}
		fmt.Fprintf(t.out, "%s for %s, confidence %.2g, by %s%s in %s\n", strings.TrimSpace(r.Reason+" "+r.Product), r.Department, r.Confidence,
			strings.Join(r.Matched, ", "), through, strings.Join(words, " "))
	}
}

// printSuggestions prints the reasons that a text without a certain reason may have.
func (t *tool) printSuggestions(tax *taxonomy.Taxonomy, text string) {
	if tax.Classify(text, taxonomy.Hints{}).Reason != "" {
		return
	}
	for _, s := range tax.Suggest(text, 3) {
		fmt.Fprintf(t.out, "perhaps %s, score %.2g, by single words\n", s.Reason, s.Score)
	}
}

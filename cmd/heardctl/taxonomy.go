package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

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
	if *text != "" {
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
			fmt.Fprintln(t.out, "unknown: no phrase in it belongs to a reason with certainty")
			continue
		}
		var words []string
		for _, s := range r.Spans.List() {
			words = append(words, strconv.Quote(text[s.From:s.To]))
		}
		fmt.Fprintf(t.out, "%s for %s, confidence %.2g, by %s in %s\n", strings.TrimSpace(r.Reason+" "+r.Product), r.Department, r.Confidence,
			strings.Join(r.Matched, ", "), strings.Join(words, " "))
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

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

// runTaxonomy checks a taxonomy, and brings it into use when it is told to
// publish. With -text it also says what a text would be taken for.
func (t *tool) runTaxonomy(ctx context.Context, args []string) error {
	f := t.newFlagSet("taxonomy")
	text := f.String("text", "", "also classify this `text`")
	publishes := len(args) > 0 && args[0] == "publish"
	if publishes || len(args) > 0 && args[0] == "check" {
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
			return errors.New("1 mistake")
		}
		return fmt.Errorf("%d mistakes", len(list))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s, version %s: %d departments, %d products, %d reasons\n", tax.Organisation, tax.Version,
		len(tax.Departments), len(tax.Products), len(tax.Reasons))
	if *text != "" {
		t.printClassification(*text, tax.ClassifyAll(*text, taxonomy.Hints{}, nil))
	}
	if !publishes {
		return nil
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	report, err := c.PublishTaxonomy(ctx, data)
	fmt.Fprint(t.out, report)
	return err
}

// printClassification shows what a text is taken for, by which phrases and which words.
func (t *tool) printClassification(text string, all []taxonomy.Result) {
	for _, r := range all {
		if r.Reason == "" {
			fmt.Fprintln(t.out, "unknown: nothing in it is surely about a reason")
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

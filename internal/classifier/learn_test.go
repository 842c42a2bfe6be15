package classifier_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/taxonomy"
)

const smallTaxonomy = `
schema: "1"
version: "3"
words:
  invoice: "invoice|bill*"
departments:
  - {id: billing, names: {nl: Facturatie, en: Billing}}
products:
  - {id: lamp, names: {nl: Lamp, en: Lamp}, phrases: {nl: [lamp], en: [smart lamp]}}
reasons:
  - id: invoice
    names: {nl: Factuur onjuist, en: Invoice wrong}
    department: billing
    phrases: {nl: [factuur .. fout], en: ["$invoice & wrong|too-high"]}
    negatable: {nl: [te duur], en: [too expensive]}
    unless: {nl: [offerte], en: [quote]}
    vocabulary: {nl: factu* bedrag hoog, en: ""}
    examples: {nl: [er staat te veel op de nota], en: [you billed me for two]}
no_reason_examples: {nl: [dank u wel], en: [thank you]}
`

func TestFromTaxonomy(t *testing.T) {
	t.Parallel()
	x, err := taxonomy.Load([]byte(strings.Replace(smallTaxonomy, "wrong|too-high", "wrong|high", 1)))
	if err != nil {
		t.Fatal(err)
	}
	examples, options := classifier.FromTaxonomy(x)
	if options.Version != "3" || !slices.Equal(options.Products, []string{"lamp", "smart lamp"}) {
		t.Errorf("options = %+v, want version 3 and the phrases of the lamp", options)
	}
	var got []string
	for _, e := range examples {
		kind := "example"
		if e.Phrase {
			kind = "phrase"
		}
		got = append(got, strings.Join([]string{kind, e.Language, e.Reason, e.Text}, " "))
	}
	for _, want := range []string{
		"example nl invoice er staat te veel op de nota", "example en invoice you billed me for two", "example nl  dank u wel", "example en  thank you",
		"phrase nl invoice Factuur onjuist", "phrase nl invoice factuur fout", "phrase nl invoice te duur",
		"phrase en invoice invoice wrong", "phrase en invoice bill high", "phrase nl invoice factu. bedrag. hoog",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("examples lack %q", want)
		}
	}
	for _, e := range got {
		if strings.Contains(e, "offerte") || strings.Contains(e, "quote") {
			t.Errorf("examples have %q, want none of unless", e)
		}
	}
}

func TestFromTaxonomy_Example(t *testing.T) {
	t.Parallel()
	x := loadTaxonomy(t)
	examples, _ := classifier.FromTaxonomy(x)
	if len(examples) < 3000 {
		t.Fatalf("examples = %d, want at least 3000", len(examples))
	}
	for _, e := range examples {
		if len(taxonomy.Words(e.Text)) == 0 {
			t.Errorf("example %q of %s has no word", e.Text, e.Reason)
		}
	}
}

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A small organisation has a short taxonomy and no examples. Its agents correct the
// reasons of some contacts, which become examples.
const (
	smallReasons     = 8
	smallCorrections = 100
	fewestPhrases    = 2 // per reason and language
	mostPhrases      = 5
	goalSmallRight   = 0.30 // of the phrases alone
	goalSmallWrong   = 0.08
	goalFirstThree   = 0.60
	goalCorrected    = 0.65
)

// printSmall measures small organisations. Each has some reasons of the taxonomy with
// some of their phrases, and the texts of the test sets with these reasons.
func (r report) printSmall(ctx context.Context) error {
	r.printHeading(fmt.Sprintf("%d small organisations: %d reasons with %d to %d phrases per language, no vocabulary, no examples",
		r.small, smallReasons, fewestPhrases, mostPhrases))
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // no secret
	var phrases, before, after smallTally
	for range r.small {
		tax, err := r.reduceTaxonomy(random)
		if err != nil {
			return err
		}
		texts := r.textsFor(tax, random)
		corrections := min(smallCorrections, len(texts)/2)
		examples, options := classifier.FromTaxonomy(tax)
		m, _, err := classifier.Train(ctx, examples, options)
		if err != nil {
			return fmt.Errorf("train small organisation: %w", err)
		}
		phrases.addPhrases(tax, texts[corrections:])
		before.addTexts(m, texts[corrections:])
		for _, l := range texts[:corrections] {
			examples = append(examples, classifier.Example{Text: l.text, Language: l.language, Reason: l.reason})
		}
		if m, _, err = classifier.Train(ctx, examples, options); err != nil {
			return fmt.Errorf("train small organisation: %w", err)
		}
		after.addTexts(m, texts[corrections:])
	}
	r.printRow("", "texts", "first guess right", "one of three", "sure and right", "sure and wrong")
	phrases.print(r, "phrases")
	before.print(r, "model of the phrases")
	after.print(r, fmt.Sprintf("after %d corrections", smallCorrections))
	r.printRow("goals", fmt.Sprintf("phrases right at least %s: %t", percent(goalSmallRight), share(phrases.right, phrases.all) >= goalSmallRight),
		fmt.Sprintf("wrong at most %s: %t", percent(goalSmallWrong), share(phrases.surelyWrong, phrases.all) <= goalSmallWrong),
		fmt.Sprintf("one of three at least %s: %t", percent(goalFirstThree), share(before.three, before.all) >= goalFirstThree),
		fmt.Sprintf("right after corrections at least %s: %t", percent(goalCorrected), share(after.right, after.all) >= goalCorrected))
	return nil
}

// reduceTaxonomy returns a taxonomy with some reasons and some of their phrases.
func (r report) reduceTaxonomy(random *rand.Rand) (*taxonomy.Taxonomy, error) {
	pick := func(list []string) []string {
		list = slices.Clone(list)
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return list[:min(len(list), fewestPhrases+random.IntN(mostPhrases-fewestPhrases+1))]
	}
	small := &taxonomy.Taxonomy{Schema: taxonomy.Schema, Version: r.tax.Version, Words: r.tax.Words, Products: r.tax.Products}
	for _, i := range random.Perm(len(r.tax.Reasons))[:min(smallReasons, len(r.tax.Reasons))] {
		x := r.tax.Reasons[i]
		small.Reasons = append(small.Reasons, taxonomy.Reason{
			ID: x.ID, Names: x.Names,
			Phrases: taxonomy.Phrases{NL: pick(slices.Concat(x.Phrases.NL, x.Negatable.NL)), EN: pick(slices.Concat(x.Phrases.EN, x.Negatable.EN))},
		})
	}
	checked, err := small.Checked()
	if err != nil {
		return nil, err
	}
	return taxonomy.Restore(checked)
}

// textsFor returns the texts of the test sets that have a reason of tax, in a
// pseudo-random order.
func (r report) textsFor(tax *taxonomy.Taxonomy, random *rand.Rand) []line {
	var texts []line
	for _, s := range r.tests {
		for _, l := range s.lines {
			if _, ok := tax.Reason(l.reason); ok {
				texts = append(texts, l)
			}
		}
	}
	random.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	return texts
}

type smallTally struct{ all, right, three, surelyRight, surelyWrong int }

// addPhrases counts the reasons that the phrases of tax recognise.
func (n *smallTally) addPhrases(tax *taxonomy.Taxonomy, texts []line) {
	for _, l := range texts {
		n.all++
		switch tax.Classify(l.text, taxonomy.Hints{}).Reason {
		case "":
		case l.reason:
			n.right++
			n.three++
			n.surelyRight++
		default:
			n.surelyWrong++
		}
	}
}

func (n *smallTally) addTexts(m *classifier.Model, texts []line) {
	for _, l := range texts {
		n.all++
		for i, g := range m.Guess(l.text, l.language, nil) {
			isRight := g.Reason == l.reason
			if isRight {
				n.three++
			}
			if i == 0 && isRight {
				n.right++
			}
			switch {
			case g.Sure && isRight:
				n.surelyRight++
			case g.Sure:
				n.surelyWrong++
			}
		}
	}
}

func (n *smallTally) print(r report, title string) {
	r.printRow(title, n.all, percent(share(n.right, n.all)), percent(share(n.three, n.all)), percent(share(n.surelyRight, n.all)), percent(share(n.surelyWrong, n.all)))
}

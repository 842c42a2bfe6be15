package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// The goals for both together, as shares of the texts of a test set.
const (
	goalDutch   = 0.80 // at least right
	goalEnglish = 0.85
	goalWrong   = 0.06 // at most wrong, of the texts with a reason
	goalWithout = 0.10 // at most given a reason, of the texts without one
)

const maxPairs = 15 // confusions that are printed

// An outcome is the reason that a text was given.
type outcome struct {
	reason string  // empty for none
	score  float64 // orders the outcomes from sure to unsure
	sure   bool    // whether the reason is assigned
	three  []string
}

// A method gives texts a reason.
type method struct {
	name     string
	classify func(line) outcome
}

// methods returns the methods: phrases, the model, both with every phrase, and both as
// triage uses them. In both, a phrase wins; the model decides only where no phrase
// matches, only if it is sure, and never on a critical reason. Triage does not count a
// phrase that the model contradicts, unless its reason is critical.
func (r report) methods(m *classifier.Model) []method {
	phrases := func(l line) outcome {
		x := r.tax.Classify(l.text, taxonomy.Hints{})
		return outcome{reason: x.Reason, score: x.Confidence, sure: x.Reason != ""}
	}
	model := func(l line) outcome {
		guesses := m.Guess(l.text, l.language, nil)
		if len(guesses) == 0 {
			return outcome{}
		}
		x := outcome{reason: guesses[0].Reason, score: leadOf(guesses), sure: guesses[0].Sure}
		for _, g := range guesses {
			x.three = append(x.three, g.Reason)
		}
		return x
	}
	unless := func(doubts func(l line, reason string) bool) func(line) outcome {
		return func(l line) outcome {
			guess := model(l)
			x := phrases(l)
			if x.sure && !doubts(l, x.reason) {
				x.score++
				x.three = append([]string{x.reason}, guess.three...)
				return x
			}
			if r.isCritical(guess.reason) {
				guess.reason = ""
				guess.sure = false
			}
			return guess
		}
	}
	return []method{
		{"phrases", phrases}, {"model", model},
		{"both, with every phrase", unless(func(line, string) bool { return false })},
		{together, unless(func(l line, reason string) bool { return !r.isCritical(reason) && m.Doubts(l.text, l.language, reason) })},
	}
}

// Polite sentences that a mail has around the message.
var (
	beforeMessage = map[string]string{
		"nl": "Goedemiddag, ik ben al jaren een tevreden klant van jullie winkel en heb nog nooit problemen gehad. ",
		"en": "Good afternoon, I have been a happy customer of yours for many years and never had any trouble so far. ",
	}
	afterMessage = map[string]string{
		"nl": ". Ik hoor graag van u. Met vriendelijke groet, Jan de Vries, Dorpsstraat 12, 3511 AB Utrecht, 06-12345678",
		"en": ". I look forward to your answer. Kind regards, John Smith, 12 High Street, Utrecht, +31 6 12345678",
	}
)

// inMail returns a method that classifies a text as the message of a mail.
func inMail(x method) method {
	return method{x.name + ", in a mail", func(l line) outcome {
		l.text = beforeMessage[l.language] + l.text + afterMessage[l.language]
		return x.classify(l)
	}}
}

// together is the name of the method that triage uses.
const together = "both"

// leadOf returns how much the first guess is more likely than the next guess, or than
// all that remains.
func leadOf(guesses []classifier.Guess) float64 {
	remains := 1.0
	for _, g := range guesses {
		remains -= float64(g.Probability)
	}
	next := remains
	if len(guesses) > 1 {
		next = max(next, float64(guesses[1].Probability))
	}
	return float64(guesses[0].Probability) - next
}

func (r report) isCritical(reason string) bool {
	x, _ := r.tax.Reason(reason)
	return x.Severity == taxonomy.Critical
}

// A tally counts the outcomes of texts.
type tally struct {
	known, right, wrong, three int
	without, given             int // texts without a reason, and those that were given one
	critical, recalled         int // texts with a critical reason, and those that were given it
}

func (r report) add(n *tally, l line, x outcome) {
	if l.reason == "" {
		n.without++
		if x.sure {
			n.given++
		}
		return
	}
	n.known++
	if slices.Contains(x.three, l.reason) {
		n.three++
	}
	isRight := x.sure && x.reason == l.reason
	switch {
	case isRight:
		n.right++
	case x.sure:
		n.wrong++
	}
	if r.isCritical(l.reason) {
		n.critical++
		if isRight {
			n.recalled++
		}
	}
}

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

// verdict says whether the goals for both together are met.
func (n tally) verdict(language string) string {
	goal := map[string]float64{"nl": goalDutch, "en": goalEnglish}[language]
	missed := ""
	if share(n.right, n.known) < goal {
		missed += fmt.Sprintf(" right < %s", percent(goal))
	}
	if share(n.wrong, n.known) > goalWrong {
		missed += fmt.Sprintf(" wrong > %s", percent(goalWrong))
	}
	if share(n.given, n.without) > goalWithout {
		missed += fmt.Sprintf(" without a reason > %s", percent(goalWithout))
	}
	if missed == "" {
		return "goals met"
	}
	return "goals missed:" + missed
}

func (r report) printTest(m *classifier.Model, s set) {
	r.printHeading("Test set " + s.name)
	r.printRow("method", "texts", "number", "right", "wrong", "unknown", "one of three", "no reason but given one", "critical reasons recalled", "coverage at 95%", "at 97%")
	methods := r.methods(m)
	for _, x := range append(methods, inMail(methods[3])) {
		for _, language := range []string{"nl", "en"} {
			lines := slices.DeleteFunc(slices.Clone(s.lines), func(l line) bool { return l.language != language })
			n := r.printTally(x, language, lines)
			if x.name == together {
				r.printRow(together, language, n.verdict(language))
			}
		}
	}
	both := methods[3]
	if r.reasons {
		r.printReasons(both, s)
	}
	r.printConfusions(both, s)
}

func (r report) printTally(x method, title string, lines []line) tally {
	var n tally
	outcomes := make([]outcome, len(lines))
	for i, l := range lines {
		outcomes[i] = x.classify(l)
		r.add(&n, l, outcomes[i])
	}
	of := func(count, all int) string {
		if all == 0 {
			return "-"
		}
		return percent(share(count, all))
	}
	three := "-"
	if x.name != "phrases" {
		three = of(n.three, n.known)
	}
	r.printRow(x.name, title, n.known, of(n.right, n.known), of(n.wrong, n.known), of(n.known-n.right-n.wrong, n.known), three,
		of(n.given, n.without), of(n.recalled, n.critical), percent(coverageAt(lines, outcomes, 0.95)), percent(coverageAt(lines, outcomes, 0.97)))
	return n
}

// coverageAt returns the share of the texts with a reason that get it, if the
// outcomes with a reason are taken in order of score as long as that precision is
// reached.
func coverageAt(lines []line, outcomes []outcome, precision float64) float64 {
	known := 0
	var order []int
	for i, l := range lines {
		if l.reason != "" {
			known++
		}
		if outcomes[i].reason != "" {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(outcomes[b].score, outcomes[a].score) })
	right := 0
	most := 0
	for taken, i := range order {
		if outcomes[i].reason == lines[i].reason {
			right++
		}
		if float64(right) >= precision*float64(taken+1) {
			most = right
		}
	}
	return share(most, known)
}

func (r report) printReasons(x method, s set) {
	byReason := map[string][]line{}
	for _, l := range s.lines {
		byReason[l.reason+"\t"+l.language] = append(byReason[l.reason+"\t"+l.language], l)
	}
	for i := range r.tax.Reasons {
		for _, language := range []string{"nl", "en"} {
			if lines := byReason[r.tax.Reasons[i].ID+"\t"+language]; lines != nil {
				r.printTally(x, r.tax.Reasons[i].ID+" "+language, lines)
			}
		}
	}
}

func (r report) printConfusions(x method, s set) {
	counts := map[[2]string]int{}
	for _, l := range s.lines {
		if got := x.classify(l); got.sure && got.reason != l.reason {
			counts[[2]string{l.reason, got.reason}]++
		}
	}
	var pairs [][2]string
	for p := range counts {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	for _, p := range pairs[:min(len(pairs), maxPairs)] {
		r.printRow("confusion", nameReason(p[0]), "was given", p[1], counts[p])
	}
}

// printSpeed prints the time that one message takes.
func (r report) printSpeed(m *classifier.Model) {
	r.printHeading("Time of a message")
	var buffer [classifier.MaxGuesses]classifier.Guess
	for _, x := range []struct {
		name     string
		classify func(line)
	}{
		{"phrases", func(l line) { r.tax.Classify(l.text, taxonomy.Hints{}) }},
		{"model", func(l line) { m.Guess(l.text, l.language, buffer[:0]) }},
	} {
		var times []time.Duration
		for _, s := range r.tests {
			for _, l := range s.lines {
				begin := time.Now()
				x.classify(l)
				times = append(times, time.Since(begin))
			}
		}
		if len(times) == 0 {
			continue
		}
		slices.Sort(times)
		micros := func(d time.Duration) string { return fmt.Sprintf("%.1f us", float64(d.Nanoseconds())/1000) }
		r.printRow(x.name, "p50", micros(times[len(times)/2]), "p99", micros(times[len(times)*99/100]))
	}
}

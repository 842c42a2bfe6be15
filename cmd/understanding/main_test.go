package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const smallTaxonomy = `
schema: "1"
version: "3"
departments:
  - {id: service, names: {nl: Service, en: Service}}
products:
  - {id: lamp, names: {nl: Lamp, en: Lamp}}
reasons:
  - id: defect
    names: {nl: Kapot, en: Broken}
    department: service
    phrases: {nl: [kapot], en: [broken]}
    examples: {nl: [hij doet het niet meer, het licht is stuk], en: [it stopped working]}
  - id: fire
    names: {nl: Brand, en: Fire}
    department: service
    severity: critical
    threshold: 1
    phrases: {nl: [vlammen], en: [flames]}
    examples: {nl: [er komt rook uit], en: [it smokes]}
`

func TestRun(t *testing.T) {
	t.Parallel()
	tax := writeFile(t, "taxonomy.yaml", smallTaxonomy)
	train := writeFile(t, "train.tsv", "# By the author of the rules. Licence: none.\ndefect\tnl\tmijn lamp is kapot!\nunknown\tnl\tdank u wel\n")
	test := writeFile(t, "test.tsv", "defect\t\tnl\tMijn lamp is kapot\nfire\tlamp\ten\tthere are flames\nunknown\ten\tthank you\n")
	var out bytes.Buffer
	if err := run(context.Background(), []string{"-taxonomy", tax, "-train", train, "-test", test, "-small", "1"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"learned\t" + train + "\t2\t1\tBy the author of the rules. Licence: none.\n", // one line is also a test line
		"tested\t" + test + "\t3\t\tno source is named in the file\n",
		"phrases\tnl\t1\t100.0%\t0.0%\t0.0%\t-\t-\t-\t100.0%\t100.0%\n",
		"phrases\ten\t1\t100.0%\t0.0%\t0.0%\t-\t0.0%\t100.0%\t100.0%\t100.0%\n",
		"both\tnl\tgoals met\n",
		"Time of a message",
		"small organisations",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, out.String())
		}
	}
}

func TestRun_Refuses(t *testing.T) {
	t.Parallel()
	tax := writeFile(t, "taxonomy.yaml", smallTaxonomy)
	for name, tt := range map[string]struct{ text, want string }{
		"columns":  {"defect\tkapot\n", "line 1 has 2 columns"},
		"language": {"# test\ndefect\tde\tkaputt\n", `line 2 has the language "de"`},
	} {
		err := run(context.Background(), []string{"-taxonomy", tax, "-train", "", "-test", writeFile(t, "test.tsv", tt.text)}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: run() error = %v, want %q", name, err, tt.want)
		}
	}
}

func TestCoverageAt(t *testing.T) {
	t.Parallel()
	var lines []line
	var outcomes []outcome
	add := func(want, got string, score float64, n int) {
		for range n {
			lines = append(lines, line{reason: want})
			outcomes = append(outcomes, outcome{reason: got, score: score})
		}
	}
	add("a", "a", 0.9, 19)
	add("a", "b", 0.8, 1)
	add("b", "b", 0.7, 10)
	add("b", "a", 0.6, 10)
	add("", "", 0, 5)
	for precision, want := range map[float64]float64{0.99: 19.0 / 40, 0.95: 29.0 / 40, 0.5: 29.0 / 40} {
		if got := coverageAt(lines, outcomes, precision); got != want {
			t.Errorf("coverageAt(%g) = %g, want %g", precision, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	good := tally{known: 100, right: 85, wrong: 6, without: 10, given: 1}
	if got := good.verdict("en"); got != "goals met" {
		t.Errorf("verdict = %q, want goals met", got)
	}
	bad := tally{known: 100, right: 79, wrong: 7, without: 10, given: 2}
	if got, want := bad.verdict("nl"), "goals missed: right < 80.0% wrong > 6.0% without a reason > 10.0%"; got != want {
		t.Errorf("verdict = %q, want %q", got, want)
	}
}

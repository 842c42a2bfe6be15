package taxonomy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// telecom is a taxonomy with a few phrases, as a new organisation writes it.
const telecom = `
schema: "1"
version: "1"
order_number: "TC-[0-9]{6}"
words:
  mast: "zendmast|mast"
departments:
  - {id: care, names: {nl: Klantenservice, en: Care}}
products:
  - {id: tv, names: {nl: Televisie, en: TV}, phrases: {nl: [tv], en: [tv]}}
reasons:
  - id: bill-too-high
    names: {nl: Rekening te hoog, en: Bill too high}
    department: care
    phrases: {nl: [rekening te hoog], en: [bill too high]}
  - id: cancel
    names: {nl: Opzeggen, en: Cancel}
    department: care
    phrases: {nl: [abonnement opzeggen], en: [cancel subscription]}
  - id: no-internet
    names: {nl: Internet kapot, en: Internet broken}
    department: care
    phrases: {nl: [internet doet het niet, geen internet], en: [internet not working]}
  - id: meter
    names: {nl: Stand, en: Reading}
    department: care
    phrases: {nl: [tellerstand doorgeven], en: [submit reading]}
  - id: mast
    names: {nl: Mast, en: Mast}
    department: care
    phrases: {nl: [$mast kapot, kapot|kuren & paal], en: [mast broken]}
  - id: delivery
    names: {nl: Bestelling, en: Order}
    department: care
    phrases: {nl: [waar is .. bestelling, wanneer komt .. bestelling], en: [where is .. order]}
  - id: glorp
    names: {nl: Glorp, en: Glorp}
    department: care
    phrases: {nl: [glorpen uitvlakken], en: [glorp flattening]}
`

func TestClassify_Lexicon(t *testing.T) {
	t.Parallel()
	x := loadText(t, telecom)
	tests := []struct {
		name, text, reason string
	}{
		{"synonyms", "mijn nota is veel duurder", "bill-too-high"},
		{"any order", "te hoog, die afrekening", "bill-too-high"},
		{"words in between", "de factuur die ik gisteren van jullie kreeg is te hoog", "bill-too-high"},
		{"too many words in between", "factuur een twee drie vier vijf zes zeven acht negen te hoog", ""},
		{"another sentence", "Ik heb de factuur gezien. Alles is te hoog", ""},
		{"inflection", "de rekeningen zijn te hoge bedragen", "bill-too-high"},
		{"compound of two known words", "mijn telefoonfactuur is te hoog", "bill-too-high"},
		{"typing error", "mijn faktuurr is te hoog", "bill-too-high"},
		{"chat spelling", "wil mn abo opzeggen aub", "cancel"},
		{"separated verb", "ik zeg hierbij mijn contract op", "cancel"},
		{"separated verb with te", "mijn abonnement op te zeggen", "cancel"},
		{"particle that is a preposition", "ik zeg het op het contract van gisteren wel eens", ""},
		{"participle", "ik heb het abonnement opgezegd", "cancel"},
		{"expression", "ons internet werkt al de hele dag niet", "no-internet"},
		{"filler within an expression", "internet doet het echt niet", "no-internet"},
		{"negated state", "internet is niet kapot", ""},
		{"negation of the phrase", "wij zitten zonder internet", "no-internet"},
		{"negation elsewhere", "geen idee of internet bestaat", ""},
		{"negated action", "ik kan het abonnement niet opzeggen", "cancel"},
		{"own words in another form", "uitgevlakte glorpen", "glorp"},
		{"word set", "de mast is stuk", "mast"},
		{"alternatives as written", "de paal heeft kuren", "mast"},
		{"alternatives are not widened", "de paal is defect", ""},
		{"question word", "waar is mijn order gebleven", "delivery"},
		{"another question word", "waarom is mijn order zo", ""},
		{"order number", "waar is TC-123456", "delivery"},
		{"English", "I want to terminate my contract", "cancel"},
		{"English in a Dutch sentence", "ik heb de bill van het hotel hier en die is too high zei hij", ""},
		{"name of the reason", "het netwerk is stuk", "no-internet"},
		{"single key of a name", "opzeggen", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := x.Classify(tt.text, taxonomy.Hints{}); got.Reason != tt.reason {
				t.Errorf("%q: reason = %q by %v, want %q", tt.text, got.Reason, got.Matched, tt.reason)
			}
		})
	}
}

// One key decides in a taxonomy with few reasons. With many reasons it says too little.
func TestClassify_LexiconOneKey(t *testing.T) {
	t.Parallel()
	one := strings.Replace(telecom, "[glorpen uitvlakken]", "[verhuizen]", 1)
	many := one
	for i := range 20 {
		many += fmt.Sprintf("  - {id: other-%d, names: {nl: Anders, en: Other}, department: care, phrases: {nl: [anders%d zo], en: [other%d so]}}\n", i, i, i)
	}
	const text = "we zijn verhuisd"
	if got := loadText(t, one).Classify(text, taxonomy.Hints{}); got.Reason != "glorp" || !got.ByLexicon {
		t.Errorf("with few reasons: %+v, want glorp through the lexicon", got)
	}
	if got := loadText(t, many).Classify(text, taxonomy.Hints{}); got.Reason != "" {
		t.Errorf("with many reasons: %+v, want no reason", got)
	}
	if got := loadText(t, many).Classify("we willen verhuizen", taxonomy.Hints{}); got.Reason != "glorp" || got.ByLexicon {
		t.Errorf("as written: %+v, want glorp by its phrase", got)
	}
}

func TestClassify_PhraseBeforeLexicon(t *testing.T) {
	t.Parallel()
	x := loadText(t, telecom)
	written := x.Classify("mijn rekening te hoog", taxonomy.Hints{})
	widened := x.Classify("mijn nota is te hoog", taxonomy.Hints{})
	if written.ByLexicon || !widened.ByLexicon || written.Confidence <= widened.Confidence {
		t.Errorf("as written: %+v, through the lexicon: %+v; want the first with a higher confidence", written, widened)
	}
	if got := widened.Matched; len(got) != 1 || got[0] != "rekening te hoog" {
		t.Errorf("matched = %v, want the phrase of the taxonomy", got)
	}
	text := "mijn nota is te hoog"
	var words []string
	for _, s := range widened.Spans.List() {
		words = append(words, text[s.From:s.To])
	}
	if got := strings.Join(words, " "); got != "nota te hoog" && got != "nota hoog" && got != "nota te" {
		t.Errorf("spans = %q, want the words for invoice and too-high", got)
	}
	all := x.ClassifyAll("rekening te hoog, mijn lidmaatschap opzeggen. internet is stuk", taxonomy.Hints{}, nil)
	var reasons []string
	for _, r := range all {
		reasons = append(reasons, r.Reason)
	}
	if got := strings.Join(reasons, " "); got != "bill-too-high no-internet" {
		t.Errorf("reasons = %q, want the phrase of the first sentence and the lexicon match of the second", got)
	}
}

// A word of a megabyte is not looked up letter by letter.
func TestClassify_VeryLongWord(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	long := strings.Repeat("werktniet", 100_000)
	if got := x.Classify(long+" mijn factuur klopt niet", taxonomy.Hints{}); got.Reason != "invoice-wrong" {
		t.Errorf("reason = %q, want that of the other words", got.Reason)
	}
	if got := x.Suggest(long, 3); len(got) > 0 {
		t.Errorf("suggestions = %v, want none", got)
	}
}

// Two reasons that the lexicon cannot tell apart are both left out.
func TestClassify_LexiconTie(t *testing.T) {
	t.Parallel()
	x := loadText(t, strings.Replace(telecom, "[glorpen uitvlakken]", "[contract beëindigen]", 1))
	if got := x.Classify("ik wil van mijn lidmaatschap af, royeren dus", taxonomy.Hints{}); got.Reason != "" {
		t.Errorf("reason = %q by %v, want none", got.Reason, got.Matched)
	}
	if got := x.Classify("abonnement opzeggen", taxonomy.Hints{}); got.Reason != "cancel" {
		t.Errorf("reason = %q, want cancel by its phrase", got.Reason)
	}
}

// A word that only another reason has excludes a lexicon match, but never a phrase.
func TestClassify_LexiconContradicted(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	if got := x.Classify("het retourlabel van jullie is stukgegaan en hapert", taxonomy.Hints{}); got.Reason == "defect" && got.ByLexicon {
		t.Errorf("reason = %q by %v through the lexicon, want no defect of a label", got.Reason, got.Matched)
	}
	if got := x.Classify("mijn airfryer is kapot, abracadabra volledig compleet", taxonomy.Hints{}); got.Reason != "defect" {
		t.Errorf("reason = %q by %v, want defect by its phrase", got.Reason, got.Matched)
	}
}

// Organisations with a few phrases per reason recognise most messages. Their messages
// were written without looking at the lexicon; some of its words were added after
// they were read.
func TestClassify_Organisations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/organisations/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("organisations = %v, %v; want at least 6", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := countMessages(t, loadText(t, string(data)), strings.TrimSuffix(file, ".yaml")+".tsv")
			if 100*c.right < 65*c.known || 100*c.wrong > 3*c.all {
				t.Errorf("%v; want at least 65%% right and at most 3%% wrong", c)
			}
		})
	}
}

func TestClassify_Messages(t *testing.T) {
	t.Parallel()
	c := countMessages(t, loadExample(t), "testdata/messages.tsv")
	if 100*c.right < 80*c.known || 100*c.wrong > 4*c.all {
		t.Errorf("%v; want at least 80%% right and at most 4%% wrong", c)
	}
}

// A messageCount counts messages: all, with a known reason, right, and with a wrong
// reason or one that should have none.
type messageCount struct{ all, known, right, wrong int }

func countMessages(t *testing.T, x *taxonomy.Taxonomy, file string) messageCount {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c messageCount
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != 3 {
			t.Fatalf("%s: %d fields in %q", file, len(f), line)
		}
		c.all++
		got := x.Classify(f[2], taxonomy.Hints{})
		if f[0] != taxonomy.Unknown {
			c.known++
		}
		switch got.Reason {
		case "":
		case f[0]:
			c.right++
		default:
			c.wrong++
			t.Logf("want %s got %s by %v: %s", f[0], got.Reason, got.Matched, f[2])
		}
	}
	t.Logf("%s: %d messages, %d with a reason, %d right, %d wrong", file, c.all, c.known, c.right, c.wrong)
	return c
}

package taxonomy_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/taxonomy"
)

func exampleFile(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func loadExample(t testing.TB) *taxonomy.Taxonomy {
	t.Helper()
	return loadText(t, string(exampleFile(t)))
}

func TestLoad_Example(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	if len(x.Departments) < 6 || len(x.Products) < 8 || len(x.Reasons) < 30 {
		t.Errorf("departments = %d, products = %d, reasons = %d; want at least 6, 8 and 30", len(x.Departments), len(x.Products), len(x.Reasons))
	}
	if got := x.Owner("manual-unclear", "thermostat"); got != "it" {
		t.Errorf("owner of the thermostat's manual = %q, want it", got)
	}
	if got := x.Owner("manual-unclear", "headphones"); got != "documentation" {
		t.Errorf("owner of the headphones' manual = %q, want documentation", got)
	}
	if r, _ := x.Reason("order-status"); r.Detect != taxonomy.Rise {
		t.Errorf("detection of order-status = %q, want %q", r.Detect, taxonomy.Rise)
	}
	if x.NoticesOf("safety") == x.NoticesOf("defect") {
		t.Error("notices of safety equal those of defect, want their own")
	}
}

func TestLoad_Defaults(t *testing.T) {
	t.Parallel()
	r, ok := loadText(t, small).Reason("invoice")
	if !ok || r.Detect != taxonomy.Threshold || r.Threshold != 5 || r.Window.Duration() != 7*24*time.Hour || r.Severity != taxonomy.Normal {
		t.Errorf("reason with defaults = %+v, %t", r, ok)
	}
	if got := loadText(t, small).Currency; got != "EUR" {
		t.Errorf("currency = %q, want EUR", got)
	}
}

func TestLoad_Examples(t *testing.T) {
	t.Parallel()
	text := strings.Replace(small, "    priority: 10", "    priority: 10\n    examples: {nl: ['er komt rook uit', \"brand!\"], en: [smoke everywhere]}", 1)
	x := loadText(t, text+"\nno_reason_examples: {en: [thank you]}\n")
	r, _ := x.Reason("fire")
	if want := (taxonomy.Examples{NL: []string{"er komt rook uit", "brand!"}, EN: []string{"smoke everywhere"}}); !cmp.Equal(r.Examples, want) {
		t.Errorf("examples of fire = %+v, want %+v", r.Examples, want)
	}
	if want := (taxonomy.Examples{EN: []string{"thank you"}}); !cmp.Equal(x.NoReasonExamples, want) {
		t.Errorf("examples of no reason = %+v, want %+v", x.NoReasonExamples, want)
	}
	checked, err := x.Checked()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(checked, []byte("smoke everywhere")) || bytes.Contains(checked, []byte("thank you")) {
		t.Error("the checked form has examples, want none")
	}
}

// Each case makes one error in the small taxonomy: it replaces old by new.
func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	const invoice = "  - id: invoice\n    names: {nl: Factuur, en: Invoice}\n    department: billing\n"
	tests := []struct {
		name, old, new string
		line           int
		want           string
	}{
		{"not a mapping", small, "- a\n- b", 1, "not a mapping"},
		{"empty file", small, "", 0, "empty"},
		{"only a comment", small, "# hello\n", 0, "empty"},
		{"bad YAML", `version: "7"`, "version: [7", 4, "must be specified"},
		{"tab", `version: "7"`, "\tversion: 7", 3, "indent with spaces"},
		{"two documents", "departments:", "---\ndepartments:", 0, "several documents"},
		{"unknown key at the top", `version: "7"`, "version: \"7\"\ncolour: red", 4, "not part of a taxonomy"},
		{"duplicate key at the top", `version: "7"`, "version: \"7\"\nversion: \"8\"", 4, "remove one of the two"},
		{"unknown key in a reason", "    priority: 10", "    priorty: 10", 32, "unknown field"},
		{"duplicate key in a reason", "    priority: 10", "    priority: 10\n    priority: 11", 33, "remove one of the two"},
		{"newer schema", `schema: "1"`, `schema: "2"`, 2, `reads schema: "1"`},
		{"no schema", `schema: "1"`, ``, 0, `reads schema: "1"`},
		{"no version", `version: "7"`, ``, 0, "version"},
		{"version with spaces", `version: "7"`, `version: "a b"`, 3, "version"},
		{"invalid currency", `version: "7"`, "version: \"7\"\ncurrency: euro", 4, "three capitals"},
		{"candidates to an unknown department", `version: "7"`, "version: \"7\"\ncandidates_to: bills", 4, `no department "bills"; use one of billing, quality, it`},
		{"candidates to a list", `version: "7"`, "version: \"7\"\ncandidates_to: [billing]", 4, "write a text"},
		{"bad pattern", `WS-[0-9]{6}`, `WS-[0-9`, 4, "not a regular expression (error parsing regexp: missing closing ]"},
		{"pattern that matches the empty text", `WS-[0-9]{6}`, `(WS)?`, 4, "single character"},
		{"pattern that matches any digit", `WS-[0-9]{6}`, `[0-9]+`, 4, "single character"},
		{"pattern that is too long", `WS-[0-9]{6}`, strings.Repeat("a", 300), 4, "shorten"},
		{"departments that are not a list", "departments:", "departments: 3\nx:", 7, "must be a list"},
		{"no departments", "departments:\n  - {id: billing, names: {nl: Facturatie, en: Billing}}\n  - {id: quality, names: {nl: Kwaliteit, en: Quality}}\n  - {id: it, names: {nl: ICT, en: IT}}\n", "", 0, "departments"},
		{"department without id", "{id: it, names", "{names", 10, "has no id"},
		{"department without names", "{id: it, names: {nl: ICT, en: IT}}", "{id: it}", 10, "names"},
		{"negative time to acknowledge", "{id: it, names", "{id: it, acknowledge_hours: -1, names", 10, "from 1 to 500"},
		{"escalation to an unknown department", "{id: it, names", "{id: it, escalate_to: lead, names", 10, "there is no department"},
		{"escalation to itself", "{id: it, names", "{id: it, escalate_to: it, names", 10, "name another"},
		{"calendar with a day in Dutch", "departments:", "calendar: {days: [ma]}\ndepartments:", 7, "use mon, tue"},
		{"calendar that ends before it begins", "departments:", "calendar: {hours: 17:00-09:00}\ndepartments:", 7, "like 09:00-17:00"},
		{"holiday that is not a date", "{id: it, names", "{id: it, calendar: {holidays: [kerst]}, names", 10, "like 2026-12-25"},
		{"name in one language", "{nl: ICT, en: IT}", "{nl: ICT}", 10, "one language"},
		{"name that is too long", "en: IT", "en: " + strings.Repeat("x", 81), 10, "shorten"},
		{"name with a control character", "en: IT", `en: "I\u0007T"`, 10, "control character"},
		{"id in capitals", "id: desk", "id: Desk", 13, "lower-case letters"},
		{"id with a space", "id: desk", "id: a desk", 13, "lower-case letters"},
		{"id with an underscore", "id: desk", "id: a_desk", 13, "lower-case letters"},
		{"id that is too long", "id: desk", "id: " + strings.Repeat("d", 41), 13, "at most 40"},
		{"duplicate department", "id: quality", "id: billing", 9, "already the id of departments[0]"},
		{"duplicate product", "id: desk", "id: lamp", 13, "already the id of products[0]"},
		{"duplicate reason", "id: fire", "id: defect", 27, "already the id of reasons[1]"},
		{"reason without department", invoice, "  - id: invoice\n    names: {nl: Factuur, en: Invoice}\n", 15, "no department"},
		{"unknown department", "department: billing", "department: bills", 17, `no department "bills"; use one of billing, quality, it`},
		{"unknown owner", "lamp: it", "lamp: ict", 22, `no department "ict"`},
		{"owner for an unknown product", "{lamp: it}", "{boat: it}", 22, `no product "boat"; use one of lamp, desk`},
		{"owners of a reason without products", "    per_product: true\n", "", 22, "per_product"},
		{"unknown detection", "priority: 10", "detect: magic", 32, "use threshold, rise or off"},
		{"unknown severity", "severity: critical", "severity: awful", 30, "use low, normal, high or critical"},
		{"critical reason that is off", "priority: 10", "detect: off", 32, "remove one of the two"},
		{"cost that is too high", "priority: 10", "cost_per_contact: 1001", 32, "0 to 1000"},
		{"cost that is not a number", "priority: 10", "cost_per_contact: veel", 32, `holds "veel"; write a number`},
		{"notice in one language", "priority: 10", "notices: {solved: {nl: Klaar}}", 32, "one language"},
		{"unknown notice", "priority: 10", "notices: {later: {nl: a, en: b}}", 32, "unknown field"},
		{"threshold of zero", "threshold: 1", "threshold: 0", 31, "it may be 1 to"},
		{"threshold of one that is not critical", "severity: critical", "severity: high", 31, "it may be 2 to"},
		{"threshold that is too high", "threshold: 1", "threshold: 10001", 31, "to 10000"},
		{"threshold that is not a number", "threshold: 1", "threshold: many", 31, `holds "many"; write a whole number`},
		{"threshold that is a list", "threshold: 1", "threshold: [5]", 31, "write a whole number"},
		{"threshold beyond numbers", "threshold: 1", "threshold: 99999999999999999999999", 31, "write a whole number"},
		{"per_product that is not true or false", "priority: 10", "per_product: ja", 32, "write true or false"},
		{"names that are a text", "{nl: ICT, en: IT}", "ICT", 10, "write a mapping"},
		{"names that are a list", "{nl: ICT, en: IT}", "[ICT]", 10, "write a mapping"},
		{"window without unit", "priority: 10", "window: 7", 32, "like 7d"},
		{"window in hours", "priority: 10", "window: 12h", 32, "like 7d"},
		{"window of no days", "priority: 10", "window: 0d", 32, "1d to 28d"},
		{"window that is too long", "priority: 10", "window: 29d", 32, "1d to 28d"},
		{"negative cost", "priority: 10", "cost_per_contact: -1", 32, "0 to 1000"},
		{"priority that is too high", "priority: 10", "priority: 101", 32, "-100 to 100"},
		{"invalid value", "priority: 10", "value: {customer: high, company: low}", 32, "irritant or valuable"},
		{"unknown channel", "priority: 10", "channels: [email, fax]", 32, `no channel "fax"`},
		{"duplicate channel", "priority: 10", "channels: [email, email]", 32, "twice"},
		{"examples in another language", "priority: 10", "examples: {de: [Es brennt]}", 32, "unknown field"},
		{"examples that are a text", "priority: 10", "examples: {nl: Het brandt}", 32, "write a list"},
		{"example that is too long", "priority: 10", "examples: {nl: [" + strings.Repeat("brand ", 90) + "]}", 32, "at most 500 are allowed; shorten it"},
		{"example without a word", "priority: 10", "examples: {nl: ['!!!']}", 32, "contains no word"},
		{"example with a control character", "priority: 10", `examples: {nl: ["brand\u0007"]}`, 32, "control character"},
		{"example of a reason and of none", small, strings.Replace(small, "priority: 10", "examples: {nl: [Dank u]}", 1) + "\nno_reason_examples: {nl: ['dank u!']}\n", 0, "also an example of reason fire"},
		{"too many examples", "priority: 10", "examples: {nl: [" + strings.Repeat("brand, ", 1001) + "]}", 32, "at most 1000 are allowed"},
		{"question of an unknown kind", "priority: 10", "questions: [{kind: song, ask: {nl: a, en: b}}]", 32, "use order_number, photo, text"},
		{"question without text", "priority: 10", "questions: [{kind: photo}]", 32, "ask"},
		{"self-service without an answer", "priority: 10", "self_service: {}", 32, "no answer"},
		{"link without https", "priority: 10", `self_service: {answer: {nl: a, en: b}, link: {nl: "http://a", en: "https://b"}}`, 32, "https://"},
		{"notice with an unknown field", "priority: 10", `notices: {possible: {nl: "{name}", en: b}}`, 32, "unknown placeholder {name}"},
		{"no phrases", "phrases: {nl: [vlam], en: [fire]}", "", 27, "no phrases"},
		{"phrases in one language", "nl: [vlam], en: [fire]", "nl: [vlam]", 27, "no phrases in one of the languages"},
		{"phrases that are not a list", "nl: [vlam]", "nl: vlam", 33, `holds "vlam"; write a list`},
		{"vocabulary of phrases", "phrases: {nl: [vlam]", "vocabulary: {nl: vlam brand|vuur}\n    phrases: {nl: [vlam]", 33, "a vocabulary has single words"},
		{"word of 64 letters", "[vlam]", "[" + strings.Repeat("v", 64) + "]", 33, "longer than 63 letters"},
		{"empty phrase", "[vlam]", `[""]`, 33, "phrase is empty"},
		{"phrase of signs", "[vlam]", `["?!"]`, 33, "character that is not a letter"},
		{"phrase with a sign", "[vlam]", `["vlam!"]`, 33, "character that is not a letter"},
		{"phrase that is too long", "[vlam]", "[" + strings.Repeat("vlam ", 40) + "]", 33, "longer than 120"},
		{"gap at the end", "[vlam]", "[vlam ..]", 33, "ends with"},
		{"gap at the beginning", "[vlam]", "[.. vlam]", 33, "between two words"},
		{"gap before &", "[vlam]", "[vlam .. & vuur]", 33, "between two words"},
		{"empty alternative", "[vlam]", "[vlam|]", 33, "no letter or digit"},
		{"* in the middle", "[vlam]", "[vl*am]", 33, "middle"},
		{"* on both sides", "[vlam]", `["*vlam*"]`, 33, "both sides"},
		{"* that leaves too little", "[vlam]", `["vl*"]`, 33, "at least 3 letters"},
		{"unknown set", "[vlam]", `[$vuur uit]`, 33, `no set "vuur"`},
		{"set within a set", "factuur|factu*", "factuur|$x", 6, "another set"},
		{"set with a space", "factuur|factu*", "factuur of zo", 6, "single words"},
		{"set with a bad name", "  bill:", "  Bill:", 6, "not a valid name of a set"},
		{"phrase of two reasons", "priority: 10\n    phrases: {nl: [vlam]", "priority: 0\n    phrases: {nl: [Werkt  niet]", 33, `also belongs to reason defect`},
		{"phrase of two products", "nl: [bureau,", "nl: [lamp, bureau,", 13, `also belongs to product lamp`},
		{"too many phrases", "[vlam]", "[" + strings.TrimSuffix(strings.Repeat("vlam, ", 401), ", ") + "]", 33, "401 phrases"},
		{"file that is too large", `version: "7"`, "version: \"7\"\n# " + strings.Repeat("x", 1<<20), 0, "shorten it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(small, tt.old) {
				t.Fatalf("the small taxonomy does not contain %q", tt.old)
			}
			_, err := taxonomy.Load([]byte(strings.Replace(small, tt.old, tt.new, 1)))
			var errs taxonomy.Errors
			if !errors.As(err, &errs) || !fault.Is(err, fault.Invalid) {
				t.Fatalf("Load() error = %v, want Errors", err)
			}
			for _, e := range errs {
				if e.Msg == "" || (strings.Contains(e.Path, "reasons") && e.Line == 0) {
					t.Errorf("error without line or message: %+v", e)
				}
			}
			for _, e := range errs {
				if strings.Contains(e.Error(), tt.want) && (tt.line == 0 || e.Line == tt.line) {
					return
				}
			}
			t.Errorf("Load() error = %v, want line %d and %q", err, tt.line, tt.want)
		})
	}
}

func TestLoad_ListsAllErrors(t *testing.T) {
	t.Parallel()
	broken := strings.NewReplacer("[vlam]", `["vl*"]`, "department: billing", "department: bills", "threshold: 1", "threshold: x", "id: desk", "id: DESK").Replace(small)
	_, err := taxonomy.Load([]byte(broken))
	var errs taxonomy.Errors
	if !errors.As(err, &errs) || len(errs) != 3 { // a value that was not decoded is not checked further
		t.Fatalf("Load() error = %v, want Errors", err)
	}
	for i := 1; i < len(errs); i++ {
		if errs[i-1].Line > errs[i].Line {
			t.Errorf("error of line %d is listed before that of line %d", errs[i-1].Line, errs[i].Line)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("reasons: [{id: a, phrases: {nl: ['*']}}]"))
	f.Add([]byte("a: &a [*a]\n? b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := taxonomy.Load(data)
		if err == nil {
			x.Classify(string(data), taxonomy.Hints{})
			return
		}
		var errs taxonomy.Errors
		if !errors.As(err, &errs) || len(errs) == 0 {
			t.Fatalf("Load() error = %v, want Errors", err)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	data := exampleFile(b)
	for b.Loop() {
		if _, err := taxonomy.Load(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	t, err := taxonomy.Load(exampleFile(b))
	if err != nil {
		b.Fatal(err)
	}
	data, err := t.Checked()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := taxonomy.Restore(data); err != nil {
			b.Fatal(err)
		}
	}
}

package taxonomy_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

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

func example(t testing.TB) *taxonomy.Taxonomy {
	t.Helper()
	return load(t, string(exampleFile(t)))
}

func TestExampleIsComplete(t *testing.T) {
	t.Parallel()
	x := example(t)
	if len(x.Departments) < 6 || len(x.Products) < 8 || len(x.Reasons) < 30 {
		t.Errorf("%d departments, %d products, %d reasons", len(x.Departments), len(x.Products), len(x.Reasons))
	}
	if got := x.Owner("manual-unclear", "thermostat"); got != "it" {
		t.Errorf("the thermostat's manual belongs to %q", got)
	}
	if got := x.Owner("manual-unclear", "headphones"); got != "documentation" {
		t.Errorf("the headphones' manual belongs to %q", got)
	}
	if r, _ := x.Reason("order-status"); r.Detect != taxonomy.Rise {
		t.Errorf("order-status is detected by %q", r.Detect)
	}
	if x.NoticesOf("safety") == x.NoticesOf("defect") {
		t.Error("safety has no notices of its own")
	}
}

func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	r, ok := load(t, small).Reason("invoice")
	if !ok || r.Detect != taxonomy.Threshold || r.Threshold != 5 || r.Window.Duration() != 7*24*time.Hour || r.Severity != taxonomy.Normal {
		t.Errorf("got %+v", r)
	}
	if got := load(t, small).Currency; got != "EUR" {
		t.Errorf("currency %q", got)
	}
}

// Each case breaks the small taxonomy in one way: old is replaced by new.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	const invoice = "  - id: invoice\n    names: {nl: Factuur, en: Invoice}\n    department: billing\n"
	tests := []struct {
		name, old, new string
		line           int
		want           string
	}{
		{"no mapping", small, "- a\n- b", 1, "no mapping"},
		{"nothing", small, "", 0, "empty"},
		{"a comment only", small, "# hello\n", 0, "empty"},
		{"bad YAML", `version: "7"`, "version: [7", 4, "must be specified"},
		{"a tab", `version: "7"`, "\tversion: 7", 3, "indent with spaces"},
		{"two documents", "departments:", "---\ndepartments:", 0, "several documents"},
		{"an unknown key at the top", `version: "7"`, "version: \"7\"\ncolour: red", 4, "no part of a taxonomy"},
		{"a key at the top twice", `version: "7"`, "version: \"7\"\nversion: \"8\"", 4, "remove one of the two"},
		{"an unknown key in a reason", "    priority: 10", "    priorty: 10", 32, "unknown field"},
		{"a key in a reason twice", "    priority: 10", "    priority: 10\n    priority: 11", 33, "remove one of the two"},
		{"a schema to come", `schema: "1"`, `schema: "2"`, 2, `reads schema: "1"`},
		{"no schema", `schema: "1"`, ``, 0, `reads schema: "1"`},
		{"no version", `version: "7"`, ``, 0, "version"},
		{"a version with spaces", `version: "7"`, `version: "a b"`, 3, "version"},
		{"a currency that is none", `version: "7"`, "version: \"7\"\ncurrency: euro", 4, "three capitals"},
		{"candidates to nobody", `version: "7"`, "version: \"7\"\ncandidates_to: bills", 4, `no department "bills"; use one of billing, quality, it`},
		{"candidates to a list", `version: "7"`, "version: \"7\"\ncandidates_to: [billing]", 4, "write a text"},
		{"a bad pattern", `WS-[0-9]{6}`, `WS-[0-9`, 4, "no regular expression (error parsing regexp: missing closing ]"},
		{"a pattern that matches nothing", `WS-[0-9]{6}`, `(WS)?`, 4, "single sign"},
		{"a pattern that matches any digit", `WS-[0-9]{6}`, `[0-9]+`, 4, "single sign"},
		{"a pattern that is too long", `WS-[0-9]{6}`, strings.Repeat("a", 300), 4, "shorten"},
		{"departments that are no list", "departments:", "departments: 3\nx:", 7, "must be a list"},
		{"no departments", "departments:\n  - {id: billing, names: {nl: Facturatie, en: Billing}}\n  - {id: quality, names: {nl: Kwaliteit, en: Quality}}\n  - {id: it, names: {nl: ICT, en: IT}}\n", "", 0, "departments"},
		{"a department without id", "{id: it, names", "{names", 10, "has no id"},
		{"a department without names", "{id: it, names: {nl: ICT, en: IT}}", "{id: it}", 10, "names"},
		{"no time to acknowledge", "{id: it, names", "{id: it, acknowledge_hours: -1, names", 10, "from 1 to 500"},
		{"an escalation to nobody", "{id: it, names", "{id: it, escalate_to: lead, names", 10, "there is no department"},
		{"an escalation to itself", "{id: it, names", "{id: it, escalate_to: it, names", 10, "name another"},
		{"a calendar with a day in Dutch", "departments:", "calendar: {days: [ma]}\ndepartments:", 7, "use mon, tue"},
		{"a calendar that ends before it begins", "departments:", "calendar: {hours: 17:00-09:00}\ndepartments:", 7, "like 09:00-17:00"},
		{"a holiday that is no day", "{id: it, names", "{id: it, calendar: {holidays: [kerst]}, names", 10, "like 2026-12-25"},
		{"a name in one language", "{nl: ICT, en: IT}", "{nl: ICT}", 10, "one language"},
		{"a name that is too long", "en: IT", "en: " + strings.Repeat("x", 81), 10, "shorten"},
		{"a name with a control character", "en: IT", `en: "I\u0007T"`, 10, "control character"},
		{"an id in capitals", "id: desk", "id: Desk", 13, "small letters"},
		{"an id with a space", "id: desk", "id: a desk", 13, "small letters"},
		{"an id with an underscore", "id: desk", "id: a_desk", 13, "small letters"},
		{"an id that is too long", "id: desk", "id: " + strings.Repeat("d", 41), 13, "at most 40"},
		{"a department twice", "id: quality", "id: billing", 9, "already the id of departments[0]"},
		{"a product twice", "id: desk", "id: lamp", 13, "already the id of products[0]"},
		{"a reason twice", "id: fire", "id: defect", 27, "already the id of reasons[1]"},
		{"a reason without department", invoice, "  - id: invoice\n    names: {nl: Factuur, en: Invoice}\n", 15, "no department"},
		{"an unknown department", "department: billing", "department: bills", 17, `no department "bills"; use one of billing, quality, it`},
		{"an unknown owner", "lamp: it", "lamp: ict", 22, `no department "ict"`},
		{"an owner for an unknown product", "{lamp: it}", "{boat: it}", 22, `no product "boat"; use one of lamp, desk`},
		{"owners of a reason without products", "    per_product: true\n", "", 22, "per_product"},
		{"an unknown detection", "priority: 10", "detect: magic", 32, "use threshold, rise or off"},
		{"an unknown severity", "severity: critical", "severity: awful", 30, "use low, normal, high or critical"},
		{"a critical reason that is off", "priority: 10", "detect: off", 32, "remove one of the two"},
		{"a cost beyond reason", "priority: 10", "cost_per_contact: 1001", 32, "0 to 1000"},
		{"a cost that is no number", "priority: 10", "cost_per_contact: veel", 32, `holds "veel"; write a number`},
		{"a notice in one language", "priority: 10", "notices: {solved: {nl: Klaar}}", 32, "one language"},
		{"an unknown notice", "priority: 10", "notices: {later: {nl: a, en: b}}", 32, "unknown field"},
		{"a threshold of zero", "threshold: 1", "threshold: 0", 31, "it may be 1 to"},
		{"a threshold of one that is not critical", "severity: critical", "severity: high", 31, "it may be 2 to"},
		{"a threshold that is too high", "threshold: 1", "threshold: 10001", 31, "to 10000"},
		{"a threshold that is no number", "threshold: 1", "threshold: many", 31, `holds "many"; write a whole number`},
		{"a threshold that is a list", "threshold: 1", "threshold: [5]", 31, "write a whole number"},
		{"a threshold beyond numbers", "threshold: 1", "threshold: 99999999999999999999999", 31, "write a whole number"},
		{"per_product that is not true or false", "priority: 10", "per_product: ja", 32, "write true or false"},
		{"names that are a text", "{nl: ICT, en: IT}", "ICT", 10, "write a mapping"},
		{"names that are a list", "{nl: ICT, en: IT}", "[ICT]", 10, "write a mapping"},
		{"a window without unit", "priority: 10", "window: 7", 32, "like 7d"},
		{"a window in hours", "priority: 10", "window: 12h", 32, "like 7d"},
		{"a window of no days", "priority: 10", "window: 0d", 32, "1d to 28d"},
		{"a window that is too long", "priority: 10", "window: 29d", 32, "1d to 28d"},
		{"a negative cost", "priority: 10", "cost_per_contact: -1", 32, "0 to 1000"},
		{"a priority that is too high", "priority: 10", "priority: 101", 32, "-100 to 100"},
		{"a value that is none", "priority: 10", "value: {customer: high, company: low}", 32, "irritant or valuable"},
		{"an unknown channel", "priority: 10", "channels: [email, fax]", 32, `no channel "fax"`},
		{"a channel twice", "priority: 10", "channels: [email, email]", 32, "twice"},
		{"a question of an unknown kind", "priority: 10", "questions: [{kind: song, ask: {nl: a, en: b}}]", 32, "use order_number, photo, text"},
		{"a question without text", "priority: 10", "questions: [{kind: photo}]", 32, "ask"},
		{"self-service without an answer", "priority: 10", "self_service: {}", 32, "no answer"},
		{"a link without https", "priority: 10", `self_service: {answer: {nl: a, en: b}, link: {nl: "http://a", en: "https://b"}}`, 32, "https://"},
		{"a notice with an unknown field", "priority: 10", `notices: {possible: {nl: "{name}", en: b}}`, 32, "{name}, which nothing fills in"},
		{"no phrases", "phrases: {nl: [vlam], en: [fire]}", "", 27, "no phrases"},
		{"phrases in one language", "nl: [vlam], en: [fire]", "nl: [vlam]", 27, "no phrases in one of the languages"},
		{"phrases that are no list", "nl: [vlam]", "nl: vlam", 33, `holds "vlam"; write a list`},
		{"a vocabulary of phrases", "phrases: {nl: [vlam]", "vocabulary: {nl: vlam brand|vuur}\n    phrases: {nl: [vlam]", 33, "a vocabulary has single words"},
		{"a word of 64 letters", "[vlam]", "[" + strings.Repeat("v", 64) + "]", 33, "longer than 63 letters"},
		{"an empty phrase", "[vlam]", `[""]`, 33, "phrase is empty"},
		{"a phrase of signs", "[vlam]", `["?!"]`, 33, "sign that is no letter"},
		{"a phrase with a sign", "[vlam]", `["vlam!"]`, 33, "sign that is no letter"},
		{"a phrase that is too long", "[vlam]", "[" + strings.Repeat("vlam ", 40) + "]", 33, "longer than 120"},
		{"a gap at the end", "[vlam]", "[vlam ..]", 33, "ends with"},
		{"a gap at the beginning", "[vlam]", "[.. vlam]", 33, "between two words"},
		{"a gap before &", "[vlam]", "[vlam .. & vuur]", 33, "between two words"},
		{"an empty alternative", "[vlam]", "[vlam|]", 33, "no letter or digit"},
		{"a * in the middle", "[vlam]", "[vl*am]", 33, "middle"},
		{"a * on both sides", "[vlam]", `["*vlam*"]`, 33, "both sides"},
		{"a * that leaves too little", "[vlam]", `["vl*"]`, 33, "at least 3 letters"},
		{"an unknown set", "[vlam]", `[$vuur uit]`, 33, `no set "vuur"`},
		{"a set within a set", "factuur|factu*", "factuur|$x", 6, "another set"},
		{"a set with a space", "factuur|factu*", "factuur of zo", 6, "single words"},
		{"a set with a bad name", "  bill:", "  Bill:", 6, "no name for a set"},
		{"a phrase of two reasons", "priority: 10\n    phrases: {nl: [vlam]", "priority: 0\n    phrases: {nl: [Werkt  niet]", 33, `belongs to reason defect too`},
		{"a phrase of two products", "nl: [bureau,", "nl: [lamp, bureau,", 13, `belongs to product lamp too`},
		{"too many phrases", "[vlam]", "[" + strings.TrimSuffix(strings.Repeat("vlam, ", 401), ", ") + "]", 33, "401 phrases"},
		{"a file that is too large", `version: "7"`, "version: \"7\"\n# " + strings.Repeat("x", 1<<20), 0, "shorten it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(small, tt.old) {
				t.Fatalf("the small taxonomy does not hold %q", tt.old)
			}
			_, err := taxonomy.Load([]byte(strings.Replace(small, tt.old, tt.new, 1)))
			var errs taxonomy.Errors
			if !errors.As(err, &errs) || fault.KindOf(err) != fault.Invalid {
				t.Fatalf("got %v", err)
			}
			for _, e := range errs {
				if e.Msg == "" || strings.Contains(e.Path, "reasons") && e.Line == 0 {
					t.Errorf("no place, or nothing to do: %+v", e)
				}
			}
			for _, e := range errs {
				if strings.Contains(e.Error(), tt.want) && (tt.line == 0 || e.Line == tt.line) {
					return
				}
			}
			t.Errorf("want line %d and %q, got %v", tt.line, tt.want, err)
		})
	}
}

func TestLoadListsAllErrors(t *testing.T) {
	t.Parallel()
	broken := strings.NewReplacer("[vlam]", `["vl*"]`, "department: billing", "department: bills", "threshold: 1", "threshold: x", "id: desk", "id: DESK").Replace(small)
	_, err := taxonomy.Load([]byte(broken))
	var errs taxonomy.Errors
	if !errors.As(err, &errs) || len(errs) != 3 { // what could not be decoded is not checked further
		t.Fatalf("got %v", err)
	}
	for i := 1; i < len(errs); i++ {
		if errs[i-1].Line > errs[i].Line {
			t.Errorf("line %d before %d", errs[i-1].Line, errs[i].Line)
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
			t.Fatalf("got %v", err)
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

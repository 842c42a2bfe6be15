package redact_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/redact"
)

var marked = regexp.MustCompile(`\{\{(.*?)\}\}`)

type line struct {
	text    string
	secrets []string
	known   redact.PersonalData
}

func readQuotes(t testing.TB) []line {
	t.Helper()
	data, err := os.ReadFile("testdata/quotes.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []line
	for l := range strings.Lines(string(data)) {
		if strings.HasPrefix(l, "#") {
			continue
		}
		text, known, _ := strings.Cut(strings.TrimSuffix(l, "\n"), "\t")
		one := line{known: redact.PersonalData{Public: []string{"Airfryer Kroos", "Gloed"}}}
		for _, m := range marked.FindAllStringSubmatch(text, -1) {
			one.secrets = append(one.secrets, m[1])
		}
		one.text = strings.NewReplacer("{{", "", "}}", "").Replace(text)
		if kind, value, ok := strings.Cut(known, "="); ok {
			switch kind {
			case "names":
				one.known.Names = []string{value}
			case "phones":
				one.known.Phones = []string{value}
			case "mails":
				one.known.Mails = []string{value}
			case "orders":
				one.known.Orders = []string{value}
			case "accounts":
				one.known.Accounts = []string{value}
			default:
				t.Fatalf("testdata/quotes.tsv: unknown kind in %q", l)
			}
		}
		all = append(all, one)
	}
	return all
}

var wordParts = regexp.MustCompile(`[\p{L}\d]+`)

// leaks returns the part of a secret that a quote has: the whole of it, or three
// characters or more.
func leaks(secret, quote string) string {
	quote = strings.ToLower(quote)
	if strings.Contains(quote, strings.ToLower(secret)) {
		return secret
	}
	in := map[string]bool{}
	for _, w := range wordParts.FindAllString(quote, -1) {
		in[w] = true
	}
	for _, part := range wordParts.FindAllString(strings.ToLower(secret), -1) {
		if utf8.RuneCountInString(part) >= 3 && !particle[part] && in[part] {
			return part
		}
	}
	return ""
}

// particle are parts of names and addresses that say nothing by themselves.
var particle = map[string]bool{"van": true, "der": true, "den": true, "punt": true, "dot": true, "mail": true, "mevrouw": true, "mrs": true, "fam": true, "familie": true}

func TestSelectQuotes_NoPersonalData(t *testing.T) {
	t.Parallel()
	all := readQuotes(t)
	var personal, personalKept, harmless, harmlessKept int
	for _, l := range all {
		got, ok := redact.Mask(l.text, l.known)
		if !ok && got != "" {
			t.Errorf("not sure, and yet %q", got)
		}
		for _, s := range l.secrets {
			if leak := leaks(s, got); leak != "" {
				t.Errorf("leaks %q: %q", leak, got)
			}
		}
		switch {
		case len(l.secrets) > 0:
			personal++
			if ok {
				personalKept++
				t.Logf("masked: %s", got)
			}
		default:
			harmless++
			if ok {
				harmlessKept++
			} else {
				t.Logf("left out: %s", l.text)
			}
			if ok && strings.Contains(got, "[") {
				t.Logf("masked for nothing: %s", got)
			}
		}
	}
	t.Logf("%d lines: %d of %d with personal data quoted masked, %d of %d harmless ones quoted",
		len(all), personalKept, personal, harmlessKept, harmless)
	if len(all) < 200 || personal < 100 {
		t.Errorf("only %d lines, %d with personal data", len(all), personal)
	}
	if harmlessKept*100 < 40*harmless {
		t.Errorf("%d of %d harmless lines kept, want 40%%", harmlessKept, harmless)
	}
}

func FuzzMask(f *testing.F) {
	for _, l := range readQuotes(f) {
		f.Add(l.text, "Jan Voorbeeld", "+31201234567")
	}
	f.Fuzz(func(t *testing.T, text, name, phone string) {
		known := redact.PersonalData{Names: []string{name}, Phones: []string{phone}}
		once, ok := redact.Mask(text, known)
		if !utf8.ValidString(once) {
			t.Fatalf("%q is no valid UTF-8", once)
		}
		twice, again := redact.Mask(once, known)
		if ok && (!again || twice != once) {
			t.Fatalf("%q, then %q %t", once, twice, again)
		}
		if !ok && once != "" {
			t.Fatalf("not sure, and yet %q", once)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	text := "Hallo, ik ben Jan Voorbeeld. Mijn pakket WS-123456 is er nog niet, bel mij op 06-12345678 of mail naar jan@example.com. Groeten, Jan"
	known := redact.PersonalData{Names: []string{"Jan Voorbeeld"}, Phones: []string{"+31612345678"}}
	b.ReportAllocs()
	for b.Loop() {
		redact.Mask(text, known)
	}
}

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

func readQuotes(t testing.TB, file string) []line {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
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
				t.Fatalf("testdata/%s: unknown kind in %q", file, l)
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
var particle = map[string]bool{"van": true, "der": true, "den": true, "punt": true, "dot": true, "mail": true, "mevrouw": true, "mrs": true, "fam": true, "familie": true,
	"het": true, "the": true, "dhr": true, "nummer": true, "number": true}

// The files have made-up messages in Dutch and English. Those of unseen.tsv were
// written to measure rules that existed.
var messageFiles = []string{"quotes.tsv", "more.tsv", "unseen.tsv"}

func TestMask_NoPersonalData(t *testing.T) {
	t.Parallel()
	personal := 0
	for _, file := range messageFiles {
		for _, l := range readQuotes(t, file) {
			got, ok := redact.Mask(l.text, l.known)
			if !ok {
				t.Errorf("%s: %q is not masked", file, l.text)
			}
			for _, s := range l.secrets {
				if leak := leaks(s, got); leak != "" {
					t.Errorf("%s: %q in %q from %q, want it masked", file, leak, got, l.text)
				}
			}
			if len(l.secrets) > 0 {
				personal++
			}
		}
	}
	if personal < 400 {
		t.Errorf("the files have %d messages with personal data, want 400 or more", personal)
	}
}

// Most messages still say something when their personal data is masked.
func TestQuote_PersonalData(t *testing.T) {
	t.Parallel()
	for _, file := range messageFiles {
		quoted, all := 0, 0
		for _, l := range readQuotes(t, file) {
			if len(strings.Fields(l.text)) < 4 {
				continue
			}
			all++
			if _, ok := redact.NewMasker(l.known).Quote(l.text); ok {
				quoted++
			}
		}
		t.Logf("%s: %d of %d are quoted", file, quoted, all)
		if quoted*100 < 85*all {
			t.Errorf("%s: %d of %d are quoted, want 85%%", file, quoted, all)
		}
	}
}

// Masking a masked text changes nothing, whatever the text is.
func FuzzMask(f *testing.F) {
	for _, file := range messageFiles {
		for _, l := range readQuotes(f, file) {
			f.Add(l.text, "Jan Voorbeeld", "+31201234567")
		}
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
			t.Fatalf("not masked, and yet %q", once)
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

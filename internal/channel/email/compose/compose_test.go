package compose_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/channel/email/compose"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/golden"
)

// answer is a letter with nothing special about it.
func answer() compose.Letter {
	return compose.Letter{
		From:    compose.Person{Name: "Klantenservice", Address: "service@support.example.com"},
		To:      compose.Person{Name: "Jan Voorbeeld", Address: "jan@example.com"},
		ReplyTo: "service+abc@support.example.com", ID: "abc@support.example.com",
		InReplyTo: "m2@example.com", References: []string{"m1@example.com", "m2@example.com"},
		Date:    time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Subject: "Re: Waar blijft mijn bestelling?", Text: "Beste Jan,\n\nMorgen.\n",
	}
}

// Each case is compared with testdata/NAME.golden.json, a line of the mail a
// line.
func TestAMailIsWrittenAsOtherProgramsReadIt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*compose.Letter)
	}{
		{"answer", func(*compose.Letter) {}},
		{"text-and-page", func(l *compose.Letter) { l.HTML = "<p>Beste Jan,</p><p>Morgen = écht.</p>" }},
		{"with-files", func(l *compose.Letter) {
			l.Files = []compose.File{
				{Name: "factuur.pdf", Type: "application/pdf", Data: bytes.Repeat([]byte("%PDF"), 40)},
				{Name: `..\überraschung "ß".txt`, Type: "text/plain; charset=utf-8", Data: []byte("é")},
				{Name: "a.eml", Type: "message/rfc822", Data: []byte("Subject: x\n\ny")},
			}
		}},
		{"page-and-file", func(l *compose.Letter) {
			l.HTML, l.Files = "<p>Morgen.</p>", []compose.File{{Name: "a.txt", Type: "text/plain", Data: []byte("a")}}
		}},
		{"automatic", func(l *compose.Letter) { l.Automatic = "auto-replied" }},
		{"notice", func(l *compose.Letter) {
			l.Automatic, l.InReplyTo, l.References = "auto-generated", "", nil
			l.Unsubscribe = []string{"https://example.com/u/1", "mailto:service+abc@support.example.com?subject=unsubscribe"}
		}},
		{"names-beyond-ascii", func(l *compose.Letter) {
			l.From.Name, l.To.Name = `Hulp, "24/7"`, "Ægir Þórsson 株式会社サンプルの田中さくら"
			l.Subject = "Re: " + strings.Repeat("Grüße ☃ ", 12)
			l.Text = "こんにちは、田中さん。\n"
		}},
		{"long-thread", func(l *compose.Letter) {
			for i := range 50 {
				l.References = append(l.References, fmt.Sprintf("r%d@example.com", i))
			}
			l.Subject = "Re: " + strings.Repeat("heel lang ", 15)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := answer()
			tt.change(&l)
			raw, err := compose.Mail(l)
			if err != nil {
				t.Fatal(err)
			}
			check(t, raw)
			golden.JSON(t, filepath.Join("testdata", tt.name+".golden.json"), strings.Split(string(raw), "\r\n"))
		})
	}
}

// A tester is a test or a try of rapid's.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// check holds a mail to what every server takes: lines of at most 998 bytes
// that end in CRLF, ASCII alone, and each field once.
func check(t tester, raw []byte) {
	t.Helper()
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("not ASCII: %q", line)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("the standard library: %v", err)
	}
	for name, values := range m.Header {
		if len(values) != 1 {
			t.Errorf("%d fields %s", len(values), name)
		}
	}
	for _, name := range []string{"From", "To"} {
		if list, err := m.Header.AddressList(name); err != nil || len(list) != 1 {
			t.Errorf("%s: %v %v", name, list, err)
		}
	}
	typ, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	if strings.HasPrefix(typ, "multipart/") {
		r := multipart.NewReader(m.Body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v", err)
			}
			_, _ = io.Copy(io.Discard, p)
		}
	}
}

// anyText draws what people, and people who mean harm, put into a field.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[ -~]{0,300}`),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{
			"\r\n", "\n", "\r", "Bcc: x@example.net", "\r\n\r\n", "<script>", "=?utf-8?Q?=0D=0ABcc:_x?=", "=?utf-8?B?", "?=", `"`, `\`, "<", ">", ",", ";",
			" ", "\t", "\x00", "é", "ß", "日本語", "مرحبا", "שלום", "👩‍👩‍👧", "\u2028", "\u202e", "--=_", ".", "..", "\r\n.\r\n", "From ", "@", "a", strings.Repeat("x", 1200),
		}), 0, 20), func(parts []string) string { return strings.Join(parts, "") }),
	)
}

// Names that hide what they are, or are none, become others.
func TestAFileHasANameThatReadsAsItIs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"=?utf-8?B??=":        "=_utf-8?B??=",
		"=?utf-8?Q?exe?=.pdf": "=_utf-8?Q?exe?=.pdf",
		"\\\r\n\\":            "attachment",
		" ":                   "attachment",
		"..":                  "attachment",
		"../../etc/brief.pdf": "brief.pdf",
	} {
		l := answer()
		l.Files = []compose.File{{Name: name, Type: "application/pdf", Data: []byte("x")}}
		raw, err := compose.Mail(l)
		if err != nil {
			t.Fatal(err)
		}
		root, err := rfc822.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		root.Walk(func(p *rfc822.Part) {
			if p.Disposition() == "attachment" {
				got = p.FileName()
			}
		})
		if got != want {
			t.Errorf("%q is written as %q, want %q", name, got, want)
		}
	}
}

// Whatever stands in a letter, the mail has the fields we wrote and no other,
// and our own reader reads back what was written.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := answer()
		l.Subject = anyText().Draw(t, "subject")
		l.From.Name, l.To.Name = anyText().Draw(t, "from"), anyText().Draw(t, "to")
		l.Text, l.HTML = anyText().Draw(t, "text"), anyText().Draw(t, "html")
		l.References = append(l.References, anyText().Draw(t, "reference"))
		l.InReplyTo = rapid.OneOf(rapid.Just("m2@example.com"), anyText()).Draw(t, "answered")
		if rapid.Bool().Draw(t, "file") {
			l.Files = []compose.File{{Name: anyText().Draw(t, "name"), Type: anyText().Draw(t, "type"), Data: []byte(anyText().Draw(t, "data"))}}
		}
		raw, err := compose.Mail(l)
		if err != nil {
			t.Fatal(err)
		}
		check(t, raw)
		root, err := rfc822.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{
			"From": true, "To": true, "Reply-To": true, "Subject": true, "Date": true, "Message-ID": true, "In-Reply-To": true, "References": true,
			"MIME-Version": true, "Content-Type": true, "Content-Transfer-Encoding": true,
		}
		for _, f := range root.Header.Fields {
			if !known[f.Name] {
				t.Errorf("a field %q", f.Name)
			}
		}
		if got, want := oneLine(root.Header.Text("Subject")), oneLine(asRead(oneLine(l.Subject))); got != want {
			t.Errorf("subject %q, want %q", got, want)
		}
		for name, want := range map[string]compose.Person{"From": l.From, "To": l.To} {
			got := root.Header.Addresses(name)
			if len(got) != 1 || got[0].Addr != want.Address || bare(got[0].Name) != bare(asRead(oneLine(want.Name))) {
				t.Errorf("%s: %+v, want %q", name, got, oneLine(want.Name))
			}
		}
		var parts []*rfc822.Part
		root.Walk(func(p *rfc822.Part) {
			if len(p.Children) == 0 {
				parts = append(parts, p)
			}
		})
		for i, want := range []string{l.Text, l.HTML} {
			if want == "" {
				continue
			}
			got, _ := parts[i].Text(1 << 20)
			if got = strings.ReplaceAll(got, "\r\n", "\n"); got != asRead(compose.Clean(want)) {
				t.Errorf("text %q, want %q", got, compose.Clean(want))
			}
		}
		if len(l.Files) > 0 {
			p := parts[len(parts)-1]
			if string(p.Bytes()) != string(l.Files[0].Data) || p.Disposition() != "attachment" || p.FileName() == "" {
				t.Errorf("file %q: %q", p.FileName(), p.Bytes())
			}
		}
	})
}

// asRead is what our reader makes of any text: it composes characters, and
// drops those that do not show.
func asRead(s string) string { return rfc822.Decode("utf-8", []byte(s)) }

// bare is a name's letters: our reader takes signs around a name for quotes of
// those who could not write them.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// oneLine is what becomes of words in a field.
func oneLine(s string) string {
	return strings.Join(strings.Fields(compose.Clean(s)), " ")
}

func TestALetterThatCannotBeOneIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*compose.Letter)
		kind   fault.Kind
	}{
		{"a recipient with a second line", func(l *compose.Letter) { l.To.Address = "jan@example.com\r\nBcc: x@example.net" }, fault.Invalid},
		{"a second line before the at sign", func(l *compose.Letter) { l.To.Address = "jan\r\nBcc: x@example.com" }, fault.Invalid},
		{"two recipients in one", func(l *compose.Letter) { l.To.Address = "jan@example.com,x@example.net" }, fault.Invalid},
		{"no recipient", func(l *compose.Letter) { l.To.Address = "" }, fault.Invalid},
		{"a local part beyond ASCII", func(l *compose.Letter) { l.To.Address = "jörg@example.com" }, fault.Invalid},
		{"an address to answer to with brackets", func(l *compose.Letter) { l.ReplyTo = "a@b>,<c@d" }, fault.Invalid},
		{"a Message-ID with a second line", func(l *compose.Letter) { l.ID = "a@b\r\nX: y" }, fault.Invalid},
		{"an unknown way to be automatic", func(l *compose.Letter) { l.Automatic = "no\r\nX: y" }, fault.Invalid},
		{"an unsubscription with brackets", func(l *compose.Letter) { l.Unsubscribe = []string{"https://a>,<mailto:b"} }, fault.Invalid},
		{"a file too large for SES", func(l *compose.Letter) { l.Files = []compose.File{{Name: "a", Data: make([]byte, 30<<20)}} }, fault.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := answer()
			tt.change(&l)
			if _, err := compose.Mail(l); err == nil || fault.KindOf(err) != tt.kind {
				t.Errorf("got %v, want %s", err, tt.kind)
			}
		})
	}
}

func TestALocalPartThatNeedsQuotesHasThem(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"jan voorbeeld@example.com":   `"jan voorbeeld"@example.com`,
		"jan..v@example.com":          `"jan..v"@example.com`,
		`"jan voorbeeld"@example.com`: `"jan voorbeeld"@example.com`,
		"jan+x@example.com":           "jan+x@example.com",
	} {
		l := answer()
		l.To = compose.Person{Address: given}
		raw, err := compose.Mail(l)
		if err != nil {
			t.Fatal(err)
		}
		check(t, raw)
		if !strings.Contains(string(raw), "\r\nTo: "+want+"\r\n") {
			t.Errorf("%s became %q", given, raw[:200])
		}
	}
}

// FuzzMail looks for a letter that adds a field, or that another reader cannot
// read.
func FuzzMail(f *testing.F) {
	f.Add("Re: x", "Jan", "jan@example.com", "hallo", "m1@example.com", "a.txt")
	f.Add("x\r\nBcc: y@example.net", "a\nb", "\"a b\"@example.com", "\r\n.\r\n--=_", "a b", "../../é")
	f.Fuzz(func(t *testing.T, subject, name, addr, text, ref, file string) {
		l := answer()
		l.Subject, l.To, l.Text = subject, compose.Person{Name: name, Address: addr}, text
		l.InReplyTo, l.References, l.Files = ref, []string{ref}, []compose.File{{Name: file, Type: ref, Data: []byte(text)}}
		raw, err := compose.Mail(l)
		if err != nil {
			return
		}
		check(t, raw)
	})
}

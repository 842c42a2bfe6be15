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

// answer returns a plain letter.
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

// Each case is compared with testdata/NAME.golden.json, which has one string
// per line of the mail.
func TestMail(t *testing.T) {
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

// A tester is a [testing.T] or a [rapid.T].
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// check checks that every server accepts a mail: lines of at most 998 bytes
// that end in CRLF, only ASCII, and no field twice.
func check(t tester, raw []byte) {
	t.Helper()
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("line of %d bytes, want at most 998 without line breaks: %q", len(line), line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("line is not ASCII: %q", line)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("net/mail cannot read the mail: %v", err)
	}
	for name, values := range m.Header {
		if len(values) != 1 {
			t.Errorf("fields %s: got %d, want 1", name, len(values))
		}
	}
	for _, name := range []string{"From", "To"} {
		if list, err := m.Header.AddressList(name); err != nil || len(list) != 1 {
			t.Errorf("addresses in %s: got %v, %v, want one", name, list, err)
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

// anyText draws texts that people or attackers put into a field.
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

func TestMail_FileNames(t *testing.T) {
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
			t.Errorf("file name of %q: got %q, want %q", name, got, want)
		}
	}
}

// The mail has only the fields that Mail writes, and rfc822 reads the same
// content back.
func TestMail_ReadBack(t *testing.T) {
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
				t.Errorf("unexpected field %q", f.Name)
			}
		}
		if got, want := oneLine(root.Header.Text("Subject")), oneLine(asRead(oneLine(l.Subject))); got != want {
			t.Errorf("subject: got %q, want %q", got, want)
		}
		for name, want := range map[string]compose.Person{"From": l.From, "To": l.To} {
			got := root.Header.Addresses(name)
			if len(got) != 1 || got[0].Addr != want.Address || bare(got[0].Name) != bare(asRead(oneLine(want.Name))) {
				t.Errorf("%s: got %+v, want %q", name, got, oneLine(want.Name))
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
				t.Errorf("text: got %q, want %q", got, compose.Clean(want))
			}
		}
		if len(l.Files) > 0 {
			p := parts[len(parts)-1]
			if string(p.Bytes()) != string(l.Files[0].Data) || p.Disposition() != "attachment" || p.FileName() == "" {
				t.Errorf("file: got %q with %q, want an attachment with a name and %q", p.FileName(), p.Bytes(), l.Files[0].Data)
			}
		}
	})
}

// asRead returns a text as rfc822 returns it: composed, and without invisible
// characters.
func asRead(s string) string { return rfc822.Decode("utf-8", []byte(s)) }

// bare returns the letters and digits of a name. rfc822 removes other
// characters around a name, because they are often quotation marks.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// oneLine returns a text as it is in a field.
func oneLine(s string) string {
	return strings.Join(strings.Fields(compose.Clean(s)), " ")
}

func TestMail_InvalidLetter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*compose.Letter)
		kind   fault.Kind
	}{
		{"line break in the recipient", func(l *compose.Letter) { l.To.Address = "jan@example.com\r\nBcc: x@example.net" }, fault.Invalid},
		{"line break before the at sign", func(l *compose.Letter) { l.To.Address = "jan\r\nBcc: x@example.com" }, fault.Invalid},
		{"two recipients in one field", func(l *compose.Letter) { l.To.Address = "jan@example.com,x@example.net" }, fault.Invalid},
		{"no recipient", func(l *compose.Letter) { l.To.Address = "" }, fault.Invalid},
		{"non-ASCII local part", func(l *compose.Letter) { l.To.Address = "jörg@example.com" }, fault.Invalid},
		{"brackets in ReplyTo", func(l *compose.Letter) { l.ReplyTo = "a@b>,<c@d" }, fault.Invalid},
		{"line break in the Message-ID", func(l *compose.Letter) { l.ID = "a@b\r\nX: y" }, fault.Invalid},
		{"unknown value of Automatic", func(l *compose.Letter) { l.Automatic = "no\r\nX: y" }, fault.Invalid},
		{"brackets in Unsubscribe", func(l *compose.Letter) { l.Unsubscribe = []string{"https://a>,<mailto:b"} }, fault.Invalid},
		{"file too large for SES", func(l *compose.Letter) { l.Files = []compose.File{{Name: "a", Data: make([]byte, 30<<20)}} }, fault.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := answer()
			tt.change(&l)
			if _, err := compose.Mail(l); !fault.Is(err, tt.kind) {
				t.Errorf("Mail: got %v, want kind %s", err, tt.kind)
			}
		})
	}
}

func TestMail_QuotedLocalPart(t *testing.T) {
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
			t.Errorf("To of %s: got %q, want %q in it", given, raw[:200], want)
		}
	}
}

// FuzzMail looks for a letter that adds a field, or a mail that another reader
// cannot read.
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

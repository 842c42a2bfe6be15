package rfc822_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/fault"
)

func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

// shape returns the tree on one line: "mixed(plain alternative(plain html))".
func shape(p *rfc822.Part) string {
	_, kind, _ := strings.Cut(p.Type, "/")
	if len(p.Children) == 0 {
		return kind
	}
	var inner []string
	for _, c := range p.Children {
		inner = append(inner, shape(c))
	}
	return kind + "(" + strings.Join(inner, " ") + ")"
}

func TestParse_PartTree(t *testing.T) {
	t.Parallel()
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n"
	tests := []struct{ name, mail, shape, text string }{
		{"text", "Subject: x\n\nhello\n", "plain", "hello\n"},
		{"From line of a mailbox file", "From jan@example.com Mon Mar  3 10:15:00 2025\nSubject: x\n\nhello", "plain", "hello"},
		{"byte order mark and blank lines", "\ufeff\n\nSubject: x\n\nhello", "plain", "hello"},
		{"no header", "hello\nyou", "plain", "hello\nyou"},
		{"text that looks like a header", "hello: you\nand: me", "plain", "hello: you\nand: me"},
		{"no blank line after the header", "Subject: x\nhello\nyou", "plain", "hello\nyou"},
		{"header line that is not a field", "Subject: x\nthis was put here\nTo: a@example.com\n\nhello", "plain", "hello"},
		{"parts", mixed + "--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\n", "mixed(plain html)", "one"},
		{"part without a blank line", mixed + "--b\none\n--b--\n", "mixed(plain)", "one"},
		{"text before and after the parts", mixed + "before\n--b\n\none\n--b--\nafter\n", "mixed(plain)", "one"},
		{"missing last boundary", mixed + "--b\n\none\n--b\n\ntwo\n", "mixed(plain plain)", "one"},
		{"boundary that is a prefix of a line", mixed + "--b\n\none\n--bb\nstill one\n--b--\n", "mixed(plain)", "one\n--bb\nstill one"},
		{"blanks after the boundary", mixed + "--b  \n\none\n--b--\t\n", "mixed(plain)", "one"},
		{"parts after the last boundary", mixed + "--b\n\none\n--b--\n--b\n\ntwo\n--b--\n", "mixed(plain plain)", "one"},
		{"outer boundary inside inner parts", mixed + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--\n", "mixed(alternative(plain) plain)", "one"},
		{"boundary that was not declared", mixed + "--other\nContent-Type: text/plain\n\none\n--other--\n", "mixed(plain)", "one"},
		{"no boundary declared", "Content-Type: multipart/mixed\n\n--x\nContent-Type: text/plain\n\none\n--x--\n", "mixed(plain)", "one"},
		{"boundary that does not occur", mixed + "one\n", "mixed", "one\n"},
		{"nested equal boundary", mixed + "--b\n" + mixed + "--b\n\none\n--b--\n", "mixed(mixed(plain))", "one"},
		{"quotes and blanks in the boundary", "Content-Type: multipart/mixed; boundary=\" a b\"\n\n-- a b\n\none\n-- a b--\n", "mixed(plain)", "one"},
	}
	for _, tt := range tests {
		for _, newline := range []string{"\n", "\r\n", "\r"} {
			t.Run(fmt.Sprintf("%s, %q", tt.name, newline), func(t *testing.T) {
				t.Parallel()
				root, err := rfc822.Parse([]byte(strings.ReplaceAll(tt.mail, "\n", newline)))
				if err != nil {
					t.Fatal(err)
				}
				if got := shape(root); got != tt.shape {
					t.Errorf("tree: got %s, want %s", got, tt.shape)
				}
				first := root
				for len(first.Children) > 0 {
					first = first.Children[0]
				}
				if got, _ := first.Text(1000); got != tt.text {
					t.Errorf("text: got %q, want %q", got, tt.text)
				}
			})
		}
	}
}

func TestParse_Limits(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		s := ""
		for i := range n {
			s += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return s + "\nx"
	}
	parts := func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", n)
	}
	tests := []struct {
		name, mail string
		within     bool
	}{
		{"maximum depth", deep(rfc822.MaxDepth), true},
		{"over the maximum depth", deep(rfc822.MaxDepth + 1), false},
		{"maximum number of parts", parts(rfc822.MaxParts), true},
		{"over the maximum number of parts", parts(rfc822.MaxParts + 1), false},
		{"maximum number of fields", strings.Repeat("A: b\n", rfc822.MaxFields-1) + "\nx", true},
		{"over the maximum number of fields", strings.Repeat("A: b\n", rfc822.MaxFields) + "\nx", false},
		{"maximum length of a field", "A:" + strings.Repeat("b", rfc822.MaxField) + "\n\nx", true},
		{"over the maximum length of a field", "A:" + strings.Repeat("b", rfc822.MaxField+1) + "\n\nx", false},
		{"over the maximum length by folding", "A: b" + strings.Repeat("\n b", rfc822.MaxField) + "\n\nx", false},
		{"over the maximum header size", strings.Repeat("A: "+strings.Repeat("b", 60<<10)+"\n", 19) + "\nx", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte("Subject: kept\n" + tt.mail))
			if tt.within != (err == nil) || err != nil && !fault.Is(err, fault.TooLarge) {
				t.Errorf("Parse: got error %v, want none: %v, else kind %s", err, tt.within, fault.TooLarge)
			}
			if root.Header.Get("Subject") != "kept" {
				t.Errorf("subject: got %q, want the one before the limit", root.Header.Get("Subject"))
			}
		})
	}
}

func TestHeader_Text(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"plain", "hello", "hello"},
		{"folded", "hello\r\n you", "hello you"},
		{"quoted-printable", "=?utf-8?q?caf=C3=A9_au_lait?=", "café au lait"},
		{"base64", "=?UTF-8?B?Y2Fmw6k=?=", "café"},
		{"adjacent words", "=?utf-8?q?caf?= =?utf-8?q?=C3=A9?=", "café"},
		{"character split over two words", "=?utf-8?B?Y2Fmww==?= =?utf-8?B?qQ==?=", "café"},
		{"words and text", "Re: =?iso-8859-1?q?caf=E9?= open", "Re: café open"},
		{"blank inside a word", "=?utf-8?q?caf=C3=A9 open?=", "café open"},
		{"charset with a language", "=?utf-8*nl?q?caf=C3=A9?=", "café"},
		{"unknown charset", "=?x-nobody?q?caf=E9?=", "café"},
		{"UTF-8 under another name", "=?iso-8859-1?q?caf=C3=A9?=", "café"},
		{"no charset", "=??q?caf=C3=A9?=", "café"},
		{"inside quotes", `"=?utf-8?q?caf=C3=A9?="`, `"café"`},
		{"word without an end", "=?utf-8?q?caf", "=?utf-8?q?caf"},
		{"raw bytes", "caf\xe9", "café"},
		{"raw UTF-8", "café", "café"},
		{"Japanese", "=?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"},
		{"UTF-7", "=?utf-7?q?caf+AOk-?=", "café"},
		{"control characters", "a\x00b\x07c", "abc"},
		{"characters that reverse text", "a\u202eb", "ab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte("Subject: " + tt.value + "\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			if got := root.Header.Text("Subject"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHeader_Addresses(t *testing.T) {
	t.Parallel()
	one := func(name, addr string) []rfc822.Address { return []rfc822.Address{{Name: name, Addr: addr}} }
	tests := []struct {
		name, value string
		want        []rfc822.Address
	}{
		{"bare", "jan@example.com", one("", "jan@example.com")},
		{"with a name", "Jan Voorbeeld <jan@example.com>", one("Jan Voorbeeld", "jan@example.com")},
		{"with a quoted name", `"Voorbeeld, Jan" <jan@example.com>`, one("Voorbeeld, Jan", "jan@example.com")},
		{"comma in an unquoted name", "Voorbeeld, Jan <jan@example.com>", one("Voorbeeld, Jan", "jan@example.com")},
		{"an encoded name", "=?utf-8?q?Jos=C3=A9?= <jose@example.com>", one("José", "jose@example.com")},
		{"a comment for a name", "jan@example.com (Jan Voorbeeld)", one("Jan Voorbeeld", "jan@example.com")},
		{"two", "a@example.com, B <b@example.com>", []rfc822.Address{{Addr: "a@example.com"}, {Name: "B", Addr: "b@example.com"}}},
		{"semicolons between", "a@example.com; b@example.com", []rfc822.Address{{Addr: "a@example.com"}, {Addr: "b@example.com"}}},
		{"a group", "friends: a@example.com, b@example.com;", []rfc822.Address{{Addr: "a@example.com"}, {Addr: "b@example.com"}}},
		{"an empty group", "undisclosed-recipients:;", nil},
		{"an address in the name", `"jan@example.org" <jan@example.com>`, one("jan@example.org", "jan@example.com")},
		{"an unquoted address in the name", `jan@example.org <jan@example.com>`, one("jan@example.org", "jan@example.com")},
		{"no address", "MAILER-DAEMON", one("MAILER-DAEMON", "")},
		{"an empty address", "Jan <>", one("Jan", "")},
		{"the address outside the brackets", "jan@example.com <>", one("", "jan@example.com")},
		{"brackets in the name", "Jan <de beste> <jan@example.com>", one("Jan <de beste>", "jan@example.com")},
		{"a dot at the end", "jan@example.com.", one("", "jan@example.com")},
		{"mailto", "<mailto:jan@example.com>", one("", "jan@example.com")},
		{"a quoted local part", `"jan voorbeeld"@example.com`, one("", `"jan voorbeeld"@example.com`)},
		{"an empty quoted local part", `""@example.com`, one("", `""@example.com`)},
		{"an internationalized address", "jürgen@bücher.example", one("", "jürgen@bücher.example")},
		{"a source route", "<@a.example,@b.example:jan@example.com>", one("", "jan@example.com")},
		{"unclosed quote", `"Jan <jan@example.com>`, one("Jan", "jan@example.com")},
		{"unclosed bracket", "Jan <jan@example.com", one("Jan", "jan@example.com")},
		{"the address encoded", "=?utf-8?q?jan=40example=2Ecom?=", one("", "jan@example.com")},
		{"a name after the address", "jan@example.com Jan", one("Jan", "jan@example.com")},
		{"a line break sent along", "Jan\r\n\t<jan@example.com>", one("Jan", "jan@example.com")},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte("From: " + tt.value + "\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			if got := root.Header.Addresses("From"); !slices.Equal(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestPart_FileName(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, header, want string }{
		{"disposition", "Content-Disposition: attachment; filename=a.pdf", "a.pdf"},
		{"quoted", `Content-Disposition: attachment; filename="a b.pdf"`, "a b.pdf"},
		{"unquoted with blanks", "Content-Disposition: attachment; filename=a b.pdf", "a b.pdf"},
		{"content type", `Content-Type: application/pdf; name="a.pdf"`, "a.pdf"},
		{"encoded words", `Content-Disposition: attachment; filename="=?utf-8?q?f=C3=BCr.pdf?="`, "für.pdf"},
		{"RFC 2231", "Content-Disposition: attachment; filename*=utf-8''f%C3%BCr.pdf", "für.pdf"},
		{"RFC 2231 in another charset", "Content-Disposition: attachment; filename*=iso-8859-1''f%FCr.pdf", "für.pdf"},
		{"RFC 2231 in pieces", "Content-Disposition: attachment; filename*0*=utf-8''f%C3; filename*1*=%BCr; filename*2=.pdf", "für.pdf"},
		{"RFC 2231 with the wrong charset", "Content-Disposition: attachment; filename*=us-ascii''f%FCr.pdf", "für.pdf"},
		{"RFC 2231 beside the plain form", "Content-Disposition: attachment; filename=x.pdf; filename*=utf-8''f%C3%BCr.pdf", "für.pdf"},
		{"raw bytes", "Content-Disposition: attachment; filename=\"f\xfcr.pdf\"", "für.pdf"},
		{"a semicolon inside quotes", `Content-Disposition: attachment; filename="a;b.pdf"`, "a;b.pdf"},
		{"unclosed quote", `Content-Disposition: attachment; filename="a.pdf`, "a.pdf"},
		{"repeated parameter", "Content-Disposition: attachment; filename=a.pdf; filename=b.pdf", "a.pdf"},
		{"missing semicolon", "Content-Type: application/pdf name=a.pdf", "a.pdf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte(tt.header + "\r\n\r\nx"))
			if err != nil {
				t.Fatal(err)
			}
			if got := root.FileName(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPart_Text(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, header, body, want string }{
		{"quoted-printable", "Content-Transfer-Encoding: quoted-printable", "caf=C3=A9 =\nopen=20\n", "café open \n"},
		{"quoted-printable in another spelling", "Content-Transfer-Encoding: Quoted Printable", "caf=C3=A9", "café"},
		{"soft break with blanks", "Content-Transfer-Encoding: quoted-printable", "a= \nb", "ab"},
		{"invalid escape", "Content-Transfer-Encoding: quoted-printable", "a=ZZ=", "a=ZZ"},
		{"base64", "Content-Transfer-Encoding: base64", "Y2Fm\nw6k=", "café"},
		{"base64 with junk", "Content-Transfer-Encoding: BASE64", "Y2Fm!\nw6k", "café"},
		{"base64 in two pieces", "Content-Transfer-Encoding: base64", "Y2Fmw6k=\nY2Fmw6k=", "cafécafé"},
		{"plain text declared as base64", "Content-Transfer-Encoding: base64", "Dit is gewone tekst, dames en heren.", "Dit is gewone tekst, dames en heren."},
		{"uuencoded", "Content-Transfer-Encoding: x-uuencode", "begin 644 a.txt\n%:&5L;&\\\n`\nend\n", "hello"},
		{"windows-1252 declared as iso-8859-1", "Content-Type: text/plain; charset=iso-8859-1", "\x80 5", "€ 5"},
		{"no charset", "X: y", "caf\xe9", "café"},
		{"UTF-8 declared as ASCII", "Content-Type: text/plain; charset=us-ascii", "café", "café"},
		{"DOS code page", "Content-Type: text/plain; charset=cp-850", "caf\x82", "café"},
		{"charset declared in the page", "Content-Type: text/html", "<meta charset=\"shift_jis\">\x82\xb1", "<meta charset=\"shift_jis\">こ"},
		{"decomposed letters", "X: y", "cafe\u0301", "café"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte(tt.header + "\n\n" + tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := root.Text(1000); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := root.Size(); got != int64(len(root.Bytes())) {
				t.Errorf("Size: got %d, want %d", got, len(root.Bytes()))
			}
		})
	}
}

func TestHeader_IDs(t *testing.T) {
	t.Parallel()
	root, _ := rfc822.Parse(crlf("References: <a@example.com>\n <b@example.com><c@example.com> <a@example.com>\nIn-Reply-To: d@example.com\nMessage-ID: < e@\n example.com >\n\n"))
	if got, want := root.Header.IDs("References"), []string{"a@example.com", "b@example.com", "c@example.com"}; !slices.Equal(got, want) {
		t.Errorf("References: got %q, want %q", got, want)
	}
	if got := root.Header.IDs("In-Reply-To"); !slices.Equal(got, []string{"d@example.com"}) {
		t.Errorf("In-Reply-To: got %q, want d@example.com", got)
	}
	if got := root.Header.IDs("Message-ID"); !slices.Equal(got, []string{"e@example.com"}) {
		t.Errorf("Message-ID: got %q, want e@example.com", got)
	}
}

// FuzzParse checks that part ids are unique and that texts and names are
// clean.
func FuzzParse(f *testing.F) {
	f.Add([]byte("From: a@example.com\r\nSubject: =?utf-8?q?x?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"))
	f.Add([]byte("Content-Type: text/plain; charset*0*=utf-7''x; name*1=y\nContent-Transfer-Encoding: base64\n\n+AOk-"))
	f.Add([]byte("junk\nFrom: x\nSubject: \x1b$B%\x22\x1b(B\nmore\n junk\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nTo: y\n\n\x1b$)C\x0eAV\x0f\n--b--"))
	f.Add([]byte("From x\n\nbegin 644 a\n#86)C\nend"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		root, _ := rfc822.Parse(raw)
		ids := map[string]bool{}
		root.Walk(func(p *rfc822.Part) {
			if ids[p.ID] {
				t.Fatalf("two parts have the id %q", p.ID)
			}
			ids[p.ID] = true
			if text, _ := p.Text(1 << 20); !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r") {
				t.Fatalf("unclean text %q", text)
			}
			_ = p.FileName() + p.ContentID() + p.Disposition()
			for _, file := range p.TakeUUFiles() {
				if ids[file.ID] || len(file.Bytes()) > len(raw) {
					t.Fatalf("file %q has a known id or %d bytes", file.ID, len(file.Bytes()))
				}
				ids[file.ID] = true
			}
		})
		if s := root.Header.Text("Subject"); !utf8.ValidString(s) || strings.ContainsAny(s, "\n\r\x00") {
			t.Fatalf("unclean subject %q", s)
		}
	})
}

// FuzzAddresses checks that each address is local@domain and each name is
// clean.
func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`"Jan, V" <jan@example.com>, b@example.com (B)`, "g: a@b.example;", `<@a:"x y"@c.example>`, "=?utf-8?q?a=40b.example?= <>", `"(<\"@,;:`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, a := range rfc822.ParseAddresses(value) {
			if !utf8.ValidString(a.Name+a.Addr) || strings.ContainsAny(a.Name+a.Addr, "\n\r\x00") {
				t.Fatalf("unclean %+v", a)
			}
			if at := strings.LastIndexByte(a.Addr, '@'); a.Addr != "" && (at < 1 || at == len(a.Addr)-1) {
				t.Fatalf("not an address: %+v", a)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	line := strings.Repeat("x", 76) + "\r\n"
	raw := []byte("From: jan@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(line, 10<<20/len(line)) + "--b--\r\n")
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rfc822.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// TestParseAddresses_Literal reads addresses in brackets, and address literals,
// whose brackets belong to them.
func TestParseAddresses_Literal(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"jan@[127.0.0.1]":          "jan@[127.0.0.1]",
		"Jan <jan@[127.0.0.1]>":    "jan@[127.0.0.1]",
		"[jan@[127.0.0.1]]":        "jan@[127.0.0.1]",
		"[jan@example.com]":        "jan@example.com",
		"jan@example.com]":         "jan@example.com",
		"[mailto:jan@example.com]": "jan@example.com",
	} {
		got := rfc822.ParseAddresses(value)
		if len(got) != 1 || got[0].Addr != want {
			t.Errorf("%q: got %v, want %s", value, got, want)
		}
	}
}

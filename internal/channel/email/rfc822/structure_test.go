package rfc822_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// TestParse_Junk reads headers with lines that are not fields. They lose
// nothing else.
func TestParse_Junk(t *testing.T) {
	t.Parallel()
	const from = "From: Jan <jan@example.com>\n"
	const rest = "Subject: Vraag\nDate: Thu, 2 Aug 2025 16:58:28 +0200\n"
	for _, tt := range []struct{ name, mail, text string }{
		{"one line", from + "junk\n" + rest + "\nHallo", "Hallo"},
		{"two lines", from + "X-Track: abc\ndefGHI\njklMNO\n" + rest + "\nHallo", "Hallo"},
		{"ten lines", from + "X-Track: abc\n" + strings.Repeat("defGHI\n", 10) + rest + "\nHallo", "Hallo"},
		{"a line and a folded one", from + "junk\n more junk\n" + rest + "\nHallo", "Hallo"},
		{"a line between two folded ones", from + "X-Track: a\n b\njunk\n\tc\n" + rest + "\nHallo", "Hallo"},
		{"lines in two places", "X-A: b\njunk one\njunk two\n" + from + "X-B: c\njunk three\njunk four\n" + rest + "\nHallo", "Hallo"},
		{"a first line", "---- Original email message ----\n" + from + rest + "\nHallo", "Hallo"},
		{"two first lines", "Message 1:\nfrom the archive\n" + from + rest + "\nHallo", "Hallo"},
		{"a first line and a folded one", "junk\n more junk\n" + from + rest + "\nHallo", "Hallo"},
		{"a folded first line", " junk\n" + from + rest + "\nHallo", "Hallo"},
		{"a line with a colon in it", from + "see: this one\nand that: too\n" + rest + "\nHallo", "Hallo"},
		{"a line of raw bytes", from + "\xff\xfe\xfd junk\nmore\n" + rest + "\nHallo", "Hallo"},
		{"a line of a boundary", from + "--b\nmore\n" + rest + "\nHallo", "Hallo"},
		{"an unknown field after two lines", from + "junk\nmore\nX-Own: 1\n" + rest + "\nHallo", "Hallo"},

		{"text without a blank line above it", from + rest + "Hallo\nJan hier", "Hallo\nJan hier"},
		{"text that quotes a header", from + rest + "Hallo\nzie hieronder\nFrom: piet@example.com\nSubject: Anders\n\nTot ziens", "Hallo\nzie hieronder\nFrom: piet@example.com\nSubject: Anders\n\nTot ziens"},
		{"text whose field comes after a blank line", from + rest + "Hallo\nJan hier\n\nTo: iedereen", "Hallo\nJan hier\n\nTo: iedereen"},
	} {
		for _, newline := range []string{"\n", "\r\n"} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				root, err := rfc822.Parse([]byte(strings.ReplaceAll(tt.mail, "\n", newline)))
				if err != nil {
					t.Fatal(err)
				}
				want := []rfc822.Address{{Name: "Jan", Addr: "jan@example.com"}}
				if got := root.Header.Addresses("From"); !slices.Equal(got, want) {
					t.Errorf("From: got %+v, want %+v", got, want)
				}
				if got := root.Header.Text("Subject"); got != "Vraag" {
					t.Errorf("subject: got %q, want Vraag", got)
				}
				if got := root.Header.Get("Date"); got != "Thu, 2 Aug 2025 16:58:28 +0200" {
					t.Errorf("date: got %q, want the one in the mail", got)
				}
				if got, _ := root.Text(1000); got != tt.text {
					t.Errorf("text: got %q, want %q", got, tt.text)
				}
			})
		}
	}
}

// TestParse_PartWithoutBlankLine reads parts whose header is not closed. Their
// text and the parts after them are not lost.
func TestParse_PartWithoutBlankLine(t *testing.T) {
	t.Parallel()
	const mixed = "From: jan@example.com\nContent-Type: multipart/mixed; boundary=b\n"
	const file = "--b\nContent-Disposition: attachment; filename=a.pdf\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n"
	for _, tt := range []struct{ name, mail, text string }{
		{"text below the header", mixed + "\n--b\nContent-Type: text/plain\nHallo\nJan hier\n" + file, "Hallo\nJan hier"},
		{"text that quotes a header", mixed + "\n--b\nContent-Type: text/plain\nHallo\nzie hier\nTo: iedereen\nSubject: x\n" + file, "Hallo\nzie hier\nTo: iedereen\nSubject: x"},
		{"no header of the part", mixed + "\n--b\nHallo\nzie hier\nFrom: piet\nSubject: x\n" + file, "Hallo\nzie hier\nFrom: piet\nSubject: x"},
		{"no blank line above the first part", mixed + "--b\nContent-Transfer-Encoding: 7bit\nContent-Type: text/plain\n\nHallo\n" + file, "Hallo"},
		{"junk in the header of the part", mixed + "\n--b\nContent-Type: text/plain\njunk\nmore junk\nContent-Language: nl\n\nHallo\n" + file, "Hallo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte(tt.mail))
			if err != nil || len(root.Children) != 2 {
				t.Fatalf("got %d parts and error %v, want two parts", len(root.Children), err)
			}
			if got, _ := root.Children[0].Text(1000); got != tt.text {
				t.Errorf("text: got %q, want %q", got, tt.text)
			}
			if got := root.Children[1].FileName(); got != "a.pdf" {
				t.Errorf("file: got %q, want a.pdf", got)
			}
		})
	}
}

// TestParse_NoHeader reads texts without a header. No line is lost.
func TestParse_NoHeader(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Hallo\nJan hier", "Hallo\nTo: iedereen", "Beste,\nSubject: dat is het onderwerp\nJan", "Hallo\n\nFrom: jan@example.com\nSubject: Vraag",
	} {
		root, err := rfc822.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := root.Text(1000); got != text {
			t.Errorf("text: got %q, want %q", got, text)
		}
	}
}

// TestParseAddresses_Comments reads comments, as in appendix A.5 of RFC 5322.
func TestParseAddresses_Comments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value string
		want  []rfc822.Address
	}{
		{`Piet(een \) beste klant) <piet(zijn adres)@example.com(zijn server)>`, []rfc822.Address{{Name: "Piet", Addr: "piet@example.com"}}},
		{`Jan (Winkel BV) <jan@example.com>`, []rfc822.Address{{Name: "Jan", Addr: "jan@example.com"}}},
		{`(Winkel BV) <jan@example.com>`, []rfc822.Address{{Name: "Winkel BV", Addr: "jan@example.com"}}},
		{`<jan@example.com> (Jan)`, []rfc822.Address{{Name: "Jan", Addr: "jan@example.com"}}},
		{`jan@example.com (Jan (junior))`, []rfc822.Address{{Name: "Jan (junior)", Addr: "jan@example.com"}}},
		{`jan (thuis) @ (bij) example.com`, []rfc822.Address{{Addr: "jan@example.com", Name: "thuis bij"}}},
		{`Jan (met een, komma) <jan@example.com>, piet@example.com`, []rfc822.Address{{Name: "Jan", Addr: "jan@example.com"}, {Addr: "piet@example.com"}}},
		{`Jan (niet "dicht) <jan@example.com>`, []rfc822.Address{{Name: "Jan", Addr: "jan@example.com"}}},
		{`"Jan (BV)" <jan@example.com>`, []rfc822.Address{{Name: "Jan (BV)", Addr: "jan@example.com"}}},
		{`Jan ( <jan@example.com>`, []rfc822.Address{{Name: "Jan (", Addr: "jan@example.com"}}},
		{`Jan :) <jan@example.com>`, []rfc822.Address{{Name: ")", Addr: "jan@example.com"}}},
		{`Jan <jan@example.com(piet@example.org)>`, []rfc822.Address{{Name: "Jan", Addr: "jan@example.com"}}},
		{`jan@example.com (=?utf-8?q?Jos=C3=A9?=)`, []rfc822.Address{{Name: "José", Addr: "jan@example.com"}}},
		{`Groep(mensen) : Chris <c@(zijn host.)example.com>, joe@example.org, Jan <jan@example.com> (vriend); (einde)`,
			[]rfc822.Address{{Name: "Chris", Addr: "c@example.com"}, {Addr: "joe@example.org"}, {Name: "Jan", Addr: "jan@example.com"}}},
		{`(leeg)(begin)Verborgen  :(genest(dat hoort)) ;`, nil},
		{`(alleen een opmerking)`, nil},
	} {
		if got := rfc822.ParseAddresses(tt.value); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.value, got, tt.want)
		}
	}
}

// TestParseAddresses_SingleQuotes reads names with single quotes: around the
// name they are not part of it.
func TestParseAddresses_SingleQuotes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`'Jan Jansen'`:                  "Jan Jansen",
		`"'Jan Jansen'"`:                "Jan Jansen",
		`'Jan Jansen' via Verkoop`:      "'Jan Jansen' via Verkoop",
		`"'Jan Jansen' via Verkoop"`:    "'Jan Jansen' via Verkoop",
		`'t Hooft`:                      "'t Hooft",
		`Jan van 't Hart`:               "Jan van 't Hart",
		`Hans'`:                         "Hans'",
		`'Jan' en 'Piet'`:               "'Jan' en 'Piet'",
		`O'Brien`:                       "O'Brien",
		`'O'Brien'`:                     "O'Brien",
		`'jan@example.com'`:             "jan@example.com",
		`'=?utf-8?q?Jos=C3=A9?='`:       "José",
		`''`:                            "",
		`"Jan \"de beste\" Jansen"`:     `Jan "de beste" Jansen`,
		`' Jan '`:                       "Jan",
		`'Jan Jansen (Winkel)' Verkoop`: "'Jan Jansen ' Verkoop",
	} {
		got := rfc822.ParseAddresses(value + " <jan@example.com>")
		if len(got) != 1 || got[0].Addr != "jan@example.com" || got[0].Name != want {
			t.Errorf("%s: got %+v, want name %q", value, got, want)
		}
	}
}

// TestParse_Digest reads the parts of digests. Their default type is a mail.
func TestParse_Digest(t *testing.T) {
	t.Parallel()
	const digest = "Content-Type: multipart/digest; boundary=b\n\n"
	const mail = "From: jan@example.com\nSubject: Vraag\n\nHallo"
	for _, tt := range []struct{ name, part, media, raw string }{
		{"no header", "\n" + mail, "message/rfc822", mail},
		{"a header without a type", "Content-Description: een\n\n" + mail, "message/rfc822", mail},
		{"no blank line", mail, "message/rfc822", mail},
		{"declared as a mail", "Content-Type: message/rfc822\n\n" + mail, "message/rfc822", mail},
		{"declared as text", "Content-Type: text/plain\n\nHallo", "text/plain", "Hallo"},
		{"declared as a page", "Content-Type: text/html\n\n<p>Hallo", "text/html", "<p>Hallo"},
		{"base64 inside the mail", "\nContent-Transfer-Encoding: base64\n\nSGFsbG8=", "message/rfc822", "Content-Transfer-Encoding: base64\n\nSGFsbG8="},
		{"empty type", "Content-Type:\n\nHallo", "text/plain", "Hallo"},
		{"Date only", "Date: Thu, 2 Aug 2025 16:58:28 +0200\n\nHallo", "message/rfc822", "Date: Thu, 2 Aug 2025 16:58:28 +0200\n\nHallo"},
		{"text alone", "\nHallo", "message/rfc822", "Hallo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte(digest + "--b\n" + tt.part + "\n--b--\n"))
			if err != nil || len(root.Children) != 1 {
				t.Fatalf("got %d parts and error %v, want one part", len(root.Children), err)
			}
			if c := root.Children[0]; c.Type != tt.media || string(c.Raw()) != tt.raw {
				t.Errorf("got %s %q, want %s %q", c.Type, c.Raw(), tt.media, tt.raw)
			}
		})
	}
}

// TestPart_TakeUUFiles takes files out of texts.
func TestPart_TakeUUFiles(t *testing.T) {
	t.Parallel()
	const file = "begin 644 foto.jpg\n%:&5L;&\\\n`\nend\n"
	for _, tt := range []struct{ name, header, text, rest, files string }{
		{"between texts", "", "Zie foto.\n\n" + file + "Groet, Jan", "Zie foto.\n\nGroet, Jan", "foto.jpg image/jpeg hello"},
		{"at the start", "", file + "Groet, Jan", "Groet, Jan", "foto.jpg image/jpeg hello"},
		{"alone", "", file, "", "foto.jpg image/jpeg hello"},
		{"two", "", "A\n" + file + "B\n" + strings.Replace(file, "foto.jpg", "b c.pdf", 1) + "C", "A\nB\nC", "foto.jpg image/jpeg hello, b c.pdf application/pdf hello"},
		{"blank as zero", "", "begin 644 a\n%:&5L;&\\\n \nend\nx", "x", "a application/octet-stream hello"},
		{"zero removed", "", "begin 644 a\n%:&5L;&\\\n\nend\nx", "x", "a application/octet-stream hello"},
		{"without a zero", "", "begin 644 a\n%:&5L;&\\\nend\nx", "x", "a application/octet-stream hello"},
		{"with a check character", "", "begin 644 a\n%:&5L;&\\!\n`\nend\nx", "x", "a application/octet-stream hello"},
		{"four digits of mode", "", "begin 0644 a\n%:&5L;&\\\n`\nend\nx", "x", "a application/octet-stream hello"},
		{"base64 form", "", "Zie\nbegin-base64 644 a.png\naGVsbG8=\n====\nx", "Zie\nx", "a.png image/png hello"},
		{"in quoted-printable", "Content-Transfer-Encoding: quoted-printable\n", "Zie=20foto\n" + file + "x", "Zie foto\nx", "foto.jpg image/jpeg hello"},
		{"in base64", "Content-Transfer-Encoding: base64\n", "WmllCmJlZ2luIDY0NCBhCiU6JjVMOyZcCmAKZW5kCng=", "Zie\nx", "a application/octet-stream hello"},

		{"a sentence", "", "begin 644 is een nummer\nen dit is tekst\nend", "begin 644 is een nummer\nen dit is tekst\nend", ""},
		{"a year", "", "begin 2024 campagne\nBeste klant,\nend", "begin 2024 campagne\nBeste klant,\nend", ""},
		{"no mode", "", "begin foto.jpg\n%:&5L;&\\\nend", "begin foto.jpg\n%:&5L;&\\\nend", ""},
		{"no end", "", "begin 644 a\n%:&5L;&\\\n`\n", "begin 644 a\n%:&5L;&\\\n`\n", ""},
		{"quoted", "", "> begin 644 a\n> %:&5L;&\\\n> end", "> begin 644 a\n> %:&5L;&\\\n> end", ""},
		{"in the middle of a line", "", "we begin 644 a\n%:&5L;&\\\nend", "we begin 644 a\n%:&5L;&\\\nend", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte(tt.header + "Subject: x\n\n" + tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			for _, f := range root.TakeUUFiles() {
				files = append(files, f.FileName()+" "+f.Type+" "+string(f.Bytes()))
				if f.Size() != int64(len(f.Bytes())) {
					t.Errorf("%s: got size %d, want %d", f.FileName(), f.Size(), len(f.Bytes()))
				}
			}
			if got := strings.Join(files, ", "); got != tt.files {
				t.Errorf("files: got %q, want %q", got, tt.files)
			}
			if got, _ := root.Text(1000); got != tt.rest {
				t.Errorf("text: got %q, want %q", got, tt.rest)
			}
			if got := root.Size(); got != int64(len(root.Bytes())) {
				t.Errorf("size of the text: got %d, want %d", got, len(root.Bytes()))
			}
		})
	}
}

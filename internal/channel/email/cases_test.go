package email_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/email/bounce"
)

// casesDir is a folder of mails that once gave a wrong result. Tests skip
// without it.
const casesDir = "../../../../shared/cases"

// readCase returns a file below casesDir.
func readCase(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(casesDir, name))
	if err != nil {
		t.Skip("no cases")
	}
	return raw
}

func TestNormalize_CaseBounces(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bounce.Recipient{
		"copy-of-header":     {Address: "jan@example.com", Action: "failed", Status: "5.0.911", Reply: "550", Reason: "userunknown", Hard: true, Diagnostic: "<jan@example.com>: 550 unknown user"},
		"exim-unrouteable":   {Address: "jan@example.com", Action: "failed", Status: "5.0.911", Reason: "userunknown", Hard: true, Diagnostic: "Unrouteable address"},
		"in-plain-mixed":     {Address: "jan@provider.example", Action: "failed", Status: "5.0.922", Reason: "mailboxfull", Diagnostic: "As their mailbox is full."},
		"rejected-by-policy": {Address: "jan@example.com", Action: "failed", Status: "5.7.1", Reply: "554", Reason: "policyviolation", Diagnostic: "554 5.7.1 <jan@example.com>: Recipient address rejected: Policy violation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, p, err := email.Normalize(readCase(t, "mail/email-bounce-"+name+".eml"), email.Envelope{})
			if err != nil {
				t.Fatal(err)
			}
			if m := d.Messages[0]; m.Automated != "bounce" || !m.Passive {
				t.Errorf("got automated %q and passive %v, want bounce and true", m.Automated, m.Passive)
			}
			notice := &bounce.Notice{Kind: bounce.Bounce, Original: "1@winkel.example", Recipients: []bounce.Recipient{want}}
			if diff := cmp.Diff(notice, p.Report); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNormalize_CaseCharsets(t *testing.T) {
	t.Parallel()
	const japanese = "アドレスの変更をお願いします"
	for _, tt := range []struct{ file, name, subject, text string }{
		{"events/15-charsets/1-jis-undeclared.eml", "Kenji Test", "x", japanese},
		{"events/15-charsets/2-jis-says-us-ascii.eml", "Kenji Test", "x", japanese},
		{"events/15-charsets/3-iso-2022-kr.eml", "Kenji Test", "x", "주소를 변경해 주세요"},
		{"events/15-charsets/4-latin1-says-utf-8.eml", "Kenji Test", "x", "Grüße, ich möchte mein Geld zurück"},
		{"events/15-charsets/5-jis-subject-raw.eml", "Kenji Test", "件名 " + japanese, "hello"},
		{"mail/email-utf8-subject-iso2022jp-body.eml", "山田", "ご注文について", "注文が届きません。"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			d, _, err := email.Normalize(readCase(t, tt.file), email.Envelope{})
			if err != nil {
				t.Fatal(err)
			}
			m := d.Messages[0]
			if m.Name != tt.name || m.Subject != tt.subject || m.Text != tt.text {
				t.Errorf("got name %q, subject %q and text %q; want %q, %q and %q", m.Name, m.Subject, m.Text, tt.name, tt.subject, tt.text)
			}
			if m.Mark != "" {
				t.Errorf("mark: got %q, want none", m.Mark)
			}
		})
	}
}

func TestNormalize_CaseStructure(t *testing.T) {
	t.Parallel()
	const where = "Waar blijft mijn bestelling?"
	for _, tt := range []struct{ file, from, name, subject, text, files string }{
		{"header-two-junk-lines", "karin.smit@example.com", "Smit, Karin", "Mijn bestelling", where, ""},
		{"first-line-junk", "jan@example.com", "", "Mijn bestelling", where, ""},
		{"from-with-comments", "piet@example.com", "Piet", "Mijn bestelling", where, ""},
		{"name-in-single-quotes", "verkoop@groep.example", "'Jan Jansen' via Verkoop", "Mijn bestelling", where, ""},
		{"enriched-alternative", "jan@example.com", "Jan Jansen", "Mijn bestelling", where, ""},
		{"digest-default-type", "lijst@example.com", "Verzamelaar", "Overzicht", "", "message/rfc822 Mijn bestelling.eml"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			d, _, err := email.Normalize(readCase(t, "mail/email-"+tt.file+".eml"), email.Envelope{})
			if err != nil {
				t.Fatal(err)
			}
			m := d.Messages[0]
			if m.Customer.Value != tt.from || m.Name != tt.name {
				t.Errorf("got %s with name %q, want %s with name %q", m.Customer.Value, m.Name, tt.from, tt.name)
			}
			if m.Subject != tt.subject || m.Text != tt.text {
				t.Errorf("got subject %q and text %q, want %q and %q", m.Subject, m.Text, tt.subject, tt.text)
			}
			var files []string
			for _, a := range m.Attachments {
				files = append(files, a.Type+" "+a.Name)
			}
			if got := strings.Join(files, ", "); got != tt.files {
				t.Errorf("files: got %q, want %q", got, tt.files)
			}
		})
	}
}

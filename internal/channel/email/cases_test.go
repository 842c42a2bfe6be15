package email_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/message"
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

func TestNormalize_CaseStaff(t *testing.T) {
	t.Parallel()
	staff := func(domain string) email.Envelope {
		return email.Envelope{
			Mailboxes: []string{"klantenservice@support.example.com"}, SESID: "x123456789", ReceivedAt: time.Date(2026, 11, 30, 19, 0, 5, 0, time.UTC),
			Verdicts: email.Verdicts{DMARC: "PASS", From: domain},
			Staff: func(a string) bool {
				return strings.HasSuffix(a, "@"+domain) && a != "klantenservice@support.example.com"
			},
		}
	}
	for _, tt := range []struct {
		file, domain, customer string
		direction              message.Direction
		author, forwardedBy    string
		text                   string
	}{
		{"09-answer-of-staff-in-cc/1-mail", "example.net", "cees-f09@example.net", message.Inbound, "", "", "Wanneer krijg ik mijn geld terug?"},
		{"09-answer-of-staff-in-cc/2-mail", "support.example.com", "cees-f09@example.net", message.Outbound, "mia@support.example.com", "", "Uw geld is vandaag overgemaakt."},
		{"20-forwards-of-staff/1-forwarded-twice", "shop.example.com", "jan.test@example.net", message.Inbound, "", "mia@shop.example.com", "Mijn factuur klopt niet."},
		{"20-forwards-of-staff/2-forwarded-as-attachment", "shop.example.com", "jan.test@example.net", message.Inbound, "", "mia@shop.example.com", "Mijn factuur klopt niet."},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			raw := readCase(t, "events/"+tt.file+".eml")
			d, p, err := email.Normalize(raw, staff(tt.domain))
			if err != nil {
				t.Fatal(err)
			}
			m := d.Messages[0]
			if m.Customer.Value != tt.customer || m.Direction != tt.direction || m.Author != tt.author {
				t.Errorf("got %s to or from %s by %q, want %s, %s and %q", m.Direction, m.Customer.Value, m.Author, tt.direction, tt.customer, tt.author)
			}
			if p.ForwardedBy != tt.forwardedBy {
				t.Errorf("forwarder: got %q, want %q", p.ForwardedBy, tt.forwardedBy)
			}
			if m.Text != tt.text {
				t.Errorf("text: got %q, want %q", m.Text, tt.text)
			}
		})
	}
}

package email_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
)

// TestNormalize_ListSender reads mails of lists. The name and the address of the
// customer are of one person.
func TestNormalize_ListSender(t *testing.T) {
	t.Parallel()
	const list = "List-Id: <service.example.org>\nList-Post: <mailto:service@example.org>\n"
	const service = "<service@example.org>\n"
	for _, tt := range []struct{ name, header, address, customer, aliases string }{
		{"name before via", "From: 'Jan Jansen' via Service " + service + "X-Original-Sender: jan@example.com", "jan@example.com", "Jan Jansen", ""},
		{"name before via, without quotes", "From: Jan Jansen via Service " + service + "X-Original-Sender: jan@example.com", "jan@example.com", "Jan Jansen", ""},
		{"name with a quote of its own", "From: 't Hooft via Service " + service + "X-Original-Sender: hooft@example.com", "hooft@example.com", "'t Hooft", ""},
		{"name with via in it", "From: Jan via Via via Service " + service + "X-Original-Sender: jan@example.com", "jan@example.com", "Jan via Via", ""},
		{"name of the list alone", "From: Service " + service + "X-Original-Sender: jan@example.com", "jan@example.com", "", ""},
		{"name of the list, and of the sender beside the address", "From: Service " + service + "X-Original-Sender: jan@example.com\nX-Original-From: Jan Jansen <jan@example.com>", "jan@example.com", "Jan Jansen", ""},
		{"name of the list, and of the sender in Reply-To", "From: Service " + service + "X-Original-Sender: jan@example.com\nReply-To: Jan Jansen <jan@example.com>", "jan@example.com", "Jan Jansen", ""},
		{"another person in Reply-To", "From: Service " + service + "X-Original-Sender: jan@example.com\nReply-To: Piet Pietersen <piet@example.com>", "jan@example.com", "", "piet@example.com"},
		{"another person beside the address", "From: 'Jan Jansen' via Service " + service + "X-Original-From: Piet Pietersen <piet@example.com>", "piet@example.com", "Piet Pietersen", ""},
		{"the list in Reply-To", "From: Jan <jan@example.com>\nReply-To: Service " + service, "jan@example.com", "Jan", ""},
		{"the list in Reply-To, and no name", "From: jan@example.com\nReply-To: Service " + service, "jan@example.com", "", ""},
		{"another person in Reply-To, and no name", "From: jan@example.com\nReply-To: Piet <piet@example.com>", "jan@example.com", "", "piet@example.com"},
		{"the sender in Reply-To alone", "From: 'Jan Jansen' via Service " + service + "Reply-To: Jan Jansen <jan@example.com>", "jan@example.com", "Jan Jansen", ""},
		{"another person in Reply-To alone", "From: 'Jan Jansen' via Service " + service + "Reply-To: Piet <piet@example.com>", "service@example.org", "'Jan Jansen' via Service", "piet@example.com"},
		{"no address in From", "From: Jan Jansen\nSender: beheer@example.org", "beheer@example.org", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, _ := normalize(t, list+strings.TrimSuffix(tt.header, "\n")+"\n\nx", received("info@support.example"))
			m := d.Messages[0]
			if m.Customer.Value != tt.address || m.Name != tt.customer {
				t.Errorf("got %s with name %q, want %s with name %q", m.Customer.Value, m.Name, tt.address, tt.customer)
			}
			var aliases []string
			for _, a := range m.Aliases {
				aliases = append(aliases, a.Value)
			}
			if got := strings.Join(aliases, " "); got != tt.aliases {
				t.Errorf("aliases: got %q, want %q", got, tt.aliases)
			}
		})
	}
}

// TestNormalize_Alternatives reads texts in several forms. Each word comes once.
func TestNormalize_Alternatives(t *testing.T) {
	t.Parallel()
	part := func(media, text string) string { return "--b\nContent-Type: " + media + "\n\n" + text + "\n" }
	for _, tt := range []struct{ name, kind, parts, text, files string }{
		{"plain and enriched", "alternative", part("text/plain", "Waar blijft het?") + part("text/enriched", "<bold>Waar</bold> blijft het?"), "Waar blijft het?", ""},
		{"enriched and plain", "alternative", part("text/enriched", "<bold>Waar</bold> blijft het?") + part("text/plain", "Waar blijft het?"), "Waar blijft het?", ""},
		{"plain, enriched and HTML", "alternative", part("text/plain", "Waar?") + part("text/enriched", "<bold>Waar?</bold>") + part("text/html", "<b>Waar?</b>"), "Waar?", ""},
		{"enriched and HTML", "alternative", part("text/enriched", "<bold>Waar?</bold>") + part("text/html", "<b>Waar?</b>"), "Waar?", ""},
		{"enriched alone", "alternative", part("text/enriched", "<bold>Waar</bold> blijft het, 1 << 2?"), "Waar blijft het, 1 < 2?", ""},
		{"richtext", "alternative", part("text/plain", "Waar?") + part("text/richtext", "<bold>Waar?</bold>"), "Waar?", ""},
		{"richtext alone", "alternative", part("text/richtext", "<bold>Waar?</bold><nl>1 <lt> 2"), "Waar?\n1 < 2", ""},
		{"enriched beside a text", "mixed", part("text/plain", "Eerst.") + part("text/enriched", "<italic>Dan.</italic>"), "Eerst.\n\nDan.", ""},
		{"enriched paragraphs", "alternative", part("text/enriched", "Een\nzin.\n\nNog een."), "Een zin.\nNog een.", ""},
		{"enriched with parameters", "alternative", part("text/enriched", "<color><param>red</param>Rood</color> <Fixed>x</Fixed>"), "Rood x", ""},
		{"enriched with brackets of a person", "alternative", part("text/enriched", "Mail <<jan@example.com> of <jan@example.com>"), "Mail <jan@example.com> of <jan@example.com>", ""},
		{"enriched with an open bracket", "alternative", part("text/enriched", "1 < 2"), "1 < 2", ""},
		{"plain twice", "alternative", part("text/plain; charset=us-ascii", "Waar?") + part("text/plain; charset=utf-8", "Waar?"), "Waar?", ""},
		{"plain twice, not the same", "alternative", part("text/plain", "Waar?") + part("text/plain", "En wanneer?"), "Waar?\nEn wanneer?", ""},
		{"HTML for a special viewer", "alternative", part("text/plain", "Waar?") + part("text/x-amp-html", "<html amp4email>Waar?") + part("text/html", "<b>Waar?</b>"), "Waar?", ""},
		{"a calendar", "alternative", part("text/plain", "Kom je?") + part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR"), "Kom je?", "invite.ics"},
		{"enriched as a file", "mixed", part("text/plain", "Zie.") + "--b\nContent-Type: text/enriched; name=a.txt\nContent-Disposition: attachment\n\n<bold>x</bold>\n", "Zie.", "a.txt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, _ := normalize(t, "From: jan@example.com\nContent-Type: multipart/"+tt.kind+"; boundary=b\n\n"+tt.parts+"--b--\n", received("info@support.example"))
			m := d.Messages[0]
			if m.Text != tt.text {
				t.Errorf("text: got %q, want %q", m.Text, tt.text)
			}
			var files []string
			for _, a := range m.Attachments {
				files = append(files, a.Name)
			}
			if got := strings.Join(files, " "); got != tt.files {
				t.Errorf("files: got %q, want %q", got, tt.files)
			}
		})
	}
}

// TestNormalize_UUFiles reads files that are uuencoded inside the text.
func TestNormalize_UUFiles(t *testing.T) {
	t.Parallel()
	const file = "begin 644 foto.jpg\n%:&5L;&\\\n`\nend\n"
	for _, tt := range []struct{ name, mail, ref string }{
		{"in the mail itself", "From: jan@example.com\n\nZie de foto.\n\n" + file + "\nGroet", "0/u1"},
		{"in a part", "From: jan@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nZie de foto.\n\n" + file + "\nGroet\n--b--\n", "1/u1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, p := normalize(t, tt.mail, received("info@support.example"))
			m := d.Messages[0]
			if m.Text != "Zie de foto.\n\n\nGroet" || len(m.Attachments) != 1 {
				t.Fatalf("got text %q and files %+v, want the words and one file", m.Text, m.Attachments)
			}
			a := m.Attachments[0]
			if a.Ref != tt.ref || a.Name != "foto.jpg" || a.Type != "image/jpeg" || a.Kind != "image" || a.Size != 5 {
				t.Errorf("got file %+v, want foto.jpg with ref %s", a, tt.ref)
			}
			if got, ok := p.FileContent(a.Ref); !ok || string(got) != "hello" {
				t.Errorf("content: got %q and %v, want hello", got, ok)
			}
		})
	}
	d, p := normalize(t, "From: jan@example.com\n\n"+file, email.Envelope{Mailboxes: []string{"info@support.example"}, Verdicts: email.Verdicts{Virus: "FAIL"}})
	if _, ok := p.FileContent(d.Messages[0].Attachments[0].Ref); ok {
		t.Error("got the file of a mail with a virus, want none")
	}
}

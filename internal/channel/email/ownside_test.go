package email_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// formCase has mails of a form that once became one customer.
const formCase = "../../../../shared/cases/events/08-web-form-makes-one-customer-of-all"

// list returns a function that reports whether an address is in the list s.
func list(t testing.TB, s string) func(string) bool {
	t.Helper()
	l, err := email.ParseAddressList(s)
	if err != nil {
		t.Fatal(err)
	}
	return l.Has
}

// fromForm returns an envelope of a company with a staff domain, a form of its
// own, a form at a relay and a domain of forms.
func fromForm(t testing.TB, dmarc string) email.Envelope {
	env := received("klantenservice@support.example.com")
	env.Verdicts = email.Verdicts{DMARC: dmarc}
	env.Staff = list(t, "shop.example")
	env.Forms = list(t, "formulier@shop.example, noreply@forms.example, @formulieren.example")
	env.Domain = "support.example.com"
	return env
}

// TestNormalize_Forms reads two mails of one form.
func TestNormalize_Forms(t *testing.T) {
	t.Parallel()
	type person struct{ name, address, word string }
	for dir, c := range map[string]struct {
		people map[string]person
		staff  string
	}{
		"testdata/forms": {
			map[string]person{"els.eml": {"Els Proef", "els@example.net", "factuur"}, "wim.eml": {"Wim Proef", "wim@example.net", "pakket"}}, "shop.example",
		},
		formCase: {
			map[string]person{"1-mail.eml": {"Els Test", "els-f08@example.net", "factuur"}, "2-mail.eml": {"Wim Test", "wim-f08@example.net", "pakket"}}, "shop.example.com",
		},
	} {
		for file, want := range c.people {
			t.Run(filepath.Base(dir)+"/"+file, func(t *testing.T) {
				t.Parallel()
				raw, err := os.ReadFile(filepath.Join(dir, file))
				if os.IsNotExist(err) && dir == formCase {
					t.Skip("no cases")
				}
				if err != nil {
					t.Fatal(err)
				}
				env := email.EnvelopeFromHeaders(raw)
				env.Staff = list(t, c.staff)
				d, _ := normalize(t, string(raw), env)
				m := d.Messages[0]
				if got := m.Customer; got.Value != want.address || got.Assurance != identity.Claimed {
					t.Errorf("got customer %s %s, want %s claimed", got.Value, got.Assurance, want.address)
				}
				if m.Name != want.name {
					t.Errorf("got name %q, want %q", m.Name, want.name)
				}
				if len(m.Aliases) != 0 {
					t.Errorf("got further aliases %v, want none", m.Aliases)
				}
				if m.Passive || m.Automated != "" || m.NoReply {
					t.Errorf("got passive %v, automated %q, no reply %v; want a question", m.Passive, m.Automated, m.NoReply)
				}
				if !strings.Contains(m.Text, want.word) {
					t.Errorf("got text %q, want the word %q", m.Text, want.word)
				}
			})
		}
	}
}

const unnamed = "(unnamed)"

func TestNormalize_FormAuthors(t *testing.T) {
	t.Parallel()
	const (
		form      = "From: Website <formulier@shop.example>\n"
		relay     = "From: noreply@forms.example\n"
		colleague = "From: Piet <piet@shop.example>\n"
	)
	const newsletter = "List-Unsubscribe: <https://shop.example>\nPrecedence: bulk\n"
	tests := []struct {
		name, header string
		dmarc        string // PASS when empty
		want         string // the customer
		assurance    identity.Assurance
		says         string // the customer's name
	}{
		{name: "a form", header: form + "Reply-To: Els <els@example.net>", want: "els@example.net", says: "Els"},
		{name: "a form at a relay", header: relay + "Reply-To: els@example.net", want: "els@example.net"},
		{name: "a domain of forms", header: "From: a@formulieren.example\nReply-To: els@example.net", want: "els@example.net"},
		{name: "a form, forged", header: form + "Reply-To: els@example.net", dmarc: "FAIL", want: "els@example.net"},
		{name: "a colleague's address", header: colleague + "Reply-To: els@example.net", want: "els@example.net"},
		{name: "our mailbox", header: "From: klantenservice@support.example.com\nReply-To: els@example.net", want: "els@example.net"},
		{name: "another mailbox of ours", header: "From: shop@support.example.com\nReply-To: els@example.net", want: "els@example.net"},
		{name: "our mailbox without Reply-To", header: "From: Webformulier <klantenservice@support.example.com>", want: unnamed},
		{name: "our mailbox with a tag", header: "From: klantenservice+form@support.example.com", want: unnamed},
		{name: "our mailbox with our Reply-To", header: "From: klantenservice@support.example.com\nReply-To: retour@support.example.com", want: unnamed},
		{name: "our mailbox with a colleague's Reply-To", header: "From: klantenservice@support.example.com\nReply-To: piet@shop.example", want: unnamed},
		{name: "our mailbox, forged", header: "From: klantenservice@support.example.com", dmarc: "FAIL", want: unnamed},
		{name: "another mailbox of ours without Reply-To", header: "From: Website <website@Support.Example.com>", want: unnamed},
		{name: "our mailbox in Sender alone", header: "Sender: klantenservice@support.example.com", want: unnamed},
		{name: "our mailbox through a group", header: "From: Service <klantenservice@support.example.com>\nList-Id: <klantenservice.support.example.com>\nList-Post: <mailto:klantenservice@support.example.com>\nReply-To: klantenservice@support.example.com", want: unnamed},
		{name: "a customer through our mailbox's group", header: "From: Jan via Service <klantenservice@support.example.com>\nList-Post: <mailto:klantenservice@support.example.com>\nX-Original-Sender: jan@example.com", want: "jan@example.com", says: "Jan"},
		{name: "a form through a group", header: form + "Reply-To: els@example.net\nList-Id: <formulier.shop.example>\nList-Post: <mailto:formulier@shop.example>\nX-Original-Sender: wordpress@host.example.org", want: "els@example.net"},
		{name: "a form through a group of another field", header: form + "Reply-To: els@example.net\nList-Id: <formulier.shop.example>\nSender: formulier@shop.example\nX-Original-From: Host <wordpress@host.example.org>", want: "els@example.net"},
		{name: "a form through a group without Reply-To", header: form + "List-Post: <mailto:formulier@shop.example>\nX-Original-Sender: wordpress@host.example.org", want: unnamed},
		{name: "a form of a domain through a group", header: "From: a@formulieren.example\nReply-To: els@example.net\nList-Post: <mailto:a@formulieren.example>\nX-Original-Sender: wordpress@host.example.org", want: "els@example.net"},
		{name: "a form that wrote to our mailbox's group", header: "From: Site via Service <klantenservice@support.example.com>\nList-Post: <mailto:klantenservice@support.example.com>\nX-Original-Sender: formulier@shop.example\nReply-To: els@example.net", want: "els@example.net"},
		{name: "an absence notice of our mailbox", header: "From: klantenservice@support.example.com\nReply-To: piet@example.net\nAuto-Submitted: auto-replied", want: unnamed},
		{name: "a newsletter of our mailbox", header: "From: klantenservice@support.example.com\nReply-To: bureau@example.net\n" + newsletter, want: unnamed},
		{name: "a like domain", header: "From: jan@sub.support.example.com", want: "jan@sub.support.example.com", assurance: identity.Verified},
		{name: "a copy to the visitor", header: form + "Reply-To: els@example.net\nCc: els@example.net", want: "els@example.net"},
		{name: "a stranger", header: "From: jan@example.com\nReply-To: els@example.net", want: "jan@example.com", assurance: identity.Verified, says: "els"},
		{name: "a stranger at a like domain", header: "From: jan@shop.example.com\nReply-To: els@example.net", want: "jan@shop.example.com", assurance: identity.Verified},
		{name: "a colleague", header: colleague, want: "piet@shop.example", assurance: identity.Verified, says: "Piet"},
		{name: "a colleague with our Reply-To", header: colleague + "Reply-To: klantenservice+x@support.example.com", want: "piet@shop.example", assurance: identity.Verified},

		{name: "no Reply-To", header: form, want: unnamed},
		{name: "an empty Reply-To", header: form + "Reply-To: ", want: unnamed},
		{name: "Reply-To equal to From", header: form + "Reply-To: FORMULIER@shop.example", want: unnamed},
		{name: "an address literal in Reply-To", header: form + "Reply-To: jan@[127.0.0.1]", want: unnamed},
		{name: "an address literal in angle brackets", header: form + "Reply-To: Jan <jan@[127.0.0.1]>", want: unnamed},
		{name: "an address literal of IPv6", header: form + "Reply-To: jan@[IPv6:2001:db8::1]", want: unnamed},
		{name: "an address of digits in Reply-To", header: form + "Reply-To: s21@127.0.0.1", want: unnamed},
		{name: "a domain of one label in Reply-To", header: form + "Reply-To: s20@localhost", want: unnamed},
		{name: "an empty label in Reply-To", header: form + "Reply-To: s19@out..example", want: unnamed},
		{name: "unusable addresses before an address", header: form + "Reply-To: s19@out..example, s20@localhost, els@example.net", want: "els@example.net"},
		{name: "an address literal before an address", header: form + "Reply-To: jan@[127.0.0.1], els@example.net", want: "els@example.net"},
		{name: "the form with a tag", header: "From: formulier+contact@shop.example", want: unnamed},
		{name: "the form with a tag, and a visitor", header: "From: formulier+contact@shop.example\nReply-To: els@example.net", want: "els@example.net"},
		{name: "Reply-To is the form with a tag", header: form + "Reply-To: formulier+x@shop.example", want: unnamed},
		{name: "garbage in Reply-To", header: form + "Reply-To: niet ingevuld", want: unnamed},
		{name: "an empty group", header: form + "Reply-To: undisclosed-recipients:;", want: unnamed},
		{name: "Reply-To is a colleague", header: form + "Reply-To: piet@shop.example", want: unnamed},
		{name: "Reply-To is another form", header: form + "Reply-To: noreply@forms.example", want: unnamed},
		{name: "Reply-To is our mailbox", header: form + "Reply-To: klantenservice@support.example.com", want: unnamed},
		{name: "Reply-To is our mailbox with a tag", header: form + "Reply-To: klantenservice+form@support.example.com", want: unnamed},
		{name: "Reply-To is another of our mailboxes", header: form + "Reply-To: retour@support.example.com", want: unnamed},

		{name: "several, the first is ours", header: form + "Reply-To: piet@shop.example, Els <els@example.net>, wim@example.net", want: "els@example.net", says: "Els"},
		{name: "two fields", header: form + "Reply-To: formulier@shop.example\nReply-To: els@example.net", want: "els@example.net"},
		{name: "a group", header: form + "Reply-To: Klanten: Els <els@example.net>;", want: "els@example.net", says: "Els"},
		{name: "a comment", header: form + "Reply-To: els@example.net (Els Proef)", want: "els@example.net", says: "Els Proef"},
		{name: "a quoted name", header: form + `Reply-To: "Proef, Els" <els@example.net>`, want: "els@example.net", says: "Proef, Els"},
		{name: "an encoded word", header: form + "Reply-To: =?utf-8?q?Ren=C3=A9e?= <renee@example.net>", want: "renee@example.net", says: "Renée"},
		{name: "a name that is the address", header: form + "Reply-To: els@example.net <els@example.net>", want: "els@example.net"},
		{name: "capitals", header: form + "Reply-To: ELS@Example.NET", want: "els@example.net"},
		{name: "an internationalized domain", header: form + "Reply-To: els@bücher.example", want: "els@xn--bcher-kva.example"},
		{name: "garbage before an address", header: form + "Reply-To: onbekend, els@example.net", want: "els@example.net", says: "onbekend"},

		{name: "several senders, a form first", header: "From: formulier@shop.example, jan@example.com\nReply-To: els@example.net", want: "els@example.net"},
		{name: "several senders, a person first", header: "From: jan@example.com, formulier@shop.example\nReply-To: jan@example.com", want: "jan@example.com"},
		{name: "the visitor in From, the form in Sender", header: "From: els@example.net\nSender: formulier@shop.example", dmarc: "FAIL", want: "els@example.net"},
		{name: "the form in Sender alone", header: "Sender: formulier@shop.example\nReply-To: els@example.net", want: "els@example.net"},
		{name: "a form that writes to a group", header: "From: Website via Service <service@shop.example>\nList-Id: <service.shop.example>\nList-Post: <mailto:service@shop.example>\nX-Original-Sender: formulier@shop.example\nReply-To: els@example.net", want: "els@example.net"},
		{name: "a customer who writes to a group", header: "From: Jan via Service <service@shop.example>\nList-Post: <mailto:service@shop.example>\nX-Original-Sender: jan@example.com\nReply-To: jan@example.com", want: "jan@example.com", says: "Jan"},
		{name: "a colleague on a list that sets Reply-To", header: colleague + "List-Id: <praat.lijst.example>\nList-Post: <mailto:praat@lijst.example>\nReply-To: praat@lijst.example", want: "piet@shop.example", assurance: identity.Verified, says: "Piet"},

		{name: "a colleague's absence notice", header: colleague + "Reply-To: piet@example.net\nAuto-Submitted: auto-replied", want: "piet@shop.example", assurance: identity.Verified, says: "Piet"},
		{name: "a colleague's absence notice by its subject", header: colleague + "Reply-To: piet@example.net\nSubject: Afwezig: Vraag", want: "piet@shop.example", assurance: identity.Verified, says: "Piet"},
		{name: "our newsletter", header: colleague + "Reply-To: bureau@example.net\n" + newsletter, want: "piet@shop.example", assurance: identity.Verified, says: "Piet"},
		{name: "an absence notice of the form's mailbox", header: form + "Reply-To: piet@example.net\nAuto-Submitted: auto-replied\nIn-Reply-To: <x@example.net>", want: unnamed},
		{name: "a bounce at the form's mailbox", header: "From: Mail Delivery Subsystem <MAILER-DAEMON@formulieren.example>\nSubject: Returned mail: see transcript for details", want: "mailer-daemon@formulieren.example", assurance: identity.Verified, says: "Mail Delivery Subsystem"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.dmarc == "" {
				tt.dmarc = "PASS"
			}
			if tt.assurance == "" {
				tt.assurance = identity.Claimed
			}
			d, _ := normalize(t, strings.TrimSuffix(tt.header, "\n")+"\n\nIk heb een vraag.", fromForm(t, tt.dmarc))
			m := d.Messages[0]
			got := m.Customer.Value
			if email.Unnamed(m.Customer.Alias) {
				got = unnamed
			}
			if got != tt.want || m.Customer.Assurance != tt.assurance {
				t.Errorf("got customer %s %s, want %s %s", got, m.Customer.Assurance, tt.want, tt.assurance)
			}
			if tt.assurance == identity.Claimed && m.Name != tt.says {
				t.Errorf("got name %q, want %q", m.Name, tt.says)
			}
			if marked := m.Mark == email.MarkNoAuthor; marked != (tt.want == unnamed) {
				t.Errorf("got mark %q for customer %s", m.Mark, tt.want)
			}
			if tt.want == unnamed && len(m.Aliases) != 0 {
				t.Errorf("got further aliases %v, want none", m.Aliases)
			}
		})
	}
}

// TestNormalize_ForgedReplyTo checks that a stranger's Reply-To is only a claimed
// alias of the stranger.
func TestNormalize_ForgedReplyTo(t *testing.T) {
	t.Parallel()
	d, _ := normalize(t, "From: Jan <jan@example.com>\nReply-To: dief@example.net\n\nx", fromForm(t, "PASS"))
	m := d.Messages[0]
	want := []identity.Address{{Alias: identity.Alias{Kind: identity.Email, Value: "dief@example.net"}, Assurance: identity.Claimed}}
	if m.Customer.Value != "jan@example.com" || !slices.Equal(m.Aliases, want) {
		t.Errorf("got customer %v with %v, want jan@example.com with %v", m.Customer, m.Aliases, want)
	}
}

func TestNormalize_FormClasses(t *testing.T) {
	t.Parallel()
	const (
		person    = "From: noreply@forms.example\nReply-To: els@example.net\n"
		colleague = "From: noreply@shop.example\nReply-To: els@example.net\n"
		unknown   = "From: noreply@forms.example\n"
		mailbox   = "From: klantenservice@support.example.com\n"
	)
	tests := []struct {
		name, header string
		automated    string
		passive      bool
		noReply      bool
	}{
		{"a form at a no-reply address", person, "", false, false},
		{"a form's mailer that marks its mail", person + "Auto-Submitted: auto-generated\nPrecedence: bulk\nX-Auto-Response-Suppress: All\nReturn-Path: <>", "", false, false},
		{"a form's mailer that says it replied", person + "Auto-Submitted: auto-replied", "", false, false},
		{"a form whose subject is that of an automatic mail", person + "Subject: Automatisch bericht: contactformulier", "", false, false},
		{"a form through a mailer of newsletters", person + "List-Unsubscribe: <https://forms.example>\nFeedback-ID: 1", "", false, false},
		{"our own domain's mailer", colleague + "Auto-Submitted: auto-generated\nPrecedence: bulk", "", false, false},
		{"our own domain's absence notice", colleague + "Auto-Submitted: auto-replied", "auto-reply", true, true},
		{"our own domain's newsletter", colleague + "List-Unsubscribe: <https://shop.example>\nPrecedence: bulk", "list", false, true},
		{"a person at a no-reply address", "From: noreply@forms.example\nReply-To: noreply@example.net", "", false, true},
		{"no person", unknown, "", false, true},
		{"no person, and marks of a mailer", unknown + "Auto-Submitted: auto-generated", "", false, true},
		{"no person, and an automatic subject", unknown + "Subject: Automatisch bericht: contactformulier", "", false, true},
		{"no person, and a newsletter", unknown + "List-Unsubscribe: <https://forms.example>\nPrecedence: bulk", "list", false, true},
		{"our mailbox", mailbox, "", false, true},
		{"our mailbox, for a person", mailbox + "Reply-To: els@example.net", "", false, false},
		{"our mailbox's generated mail", mailbox + "Auto-Submitted: auto-generated", "auto-generated", true, true},
		{"our mailbox's automatic reply", mailbox + "Auto-Submitted: auto-replied", "auto-reply", true, true},
		{"our mailbox's absence notice", mailbox + "Subject: Automatisch antwoord: Vraag", "auto-reply", true, true},
		{"our mailbox's absence notice with a Reply-To", mailbox + "Reply-To: els@example.net\nAuto-Submitted: auto-replied", "auto-reply", true, true},
		{"our mailbox's newsletter", mailbox + "List-Unsubscribe: <https://shop.example>\nPrecedence: bulk", "list", false, true},
		{"an answer by the form's mailbox", person + "Auto-Submitted: auto-replied\nReferences: <x@example.net>", "auto-reply", true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, p := normalize(t, strings.TrimSuffix(tt.header, "\n")+"\n\nx", fromForm(t, "PASS"))
			m := d.Messages[0]
			if p.NoReply != m.NoReply {
				t.Errorf("got no reply %v for the mail and %v for the message, want the same", p.NoReply, m.NoReply)
			}
			if m.Automated != tt.automated || m.Passive != tt.passive || m.NoReply != tt.noReply {
				t.Errorf("got %q, passive %v, no reply %v; want %q, %v, %v", m.Automated, m.Passive, m.NoReply, tt.automated, tt.passive, tt.noReply)
			}
		})
	}
}

// TestNormalize_UnnamedAuthors checks that two mails of a form without Reply-To
// have two customers, and that each reading of a mail has the same one.
func TestNormalize_UnnamedAuthors(t *testing.T) {
	t.Parallel()
	customer := func(id string, mailboxes ...string) []identity.Alias {
		env := fromForm(t, "PASS")
		env.SESID = id
		env.Mailboxes = mailboxes
		d, _ := normalize(t, "From: formulier@shop.example\n\nx", env)
		var all []identity.Alias
		for _, m := range d.Messages {
			all = append(all, m.Customer.Alias)
		}
		return all
	}
	one := customer("ses1", "a@support.example.com", "b@support.example.com")
	if one[0] != one[1] {
		t.Error("one mail to two mailboxes has two customers")
	}
	if again := customer("ses1", "a@support.example.com"); again[0] != one[0] {
		t.Error("a second reading has another customer")
	}
	if other := customer("ses2", "a@support.example.com"); other[0] == one[0] {
		t.Error("two mails with the same words have one customer")
	}
}

// TestNormalize_OwnMailboxReport reads a bounce that our own mail server sends.
// It stays a report, and our mailbox does not become a customer.
func TestNormalize_OwnMailboxReport(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/bounce-rfc3464.eml")
	if err != nil {
		t.Fatal(err)
	}
	from := regexp.MustCompile(`(?m)^From:.*$`)
	plain, p := normalize(t, string(raw), fromForm(t, "PASS"))
	own, q := normalize(t, string(from.ReplaceAll(raw, []byte("From: postmaster@support.example.com\r"))), fromForm(t, "PASS"))
	m := own.Messages[0]
	if !email.Unnamed(m.Customer.Alias) || m.Mark == email.MarkNoAuthor {
		t.Errorf("got customer %s with mark %q, want an unnamed one without mark", m.Customer.Value, m.Mark)
	}
	if !m.Passive || m.Automated != plain.Messages[0].Automated || !slices.Equal(q.HardBounces, p.HardBounces) {
		t.Errorf("got passive %v, automated %q, hard bounces %v; want those of any server's report", m.Passive, m.Automated, q.HardBounces)
	}
	if !reflect.DeepEqual(own.Effects, plain.Effects) || len(own.Effects) == 0 {
		t.Errorf("got effects %v, want %v", own.Effects, plain.Effects)
	}
}

// TestNormalize_MailToOneself reads a mail whose sender is its recipient in To.
// Only the server's envelope can tell that this is our mailbox.
func TestNormalize_MailToOneself(t *testing.T) {
	t.Parallel()
	const mail = "From: jan@example.com\nTo: jan@example.com\n\nx"
	if d, _ := normalize(t, mail, email.Envelope{SESID: "ses1"}); d.Messages[0].Customer.Value != "jan@example.com" {
		t.Errorf("without recipients: got customer %s, want jan@example.com", d.Messages[0].Customer.Value)
	}
	if d, _ := normalize(t, mail, received("jan@example.com")); !email.Unnamed(d.Messages[0].Customer.Alias) {
		t.Errorf("in our mailbox: got customer %s, want an unnamed one", d.Messages[0].Customer.Value)
	}
}

// TestNormalize_FormForwards reads forwards of mails of persons and of our own
// side. A colleague's forward is never a mail of the colleague. A form's mail
// never forwards.
func TestNormalize_FormForwards(t *testing.T) {
	t.Parallel()
	quoted := func(from string) string {
		return "\nSubject: FW: Klacht\n\nPak jij dit op?\n\n-----Oorspronkelijk bericht-----\nVan: " + from + "\nVerzonden: maandag 3 maart 2025 10:15\nAan: Piet <piet@shop.example>\nOnderwerp: Klacht\n\nHij doet het niet.\n"
	}
	gmail := func(header string) string {
		return "\nSubject: Fwd: Contactformulier\n\nTer info\n\n---------- Forwarded message ---------\n" + header + "\nDate: ma 3 mrt 2025 om 10:15\nSubject: Contactformulier\nTo: <klantenservice@shop.example>\n\nHij doet het niet.\n"
	}
	attached := func(subject string, headers ...string) string {
		mail := "\nSubject: " + subject + "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nTer info\n"
		for _, h := range headers {
			mail += "--b\nContent-Type: message/rfc822\n\n" + h + "\nSubject: Contactformulier\n\nHij doet het niet.\n"
		}
		return mail + "--b--\n"
	}
	const (
		jan     = "Jan Voorbeeld <jan@example.com>"
		piet    = "From: Piet <piet@shop.example>"
		form    = "From: Webformulier <formulier@shop.example>"
		answers = "\nIn-Reply-To: <x@example.net>\nReferences: <x@example.net>"
	)
	for name, tt := range map[string]struct{ mail, dmarc, want, by string }{
		"a colleague":                       {"From: piet@shop.example" + quoted(jan), "PASS", "jan@example.com", "piet@shop.example"},
		"a colleague with a Reply-To":       {"From: piet@shop.example\nReply-To: piet@example.net" + quoted(jan), "PASS", "jan@example.com", "piet@shop.example"},
		"a colleague, forged":               {"From: piet@shop.example\nReply-To: piet@example.net" + quoted(jan), "FAIL", "piet@example.net", ""},
		"a form with a quoted mail":         {"From: formulier@shop.example\nReply-To: els@example.net" + quoted(jan), "PASS", "els@example.net", ""},
		"a form's mail, by a colleague":     {"From: piet@shop.example" + quoted("Website <formulier@shop.example>"), "PASS", unnamed, "piet@shop.example"},
		"a relay's mail, by a colleague":    {"From: piet@shop.example" + quoted("noreply@forms.example"), "PASS", unnamed, "piet@shop.example"},
		"our own answer, by a colleague":    {"From: piet@shop.example" + quoted("klantenservice@support.example.com"), "PASS", unnamed, "piet@shop.example"},
		"a colleague's mail, by another":    {"From: piet@shop.example" + quoted("Kees <kees@shop.example>"), "PASS", unnamed, "piet@shop.example"},
		"a mail without sender's address":   {"From: piet@shop.example" + quoted("Webformulier"), "PASS", unnamed, "piet@shop.example"},
		"a relay's, with the person's name": {"From: piet@shop.example\nReply-To: els@example.net" + quoted("noreply@forms.example"), "PASS", "els@example.net", ""},
		"a form's mail, forged colleague":   {"From: piet@shop.example" + quoted("formulier@shop.example"), "FAIL", "piet@shop.example", ""},
		"a stranger's forward of a form":    {"From: jan@example.com" + quoted("formulier@shop.example"), "PASS", "jan@example.com", ""},

		"a quoted Reply-To":              {piet + gmail("From: Webformulier <formulier@shop.example>\nReply-To: Els <els@example.net>"), "PASS", "els@example.net", "piet@shop.example"},
		"a quoted Reply-To in Dutch":     {piet + gmail("Van: Webformulier <formulier@shop.example>\nAntwoord aan: els@example.net"), "PASS", "els@example.net", "piet@shop.example"},
		"a quoted Reply-To of our own":   {piet + gmail("From: Webformulier <formulier@shop.example>\nReply-To: piet@shop.example"), "PASS", unnamed, "piet@shop.example"},
		"a relay's quoted Reply-To":      {piet + gmail("From: noreply@forms.example\nReply-To: els@example.net"), "PASS", "els@example.net", "piet@shop.example"},
		"our mailbox's quoted Reply-To":  {piet + gmail("From: klantenservice@support.example.com\nReply-To: els@example.net"), "PASS", "els@example.net", "piet@shop.example"},
		"a person's quoted Reply-To":     {piet + gmail("From: jan@example.com\nReply-To: els@example.net"), "PASS", "jan@example.com", "piet@shop.example"},
		"no quoted Reply-To":             {piet + gmail(form), "PASS", unnamed, "piet@shop.example"},
		"in a thread":                    {piet + answers + gmail(form), "PASS", unnamed, "piet@shop.example"},
		"a reply to our mail, a forward": {piet + answers + strings.Replace(gmail("From: klantenservice@support.example.com"), "Fwd:", "Re: Fwd:", 1), "PASS", "piet@shop.example", ""},
		"from our mailbox, of a person":  {"From: piet@support.example.com" + gmail("From: jan@example.com"), "PASS", "jan@example.com", "piet@support.example.com"},
		"an absence notice about a form": {piet + "\nAuto-Submitted: auto-replied" + gmail(form), "PASS", "piet@shop.example", ""},

		"a form's mail attached":             {piet + attached("Fwd: Contactformulier", form+"\nReply-To: Els <els@example.net>"), "PASS", "els@example.net", "piet@shop.example"},
		"a form's mail attached, no subject": {piet + attached("", form+"\nReply-To: Els <els@example.net>"), "PASS", "els@example.net", "piet@shop.example"},
		"no Reply-To in the attached mail":   {piet + attached("Fwd: Contactformulier", form), "PASS", unnamed, "piet@shop.example"},
		"a person's mail attached":           {piet + attached("Fwd: Klacht", "From: "+jan), "PASS", "jan@example.com", "piet@shop.example"},
		"two visitors' mails attached":       {piet + attached("Fwd: twee", form+"\nReply-To: els@example.net", form+"\nReply-To: wim@example.net"), "PASS", unnamed, "piet@shop.example"},
		"one visitor's mails attached":       {piet + attached("Fwd: twee", form+"\nReply-To: els@example.net", form+"\nReply-To: els@example.net"), "PASS", "els@example.net", "piet@shop.example"},
		"a mail attached to a reply":         {piet + answers + attached("Re: Vraag", form+"\nReply-To: els@example.net"), "PASS", "piet@shop.example", ""},
		"a mail attached, forged":            {piet + attached("Fwd: Klacht", "From: "+jan), "FAIL", "piet@shop.example", ""},
		"a mail attached to an auto-reply":   {piet + "\nAuto-Submitted: auto-replied" + attached("Fwd: Klacht", "From: "+jan), "PASS", "piet@shop.example", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := fromForm(t, tt.dmarc)
			env.Staff = list(t, "shop.example, piet@support.example.com")
			d, p := normalize(t, tt.mail, env)
			m := d.Messages[0]
			got := m.Customer.Value
			if email.Unnamed(m.Customer.Alias) {
				got = unnamed
			}
			if got != tt.want {
				t.Errorf("got customer %s, want %s", got, tt.want)
			}
			if p.ForwardedBy != tt.by {
				t.Errorf("got forwarder %q, want %q", p.ForwardedBy, tt.by)
			}
			if tt.by == "" {
				return
			}
			if m.Customer.Assurance != identity.Claimed || len(m.Aliases) != 0 {
				t.Errorf("got %s with %v, want claimed without further aliases", m.Customer.Assurance, m.Aliases)
			}
			if marked := m.Mark == email.MarkNoAuthor; marked != (tt.want == unnamed) {
				t.Errorf("got mark %q for customer %s", m.Mark, tt.want)
			}
			if m.Passive || (tt.want == unnamed && !m.NoReply) {
				t.Errorf("got passive %v, no reply %v; want a question without automatic answer", m.Passive, m.NoReply)
			}
			if !strings.Contains(m.Text, "Hij doet het niet.") {
				t.Errorf("got text %q, want the forwarded text in it", m.Text)
			}
		})
	}
}

// TestNormalize_FormThread answers our mail to a visitor of a form. The answer is
// a mail of theirs, the form again, or the form of another visitor.
func TestNormalize_FormThread(t *testing.T) {
	t.Parallel()
	els := identity.Alias{Kind: identity.Email, Value: "els@example.net"}
	env := fromForm(t, "PASS")
	env.Tokens = email.Tokens{Key: []byte("a key of tests, long enough")}
	our := email.MessageID("klantenservice@support.example.com", env.Tokens.New(els))
	refers := func(m message.Message) bool { return m.ReplyTo != nil && slices.Contains(m.ReplyTo.References, our) }
	for from, want := range map[string]bool{
		"From: els@example.net":                                   true,
		"From: formulier@shop.example\nReply-To: els@example.net": true,
		"From: formulier@shop.example\nReply-To: wim@example.net": false,
		"From: formulier@shop.example":                            false,
	} {
		d, _ := normalize(t, from+"\nIn-Reply-To: <"+our+">\n\nx", env)
		if got := refers(d.Messages[0]); got != want {
			t.Errorf("%q refers to our answer: got %v, want %v", from, got, want)
		}
	}
}

func TestParseAddressList(t *testing.T) {
	t.Parallel()
	has := list(t, " Formulier@Shop.example ,, @forms.example,bücher.example, info@xn--bcher-kva.example")
	for address, want := range map[string]bool{
		"formulier@shop.example": true, "FORMULIER@SHOP.EXAMPLE": true, "piet@shop.example": false, "formulier@sub.shop.example": false,
		"a@forms.example": true, "a@forms.example.net": false, "forms.example": false, "a@b@forms.example": true,
		"jan@xn--bcher-kva.example": true, "jan@bücher.example": true, "": false, "@": false,
		"formulier+contact@shop.example": true, "Formulier+a+b@Shop.example": true, "formulieren+x@shop.example": false, "+x@shop.example": false,
		"formulier@shop.example+x": false, "formulier+x@shop.example.net": false,
	} {
		if got := has(address); got != want {
			t.Errorf("Has(%q): got %v, want %v", address, got, want)
		}
	}
	if (email.AddressList{}).Has("a@shop.example") {
		t.Error("an empty list has an address")
	}
	for _, entry := range []string{"formulier", "formulier@", "@", "*@shop.example", "Website <form@shop.example>", "form@shop", "a b@shop.example", "mailto:form@shop.example", "form@@shop.example", "shop..example"} {
		l, err := email.ParseAddressList("a@shop.example," + entry)
		if err == nil || !strings.Contains(err.Error(), "is neither a mail address nor a domain: write form@shop.example") {
			t.Errorf("%q: got error %v, want one that says what to write", entry, err)
		}
		if !l.Has("a@shop.example") {
			t.Errorf("%q: the entries before it are lost", entry)
		}
	}
}

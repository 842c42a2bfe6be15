package email_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

func TestNormalize_Golden(t *testing.T) {
	t.Parallel()
	channeltest.Golden(t, "testdata", ".eml", func(raw []byte) (message.Delivery, error) {
		d, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		return d, err
	})
}

// received returns the envelope of a mail to these mailboxes, with DMARC passed.
func received(mailboxes ...string) email.Envelope {
	return email.Envelope{
		Mailboxes:  mailboxes,
		Recipients: mailboxes,
		SESID:      "ses1",
		ReceivedAt: time.Date(2025, 3, 3, 9, 15, 30, 0, time.UTC),
		Verdicts:   email.Verdicts{DMARC: "PASS"},
	}
}

// normalize returns the messages of a mail, after checking them.
func normalize(t *testing.T, mail string, env email.Envelope) (message.Delivery, email.Parsed) {
	t.Helper()
	d, p, err := email.Normalize([]byte(mail), env)
	if err != nil {
		t.Fatal(err)
	}
	channeltest.Check(t, d)
	return d, p
}

func TestNormalize_TwoMailboxes(t *testing.T) {
	t.Parallel()
	d, _ := normalize(t, "From: jan@example.com\nTo: elsewhere@example.org\nDate: Mon, 1 Jan 2001 00:00:00 +0000\n\nx", received("Service@Example.org", "sales@example.org", "service@example.org"))
	if len(d.Messages) != 2 {
		t.Fatalf("got %d messages, want 2", len(d.Messages))
	}
	for i, want := range []string{"service@example.org", "sales@example.org"} {
		m := d.Messages[i]
		if m.Account != want || m.ProviderID != "ses1/"+want || m.ID != message.NewID(message.Email, received().ReceivedAt, "ses1/"+want) {
			t.Errorf("message %d: got mailbox %s, provider id %s and id %s; want mailbox %s", i, m.Account, m.ProviderID, m.ID, want)
		}
	}
}

func TestNormalize_Sender(t *testing.T) {
	t.Parallel()
	pass := email.Verdicts{DMARC: "PASS"}
	fail := email.Verdicts{DMARC: "FAIL"}
	tests := []struct {
		name, header string
		verdicts     email.Verdicts
		want         string
		assurance    identity.Assurance
	}{
		{"DMARC passed", "From: Jan <Jan@Example.com>", pass, "jan@example.com", identity.Verified},
		{"DMARC failed", "From: jan@example.com", fail, "jan@example.com", identity.Claimed},
		{"no verdicts", "From: jan@example.com", email.Verdicts{}, "jan@example.com", identity.Claimed},
		{"SPF and DKIM alone", "From: jan@example.com", email.Verdicts{SPF: "PASS", DKIM: "PASS"}, "jan@example.com", identity.Claimed},
		{"two senders", "From: jan@example.com, piet@example.com", pass, "jan@example.com", identity.Claimed},
		{"two From fields", "From: jan@example.com\nFrom: piet@example.com", pass, "jan@example.com", identity.Claimed},
		{"DMARC of another domain", "From: jan@example.com", email.Verdicts{DMARC: "PASS", From: "example.net"}, "jan@example.com", identity.Claimed},
		{"DMARC of the same domain", "From: jan@example.com", email.Verdicts{DMARC: "PASS", From: "example.com"}, "jan@example.com", identity.Verified},
		{"an address in the name", `From: "boss@example.org" <jan@example.com>`, pass, "jan@example.com", identity.Verified},
		{"no From, but a Reply-To", "Reply-To: jan@example.com", pass, "jan@example.com", identity.Claimed},
		{"a list with its own address in From", "From: Jan via Lijst <lijst@example.org>\nX-BeenThere: lijst@example.org\nX-Mailman-Version: 3.3\nX-MailFrom: jan@example.com", pass, "jan@example.com", identity.Claimed},
		{"an original sender without a list", "From: jan@example.com\nX-Mailman-Version: 3.3\nX-BeenThere: lijst@example.org\nX-MailFrom: piet@example.com", pass, "jan@example.com", identity.Verified},
		{"an internationalized domain", "From: jan@bücher.example", pass, "jan@xn--bcher-kva.example", identity.Verified},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := received("service@example.org")
			env.Verdicts = tt.verdicts
			d, _ := normalize(t, tt.header+"\n\nx", env)
			if c := d.Messages[0].Customer; c.Value != tt.want || c.Assurance != tt.assurance {
				t.Errorf("got %s %s, want %s %s", c.Value, c.Assurance, tt.want, tt.assurance)
			}
		})
	}
}

func TestNormalize_NoSender(t *testing.T) {
	t.Parallel()
	d, _ := normalize(t, "Subject: x\n\nhello", received("service@example.org"))
	if c := d.Messages[0].Customer; c.Scope != "unknown" || c.Value == "" || c.Assurance != identity.Claimed {
		t.Errorf("got customer %+v, want a claimed one in the scope unknown", c)
	}
	if got := d.Messages[0].Text; got != "hello" {
		t.Errorf("got text %q, want hello", got)
	}
}

func TestEnvelopeFromHeaders_Forged(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/forged-verdicts.eml")
	if err != nil {
		t.Fatal(err)
	}
	env := email.EnvelopeFromHeaders(raw)
	if v := env.Verdicts; v.Spam != "FAIL" || v.DMARC != "FAIL" || v.Virus != "" {
		t.Errorf("got verdicts %+v, want those that SES wrote", v)
	}
	if env.SESID != "realrealreal1" || !env.ReceivedAt.Equal(time.Date(2025, 3, 3, 9, 15, 30, 0, time.UTC)) {
		t.Errorf("got envelope %+v, want the id and time that SES wrote", env)
	}
	forged := "Received: from a by mail.example.net with SMTP id x; Mon, 03 Mar 2025 09:15:30 +0000\r\n" + string(raw)
	if env := email.EnvelopeFromHeaders([]byte(forged)); env.SESID != "" || env.Verdicts.DMARC != "" {
		t.Errorf("another server on top: got envelope %+v, want an empty one", env)
	}
}

func TestNormalize_Marks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		verdicts email.Verdicts
		mark     string
	}{
		{"a virus", email.Verdicts{Virus: "FAIL", Spam: "FAIL"}, email.MarkVirus},
		{"spam", email.Verdicts{Spam: "FAIL"}, email.MarkSpam},
		{"neither", email.Verdicts{Spam: "GRAY", Virus: "DISABLED"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := received("service@example.org")
			env.Verdicts = tt.verdicts
			d, p := normalize(t, "From: jan@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: application/pdf; name=a.pdf\n\nx\n--b--\n", env)
			m := d.Messages[0]
			if m.Mark != tt.mark || p.NoReply != (tt.verdicts.Spam == "FAIL") {
				t.Errorf("got mark %q and no reply %v, want mark %q", m.Mark, p.NoReply, tt.mark)
			}
			if virus := m.Attachments[0].Mark == "virus"; virus != (tt.mark == email.MarkVirus) {
				t.Errorf("attachment: got mark %q for a mail with mark %q", m.Attachments[0].Mark, tt.mark)
			}
		})
	}
}

func TestNormalize_Automated(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, header string
		automated    string
		passive      bool
		noReply      bool
	}{
		{"a person", "Subject: Vraag", "", false, false},
		{"auto-submitted", "Auto-Submitted: auto-replied", "auto-reply", true, true},
		{"auto-submitted: no", "Auto-Submitted: no", "", false, false},
		{"a generated notification", "Auto-Submitted: auto-generated", "auto-generated", true, true},
		{"an absence notice in Dutch", "Subject: Automatisch antwoord: Vraag", "auto-reply", true, true},
		{"an absence notice in German", "Subject: Abwesenheitsnotiz: Frage", "auto-reply", true, true},
		{"an absence notice in French", "Subject: =?utf-8?q?R=C3=A9ponse_automatique=C2=A0=3A_Question?=", "auto-reply", true, true},
		{"a person who writes about absence", "Subject: Afwezigheid doorgeven", "", false, false},
		{"a person who writes about bounces", "Subject: Delivery failed, where is my parcel", "", false, false},
		{"Exchange suppresses answers to everything", "X-Auto-Response-Suppress: All", "", false, true},
		{"no reply wanted", "From: no-reply@example.com", "", false, true},
		{"a discussion list", "List-Id: <a.example.com>\nList-Post: <mailto:a@example.com>\nPrecedence: list", "", false, true},
		{"a newsletter", "List-Unsubscribe: <https://example.com>\nPrecedence: bulk", "list", false, true},
		{"a null sender alone", "Return-Path: <>", "", false, true},
		{"a daemon", "From: Mail Delivery Subsystem <MAILER-DAEMON@example.com>\nSubject: Returned mail: see transcript for details", "bounce", true, true},
		{"an answer to an invitation", "Content-Type: text/calendar; method=REPLY", "auto-reply", true, true},
		{"a DMARC report", "Subject: Report Domain: example.org Submitter: example.com Report-ID: 1", "report", true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := tt.header
			if !strings.Contains(header, "From:") {
				header = "From: jan@example.com\n" + header
			}
			d, p := normalize(t, header+"\n\nx", received("service@example.org"))
			if m := d.Messages[0]; m.Automated != tt.automated || m.Passive != tt.passive || p.NoReply != tt.noReply {
				t.Errorf("got %q, passive %v, no reply %v; want %q, %v, %v", m.Automated, m.Passive, p.NoReply, tt.automated, tt.passive, tt.noReply)
			}
		})
	}
}

func TestNormalize_KeptSpans(t *testing.T) {
	t.Parallel()
	d, p := normalize(t, "From: jan@example.com\n\nJa.\n\nOn Mon, 3 Mar 2025 at 10:15, Jan <jan@example.com> wrote:\n> Nee?\n", received("service@example.org"))
	m := d.Messages[0]
	if m.Text != "Ja." || len(p.Kept) != 1 {
		t.Fatalf("got text %q and spans %v, want Ja. in one span", m.Text, p.Kept)
	}
	if got := strings.TrimSpace(m.FullText[p.Kept[0].Start:p.Kept[0].End]); got != m.Text {
		t.Errorf("got %q at the span of the full text, want %q", got, m.Text)
	}
}

func TestNormalize_FileNames(t *testing.T) {
	t.Parallel()
	tests := []struct{ sent, want string }{
		{"a.pdf", "a.pdf"},
		{"../../etc/passwd", "passwd"},
		{`C:\temp\a.pdf`, "a.pdf"},
		{"a\u202efdp.exe", "afdp.exe"},
		{"a:b|c?.pdf", "a_b_c_.pdf"},
		{" .a.pdf. ", "a.pdf"},
		{strings.Repeat("a", 300) + ".pdf", strings.Repeat("a", 251) + ".pdf"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			d, _ := normalize(t, "From: jan@example.com\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\""+tt.sent+"\"\n\nx", received("service@example.org"))
			if got := d.Messages[0].Attachments[0].Name; got != tt.want {
				t.Errorf("got file name %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzNormalize checks that any bytes become messages that can be stored, and the
// same messages each time.
func FuzzNormalize(f *testing.F) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".eml") {
			raw, err := os.ReadFile("testdata/" + e.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, p, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		if err != nil {
			t.Fatal(err)
		}
		channeltest.Check(t, d)
		for _, a := range d.Messages[0].Attachments {
			if b, ok := p.FileContent(a.Ref); !ok || len(b) > len(raw) {
				t.Fatalf("attachment %q: %v, %d bytes", a.Ref, ok, len(b))
			}
		}
		p.SafeHTML()
	})
}

func BenchmarkNormalize(b *testing.B) {
	for name, dirs := range map[string][]string{"people": {"chatwoot", "talon", "enmime/mail"}, "reports": {"sisimai"}} {
		b.Run(name, func(b *testing.B) {
			var all [][]byte
			size := 0
			for _, dir := range dirs {
				for _, raw := range mails(b, dir) {
					all = append(all, raw)
					size += len(raw)
				}
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, raw := range all {
					if _, _, err := email.Normalize(raw, email.Envelope{}); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(len(all)), "mails/op")
		})
	}
}

func TestNormalize_Empty(t *testing.T) {
	t.Parallel()
	const from = "From: jan@example.com\r\nTo: service@support.example.com\r\n"
	for name, tt := range map[string]struct{ raw, mark string }{
		"no bytes":                     {"", email.MarkEmpty},
		"fields only":                  {from + "Subject: Bel mij\r\n", email.MarkEmpty},
		"blanks":                       {from + "\r\n \t\r\n\r\n", email.MarkEmpty},
		"a page without words":         {from + "Content-Type: text/html\r\n\r\n<html><body><p>&nbsp;</p></body></html>", email.MarkEmpty},
		"a boundary and no part":       {from + "Content-Type: multipart/mixed; boundary=x\r\n\r\n", email.MarkEmpty},
		"a part that is only a header": {"Content-Type: text/html; name=file.html\r\nContent-Disposition: inline\r\n\r\n", email.MarkEmpty},
		"a word":                       {from + "\r\nHallo\r\n", ""},
		"a file":                       {from + "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _, err := email.Normalize([]byte(tt.raw), email.Envelope{SESID: "x", Mailboxes: []string{"service@support.example.com"}})
			if err != nil || len(d.Messages) != 1 || d.Messages[0].Mark != tt.mark {
				t.Errorf("got mark %q and error %v, want mark %q", d.Messages[0].Mark, err, tt.mark)
			}
		})
	}
}

// TestNormalize_Unreadable marks mails with characters that no charset explains.
func TestNormalize_Unreadable(t *testing.T) {
	t.Parallel()
	const cyrillic = "\xc3\xe4\xe5 \xec\xee\xe9 \xe7\xe0\xea\xe0\xe7"
	const from = "From: jan@example.com\r\n"
	const text = "Content-Type: text/plain; charset=utf-8\r\n\r\n"
	for name, tt := range map[string]struct{ raw, mark string }{
		"text":                      {from + text + cyrillic, email.MarkUnparsed},
		"subject":                   {from + "Subject: " + cyrillic + "\r\n" + text + "Hallo", email.MarkUnparsed},
		"subject, encoded":          {from + "Subject: =?utf-8?q?=C3=E4=E5_=EC=EE=E9?=\r\n" + text + "Hallo", email.MarkUnparsed},
		"name":                      {"From: " + cyrillic + " <jan@example.com>\r\n" + text + "Hallo", email.MarkUnparsed},
		"file name":                 {from + "Content-Type: application/pdf; name=\"" + cyrillic + ".pdf\"\r\n\r\nx", email.MarkUnparsed},
		"page":                      {from + "Content-Type: text/html; charset=utf-8\r\n\r\n<p>" + cyrillic + "</p>", email.MarkUnparsed},
		"page that declares it":     {from + "Content-Type: text/html; charset=utf-8\r\n\r\n<meta charset=windows-1251><p>" + cyrillic + "</p>", ""},
		"text as declared":          {from + "Content-Type: text/plain; charset=windows-1251\r\n\r\n" + cyrillic, ""},
		"subject as the text":       {from + "Subject: " + cyrillic + "\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\nHallo", ""},
		"umlauts as another name":   {from + text + "Gr\xfc\xdfe", ""},
		"lost before it reached us": {from + text + "Gr\ufffd\ufffde", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, p, err := email.Normalize([]byte(tt.raw), email.Envelope{SESID: "x", Mailboxes: []string{"service@support.example.com"}})
			if err != nil || d.Messages[0].Mark != tt.mark {
				t.Errorf("got mark %q and error %v, want mark %q", d.Messages[0].Mark, err, tt.mark)
			}
			if p.Quarantine != "" {
				t.Errorf("quarantine: got %q, want none: the raw mail is stored", p.Quarantine)
			}
		})
	}
}

package e2e_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/smtp"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

// write sends a mail of a customer to our mailboxes. Fields are header lines, each
// with its line end.
func (b *bench) write(who traffic.Person, fields, body string, mailboxes ...string) {
	b.Helper()
	raw := "From: " + who.Name + " <" + who.Mail + ">\r\nTo: " + mailboxes[0] + "\r\nMessage-ID: <" + id() + "@example.org>\r\nMIME-Version: 1.0\r\n" + fields + "\r\n" + body
	if err := smtp.SendMail(b.SMTP, nil, who.Mail, mailboxes, []byte(raw)); err != nil {
		b.Fatal(err)
	}
}

// mails returns the history of a customer who is known by mail address, latest
// message first.
func (b *bench) mails(who traffic.Person) []message.Entry {
	b.Helper()
	b.settle()
	found, err := b.FindCustomer(b.Context(), "email:"+who.Mail)
	if err != nil {
		b.Fatal(err)
	}
	history, err := b.Messages(b.Context(), found.ID, 50)
	if err != nil {
		b.Fatal(err)
	}
	return history
}

// fetch downloads a file by its link in a history.
func (b *bench) fetch(f message.MediaFile) (body, contentType, disposition string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, f.URL, nil)
	if err != nil {
		b.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Errorf("%s: status %d, %v", f.Name, resp.StatusCode, err)
	}
	return string(data), resp.Header.Get("Content-Type"), resp.Header.Get("Content-Disposition")
}

func TestMail_TwoMailboxes(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	b.write(jan, "Subject: Kapot\r\nContent-Type: multipart/mixed; boundary=b\r\n",
		"--b\r\nContent-Type: text/html\r\n\r\n<p>Zie de <b>foto</b></p><script>x()</script>\r\n"+
			"--b\r\nContent-Type: image/png; name=foto.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"+
			base64.StdEncoding.EncodeToString([]byte("\x89PNG a photo"))+"\r\n--b--\r\n",
		"klantenservice@"+b.MailDomain, "retour@"+b.MailDomain)
	history := b.mails(jan)
	var mailboxes []string
	for _, m := range history {
		mailboxes = append(mailboxes, m.Account)
		if m.Text != "Zie de foto" || m.State == nil || len(m.State.Files) != 1 || m.State.Page == nil {
			t.Fatalf("message %+v, state %+v", m.Message, m.State)
		}
		if body, typ, how := b.fetch(m.State.Files[0]); body != "\x89PNG a photo" || typ != "image/png" || how != "inline; filename=foto.png" {
			t.Errorf("file %q %s %s", body, typ, how)
		}
		if page, typ, how := b.fetch(*m.State.Page); strings.TrimSpace(page) != "<p>Zie de <b>foto</b></p>" || typ != message.PageType || how != "attachment; filename=mail.html" {
			t.Errorf("page %q %s %s", page, typ, how)
		}
	}
	slices.Sort(mailboxes)
	if want := []string{"klantenservice@" + b.MailDomain, "retour@" + b.MailDomain}; !slices.Equal(mailboxes, want) {
		t.Errorf("got messages in %q, want %q", mailboxes, want)
	}
}

func TestMail_TokenOfOtherCustomer(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan, stranger := someone(), someone()
	keys, err := b.stack.Secret(t.Context(), "mail")
	if err != nil {
		t.Fatal(err)
	}
	alias, err := identity.NewAlias(identity.Email, "", jan.Mail)
	if err != nil {
		t.Fatal(err)
	}
	mailbox := "klantenservice@" + b.MailDomain
	token := email.Tokens{Key: []byte(keys["tokenKey"])}.New(alias)
	ours := email.MessageID(mailbox, token)
	for _, who := range []traffic.Person{jan, stranger} {
		b.write(who, "Subject: Re: Uw vraag\r\nReferences: <"+ours+">\r\n", "Graag.", email.ReplyTo(mailbox, token))
	}
	b.write(jan, "Subject: Re: Uw vraag\r\nX-Heard-Local-Verdict: dmarc=fail\r\n", "Ik ben het echt.", email.ReplyTo(mailbox, token))

	history := b.mails(jan)
	if len(history) != 1 || history[0].ReplyTo == nil || !slices.Contains(history[0].ReplyTo.References, ours) || history[0].Account != mailbox {
		t.Errorf("got history %+v, want one message with a reference to our mail", history)
	}
	if other := b.mails(stranger); len(other) != 1 || other[0].ReplyTo != nil || other[0].CustomerID == history[0].CustomerID {
		t.Errorf("got the stranger's history %+v, want one message of another customer without reference", other)
	}
}

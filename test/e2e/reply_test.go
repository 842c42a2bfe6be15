package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/ses"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

// reply sends an answer by mail through the API. Body overrides fields of the
// request.
func (b *bench) reply(alias string, body map[string]any) (message.Entry, error) {
	b.Helper()
	p, err := b.FindCustomer(b.Context(), alias)
	if err != nil {
		b.Fatal(err)
	}
	request := map[string]any{"channel": "email", "id": id(), "text": "Morgen.", "author": "agent-7"}
	for name, v := range body {
		request[name] = v
	}
	var stored message.Entry
	err = b.Call(b.Context(), http.MethodPost, "/v1/customers/"+string(p.ID)+"/replies", request, &stored)
	return stored, err
}

// sentTo returns the mails that were sent to an address.
func (b *bench) sentTo(address string) []ses.SentMail {
	return slices.DeleteFunc(b.stack.SES.Sent(), func(s ses.SentMail) bool { return s.To[0] != address })
}

// history returns the messages from and to a customer.
func (b *bench) history(alias string) []message.Entry {
	b.Helper()
	p, err := b.FindCustomer(b.Context(), alias)
	if err != nil {
		b.Fatal(err)
	}
	var page struct{ Messages []message.Entry }
	if err := b.Call(b.Context(), http.MethodGet, "/v1/customers/"+string(p.ID)+"/messages?limit=200", nil, &page); err != nil {
		b.Fatal(err)
	}
	return page.Messages
}

// entry returns a message of a customer's history by its provider id.
func (b *bench) entry(alias, providerID string) message.Entry {
	b.Helper()
	all := b.history(alias)
	for _, e := range all {
		if e.ProviderID == providerID {
			return e
		}
	}
	b.Fatalf("no message %s in %+v", providerID, all)
	return message.Entry{}
}

func (b *bench) contactsOf(alias string) []contact.Contact {
	b.Helper()
	p, err := b.FindCustomer(b.Context(), alias)
	if err != nil {
		b.Fatal(err)
	}
	var page struct{ Contacts []contact.Contact }
	if err := b.Call(b.Context(), http.MethodGet, "/v1/customers/"+string(p.ID)+"/contacts", nil, &page); err != nil {
		b.Fatal(err)
	}
	return page.Contacts
}

// TestReply_MailThread checks that an answer is a mail in the customer's thread,
// and that the customer's next mail belongs to the same contact. This also works
// if the customer's mail program keeps only the Reply-To address of the thread.
func TestReply_MailThread(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	first := id() + "@example.org"
	if err := b.SendMail("", traffic.Mail(jan, first, "", "Waar blijft het?", "Ik wacht al een week.", time.Now())); err != nil {
		t.Fatal(err)
	}
	b.settle()
	stored, err := b.reply("email:"+jan.Mail, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.settle()
	sent := b.sentTo(jan.Mail)
	if len(sent) != 1 {
		t.Fatalf("got %d sent mails, want 1", len(sent))
	}
	m, err := mail.ReadMessage(bytes.NewReader(sent[0].Raw))
	if err != nil {
		t.Fatal(err)
	}
	h := m.Header
	token, _, _ := strings.Cut(stored.MailID, "@")
	box := "klantenservice+" + token + "@" + b.stack.MailDomain
	for name, want := range map[string]string{
		"From": "klantenservice@" + b.stack.MailDomain, "In-Reply-To": "<" + first + ">", "References": "<" + first + ">",
		"Reply-To": box, "Subject": "Re: Waar blijft het?", "Auto-Submitted": "", "List-Unsubscribe": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if sent[0].Feedback != box {
		t.Errorf("got feedback address %s, want %s", sent[0].Feedback, box)
	}
	if e := b.entry("email:"+jan.Mail, stored.ProviderID); e.State == nil || e.State.Status != "delivered" || e.State.Times["sent"].IsZero() || e.State.MailID != sent[0].ID {
		t.Errorf("state %+v", e.State)
	}
	for _, write := range []func() error{
		func() error { // with In-Reply-To and References
			return b.SendMail("", traffic.Mail(jan, id()+"@example.org", sent[0].ID, "Re: Waar blijft het?", "Hoe laat komt het dan?", time.Now()))
		},
		func() error { // with the Reply-To address only
			return b.SendMail(box, traffic.Mail(jan, id()+"@example.org", "", "Vraag", "Kan het ook overmorgen?", time.Now()))
		},
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	b.settle()
	if all := b.contactsOf("email:" + jan.Mail); len(all) != 1 || !all[0].Waiting() {
		t.Errorf("contacts %+v", all)
	}
}

// TestReply_Bounce checks the effects of a bounce. The answer is marked as failed,
// the customer waits again, and no contact opens. The API refuses the next mail to
// that address with the reason.
func TestReply_Bounce(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	b.say(jan, message.Email, "Waar blijft mijn pakket?")
	b.settle()
	stored, err := b.reply("email:"+jan.Mail, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.settle()
	if err := b.stack.SES.Answer(b.sentTo(jan.Mail)[0], ses.Bounce); err != nil {
		t.Fatal(err)
	}
	b.settle()
	e := b.entry("email:"+jan.Mail, stored.ProviderID)
	if e.State == nil || e.State.Status != "failed" || e.State.Code != "5.1.1" || e.State.Verdicts["bounce"].IsZero() {
		t.Errorf("state %+v", e.State)
	}
	if all := b.contactsOf("email:" + jan.Mail); len(all) != 1 || !all[0].Waiting() {
		t.Errorf("contacts %+v", all)
	}
	_, err = b.reply("email:"+jan.Mail, nil)
	refused, ok := errors.AsType[*stackclient.StatusError](err)
	if !ok || refused.Status != http.StatusConflict || !strings.Contains(refused.Detail, "came back (5.1.1)") {
		t.Errorf("next reply: got %v, want a conflict with the reason of the bounce", err)
	}
	if _, err := b.reply("email:"+jan.Mail, map[string]any{"force": "the mailbox works again, says the customer"}); err != nil {
		t.Errorf("forced reply: %v", err)
	}
	b.say(jan, message.Email, "Ik ben er weer")
	b.settle()
	if _, err := b.reply("email:"+jan.Mail, nil); err != nil {
		t.Errorf("reply after the customer wrote again: %v", err)
	}
}

// TestReply_SentOnce checks that a repeated request and a redelivered job send no
// second mail.
func TestReply_SentOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	b.say(jan, message.Email, "Is er nieuws?")
	b.settle()
	body := map[string]any{"id": id()}
	var stored message.Entry
	for range 3 {
		var err error
		if stored, err = b.reply("email:"+jan.Mail, body); err != nil {
			t.Fatal(err)
		}
	}
	b.settle()
	url, err := b.Queue(t.Context(), b.SDK, "send")
	if err != nil {
		t.Fatal(err)
	}
	job, err := json.Marshal(message.Job{Customer: stored.CustomerID, Message: stored.ID})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		text := string(job)
		if _, err := b.SDK.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text}); err != nil {
			t.Fatal(err)
		}
	}
	b.settle()
	if sent := b.sentTo(jan.Mail); len(sent) != 1 {
		t.Errorf("got %d sent mails, want 1", len(sent))
	}
}

// TestReply_AutomaticLoop checks that two programs that answer each other stop. A
// mail marked as automatic opens no contact and gets no automatic answer. For a
// program that does not mark its mails, the daily limit of automatic answers stops
// the loop.
func TestReply_AutomaticLoop(t *testing.T) {
	t.Parallel()
	b := open(t)
	honest, sly := someone(), someone()
	b.say(honest, message.Email, "Waar blijft mijn pakket?")
	b.settle()
	first, err := b.reply("email:"+honest.Mail, map[string]any{"automatic": true})
	if err != nil {
		t.Fatal(err)
	}
	b.settle()
	sent := b.sentTo(honest.Mail)[0]
	if h := string(sent.Raw); !strings.Contains(h, "\r\nAuto-Submitted: auto-replied\r\n") {
		t.Errorf("the mail has no header Auto-Submitted: auto-replied:\n%s", h)
	}
	if err := b.stack.SES.Answer(sent, ses.AutoReply); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if all := b.contactsOf("email:" + honest.Mail); len(all) != 1 || !all[0].Waiting() {
		t.Errorf("contacts %+v, want one that waits: a program answers nothing", all)
	}
	if e := b.entry("email:"+honest.Mail, first.ProviderID); e.State == nil || e.State.Verdicts["auto-reply"].IsZero() || e.State.Status != "delivered" {
		t.Errorf("state %+v", e.State)
	}
	if _, err = b.reply("email:"+honest.Mail, map[string]any{"automatic": true}); err == nil {
		t.Error("an automatic answer to an automatic mail was accepted, want an error")
	}

	b.say(sly, message.Email, "Ik ben er even niet") // from a program that writes like a person
	b.settle()
	for range 6 {
		if _, err = b.reply("email:"+sly.Mail, map[string]any{"automatic": true}); err != nil {
			t.Fatal(err)
		}
	}
	b.settle()
	failed := 0
	for _, m := range b.history("email:" + sly.Mail) {
		if m.State != nil && m.State.Code == "too-many-automatic" {
			failed++
		}
	}
	if n := len(b.sentTo(sly.Mail)); n != 5 || failed != 1 {
		t.Errorf("got %d automatic mails in a day and %d refused, want 5 and 1", n, failed)
	}
}

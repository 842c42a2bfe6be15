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

	"github.com/heard-intake/heard/infra/heardctl/client"
	"github.com/heard-intake/heard/infra/local/ses"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/test/traffic"
)

// reply answers a customer by mail, through the API.
func (b *bench) reply(alias string, body map[string]any) (contact.Entry, error) {
	b.Helper()
	p, err := b.Find(b.Context(), alias)
	if err != nil {
		b.Fatal(err)
	}
	request := map[string]any{"channel": "email", "id": id(), "text": "Morgen.", "author": "agent-7"}
	for name, v := range body {
		request[name] = v
	}
	var stored contact.Entry
	err = b.Call(b.Context(), http.MethodPost, "/v1/customers/"+string(p.ID)+"/replies", request, &stored)
	return stored, err
}

// sentTo returns the mails that were sent to an address.
func (b *bench) sentTo(address string) []ses.SentMail {
	return slices.DeleteFunc(b.stack.SES.Sent(), func(s ses.SentMail) bool { return s.To[0] != address })
}

// history returns what was said with a customer.
func (b *bench) history(alias string) []contact.Entry {
	b.Helper()
	p, err := b.Find(b.Context(), alias)
	if err != nil {
		b.Fatal(err)
	}
	var page struct{ Messages []contact.Entry }
	if err := b.Call(b.Context(), http.MethodGet, "/v1/customers/"+string(p.ID)+"/messages?limit=200", nil, &page); err != nil {
		b.Fatal(err)
	}
	return page.Messages
}

// entry returns a message of a customer's history by its provider id.
func (b *bench) entry(alias, providerID string) contact.Entry {
	b.Helper()
	all := b.history(alias)
	for _, e := range all {
		if e.ProviderID == providerID {
			return e
		}
	}
	b.Fatalf("no message %s in %+v", providerID, all)
	return contact.Entry{}
}

func (b *bench) contactsOf(alias string) []contact.Contact {
	b.Helper()
	p, err := b.Find(b.Context(), alias)
	if err != nil {
		b.Fatal(err)
	}
	var page struct{ Contacts []contact.Contact }
	if err := b.Call(b.Context(), http.MethodGet, "/v1/customers/"+string(p.ID)+"/contacts", nil, &page); err != nil {
		b.Fatal(err)
	}
	return page.Contacts
}

// A customer's mail is answered, the answer is a mail in their thread, and what
// they write back belongs to the same contact, also when their program keeps
// nothing of the thread but the address.
func TestAnAnswerLeavesInTheThreadAndItsAnswerComesBackToIt(t *testing.T) {
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
		t.Fatalf("%d mails were sent", len(sent))
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
		t.Errorf("reports go to %s", sent[0].Feedback)
	}
	if e := b.entry("email:"+jan.Mail, stored.ProviderID); e.State == nil || e.State.Status != "delivered" || e.State.Times["sent"].IsZero() || e.State.MailID != sent[0].ID {
		t.Errorf("state %+v", e.State)
	}
	for _, write := range []func() error{
		func() error { // with the fields of the thread
			return b.SendMail("", traffic.Mail(jan, id()+"@example.org", sent[0].ID, "Re: Waar blijft het?", "Dank!", time.Now()))
		},
		func() error { // to the address alone
			return b.SendMail(box, traffic.Mail(jan, id()+"@example.org", "", "Dank", "Dank u!", time.Now()))
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

// A bounce is seen at the mail that came back. It opens nothing, whoever got no
// answer waits again, and the next mail to that address is refused with the reason.
func TestABounceIsSeenAtTheMailThatCameBack(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	b.say(jan, contact.Email, "Waar blijft mijn pakket?")
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
	refused, ok := errors.AsType[*client.StatusError](err)
	if !ok || refused.Status != http.StatusConflict || !strings.Contains(refused.Detail, "came back (5.1.1)") {
		t.Errorf("the next one: %v", err)
	}
	if _, err := b.reply("email:"+jan.Mail, map[string]any{"force": "the mailbox works again, says the customer"}); err != nil {
		t.Errorf("forced: %v", err)
	}
	b.say(jan, contact.Email, "Ik ben er weer")
	b.settle()
	if _, err := b.reply("email:"+jan.Mail, nil); err != nil {
		t.Errorf("after they wrote again: %v", err)
	}
}

// A job that is delivered again sends nothing again, nor does a request that is
// repeated.
func TestAnAnswerIsSentOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	b.say(jan, contact.Email, "Is er nieuws?")
	b.settle()
	body := map[string]any{"id": id()}
	var stored contact.Entry
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
	job, err := json.Marshal(contact.Job{Customer: stored.CustomerID, Message: stored.ID})
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
		t.Errorf("%d mails were sent", len(sent))
	}
}

// Two programs that answer each other stop: what says it is automatic is not
// answered, opens nothing, and what hides it meets the limit of a day.
func TestTwoProgramsDoNotAnswerEachOtherForEver(t *testing.T) {
	t.Parallel()
	b := open(t)
	honest, sly := someone(), someone()
	b.say(honest, contact.Email, "Waar blijft mijn pakket?")
	b.settle()
	first, err := b.reply("email:"+honest.Mail, map[string]any{"automatic": true})
	if err != nil {
		t.Fatal(err)
	}
	b.settle()
	sent := b.sentTo(honest.Mail)[0]
	if h := string(sent.Raw); !strings.Contains(h, "\r\nAuto-Submitted: auto-replied\r\n") {
		t.Errorf("it does not say that it is automatic:\n%s", h)
	}
	if err := b.stack.SES.Answer(sent, ses.AutoReply); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if all := b.contactsOf("email:" + honest.Mail); len(all) != 1 || all[0].Waiting() {
		t.Errorf("contacts %+v", all)
	}
	if e := b.entry("email:"+honest.Mail, first.ProviderID); e.State == nil || e.State.Verdicts["auto-reply"].IsZero() || e.State.Status != "delivered" {
		t.Errorf("state %+v", e.State)
	}
	if _, err = b.reply("email:"+honest.Mail, map[string]any{"automatic": true}); err == nil {
		t.Error("the program's answer to the program was taken")
	}

	b.say(sly, contact.Email, "Ik ben er even niet") // from a program that writes like a person
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
		t.Errorf("%d automatic mails in a day, %d refused", n, failed)
	}
}

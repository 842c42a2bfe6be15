package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
)

// sentMail is a mail that we sent to Jan.
type sentMail struct {
	*world
	h       *ingest.MailHandler
	m       message.Message
	to      identity.Alias
	box     string // the address for answers, with a token
	sesID   string
	replies string // the mailbox, without a token
}

// newSentMail stores a mail to Jan, and records it as sent.
func newSentMail(t *testing.T) *sentMail {
	t.Helper()
	o := &sentMail{world: newWorld(t), sesID: "0102018-000000", replies: "info@winkel.example"}
	var err error
	if o.to, err = identity.NewAlias(identity.Email, "", "jan@voorbeeld.example"); err != nil {
		t.Fatal(err)
	}
	key := email.Tokens{Key: []byte("the key that signs tokens")}
	token := key.New(o.to)
	o.box = email.ReplyTo(o.replies, token)
	at := day(1)
	customer, err := o.table.Customers.Identify(t.Context(), []identity.Address{{Alias: o.to, Assurance: identity.Verified}}, identity.Evidence{Rule: identity.RuleMail, At: at})
	if err != nil {
		t.Fatal(err)
	}
	o.m = message.Message{
		Version: message.SchemaVersion, Channel: message.Email, Direction: message.Outbound, Kind: message.Mail, Origin: message.Composed, ProviderID: "our-1",
		MailID: email.MessageID(o.replies, token), CustomerID: customer, Customer: identity.Address{Alias: o.to, Assurance: identity.Verified}, SentAt: at, Text: "Antwoord",
	}
	o.m.ID = message.NewID(o.m.Channel, at, o.m.ProviderID)
	if _, err := o.table.Messages.Put(t.Context(), o.m, ""); err != nil {
		t.Fatal(err)
	}
	o.h = newMail(o.world)
	o.h.Sent = o.table.Messages
	o.h.Parse = func(_ context.Context, raw []byte, notice json.RawMessage) (ingest.ParsedMail, error) {
		env := email.EnvelopeFromHeaders(raw)
		env.AddNotice(notice)
		env.Tokens = key
		d, p, err := email.Normalize(raw, env)
		return ingest.ParsedMail{Delivery: d, File: p.FileContent, Page: p.SafeHTML, OwnMailIDs: p.OwnMailIDs, Report: p.Report != nil, HardBounces: p.HardBounces}, err
	}
	o.recordID(t, o.m.MailID)
	return o
}

// recordID records the mail under a Message-ID.
func (o *sentMail) recordID(t *testing.T, id string) {
	t.Helper()
	err := o.table.Messages.PutSent(t.Context(), id, message.SentMail{Customer: o.m.CustomerID, Message: o.m.ID, ProviderID: o.m.ProviderID, MailID: o.m.MailID, To: o.to, At: o.m.SentAt})
	if err != nil {
		t.Fatal(err)
	}
}

// sendingEvent returns the body of a queue message with SES's event about the
// mail. more adds members.
func (o *sentMail) sendingEvent(kind string, more object) string {
	ev := object{
		"eventType": kind,
		"mail": object{
			"timestamp": day(1).Add(time.Second), "sourceArn": "arn:aws:ses:eu-west-1:000000000000:identity/winkel.example", "messageId": o.sesID,
			"destination": []string{o.to.Value}, "commonHeaders": object{"messageId": "<" + o.m.MailID + ">"},
		},
	}
	for k, v := range more {
		ev[k] = v
	}
	return encoded(bySNS(ev))
}

// state returns the mail's status in the history.
func (o *sentMail) state(t *testing.T) message.State {
	t.Helper()
	e, err := o.table.Messages.Get(t.Context(), o.m.CustomerID, o.m.ID)
	if err != nil || e.State == nil {
		t.Fatal(e, err)
	}
	return *e.State
}

func (o *sentMail) delivered() string {
	return o.sendingEvent("Delivery", object{"delivery": object{"timestamp": day(1).Add(time.Minute)}})
}

func (o *sentMail) bounced(typ, status string) string {
	return o.sendingEvent("Bounce", object{"bounce": object{
		"timestamp": day(1).Add(2 * time.Minute), "bounceType": typ, "bouncedRecipients": []object{{"emailAddress": o.to.Value, "status": status}},
	}})
}

func TestMailHandler_SendingEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		events func(*sentMail) []string
		status string
		code   string
		mark   string
	}{
		{"delivered", func(o *sentMail) []string { return []string{o.sendingEvent("Send", nil), o.delivered()} }, "delivered", "", ""},
		{"delivered, out of order and twice", func(o *sentMail) []string {
			return []string{o.delivered(), o.sendingEvent("Send", nil), o.delivered()}
		}, "delivered", "", ""},
		{"bounce reported before the delivery", func(o *sentMail) []string { return []string{o.bounced("Permanent", "5.1.1"), o.delivered()} }, "failed", "5.1.1", "bounce"},
		{"a policy leaves the address unmarked", func(o *sentMail) []string { return []string{o.bounced("Permanent", "5.7.1")} }, "failed", "5.7.1", ""},
		{"a full mailbox leaves the address unmarked", func(o *sentMail) []string { return []string{o.bounced("Transient", "4.2.2")} }, "failed", "4.2.2", ""},
		{"a complaint", func(o *sentMail) []string {
			return []string{o.delivered(), o.sendingEvent("Complaint", object{"complaint": object{"timestamp": day(2), "complaintFeedbackType": "abuse"}})}
		}, "delivered", "abuse", "complaint"},
		{"a rejection", func(o *sentMail) []string {
			return []string{o.sendingEvent("Reject", object{"reject": object{"reason": "Bad content"}})}
		}, "failed", "rejected", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newSentMail(t)
			for i, ev := range tt.events(o) {
				if failed := failedOf(t, o.h, event(queued(fmt.Sprint(i), ev))); len(failed) != 0 {
					t.Fatalf("got failed messages %v, want none", failed)
				}
			}
			if s := o.state(t); s.Status != tt.status || s.Code != tt.code {
				t.Errorf("got state %+v, want status %s and code %s", s, tt.status, tt.code)
			}
			mark, _, err := o.table.Messages.AddressMark(t.Context(), o.to, day(3))
			if err != nil || mark.Kind != tt.mark {
				t.Errorf("got mark %+v and error %v, want %q", mark, err, tt.mark)
			}
			o.checkAlone(t)
		})
	}
}

// checkAlone checks that the history has our mail alone.
func (o *sentMail) checkAlone(t *testing.T) {
	t.Helper()
	page, err := o.table.Messages.History(t.Context(), identity.Customer{ID: o.m.CustomerID, Members: []identity.CustomerID{o.m.CustomerID}}, message.Query{Limit: 10})
	if err != nil || len(page.Entries) != 1 {
		t.Errorf("got history %+v and error %v, want our mail alone", page.Entries, err)
	}
}

func TestMailHandler_UnknownSendingEvent(t *testing.T) {
	t.Parallel()
	o := newSentMail(t)
	o.m.MailID, o.sesID = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb@winkel.example", "0102019-000000"
	if failed := failedOf(t, o.h, event(queued("1", o.delivered()), queued("2", encoded(bySNS(object{"eventType": "Delivery"}))))); len(failed) != 1 || failed[0] != "2" {
		t.Errorf("got failed messages %v, want 2", failed)
	}
	e, err := o.table.Messages.Get(t.Context(), o.m.CustomerID, o.m.ID)
	if err != nil || e.State == nil || e.State.Status != message.Queued {
		t.Errorf("got state %+v and error %v, want status %s", e.State, err, message.Queued)
	}
}

// TestMailHandler_OwnMailReturned receives a mail of ours that a forward or a
// mailing list sent back. It is a notice, because no customer wrote it.
func TestMailHandler_OwnMailReturned(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]func(*sentMail) string{
		"under our Message-ID": func(o *sentMail) string { return o.m.MailID },
		"under that of SES":    func(o *sentMail) string { return o.sesID + "@eu-west-1.amazonses.com" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newSentMail(t)
			o.recordID(t, o.sesID+"@eu-west-1.amazonses.com")
			o.hold(t, "in/back", "From: Winkel <"+o.replies+">\r\nTo: list@voorbeeld.example\r\nMessage-ID: <"+id(o)+">\r\nSubject: Re: Vraag\r\n\r\nAntwoord\r\n")
			if failed := failedOf(t, o.h, event(queued("1", encoded(bySNS(notified(bySES("back", o.replies))))))); len(failed) != 0 {
				t.Fatalf("got failed messages %v, want none", failed)
			}
			o.checkAlone(t)
			if n := o.counts.sum["Stored"]; n != 1 {
				t.Errorf("got %d stored elements, want the notice", n)
			}
			shop, err := identity.NewAlias(identity.Email, "", o.replies)
			if err != nil {
				t.Fatal(err)
			}
			if found, _, err := o.table.Customers.FindCustomer(t.Context(), shop); err == nil {
				t.Errorf("our mailbox became customer %s, want no customer", found)
			}
		})
	}
}

// TestMailHandler_BounceOfOtherAddress receives a report about our mail that
// names an address to which it was forwarded. That address is gone, and Jan's is
// not.
func TestMailHandler_BounceOfOtherAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"jan@voorbeeld.example": "bounce", "eva@elders.example": ""} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			o := newSentMail(t)
			o.hold(t, "in/report", "Return-Path: <>\r\nFrom: MAILER-DAEMON@elders.example\r\nTo: "+o.box+"\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\n"+
				"Your message could not be delivered to:\r\n\r\n<"+address+">: 550 5.1.1 User unknown\r\n\r\nMessage-ID: <"+o.m.MailID+">\r\n")
			if failed := failedOf(t, o.h, event(queued("1", encoded(bySNS(notified(bySES("report", o.box))))))); len(failed) != 0 {
				t.Fatalf("got failed messages %v, want none", failed)
			}
			if s := o.state(t); s.Status != "failed" || s.Code != "5.1.1" {
				t.Errorf("got state %+v, want status failed and code 5.1.1", s)
			}
			mark, _, err := o.table.Messages.AddressMark(t.Context(), o.to, day(3))
			if err != nil || mark.Kind != want {
				t.Errorf("got mark %+v and error %v, want %q", mark, err, want)
			}
		})
	}
}

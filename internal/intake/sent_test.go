package intake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/intake"
)

// Ours is a mail that we sent to Jan.
type ours struct {
	*world
	h       *intake.Mail
	m       contact.Message
	to      identity.Alias
	box     string // the address that answers go to
	sesID   string
	replies string // the mailbox
}

func sendOurs(t *testing.T) *ours {
	t.Helper()
	o := &ours{world: newWorld(t), sesID: "0102018-000000", replies: "info@winkel.example"}
	var err error
	if o.to, err = identity.NewAlias(identity.Email, "", "jan@voorbeeld.example"); err != nil {
		t.Fatal(err)
	}
	key := email.Tokens{Key: []byte("the key that signs tokens")}
	token := key.New(o.to)
	o.box = email.ReplyTo(o.replies, token)
	at := day(1)
	customer, err := o.table.Identify(t.Context(), []identity.Address{{Alias: o.to, Assurance: identity.Verified}}, identity.Evidence{Rule: identity.RuleMail, At: at})
	if err != nil {
		t.Fatal(err)
	}
	o.m = contact.Message{
		Version: contact.SchemaVersion, Channel: contact.Email, Direction: contact.Outbound, Kind: contact.Mail, Origin: contact.Composed, ProviderID: "our-1",
		MailID: email.MessageID(o.replies, token), CustomerID: customer, Customer: identity.Address{Alias: o.to, Assurance: identity.Verified}, SentAt: at, Text: "Antwoord",
	}
	o.m.ID = contact.NewID(o.m.Channel, at, o.m.ProviderID)
	if _, err := o.table.PutMessage(t.Context(), o.m, ""); err != nil {
		t.Fatal(err)
	}
	o.h = newMail(o.world)
	o.h.Sent = o.table
	o.h.Read = func(_ context.Context, raw []byte, notice json.RawMessage) (intake.Letter, error) {
		env := email.EnvelopeFromHeaders(raw)
		env.Announced(notice)
		env.Tokens = key
		d, p, err := email.Normalize(raw, env)
		return intake.Letter{Delivery: d, File: p.Part, Page: p.SafeHTML, Ours: p.Ours, Report: p.Report != nil, Hard: p.Hard}, err
	}
	o.known(t, o.m.MailID)
	return o
}

// known makes the mail known by a Message-ID.
func (o *ours) known(t *testing.T, id string) {
	t.Helper()
	err := o.table.PutSent(t.Context(), id, contact.SentMail{Customer: o.m.CustomerID, Message: o.m.ID, ProviderID: o.m.ProviderID, MailID: o.m.MailID, To: o.to, At: o.m.SentAt})
	if err != nil {
		t.Fatal(err)
	}
}

// told is what SES says of it, as the queue has it.
func (o *ours) told(kind string, more object) string {
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

func (o *ours) state(t *testing.T) contact.State {
	t.Helper()
	e, err := o.table.Message(t.Context(), o.m.CustomerID, o.m.ID)
	if err != nil || e.State == nil {
		t.Fatal(e, err)
	}
	return *e.State
}

func (o *ours) delivered() string {
	return o.told("Delivery", object{"delivery": object{"timestamp": day(1).Add(time.Minute)}})
}

func (o *ours) bounced(typ, status string) string {
	return o.told("Bounce", object{"bounce": object{
		"timestamp": day(1).Add(2 * time.Minute), "bounceType": typ, "bouncedRecipients": []object{{"emailAddress": o.to.Value, "status": status}},
	}})
}

func TestWhatSESSaysOfOurMailIsSeenAtIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		events func(*ours) []string
		status string
		code   string
		mark   string
	}{
		{"delivered", func(o *ours) []string { return []string{o.told("Send", nil), o.delivered()} }, "delivered", "", ""},
		{"delivered, told in the wrong order and twice", func(o *ours) []string {
			return []string{o.delivered(), o.told("Send", nil), o.delivered()}
		}, "delivered", "", ""},
		{"delivered, and come back after that", func(o *ours) []string { return []string{o.bounced("Permanent", "5.1.1"), o.delivered()} }, "failed", "5.1.1", "bounce"},
		{"a full mailbox leaves the address unmarked", func(o *ours) []string { return []string{o.bounced("Transient", "4.2.2")} }, "failed", "4.2.2", ""},
		{"a complaint", func(o *ours) []string {
			return []string{o.delivered(), o.told("Complaint", object{"complaint": object{"timestamp": day(2), "complaintFeedbackType": "abuse"}})}
		}, "delivered", "abuse", "complaint"},
		{"a rejection", func(o *ours) []string {
			return []string{o.told("Reject", object{"reject": object{"reason": "Bad content"}})}
		}, "failed", "rejected", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := sendOurs(t)
			for i, ev := range tt.events(o) {
				if failed := failedOf(t, o.h, event(queued(fmt.Sprint(i), ev))); len(failed) != 0 {
					t.Fatal("not taken")
				}
			}
			if s := o.state(t); s.Status != tt.status || s.Code != tt.code {
				t.Errorf("state %+v", s)
			}
			mark, _, err := o.table.AddressMark(t.Context(), o.to, day(3))
			if err != nil || mark.Kind != tt.mark {
				t.Errorf("mark %+v, %v", mark, err)
			}
			o.alone(t)
		})
	}
}

// alone says that the history holds our mail, and nothing else.
func (o *ours) alone(t *testing.T) {
	t.Helper()
	page, err := o.table.History(t.Context(), identity.Customer{ID: o.m.CustomerID, Members: []identity.CustomerID{o.m.CustomerID}}, contact.Query{Limit: 10})
	if err != nil || len(page.Entries) != 1 {
		t.Errorf("history %+v, %v", page.Entries, err)
	}
}

func TestOfMailThatIsNotOursNothingIsKept(t *testing.T) {
	t.Parallel()
	o := sendOurs(t)
	o.m.MailID, o.sesID = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb@winkel.example", "0102019-000000"
	if failed := failedOf(t, o.h, event(queued("1", o.delivered()), queued("2", encoded(bySNS(object{"eventType": "Delivery"}))))); len(failed) != 1 || failed[0] != "2" {
		t.Errorf("come again: %v", failed)
	}
	e, err := o.table.Message(t.Context(), o.m.CustomerID, o.m.ID)
	if err != nil || e.State == nil || e.State.Status != contact.Queued {
		t.Errorf("%+v, %v", e.State, err)
	}
}

// A forward or a list sends our own mail back to us: nobody wrote it.
func TestOurOwnMailThatComesBackIsANotice(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]func(*ours) string{
		"under our Message-ID": func(o *ours) string { return o.m.MailID },
		"under that of SES":    func(o *ours) string { return o.sesID + "@eu-west-1.amazonses.com" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sendOurs(t)
			o.known(t, o.sesID+"@eu-west-1.amazonses.com")
			o.hold(t, "in/back", "From: Winkel <"+o.replies+">\r\nTo: list@voorbeeld.example\r\nMessage-ID: <"+id(o)+">\r\nSubject: Re: Vraag\r\n\r\nAntwoord\r\n")
			if failed := failedOf(t, o.h, event(queued("1", encoded(bySNS(notified(bySES("back", o.replies))))))); len(failed) != 0 {
				t.Fatal("not taken")
			}
			o.alone(t)
			if n := o.counts.sum["Stored"]; n != 1 {
				t.Errorf("%d stored, want the notice", n)
			}
			shop, err := identity.NewAlias(identity.Email, "", o.replies)
			if err != nil {
				t.Fatal(err)
			}
			if found, _, err := o.table.FindCustomer(t.Context(), shop); err == nil {
				t.Errorf("we became the customer %s", found)
			}
		})
	}
}

package email_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// eventMail is the member "mail" of an event.
const eventMail = `"mail": {"timestamp": "2026-03-01T10:00:00.123Z", "source": "service@support.example.com",
	"sourceArn": "arn:aws:ses:eu-west-1:000000000000:identity/support.example.com", "messageId": "0102018-000000", "destination": ["Jan@Example.com"],
	"headersTruncated": false, "headers": [{"name": "From", "value": "x"}, {"name": "Message-ID", "value": "<aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb@support.example.com>"}]}`

func TestReadSendingEvent(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 3, 1, 10, 0, 0, 123e6, time.UTC)
	later := sent.Add(time.Minute)
	const at = `"timestamp": "2026-03-01T10:01:00.123Z"`
	for _, tt := range []struct {
		name, event string
		want        message.Effect
		hard        bool
	}{
		{"sent", `"eventType": "Send", "send": {}`, message.Effect{Kind: message.Status, Status: "sent", At: sent, MailID: "0102018-000000@eu-west-1.amazonses.com"}, false},
		{
			"delivered", `"eventType": "Delivery", "delivery": {` + at + `, "recipients": ["jan@example.com"]}`,
			message.Effect{Kind: message.Status, Status: "delivered", At: later}, false,
		},
		{
			"delivered, as an identity's notification", `"notificationType": "Delivery", "delivery": {` + at + `}`,
			message.Effect{Kind: message.Status, Status: "delivered", At: later}, false,
		},
		{
			"a hard bounce", `"eventType": "Bounce", "bounce": {` + at + `, "bounceType": "Permanent", "bounceSubType": "General",
				"bouncedRecipients": [{"emailAddress": "jan@example.com", "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 user unknown"}]}`,
			message.Effect{Kind: message.Verdict, Status: "bounce", At: later, Code: "5.1.1", Detail: "smtp; 550 user unknown"}, true,
		},
		{
			"an address that SES blocks", `"eventType": "Bounce", "bounce": {` + at + `, "bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList",
				"bouncedRecipients": [{"emailAddress": "jan@example.com", "status": "5.1.1", "diagnosticCode": "Amazon SES did not send the message because the address is on the suppression list"}]}`,
			message.Effect{Kind: message.Verdict, Status: "bounce", At: later, Code: "5.1.1", Detail: "Amazon SES did not send the message because the address is on the suppression list"}, true,
		},
		{
			"a permanent bounce without the server's answer", `"eventType": "Bounce", "bounce": {` + at + `, "bounceType": "Permanent", "bounceSubType": "General",
				"bouncedRecipients": [{"emailAddress": "jan@example.com"}]}`,
			message.Effect{Kind: message.Verdict, Status: "bounce", At: later, Code: "General"}, true,
		},
		{
			"a policy that SES calls permanent", `"eventType": "Bounce", "bounce": {` + at + `, "bounceType": "Permanent", "bounceSubType": "General",
				"bouncedRecipients": [{"emailAddress": "jan@example.com", "status": "5.7.1", "diagnosticCode": "smtp; 554 5.7.1 Recipient address rejected: Policy violation"}]}`,
			message.Effect{Kind: message.Verdict, Status: "bounce", At: later, Code: "5.7.1", Detail: "smtp; 554 5.7.1 Recipient address rejected: Policy violation"}, false,
		},
		{
			"a full mailbox that SES calls permanent", `"eventType": "Bounce", "bounce": {` + at + `, "bounceType": "Permanent", "bounceSubType": "General",
				"bouncedRecipients": [{"emailAddress": "jan@example.com", "status": "5.2.2", "diagnosticCode": "smtp; 552 5.2.2 Over quota"}]}`,
			message.Effect{Kind: message.Verdict, Status: "bounce", At: later, Code: "5.2.2", Detail: "smtp; 552 5.2.2 Over quota"}, false,
		},
		{
			"a full mailbox", `"eventType": "Bounce", "bounce": {` + at + `, "bounceType": "Transient", "bounceSubType": "MailboxFull",
				"bouncedRecipients": [{"emailAddress": "jan@example.com"}]}`,
			message.Effect{Kind: message.Verdict, Status: "bounce", At: later, Code: "MailboxFull"}, false,
		},
		{
			"an absence notice that SES reports as a bounce", `"eventType": "Bounce", "bounce": {` + at + `, "bounceType": "Transient", "bounceSubType": "General",
				"bouncedRecipients": [{"emailAddress": "jan@example.com"}]}`,
			message.Effect{Kind: message.Verdict, Status: "auto-reply", At: later, Code: "General"}, false,
		},
		{
			"a server that gave up", `"eventType": "Bounce", "bounce": {` + at + `, "bounceType": "Transient", "bounceSubType": "General",
				"bouncedRecipients": [{"emailAddress": "jan@example.com", "action": "failed", "status": "4.4.7"}]}`,
			message.Effect{Kind: message.Verdict, Status: "bounce", At: later, Code: "4.4.7"}, false,
		},
		{
			"a complaint", `"eventType": "Complaint", "complaint": {` + at + `, "complaintFeedbackType": "abuse", "complainedRecipients": [{"emailAddress": "jan@example.com"}]}`,
			message.Effect{Kind: message.Verdict, Status: "complaint", At: later, Code: "abuse"}, false,
		},
		{
			"a delay", `"eventType": "DeliveryDelay", "deliveryDelay": {` + at + `, "delayType": "TransientCommunicationFailure", "delayedRecipients": [{"emailAddress": "jan@example.com", "status": "4.4.1"}]}`,
			message.Effect{Kind: message.Verdict, Status: "delay", At: later, Code: "4.4.1"}, false,
		},
		{"a rejection", `"eventType": "Reject", "reject": {"reason": "Bad content"}`, message.Effect{Kind: message.Status, Status: "failed", At: sent, Code: "rejected", Detail: "Bad content"}, false},
		{
			"a rendering failure", `"eventType": "Rendering Failure", "failure": {"errorMessage": "no x"}`,
			message.Effect{Kind: message.Status, Status: "failed", At: sent, Code: "rendering-failure", Detail: "no x"}, false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := email.ReadSendingEvent([]byte("{" + tt.event + ", " + eventMail + "}"))
			if err != nil || len(got.Effects) != 1 || (len(got.HardBounces) == 1) != tt.hard {
				t.Fatalf("got %+v and error %v, want one effect and hard bounce %v", got, err, tt.hard)
			}
			if want := "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb@support.example.com 0102018-000000@eu-west-1.amazonses.com"; strings.Join(got.OwnMailIDs, " ") != want {
				t.Errorf("got mail ids %q, want %s", got.OwnMailIDs, want)
			}
			e := got.Effects[0]
			if e.Customer.Value != "jan@example.com" || e.Channel != message.Email {
				t.Errorf("got customer %+v on %s, want jan@example.com on email", e.Customer, e.Channel)
			}
			e.Channel = ""
			e.Customer = identity.Address{}
			if diff := cmp.Diff(tt.want, e); diff != "" {
				t.Errorf("effect (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadSendingEvent_NoEffect(t *testing.T) {
	t.Parallel()
	for _, event := range []string{
		`"eventType": "Click"`, `"eventType": "Open"`, `"eventType": "Complaint", "complaint": {"complaintFeedbackType": "not-spam"}`,
	} {
		if got, err := email.ReadSendingEvent([]byte("{" + event + ", " + eventMail + "}")); err != nil || len(got.Effects) != 0 {
			t.Errorf("%s: got %+v and error %v, want no effects", event, got, err)
		}
	}
	for _, event := range []string{"", "{", "[]", `{"eventType": "Send"}`, `{"eventType": "Send", "mail": {"messageId": "x"}}`, `{"eventType": 3}`} {
		if _, err := email.ReadSendingEvent([]byte(event)); err == nil {
			t.Errorf("%s: got no error, want one", event)
		}
	}
}

// FuzzReadSendingEvent checks that the effects of any event can be stored, after
// the caller set their target.
func FuzzReadSendingEvent(f *testing.F) {
	f.Add([]byte(`{"eventType": "Send", ` + eventMail + `}`))
	f.Add([]byte(`{"eventType": "Bounce", "bounce": {"timestamp": "1960-01-01T00:00:00Z", "bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "a@b.example", "status": "\u0000"}]}, ` + eventMail + `}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		got, err := email.ReadSendingEvent(event)
		if err != nil {
			return
		}
		for _, e := range got.Effects {
			e.Target = "x"
			if err := e.Validate(); err != nil {
				t.Errorf("got an invalid effect: %v", err)
			}
			if len(e.Code) > 100 || len(e.Detail) > 500 || strings.ContainsRune(e.Detail, 0) {
				t.Errorf("got effect %+v, want a shorter code and detail without NUL", e)
			}
		}
		if len(got.OwnMailIDs) > 2 || len(got.Effects) > 50 {
			t.Errorf("got %d ids and %d effects, want at most 2 and 50", len(got.OwnMailIDs), len(got.Effects))
		}
	})
}

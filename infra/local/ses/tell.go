package ses

import (
	"encoding/json"
	"strings"
	"time"
)

// tell publishes what became of a mail, as its configuration set wants it.
func (s *Server) tell(one Sent, kind string, more map[string]any) error {
	if s.cfg.Tell == nil || one.Set == "" {
		return nil
	}
	id, _, _ := strings.Cut(one.ID, "@")
	event := map[string]any{
		"eventType": eventTypes[kind],
		"mail": map[string]any{
			"timestamp": stamp(one.At), "source": one.From, "sourceArn": "arn:aws:ses:" + s.cfg.Region + ":000000000000:identity/" + one.From,
			"sendingAccountId": "000000000000", "messageId": id, "destination": one.To, "headersTruncated": false,
			"headers":       []map[string]string{{"name": "Message-ID", "value": "<" + one.Own + ">"}},
			"commonHeaders": map[string]any{"messageId": "<" + one.Own + ">", "to": one.To},
			"tags":          map[string][]string{"ses:configuration-set": {one.Set}},
		},
	}
	for name, v := range more {
		event[name] = v
	}
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	return s.cfg.Tell(one.Set, kind, data)
}

// eventTypes are the names that events have in themselves, by those that a
// destination asks for them with.
var eventTypes = map[string]string{"send": "Send", "delivery": "Delivery", "bounce": "Bounce", "complaint": "Complaint"}

// sentOff tells that a mail was taken, and that it arrived, where it did.
func (s *Server) sentOff(one Sent) error {
	if err := s.tell(one, "send", map[string]any{"send": map[string]any{}}); err != nil {
		return err
	}
	if kind, ok := simulated(one.To[0]); ok && kind != AutoReply {
		return nil
	}
	return s.tell(one, "delivery", map[string]any{"delivery": map[string]any{
		"timestamp": stamp(s.cfg.Now()), "processingTimeMillis": 1, "recipients": one.To, "smtpResponse": "250 2.6.0 Message received",
	}})
}

// tellBack tells what came back.
func (s *Server) tellBack(one Sent, kind Kind) error {
	at, who := stamp(s.cfg.Now()), one.To[0]
	bounce := func(typ, sub, status, diagnostic string) error {
		return s.tell(one, "bounce", map[string]any{"bounce": map[string]any{
			"timestamp": at, "bounceType": typ, "bounceSubType": sub, "feedbackId": newID(),
			"bouncedRecipients": []map[string]string{{"emailAddress": who, "action": "failed", "status": status, "diagnosticCode": "smtp; " + diagnostic}},
		}})
	}
	switch kind {
	case Bounce:
		return bounce("Permanent", "General", "5.1.1", "550 5.1.1 user unknown")
	case SoftBounce:
		return bounce("Transient", "MailboxFull", "4.2.2", "452 4.2.2 The mailbox is full")
	case Complaint:
		return s.tell(one, "complaint", map[string]any{"complaint": map[string]any{
			"timestamp": at, "complaintFeedbackType": "abuse", "feedbackId": newID(), "complainedRecipients": []map[string]string{{"emailAddress": who}},
		}})
	default:
		return nil // SES does not see what comes to us directly
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

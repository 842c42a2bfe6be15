package ses

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// publishEvent publishes an event about a mail to its configuration set, if it
// has one. More holds the fields of this kind of event.
func (s *Server) publishEvent(one SentMail, kind string, more map[string]any) error {
	if s.cfg.Publish == nil || one.Set == "" {
		return nil
	}
	id, _, _ := strings.Cut(one.ID, "@")
	event := map[string]any{
		"eventType": eventTypes[kind],
		"mail": map[string]any{
			"timestamp": formatEventTime(one.At), "source": one.From, "sourceArn": "arn:aws:ses:" + s.cfg.Region + ":000000000000:identity/" + one.From,
			"sendingAccountId": "000000000000", "messageId": id, "destination": one.To, "headersTruncated": false,
			"headers":       []map[string]string{{"name": "Message-ID", "value": "<" + one.SenderMessageID + ">"}},
			"commonHeaders": map[string]any{"messageId": "<" + one.SenderMessageID + ">", "to": one.To},
			"tags":          map[string][]string{"ses:configuration-set": {one.Set}},
		},
	}
	for name, v := range more {
		event[name] = v
	}
	data, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode the event %s: %w", kind, err)
	}
	return s.cfg.Publish(one.Set, kind, data)
}

// eventTypes maps the event type in the configuration of a destination to the
// eventType in the event.
var eventTypes = map[string]string{"send": "Send", "delivery": "Delivery", "bounce": "Bounce", "complaint": "Complaint"}

// publishSent publishes the event "send". It also publishes "delivery", unless
// the recipient is a simulator address that bounces or complains.
func (s *Server) publishSent(one SentMail) error {
	if err := s.publishEvent(one, "send", map[string]any{"send": map[string]any{}}); err != nil {
		return err
	}
	if kind, ok := simulatedKind(one.To[0]); ok && kind != AutoReply {
		return nil
	}
	return s.publishEvent(one, "delivery", map[string]any{"delivery": map[string]any{
		"timestamp": formatEventTime(s.cfg.Now()), "processingTimeMillis": 1, "recipients": one.To, "smtpResponse": "250 2.6.0 Message received",
	}})
}

// publishFeedback publishes the event for a bounce or complaint. An automatic
// reply has no event, because it does not pass through SES.
func (s *Server) publishFeedback(one SentMail, kind Kind) error {
	at := formatEventTime(s.cfg.Now())
	who := one.To[0]
	bounce := func(typ, sub, status, diagnostic string) error {
		return s.publishEvent(one, "bounce", map[string]any{"bounce": map[string]any{
			"timestamp": at, "bounceType": typ, "bounceSubType": sub, "feedbackId": newMessageID(),
			"bouncedRecipients": []map[string]string{{"emailAddress": who, "action": "failed", "status": status, "diagnosticCode": "smtp; " + diagnostic}},
		}})
	}
	switch kind {
	case Bounce:
		return bounce("Permanent", "General", "5.1.1", "550 5.1.1 user unknown")
	case SoftBounce:
		return bounce("Transient", "MailboxFull", "4.2.2", "452 4.2.2 The mailbox is full")
	case Complaint:
		return s.publishEvent(one, "complaint", map[string]any{"complaint": map[string]any{
			"timestamp": at, "complaintFeedbackType": "abuse", "feedbackId": newMessageID(), "complainedRecipients": []map[string]string{{"emailAddress": who}},
		}})
	default:
		return nil
	}
}

func formatEventTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

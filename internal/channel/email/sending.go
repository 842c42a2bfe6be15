package email

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/strictjson"
)

// SendingEvent is SES's report on one mail that we sent: it was accepted,
// delivered, bounced, and so on.
type SendingEvent struct {
	OwnMailIDs  []string         // Message-IDs of the mail: the one we wrote, and the one that SES gave it
	Effects     []message.Effect // the outcome for each recipient; the caller sets their Target
	HardBounces []identity.Alias // addresses that will never work
}

// maxEventRecipients limits the recipients read from one event. Our mails have
// one.
const maxEventRecipients = 50

// sesEvent is the JSON that SES publishes, as an event of a configuration set
// or as a notification of an identity.
type sesEvent struct {
	EventType, NotificationType string
	Mail                        struct {
		Timestamp            time.Time
		MessageID, SourceArn string
		Destination          []string
		CommonHeaders        struct{ MessageID string }
		Headers              []struct{ Name, Value string }
	}
	Delivery struct{ Timestamp time.Time }
	Bounce   struct {
		Timestamp                 time.Time
		BounceType, BounceSubType string
		BouncedRecipients         []sesRecipient
	}
	Complaint struct {
		Timestamp                               time.Time
		ComplaintSubType, ComplaintFeedbackType string
		ComplainedRecipients                    []sesRecipient
	}
	Reject        struct{ Reason string }
	Failure       struct{ ErrorMessage string }
	DeliveryDelay struct {
		Timestamp         time.Time
		DelayType         string
		DelayedRecipients []sesRecipient
	}
}

type sesRecipient struct{ EmailAddress, Status, DiagnosticCode string }

// ReadSendingEvent reads an event of SES about a mail that it sent for us. An
// event that does not belong in a history, such as a click, has no effects. An
// event that is not JSON, or names no mail, is [fault.Invalid].
func ReadSendingEvent(event []byte) (SendingEvent, error) {
	ev, err := decodeSendingEvent(event)
	if err != nil {
		return SendingEvent{}, err
	}
	out := SendingEvent{OwnMailIDs: ev.mailIDs()}
	e := message.Effect{Channel: message.Email, Kind: message.Status, At: ev.Mail.Timestamp}
	var recipients []sesRecipient
	var at time.Time
	switch cmp.Or(ev.EventType, ev.NotificationType) {
	case "Send":
		e.Status = "sent"
		e.MailID = ev.sesMailID()
	case "Delivery":
		e.Status = "delivered"
		at = ev.Delivery.Timestamp
	case "Bounce":
		e.Kind = message.Verdict
		e.Status = "bounce"
		e.Code = ev.Bounce.BounceSubType
		at = ev.Bounce.Timestamp
		recipients = ev.Bounce.BouncedRecipients
		out.HardBounces = ev.hardBounces()
		if ev.isAutoReply() {
			e.Status = "auto-reply"
		}
	case "Complaint":
		if ev.Complaint.ComplaintFeedbackType == "not-spam" {
			return out, nil
		}
		e.Kind = message.Verdict
		e.Status = "complaint"
		e.Code = cmp.Or(ev.Complaint.ComplaintFeedbackType, ev.Complaint.ComplaintSubType)
		at = ev.Complaint.Timestamp
		recipients = ev.Complaint.ComplainedRecipients
	case "DeliveryDelay":
		e.Kind = message.Verdict
		e.Status = "delay"
		e.Code = ev.DeliveryDelay.DelayType
		at = ev.DeliveryDelay.Timestamp
		recipients = ev.DeliveryDelay.DelayedRecipients
	case "Reject":
		e.Status = "failed"
		e.Code = "rejected"
		e.Detail = ev.Reject.Reason
	case "Rendering Failure":
		e.Status = "failed"
		e.Code = "rendering-failure"
		e.Detail = ev.Failure.ErrorMessage
	default:
		return out, nil
	}
	if at.UnixMilli() > 0 {
		e.At = at
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	out.Effects = effectPerRecipient(e, recipients, ev.Mail.Destination)
	return out, nil
}

// decodeSendingEvent decodes an event of SES, which must name a mail and its time.
func decodeSendingEvent(event []byte) (sesEvent, error) {
	var ev sesEvent
	if err := strictjson.CheckUTF8(event); err != nil {
		return ev, err
	}
	if err := json.Unmarshal(strictjson.DropHalfPairs(event), &ev); err != nil {
		return ev, fault.New(fault.Invalid, "the event of SES is not valid JSON")
	}
	if ev.Mail.MessageID == "" || ev.Mail.Timestamp.UnixMilli() <= 0 {
		return ev, fault.New(fault.Invalid, "the event of SES has no mail.messageId or no mail.timestamp")
	}
	return ev, nil
}

// isAutoReply reports whether a bounce of SES is actually an automatic reply,
// such as an absence notice, to a mail that arrived. SES reports it as a
// transient general bounce without a status from a mail server.
func (ev *sesEvent) isAutoReply() bool {
	if ev.Bounce.BounceType != "Transient" || ev.Bounce.BounceSubType != "General" {
		return false
	}
	fromServer := func(r sesRecipient) bool { return r.Status != "" || r.DiagnosticCode != "" }
	return !slices.ContainsFunc(ev.Bounce.BouncedRecipients, fromServer)
}

// hardBounces returns the recipients that will never work. SES calls a bounce
// permanent too if the receiving server refused the mail because of a policy.
// So the server's answer must prove it, unless SES gives none or blocks the
// address itself.
func (ev *sesEvent) hardBounces() []identity.Alias {
	if ev.Bounce.BounceType != "Permanent" {
		return nil
	}
	blocked := slices.Contains([]string{"NoEmail", "Suppressed", "OnAccountSuppressionList"}, ev.Bounce.BounceSubType)
	var all []identity.Alias
	for _, r := range ev.Bounce.BouncedRecipients[:min(len(ev.Bounce.BouncedRecipients), maxEventRecipients)] {
		alias, err := identity.NewAlias(identity.Email, "", r.EmailAddress)
		if err != nil {
			continue
		}
		saysNothing := r.Status == "" && r.DiagnosticCode == ""
		if blocked || saysNothing || bounce.IsGone(r.Status, r.DiagnosticCode) {
			all = append(all, alias)
		}
	}
	return all
}

// effectPerRecipient returns e for each recipient that the event names, or for
// each destination of the mail if it names none.
func effectPerRecipient(e message.Effect, recipients []sesRecipient, destination []string) []message.Effect {
	if len(recipients) == 0 {
		for _, address := range destination {
			recipients = append(recipients, sesRecipient{EmailAddress: address})
		}
	}
	var out []message.Effect
	for _, r := range recipients[:min(len(recipients), maxEventRecipients)] {
		alias, err := identity.NewAlias(identity.Email, "", r.EmailAddress)
		if err != nil {
			continue
		}
		one := e
		one.Customer = identity.Address{Alias: alias, Assurance: identity.Claimed}
		one.Code = message.Clean(cmp.Or(r.Status, e.Code), 100)
		one.Detail = message.Clean(cmp.Or(r.DiagnosticCode, e.Detail), 500)
		out = append(out, one)
	}
	return out
}

// mailIDs returns the Message-IDs under which we may have recorded the mail.
func (ev *sesEvent) mailIDs() []string {
	var all []string
	add := func(id string) {
		if id = strings.Trim(strings.TrimSpace(id), "<>"); mayBeOwnMailID(id) {
			all = append(all, message.Cut(id, maxMailID))
		}
	}
	add(ev.Mail.CommonHeaders.MessageID)
	for _, h := range ev.Mail.Headers {
		if len(all) == 0 && strings.EqualFold(h.Name, "Message-ID") {
			add(h.Value)
		}
	}
	add(ev.sesMailID())
	return all
}

// sesMailID returns the Message-ID that the recipient of the mail sees. It is
// empty if the event does not name the region.
func (ev *sesEvent) sesMailID() string {
	arn := strings.Split(ev.Mail.SourceArn, ":")
	switch {
	case len(arn) < 6 || arn[3] == "":
		return ""
	case arn[3] == "us-east-1":
		return ev.Mail.MessageID + "@email.amazonses.com"
	default:
		return ev.Mail.MessageID + "@" + arn[3] + ".amazonses.com"
	}
}

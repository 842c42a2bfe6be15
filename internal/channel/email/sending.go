package email

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// Told is what SES says of one mail of ours that it sent, or did not.
type Told struct {
	Ours    []string         // Message-IDs of the mail: ours, which it had when we gave it to SES, and SES's own
	Effects []contact.Effect // what became of it, for each recipient that is named; targets are set by who knows the mail
	Hard    bool             // the address will never work
}

// maxToldRecipients is how many recipients of one mail are read; ours has one.
const maxToldRecipients = 50

// A sendingEvent is what SES publishes, as an event of a configuration set or
// a notification of an identity.
type sendingEvent struct {
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
		BouncedRecipients         []toldRecipient
	}
	Complaint struct {
		Timestamp                               time.Time
		ComplaintSubType, ComplaintFeedbackType string
		ComplainedRecipients                    []toldRecipient
	}
	Reject        struct{ Reason string }
	Failure       struct{ ErrorMessage string }
	DeliveryDelay struct {
		Timestamp         time.Time
		DelayType         string
		DelayedRecipients []toldRecipient
	}
}

type toldRecipient struct{ EmailAddress, Status, DiagnosticCode string }

// ReadTold reads an event of SES about a mail that it sent for us. What it
// says that is no concern of a history, a click, has no effects.
func ReadTold(event []byte) (Told, error) {
	var ev sendingEvent
	if err := json.Unmarshal(event, &ev); err != nil {
		return Told{}, fault.New(fault.Invalid, "not an event of SES")
	}
	if ev.Mail.MessageID == "" || ev.Mail.Timestamp.UnixMilli() <= 0 {
		return Told{}, fault.New(fault.Invalid, "an event of SES that names no mail")
	}
	t := Told{Ours: ev.ids()}
	e := contact.Effect{Channel: contact.Email, Kind: contact.Status, At: ev.Mail.Timestamp}
	var said []toldRecipient
	at := time.Time{}
	switch cmp.Or(ev.EventType, ev.NotificationType) {
	case "Send":
		e.Status, e.MailID = "sent", ev.sesID()
	case "Delivery":
		e.Status, at = "delivered", ev.Delivery.Timestamp
	case "Bounce":
		e.Kind, e.Status, at, said = contact.Verdict, "bounce", ev.Bounce.Timestamp, ev.Bounce.BouncedRecipients
		e.Code, t.Hard = ev.Bounce.BounceSubType, ev.Bounce.BounceType == "Permanent"
		if ev.answeredByItself() {
			e.Status = "auto-reply"
		}
	case "Complaint":
		if ev.Complaint.ComplaintFeedbackType == "not-spam" {
			return t, nil
		}
		e.Kind, e.Status, at, said = contact.Verdict, "complaint", ev.Complaint.Timestamp, ev.Complaint.ComplainedRecipients
		e.Code = cmp.Or(ev.Complaint.ComplaintFeedbackType, ev.Complaint.ComplaintSubType)
	case "DeliveryDelay":
		e.Kind, e.Status, at, said = contact.Verdict, "delay", ev.DeliveryDelay.Timestamp, ev.DeliveryDelay.DelayedRecipients
		e.Code = ev.DeliveryDelay.DelayType
	case "Reject":
		e.Status, e.Code, e.Detail = "failed", "rejected", ev.Reject.Reason
	case "Rendering Failure":
		e.Status, e.Code, e.Detail = "failed", "rendering-failure", ev.Failure.ErrorMessage
	default:
		return t, nil
	}
	if at.UnixMilli() > 0 {
		e.At = at
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	t.Effects = toEach(e, said, ev.Mail.Destination)
	return t, nil
}

// answeredByItself reports whether what SES calls a bounce is an automatic
// reply, an absence: a transient one of no kind, for which no server gave a
// status. The mail arrived.
func (ev *sendingEvent) answeredByItself() bool {
	return ev.Bounce.BounceType == "Transient" && ev.Bounce.BounceSubType == "General" &&
		!slices.ContainsFunc(ev.Bounce.BouncedRecipients, func(r toldRecipient) bool { return r.Status != "" || r.DiagnosticCode != "" })
}

// toEach returns e for each recipient that it is about: those who are named,
// else those whom the mail was for.
func toEach(e contact.Effect, said []toldRecipient, all []string) []contact.Effect {
	if len(said) == 0 {
		for _, address := range all {
			said = append(said, toldRecipient{EmailAddress: address})
		}
	}
	var out []contact.Effect
	for _, r := range said[:min(len(said), maxToldRecipients)] {
		alias, err := identity.NewAlias(identity.Email, "", r.EmailAddress)
		if err != nil {
			continue
		}
		one := e
		one.Customer = identity.Address{Alias: alias, Assurance: identity.Claimed}
		one.Code = contact.Clean(cmp.Or(r.Status, e.Code), 100)
		one.Detail = contact.Clean(cmp.Or(r.DiagnosticCode, e.Detail), 500)
		out = append(out, one)
	}
	return out
}

// ids returns the Message-IDs under which the mail may be known.
func (ev *sendingEvent) ids() []string {
	var all []string
	add := func(id string) {
		if id = strings.Trim(strings.TrimSpace(id), "<>"); mayBeOurs(id) {
			all = append(all, contact.Cut(id, 998))
		}
	}
	add(ev.Mail.CommonHeaders.MessageID)
	for _, h := range ev.Mail.Headers {
		if len(all) == 0 && strings.EqualFold(h.Name, "Message-ID") {
			add(h.Value)
		}
	}
	add(ev.sesID())
	return all
}

// sesID is the Message-ID that the recipient of the mail sees; empty when the
// event does not say in which region it was sent.
func (ev *sendingEvent) sesID() string {
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

package ses

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// A Kind is what comes back of a mail.
type Kind string

// What may come back.
const (
	Bounce     Kind = "bounce"      // the address does not exist
	SoftBounce Kind = "soft-bounce" // the mailbox is full
	Complaint  Kind = "complaint"   // the recipient calls it spam
	AutoReply  Kind = "auto-reply"  // the recipient is away
)

// Answer sends back what a recipient's server, or its program, makes of a mail
// that was sent, by mail, and as an event.
func (s *Server) Answer(one Sent, kind Kind) error {
	if err := s.tellBack(one, kind); err != nil {
		return err
	}
	if s.cfg.Deliver == nil {
		return nil
	}
	from, to, raw := s.reply(one, kind)
	return s.cfg.Deliver(from, to, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
}

// simulate answers as SES's mailbox simulator does.
func (s *Server) simulate(one Sent) {
	if kind, ok := simulated(one.To[0]); ok {
		_ = s.Answer(one, kind) // mail gets lost, too
	}
}

// simulated says what comes back from an address of the mailbox simulator.
func simulated(to string) (Kind, bool) {
	local, domain, _ := strings.Cut(to, "@")
	local, _, _ = strings.Cut(local, "+")
	kind, ok := map[string]Kind{"bounce": Bounce, "complaint": Complaint, "ooto": AutoReply}[local]
	return kind, ok && domain == "simulator.amazonses.com"
}

func (s *Server) reply(one Sent, kind Kind) (from, to, raw string) {
	h := header(one.Raw)
	who, date := one.To[0], s.cfg.Now().UTC().Format(time.RFC1123Z)
	returned := headerText(one.Raw)
	boundary := "b" + newID()[4:12]
	switch kind {
	case Complaint:
		return "", one.Feedback, fmt.Sprintf(complaintMail, date, one.Feedback, boundary, boundary, who, boundary, who, boundary, returned, boundary)
	case AutoReply:
		return who, addressOf(h.Get("Reply-To"), h.Get("From")), fmt.Sprintf(autoReplyMail, who, addressOf(h.Get("Reply-To"), h.Get("From")), date, newID(),
			h.Get("Message-Id"), strings.Join(strings.Fields(h.Get("References")), " "), h.Get("Message-Id"), h.Get("Subject"))
	case SoftBounce:
		return "", one.Feedback, fmt.Sprintf(bounceMail, date, one.Feedback, boundary, boundary, who, boundary, who, "4.2.2", "452 4.2.2 The mailbox is full", boundary, returned, boundary)
	default:
		return "", one.Feedback, fmt.Sprintf(bounceMail, date, one.Feedback, boundary, boundary, who, boundary, who, "5.1.1", "550 5.1.1 user unknown", boundary, returned, boundary)
	}
}

const bounceMail = `From: MAILER-DAEMON@eu-west-1.amazonses.com
Date: %s
To: %s
Subject: Delivery Status Notification (Failure)
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="%s"

--%s
Content-Type: text/plain; charset=us-ascii

An error occurred while trying to deliver the mail to the following recipients:
%s

--%s
Content-Type: message/delivery-status

Reporting-MTA: dns; a1-1.smtp-out.eu-west-1.amazonses.com

Final-Recipient: rfc822; %s
Action: failed
Status: %s
Diagnostic-Code: smtp; %s

--%s
Content-Type: message/rfc822

%s
--%s--
`

const complaintMail = `From: complaints@eu-west-1.amazonses.com
Date: %s
To: %s
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="%s"

--%s
Content-Type: text/plain; charset=us-ascii

This is an email abuse report for a message to %s.

--%s
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Local/1.0
Version: 1
Original-Rcpt-To: %s

--%s
Content-Type: message/rfc822

%s
--%s--
`

const autoReplyMail = `From: %s
To: %s
Date: %s
Message-ID: <%s@example.com>
In-Reply-To: %s
References: %s %s
Subject: Automatic reply: %s
Auto-Submitted: auto-replied
X-Auto-Response-Suppress: All
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

I am away until Monday.
`

func header(raw []byte) mail.Header {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return mail.Header{}
	}
	return m.Header
}

// headerText is a mail without its body, which servers send back.
func headerText(raw []byte) string {
	text, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	return strings.ReplaceAll(string(text), "\r\n", "\n") + "\n"
}

// headerFrom is the address in a mail's From.
func headerFrom(raw []byte) string { return addressOf(header(raw).Get("From")) }

// addressOf is the address in the first of the fields that has one.
func addressOf(fields ...string) string {
	for _, f := range fields {
		if a, err := mail.ParseAddress(f); err == nil {
			return a.Address
		}
	}
	return ""
}

package ses

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// A Kind is a kind of reaction to a sent mail.
type Kind string

// The reactions to a sent mail.
const (
	Bounce     Kind = "bounce"      // the address does not exist
	SoftBounce Kind = "soft-bounce" // the mailbox is full
	Complaint  Kind = "complaint"   // the recipient reports spam
	AutoReply  Kind = "auto-reply"  // the recipient is away
)

// Answer simulates the reaction of a recipient to a sent mail. It publishes the
// event of SES and delivers the mail that comes back.
func (s *Server) Answer(one SentMail, kind Kind) error {
	if err := s.publishFeedback(one, kind); err != nil {
		return fmt.Errorf("publish the event of a %s: %w", kind, err)
	}
	if s.cfg.Deliver == nil {
		return nil
	}
	from, to, raw := s.composeAnswer(one, kind)
	return s.cfg.Deliver(from, to, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
}

// simulateAnswer reacts as SES's mailbox simulator does, if the recipient is one
// of its addresses.
func (s *Server) simulateAnswer(one SentMail) {
	if kind, ok := simulatedKind(one.To[0]); ok {
		_ = s.Answer(one, kind) // a lost bounce is realistic
	}
}

// simulatedKind returns the reaction of an address of the mailbox simulator, and
// whether it is such an address.
func simulatedKind(to string) (Kind, bool) {
	local, domain, _ := strings.Cut(to, "@")
	local, _, _ = strings.Cut(local, "+")
	kind, ok := map[string]Kind{"bounce": Bounce, "complaint": Complaint, "ooto": AutoReply}[local]
	return kind, ok && domain == "simulator.amazonses.com"
}

// composeAnswer returns the mail that comes back, with its SMTP sender and
// recipient. Its lines end in a bare newline.
func (s *Server) composeAnswer(one SentMail, kind Kind) (from, to, raw string) {
	h := parseHeader(one.Raw)
	who := one.To[0]
	date := s.cfg.Now().UTC().Format(time.RFC1123Z)
	returned := headerText(one.Raw)
	boundary := "b" + newMessageID()[4:12]
	switch kind {
	case Complaint:
		return "", one.Feedback, fmt.Sprintf(complaintMail, date, one.Feedback, boundary, boundary, who, boundary, who, boundary, returned, boundary)
	case AutoReply:
		return who, firstAddress(h.Get("Reply-To"), h.Get("From")), fmt.Sprintf(autoReplyMail, who, firstAddress(h.Get("Reply-To"), h.Get("From")), date, newMessageID(),
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

// parseHeader returns the header of a mail, empty if it cannot be parsed.
func parseHeader(raw []byte) mail.Header {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return mail.Header{}
	}
	return m.Header
}

// headerText returns the header of a mail as text, which servers attach to a
// bounce.
func headerText(raw []byte) string {
	text, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	return strings.ReplaceAll(string(text), "\r\n", "\n") + "\n"
}

// headerFrom returns the address in the From header of a mail.
func headerFrom(raw []byte) string { return firstAddress(parseHeader(raw).Get("From")) }

// firstAddress returns the address in the first field that has a valid one, or "".
func firstAddress(fields ...string) string {
	for _, f := range fields {
		if a, err := mail.ParseAddress(f); err == nil {
			return a.Address
		}
	}
	return ""
}

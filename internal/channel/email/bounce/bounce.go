// Package bounce reads automatic reports about mail we sent: that it could not
// be delivered, that the recipient complained, or that it was displayed.
//
// About half of the world's mail servers report in the format of RFC 3464,
// with the status that the refusing server gave. The others send a text for
// people. The package reads both: the fields first, then the text. If no
// server stated a status, the package derives one, with a third number from
// 901 to 999. No registry uses these numbers.
package bounce

import (
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// A Kind is the kind of a report.
type Kind string

// The kinds of report.
const (
	Bounce    Kind = "bounce"    // not delivered, and no server will try again
	Delay     Kind = "delay"     // not delivered yet
	Delivered Kind = "delivered" // delivered or passed on
	Complaint Kind = "complaint" // the recipient marked it as spam (ARF, RFC 5965)
	Receipt   Kind = "receipt"   // displayed, or deleted unread (MDN, RFC 8098)
	Reply     Kind = "auto-reply"
	Report    Kind = "report" // about mail in general, such as DMARC and TLS reports
)

// A Notice is the content of a report.
type Notice struct {
	Kind       Kind        `json:"kind"`
	Recipients []Recipient `json:"recipients,omitempty"`
	Original   string      `json:"original,omitempty"` // Message-ID of the reported mail, without brackets
	Feedback   string      `json:"feedback,omitempty"` // complaint: "abuse", "fraud", "opt-out", ...
}

// A Recipient is one address and what happened to the mail to it.
type Recipient struct {
	Address    string `json:"address,omitempty"`
	Action     string `json:"action,omitempty"`     // failed, delayed, delivered, relayed, expanded
	Status     string `json:"status,omitempty"`     // RFC 3463: "5.1.1"
	Reply      string `json:"reply,omitempty"`      // SMTP: "550"
	Reason     string `json:"reason,omitempty"`     // "userunknown", "mailboxfull", ...
	Hard       bool   `json:"hard,omitempty"`       // the address will never work
	Diagnostic string `json:"diagnostic,omitempty"` // the refusing server's words
}

// maxRecipients is the number of recipients of one report that are read.
const maxRecipients = 100

// maxText is the length of a report's text that is read, in bytes.
const maxText = 64 << 10

// Read returns the contents of a report, or nil if the mail is not a report.
func Read(root *rfc822.Part) *Notice {
	p := collectPieces(root)
	switch {
	case p.feedback != "":
		return p.readComplaint()
	case p.disposition != "":
		return p.readReceipt(root)
	case isAggregateReport(root):
		return &Notice{Kind: Report}
	case p.status == "" && !p.isWrittenByServer(root.Header):
		return readComplaintByHeader(root, p)
	case p.status == "" && isVacationReply(root.Header):
		return nil
	}
	return p.readBounce(root)
}

// isWrittenByServer reports whether a mail is a report that a server wrote as
// plain text, without the parts that a report should have.
func (p *reportPieces) isWrittenByServer(h rfc822.Header) bool {
	return isSentByDaemon(h) || p.hasReportSigns(h) || p.isReturnedToSender(h)
}

// reportPieces are the parts of a report.
type reportPieces struct {
	root         *rfc822.Part
	text         string // text for people; see readText
	isTextRead   bool
	status       string // message/delivery-status
	feedback     string // message/feedback-report
	disposition  string // message/disposition-notification
	original     rfc822.Header
	originalText string   // the returned mail, read if its header lacks a field
	senders      []string // domains of our own addresses, in lower case
}

// collectPieces returns the parts of a report, without its text.
func collectPieces(root *rfc822.Part) *reportPieces {
	p := &reportPieces{root: root}
	root.Walk(func(c *rfc822.Part) {
		switch c.Type {
		case "message/delivery-status", "message/global-delivery-status":
			p.status = limitText(p.status + partText(c) + "\n\n")
		case "message/feedback-report":
			p.feedback = limitText(p.feedback + partText(c))
		case "message/disposition-notification", "message/global-disposition-notification":
			p.disposition = limitText(p.disposition + partText(c))
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/rfc822-headers":
			p.readReturnedMail(partText(c))
		}
	})
	return p
}

// readText sets text, the report's text for people. It reads the parts only at
// the first call. Most mails that are not reports never need it.
func (p *reportPieces) readText() {
	if p.isTextRead {
		return
	}
	p.isTextRead = true
	p.root.Walk(func(c *rfc822.Part) {
		isOpen := strings.HasPrefix(c.Type, "multipart/") && len(c.Children) == 0 // its boundaries are missing
		switch {
		case len(p.text) >= maxText:
		case isOpen:
			p.text += partText(c) + "\n"
		case c.Type == "text/plain", c.Type == "text/html":
			p.text += plainPartText(c) + "\n"
		}
	})
	p.cutReturnedMail()
}

func limitText(s string) string { return s[:min(len(s), maxText)] }

func partText(c *rfc822.Part) string { s, _ := c.Text(maxText); return s }

var tagPattern = lazyPattern(`(?s)<(?:style|head).*?</(?:style|head)>|<[^@<>]*>`)

// plainPartText returns a part's text. HTML is converted roughly, because only
// its words matter.
func plainPartText(c *rfc822.Part) string {
	s := partText(c)
	if c.Type != "text/html" {
		return s
	}
	s = strings.NewReplacer("<br", "\n<br", "<p", "\n<p", "<tr", "\n<tr", "<div", "\n<div").Replace(s)
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&nbsp;", " ", "&#43;", "+", "&amp;", "&").Replace(tagPattern().ReplaceAllString(s, ""))
}

// readReturnedMail stores the header of the first returned mail.
func (p *reportPieces) readReturnedMail(s string) {
	if len(p.original.Fields) > 0 {
		return
	}
	inner, _ := rfc822.Parse([]byte(s))
	p.original = inner.Header
	p.originalText = s
}

// originalMessageID returns the Message-ID of the reported mail.
func (p *reportPieces) originalMessageID() string {
	if ids := p.original.IDs("Message-ID"); len(ids) > 0 {
		return ids[0]
	}
	for _, s := range []string{p.status, p.disposition, p.feedback} {
		for _, name := range []string{"Original-Message-ID", "X-Original-Message-ID", "Message-ID"} {
			if ids := parseFields(s).IDs(name); len(ids) > 0 {
				return ids[0]
			}
		}
	}
	if m := messageIDPattern().FindStringSubmatch(p.originalText); m != nil {
		return m[1]
	}
	if m := messageIDPattern().FindStringSubmatch(p.text); m != nil {
		return m[1]
	}
	return ""
}

var messageIDPattern = lazyPattern(`(?mi)^[ \t>]*message-id:\s*<([^<>\s]{3,300})>`)

// parseFields reads a block of lines in the form of a header, across empty
// lines.
func parseFields(s string) rfc822.Header {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !beginsField(line) {
			b.WriteByte(' ') // a server's answer continues, without indentation
		}
		b.WriteString(line)
	}
	return rfc822.ParseHeader([]byte(b.String()))
}

// beginsField reports whether line is a field or is indented already.
func beginsField(line string) bool {
	if line[0] == ' ' || line[0] == '\t' {
		return true
	}
	name, _, ok := strings.Cut(line, ":")
	return ok && !strings.ContainsAny(name, " [")
}

func (p *reportPieces) readComplaint() *Notice {
	p.readText()
	h := parseFields(p.feedback)
	n := &Notice{Kind: Complaint, Original: p.originalMessageID(), Feedback: strings.ToLower(h.Get("Feedback-Type"))}
	if n.Feedback == "auth-failure" || n.Feedback == "dmarc" {
		n.Kind = Report
	}
	for _, name := range []string{"Original-Rcpt-To", "Removal-Recipient"} {
		for _, a := range h.Addresses(name) {
			if a.Addr != "" {
				n.Recipients = append(n.Recipients, Recipient{Address: a.Addr})
			}
		}
	}
	if len(n.Recipients) == 0 {
		n.Recipients = p.originalRecipients()
	}
	return n
}

func (p *reportPieces) originalRecipients() []Recipient {
	var all []Recipient
	for _, a := range p.original.Addresses("To") {
		if a.Addr != "" && len(all) < maxRecipients {
			all = append(all, Recipient{Address: a.Addr})
		}
	}
	return all
}

func (p *reportPieces) readReceipt(root *rfc822.Part) *Notice {
	p.readText()
	h := parseFields(p.disposition)
	n := &Notice{Kind: Receipt, Original: p.originalMessageID()}
	address := parseTypedAddress(h.Get("Final-Recipient"))
	if address == "" {
		address = parseTypedAddress(h.Get("Original-Recipient"))
	}
	_, done, _ := strings.Cut(h.Get("Disposition"), ";")
	n.Recipients = []Recipient{{Address: address, Action: strings.ToLower(strings.TrimSpace(done))}}
	if strings.Contains(strings.ToLower(root.Header.Get("Auto-Submitted")), "rejected") { // a rejection by Sieve
		n.Kind = Bounce
		n.Recipients[0].Action = "failed"
		p.judgeRecipient(&n.Recipients[0], true, false)
	}
	return n
}

// readComplaintByHeader reads complaints without a feedback-report part.
func readComplaintByHeader(root *rfc822.Part, p *reportPieces) *Notice {
	subject := strings.ToLower(root.Header.Text("Subject"))
	if strings.HasPrefix(subject, "complaint about message from") || strings.HasPrefix(subject, "email feedback report for ip") {
		p.readText()
		return &Notice{Kind: Complaint, Feedback: "abuse", Original: p.originalMessageID(), Recipients: p.originalRecipients()}
	}
	return nil
}

// isAggregateReport reports whether the mail carries a DMARC or TLS report.
func isAggregateReport(root *rfc822.Part) bool {
	if strings.EqualFold(root.Params["report-type"], "tlsrpt") {
		return true
	}
	subject := strings.ToLower(root.Header.Text("Subject"))
	return strings.HasPrefix(subject, "report domain:") && strings.Contains(subject, "submitter:")
}

// daemonNames are local parts of addresses from which mail servers report.
var daemonNames = []string{"mailer-daemon", "mailerdaemon", "postmaster", "mail-daemon", "mail.delivery.system", "double-bounce", "mdaemon", "mail-daemon-", "mailerdaemon", "mailer_daemon", "bounce-notification"}

// isSentByDaemon reports whether a mail server wrote the mail.
func isSentByDaemon(h rfc822.Header) bool {
	for _, a := range h.Addresses("From") {
		local, _, _ := strings.Cut(strings.ToLower(a.Addr), "@")
		name := strings.ToLower(a.Name)
		for _, d := range daemonNames {
			if local == d || name == d || strings.HasPrefix(local, "mailer-daemon") {
				return hasReportSubject(h) || local != "postmaster" || h.Get("Return-Path") == "<>"
			}
		}
		if strings.HasPrefix(name, "mail delivery s") || strings.HasPrefix(name, "mail deliver s") || name == "mail administrator" {
			return true
		}
	}
	return false
}

// hasReportSigns reports whether anything other than the sender shows that the
// mail is a report. The subject alone does not: a customer may write about a
// parcel that was not delivered.
func (p *reportPieces) hasReportSigns(h rfc822.Header) bool {
	received := h.Get("Received")
	switch {
	case h.Has("X-Failed-Recipients"):
		return true
	case strings.HasPrefix(strings.ToLower(received), "(qmail") && strings.Contains(received, "for bounce"):
		return true
	case strings.Contains(h.Get("From"), "@sns.amazonaws.com") && strings.Contains(h.Get("Subject"), "AWS Notification"):
		return true
	case !hasReportSubject(h):
		return false
	case strings.TrimSpace(h.Get("Return-Path")) == "<>", h.Has("Auto-Submitted"):
		return true
	case strings.Contains(strings.ToLower(h.Get("Content-Type")), "report"):
		return true
	}
	p.readText()
	if hasCertainSubject(h) && len(p.original.Fields) > 0 {
		return true
	}
	return p.namesFailedAddress(h)
}

// undeliveredPattern matches the words of a mail server for a failed delivery.
var undeliveredPattern = lazyPattern(`(?i)(?:could|can|was|were|has|have) ?(?:not|n't) (?:be(?:en)? )?(?:delivered|sent)|undeliverable|unable to deliver|did not (?:reach|receive)|delivery (?:to .{0,80} )?(?:has )?failed|permanent(?:ly)? (?:error|failure|failed)|kon niet worden (?:bezorgd|afgeleverd|verzonden)|(?:konnte|kann) nicht zugestellt|n'a pas (?:pu|été) (?:être )?(?:remis|distribu|livr|délivr)|no (?:se )?(?:pudo|ha podido) (?:ser )?entrega|配信(?:でき|不能)|送信できません|届きません|届けできません`)

// isReturnedToSender reports whether a mail without a sender says that a
// delivery failed, and to which address. A mail server writes so in its own
// words, under any name and subject. A person's mail has a sender.
func (p *reportPieces) isReturnedToSender(h rfc822.Header) bool {
	if strings.TrimSpace(h.Get("Return-Path")) != "<>" {
		return false
	}
	p.readText()
	if isAnswer(h) && len(p.original.Fields) == 0 {
		return false // an absence notice may quote the mail that it answers
	}
	at := undeliveredPattern().FindStringIndex(p.text)
	if at == nil {
		return false
	}
	named := recipientSet{skip: p.addressesToSkip(h)}
	named.findMarkedAddresses(p.text[max(0, at[0]-300):min(len(p.text), at[1]+300)])
	return len(named.list) > 0
}

// isAnswer reports whether a mail answers or forwards another one.
func isAnswer(h rfc822.Header) bool {
	return h.Has("In-Reply-To") || h.Has("References") || forwardPrefixPattern().MatchString(h.Text("Subject"))
}

// namesFailedAddress reports whether the text says to which address a mail
// could not be delivered. It ignores replies, forwards and quoted lines,
// because people quote reports.
func (p *reportPieces) namesFailedAddress(h rfc822.Header) bool {
	if isAnswer(h) {
		return false
	}
	own, _, _ := strings.Cut("\n"+p.text, "\n>")
	at := failedMarkPattern().FindStringIndex(own)
	if at == nil {
		return false
	}
	named := recipientSet{skip: p.addressesToSkip(h)}
	named.findMarkedAddresses(own[at[0]:min(len(own), at[1]+300)])
	return len(named.list) > 0
}

var forwardPrefixPattern = lazyPattern(`(?i)^(?:fwd?|wg|tr|doorst|rv|enc|i|vs|pd|vl|vb)\s*:`)

var reportSubjectPattern = lazyPattern(`(?i)undeliver|delivery (?:status|failure|fail|problem|delay|report|notification|has failed|unsuccessful|error)|returned mail|mail (?:delivery|system|could not|failure|undeliverable)|failure notice|delivery[- ]failure|message (?:delivery|status|undeliverable|not delivered|rejected)|could not (?:be|send)|warning: (?:could|message)|rejected:|non[- ]?(?:remis|delivery|distribu)|onbestelbaar|niet bezorgd|unzustellbar|zustell|no (?:se pudo|entregado)|nicht zugestellt|mancata consegna|недоставлен|не доставлено|не удалось доставить|bounce|user unknown|unknown user|address (?:rejected|not found)|can't (?:deliver|create)|unable to deliver|failed (?:mail|delivery|delivering)|nondeliverable|not be delivered|mail error|message you sent blocked|配信|配送|エラーメール|退信|error sending`)

func hasReportSubject(h rfc822.Header) bool {
	return reportSubjectPattern().MatchString(h.Text("Subject"))
}

var certainSubjectPattern = lazyPattern(`(?i)^(?:undeliverable|undelivered mail returned|delivery status notification|failure notice|returned mail: |mail delivery failed|mail system error - returned|delivery failure|message you sent blocked|nondeliverable mail|mail could not be delivered|delivery has failed)`)

func hasCertainSubject(h rfc822.Header) bool {
	return certainSubjectPattern().MatchString(h.Text("Subject"))
}

// isVacationReply reports whether a mail from a server is only an automatic
// reply.
func isVacationReply(h rfc822.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Auto-Submitted")), "auto-replied") && !hasReportSubject(h)
}

// Package email turns the mails that SES receives into messages.
//
// A sender can write anything into a mail, so no content of a mail is an
// error. A mail is read within limits that no real mail reaches (see rfc822).
// A mail that exceeds them is marked, and its raw form is kept.
//
// The sender's own words prove nothing. Keys, times and assurance come from
// the receiving server's [Envelope].
//
// The package is pure: bytes in, messages out. Its subpackages do not depend
// on it: rfc822 splits a mail into parts, htmltext converts its HTML, reply
// separates the new text from quotes, and bounce reads reports of machines.
package email

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/channel/email/reply"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Limits of a mail's content in a message.
const (
	MaxText        = 1 << 20 // bytes of text in its original charset
	MaxAttachments = 100     // attachments listed with a message
	maxReferences  = 21      // Message-IDs: the first one and the last twenty
	maxMailID      = 998     // bytes of a Message-ID: the longest line of RFC 5322
)

// Marks warn the readers of a message.
const (
	MarkUnparsed  = "unparsed"  // a part or some characters could not be read; see the raw mail
	MarkTruncated = "truncated" // the text was cut at [MaxText]
	MarkEncrypted = "encrypted"
	MarkVirus     = "virus"
	MarkSpam      = "spam"
	MarkNoAuthor  = "no-author" // our own side sent it, and names no person who wrote it
	MarkEmpty     = "empty"     // it has neither text nor files
)

// Parsed is the content of a mail that its messages do not have.
type Parsed struct {
	Quarantine  string           // why the raw mail goes into quarantine too; empty if all its parts were read
	NoReply     bool             // it must not be answered automatically
	Forward     bool             // it forwards another mail
	ForwardedBy string           // address of the staff member who forwarded it, if the message is the original's and not theirs
	Kept        []reply.Span     // the new text's positions in the full text; empty for the words in the answer to an invitation
	MessageID   string           // written by the sender, without brackets
	Report      *bounce.Notice   // what a mail server reports; nil for any other mail
	OwnMailIDs  []string         // Message-IDs that may be of mails we sent, the likeliest first
	HardBounces []identity.Alias // addresses that the report proves will never work

	root  *rfc822.Part
	body  mailBody
	virus bool // found by SES: no file is taken out of the mail
}

// CheckLimits parses raw in one pass and returns an error that names the limit
// that it exceeds. Mail from real people exceeds none.
func CheckLimits(raw []byte) error {
	_, err := rfc822.Parse(raw)
	return err
}

// Normalize returns the messages of a mail, one for each of our mailboxes that
// it was sent to. A report of a mail server, or an automatic reply, also
// returns effects on the mail of ours that it is about.
//
// The same mail and envelope always give the same messages. The error means
// that the mail cannot be stored; no content of a mail causes it.
func Normalize(raw []byte, env Envelope) (message.Delivery, Parsed, error) {
	p := parseMail(raw)
	root := p.root
	env = completeEnvelope(env, raw, root)
	env.key, env.sentAt = mailKey(root, p, env)
	p.OwnMailIDs = findOwnMailIDs(root, p.Report, p.MessageID, env)
	p.HardBounces = hardBounces(p.Report)
	p.virus = env.Verdicts.Virus == "FAIL"
	m := message.Message{
		Version:   message.SchemaVersion,
		Channel:   message.Email,
		Direction: message.Inbound,
		Kind:      message.Mail,
		SentAt:    env.sentAt,
		Subject:   message.Clean(root.Header.Text("Subject"), message.MaxSubject),
	}
	setSender(&m, root, env, raw)
	sender := m.Customer
	invited := readInvitationAnswer(p)
	class := classify(root, env, p.Report, invited)
	author := bySender
	machine := class
	copiedTo := copiedRecipients(m, root, env, class)
	isCopy := len(copiedTo) == 1
	if isCopy {
		setCopiedAnswer(&m, copiedTo[0])
	} else {
		author = setAuthor(&m, root, env, class)
		class = adjustClass(author, class, root, m)
	}
	setThread(&m, root, p.MessageID, env)
	setText(&m, &p)
	if invited.words != "" {
		setInvitationWords(&m, &p, invited.words)
	}
	if !isCopy {
		author, p.ForwardedBy = setForwardedAuthor(&m, sender, env, p, author, machine)
	}
	class.noReply = class.noReply || isCopy
	class.passive = class.passive || len(copiedTo) > 1 // it answers several customers, and asks us nothing
	class.noReply = class.noReply || author.isUnnamed()
	m.Attachments = listAttachments(p.body, env)
	m.Automated = class.name
	m.Passive = class.passive
	p.NoReply = class.noReply || env.Verdicts.Spam == "FAIL"
	m.NoReply = p.NoReply
	m.Mark = markOf(m, p, env, author)
	if p.Report != nil {
		m.Data, _ = json.Marshal(p.Report)
	}

	d := message.Delivery{Messages: perMailbox(m, env)}
	for _, m := range d.Messages {
		if err := m.Validate(); err != nil {
			return message.Delivery{}, p, err
		}
	}
	d.Effects = effectsOf(p.Report, d.Messages[0])
	return d, p, nil
}

// perMailbox returns one message for each of our mailboxes that received the mail.
func perMailbox(m message.Message, env Envelope) []message.Message {
	mailboxes := ownMailboxes(env)
	all := make([]message.Message, len(mailboxes))
	for i, mailbox := range mailboxes {
		m.Account = mailbox
		m.ProviderID = env.key
		if mailbox != "" {
			m.ProviderID += "/" + mailbox
		}
		m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
		all[i] = m
	}
	return all
}

// parseMail reads the mail itself, without the envelope.
func parseMail(raw []byte) Parsed {
	root, err := rfc822.Parse(raw)
	p := Parsed{root: root}
	if err != nil {
		p.Quarantine = err.Error()
	}
	if ids := root.Header.IDs("Message-ID"); len(ids) > 0 {
		p.MessageID = message.Cut(ids[0], maxMailID)
	}
	p.Report = bounce.Read(root)
	p.body = readBody(root)
	return p
}

// completeEnvelope fills in missing fields of an envelope from the mail itself:
// the id from a hash of raw, the time and the mailbox from the header. So a
// mail without an envelope always gives the same message.
func completeEnvelope(env Envelope, raw []byte, root *rfc822.Part) Envelope {
	if env.SESID == "" {
		sum := sha256.Sum256(raw)
		env.SESID = hex.EncodeToString(sum[:])
	}
	if env.ReceivedAt.IsZero() {
		env.ReceivedAt = headerTime(root.Header)
	}
	env.ReceivedAt = env.ReceivedAt.UTC().Truncate(time.Millisecond)
	if len(env.Mailboxes) == 0 {
		env.Mailboxes = []string{headerMailbox(root.Header)}
		env.guessed = true
	}
	return env
}

// ownMailboxes returns our mailboxes that a mail was sent to, each once, and
// without tokens.
func ownMailboxes(env Envelope) []string {
	var all []string
	for _, m := range env.Mailboxes {
		plain, _ := splitToken(normalMailbox(m))
		if !slices.Contains(all, plain) {
			all = append(all, plain)
		}
	}
	return all
}

// unknownTime is the time of a mail that states no valid time.
var unknownTime = time.UnixMilli(0).UTC()

// headerTime returns the time of the topmost Received field that has one. Else
// it returns the sender's Date, else unknownTime.
func headerTime(h rfc822.Header) time.Time {
	for _, v := range h.All("Received") {
		if t, ok := receivedTime(v); ok {
			return t
		}
	}
	if t, ok := parseDate(h.Get("Date")); ok {
		return t
	}
	return unknownTime
}

// headerMailbox returns the mailbox that a mail was addressed to, from its
// header; empty if the header names none.
func headerMailbox(h rfc822.Header) string {
	for _, name := range []string{"X-Original-To", "Delivered-To", "Envelope-To", "To", "Cc"} {
		for _, a := range h.Addresses(name) {
			if a.Addr != "" {
				return normalMailbox(a.Addr)
			}
		}
	}
	return ""
}

// normalMailbox returns a mail address in the form of an alias: in lower case
// and, if it is valid, with its domain in ASCII.
func normalMailbox(addr string) string {
	if a, err := identity.NewAlias(identity.Email, "", addr); err == nil {
		return a.Value
	}
	return message.Clean(strings.ToLower(strings.TrimSpace(addr)), 320)
}

// setThread sets the thread of m and the mails that it answers. These are the
// mails in In-Reply-To and References, and our mail whose token is in the
// recipient's address. ownID is the Message-ID of m.
//
// Ids of mails that we sent to another customer are removed, so that a leaked
// Message-ID does not give access to a thread. The subject is not used, because
// any sender can write it.
func setThread(m *message.Message, root *rfc822.Part, ownID string, env Envelope) {
	sentToOther := func(id string) bool {
		token, _, _ := strings.Cut(id, "@")
		return len(env.Tokens.Key) > 0 && isTokenForm(token) && !env.Tokens.Valid(token, m.Customer.Alias)
	}
	refs := slices.DeleteFunc(root.Header.IDs("References"), sentToOther)
	answered := slices.DeleteFunc(root.Header.IDs("In-Reply-To"), sentToOther)
	for _, r := range append(slices.Clone(env.Recipients), env.Mailboxes...) {
		mailbox, token := splitToken(r)
		if token == "" || !env.Tokens.Valid(token, m.Customer.Alias) {
			continue
		}
		if id := MessageID(mailbox, token); !slices.Contains(answered, id) {
			answered = append(answered, id)
		}
	}
	for _, id := range answered {
		if !slices.Contains(refs, id) {
			refs = append(refs, id)
		}
	}
	m.MailID = ownID
	if len(refs) == 0 {
		m.Thread = ownID
		return
	}
	m.Thread = refs[0]
	m.ReplyTo = &message.ReplyTo{ProviderID: refs[len(refs)-1]}
	if len(answered) > 0 {
		m.ReplyTo.ProviderID = answered[0]
	}
	if len(refs) > maxReferences {
		refs = append(refs[:1:1], refs[len(refs)-maxReferences+1:]...)
	}
	m.ReplyTo.References = refs
}

// setText sets the text of m to the part that its author wrote now, and
// FullText to the whole if that says more.
func setText(m *message.Message, p *Parsed) {
	whole := message.Clean(p.body.text, message.MaxText)
	r := reply.Strip(whole, p.body.hints)
	m.Text = r.Text
	p.Kept = r.Kept
	p.Forward = r.Forward
	if !sameWords(whole, m.Text) {
		m.FullText = strings.TrimRight(whole, " \t\n")
	}
	onlyForwarded := len(r.Kept) == 1 && m.FullText == ""
	if p.Forward && m.ReplyTo == nil && onlyForwarded {
		m.ReplyTo = &message.ReplyTo{Forwarded: true}
	}
}

// setInvitationWords sets the text of m to what a person added to the answer to an
// invitation, without the text of the calendar program.
func setInvitationWords(m *message.Message, p *Parsed, words string) {
	if sameWords(m.Text, words) {
		return
	}
	if m.FullText == "" {
		m.FullText = m.Text
	}
	m.Text = words
	p.Kept = nil
}

// sameWords reports whether a and b, its shortened form, differ only in white
// space.
func sameWords(a, b string) bool {
	return len(a) < 2*len(b)+64 && slices.Equal(strings.Fields(a), strings.Fields(b))
}

// losesNames reports whether the subject, the sender's name or a file name has
// characters that could not be read.
func losesNames(p Parsed) bool {
	h := p.root.Header
	return h.LosesText("Subject") || h.LosesText("From") || slices.ContainsFunc(p.body.files, (*rfc822.Part).LosesFileName)
}

// markOf returns the mark of m; empty for a mail without anything to warn of.
func markOf(m message.Message, p Parsed, env Envelope, author authorship) string {
	switch {
	case p.Quarantine != "":
		return MarkUnparsed
	case env.Verdicts.Virus == "FAIL":
		return MarkVirus
	case p.body.encrypted:
		return MarkEncrypted
	case env.Verdicts.Spam == "FAIL":
		return MarkSpam
	case p.body.cut:
		return MarkTruncated
	case p.body.lost, losesNames(p):
		return MarkUnparsed
	case author.isUnnamed():
		return MarkNoAuthor
	case m.Text == "" && len(m.Attachments) == 0:
		return MarkEmpty
	}
	return ""
}

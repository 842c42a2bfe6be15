// Package email turns the mails that SES receives into messages.
//
// Mail is the oldest channel and the dirtiest: anybody can write anything into
// it, and everybody did. So nothing here is ever an error for what stands in a
// mail. It is read as far as it can be, within limits that no real mail
// reaches (see rfc822); whatever remains unread is marked, and the raw mail is
// kept. What the sender wrote proves nothing: keys, times and assurance come
// from the receiving server's [Envelope].
//
// The package is pure: bytes in, messages out. Its parts stand on their own:
// rfc822 splits a mail, htmltext reads its HTML, reply finds what was written
// just now, bounce reads what machines report.
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
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// Limits of what is kept of a mail.
const (
	MaxText        = 1 << 20 // bytes of text before its charset is undone
	MaxAttachments = 100     // listed with a message
	maxReferences  = 21      // the first and the last twenty
)

// Marks of a message.
const (
	MarkUnparsed  = "unparsed"  // read only in part: the raw mail holds the rest
	MarkTruncated = "truncated" // the text is longer than what is kept
	MarkEncrypted = "encrypted"
	MarkVirus     = "virus"
	MarkSpam      = "spam"
	MarkNoAuthor  = "no-author" // a form sent it and does not say for which person
	MarkEmpty     = "empty"     // neither text nor files
)

// Parsed is what a mail holds beside its messages.
type Parsed struct {
	Quarantine  string       // why the raw mail must be kept in quarantine too; empty when it was read whole
	NoReply     bool         // nobody may answer it automatically
	Forward     bool         // it passes somebody else's mail on
	ForwardedBy string       // who of our own people did, when the customer is the one who wrote it
	Kept        []reply.Span // where the reply stands in the full text
	MessageID   string       // the sender's own, without brackets
	Report      *bounce.Notice
	Ours        []string // Message-IDs that may be of mail of ours, the likeliest to be meant first
	Hard        bool     // a report that says the address will never work

	root  *rfc822.Part
	body  body
	virus bool // found by the server: nothing is taken out of the mail
}

// Guard reads raw as far as the limits allow, in one pass, and returns which
// limit stopped it: nil for any mail that real people send.
func Guard(raw []byte) error {
	_, err := rfc822.Parse(raw)
	return err
}

// Normalize returns the messages of a mail, one for each mailbox it came to,
// and what a report among mails says about ours. The same mail and envelope
// give the same messages. The error is for a mail that could not be kept at
// all; nothing a sender can write causes it.
func Normalize(raw []byte, env Envelope) (contact.Delivery, Parsed, error) {
	p := parse(raw)
	root := p.root
	env = complete(env, raw, root)
	p.Ours, p.Hard = ours(root, p.Report, p.MessageID, env), hard(p.Report)
	p.virus = env.Verdicts.Virus == "FAIL"
	m := contact.Message{
		Version:   contact.SchemaVersion,
		Channel:   contact.Email,
		Direction: contact.Inbound,
		Kind:      contact.Mail,
		SentAt:    env.ReceivedAt,
		Subject:   contact.Clean(root.Header.Text("Subject"), contact.MaxSubject),
	}
	addSender(&m, root, env, raw)
	sender, class := m.Customer, classify(root, env, p.Report)
	author := onBehalf(&m, root, env, class)
	class = classOf(author, class, root, m)
	addThread(&m, root, p.MessageID, env)
	addText(&m, &p)
	p.ForwardedBy = passOn(&m, sender, env, p.Forward)
	m.Attachments = attachments(p.body, env)
	m.Automated, m.Passive = class.name, class.passive
	p.NoReply = class.noReply || env.Verdicts.Spam == "FAIL"
	m.NoReply = p.NoReply
	m.Mark = mark(p, env)
	if m.Mark == "" && author == byUnnamed {
		m.Mark = MarkNoAuthor
	}
	if m.Mark == "" && m.Text == "" && len(m.Attachments) == 0 {
		m.Mark = MarkEmpty
	}
	if p.Report != nil {
		m.Data, _ = json.Marshal(p.Report)
	}

	var d contact.Delivery
	for _, mailbox := range mailboxes(env) {
		m := m
		m.Account = mailbox
		m.ProviderID = env.SESID
		if mailbox != "" {
			m.ProviderID += "/" + mailbox
		}
		m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
		if err := m.Validate(); err != nil {
			return contact.Delivery{}, p, err
		}
		d.Messages = append(d.Messages, m)
	}
	d.Effects = effects(p.Report, d.Messages[0])
	return d, p, nil
}

// parse reads what is in the mail itself.
func parse(raw []byte) Parsed {
	root, err := rfc822.Parse(raw)
	p := Parsed{root: root}
	if err != nil {
		p.Quarantine = err.Error()
	}
	if ids := root.Header.IDs("Message-ID"); len(ids) > 0 {
		p.MessageID = contact.Cut(ids[0], 998)
	}
	p.Report = bounce.Read(root)
	p.body = readBody(root)
	return p
}

// complete fills in what a mail without envelope lacks, from the mail itself,
// so that the same mail always gives the same message.
func complete(env Envelope, raw []byte, root *rfc822.Part) Envelope {
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
	}
	return env
}

// mailboxes returns our mailboxes that a mail came to, each once, without
// tokens.
func mailboxes(env Envelope) []string {
	var all []string
	for _, m := range env.Mailboxes {
		plain, _ := cutToken(normalMailbox(m))
		if !slices.Contains(all, plain) {
			all = append(all, plain)
		}
	}
	return all
}

// noTime stands for the time of a mail that says none.
var noTime = time.UnixMilli(0).UTC()

// headerTime returns the time of the topmost Received field that has one, else
// the sender's Date.
func headerTime(h rfc822.Header) time.Time {
	for _, v := range h.All("Received") {
		if t, ok := receivedTime(v); ok {
			return t
		}
	}
	if t, ok := parseDate(h.Get("Date")); ok {
		return t
	}
	return noTime
}

// headerMailbox returns the mailbox that a mail without envelope was for.
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

// normalMailbox returns a mailbox in the form aliases have.
func normalMailbox(addr string) string {
	if a, err := identity.NewAlias(identity.Email, "", addr); err == nil {
		return a.Value
	}
	return contact.Clean(strings.ToLower(strings.TrimSpace(addr)), 320)
}

// addThread says which mails m answers: those its fields name and the one
// whose token it was sent to. A mail of ours that was sent to somebody else is
// none of them: whoever got hold of its id does not get into its thread. The
// subject says nothing, for anybody can write it.
func addThread(m *contact.Message, root *rfc822.Part, own string, env Envelope) {
	foreign := func(id string) bool {
		token, _, _ := strings.Cut(id, "@")
		return len(env.Tokens.Key) > 0 && looksLikeToken(token) && !env.Tokens.Valid(token, m.Customer.Alias)
	}
	refs := slices.DeleteFunc(root.Header.IDs("References"), foreign)
	answered := slices.DeleteFunc(root.Header.IDs("In-Reply-To"), foreign)
	for _, r := range append(slices.Clone(env.Recipients), env.Mailboxes...) {
		mailbox, token := cutToken(r)
		if id := MessageID(mailbox, token); token != "" && env.Tokens.Valid(token, m.Customer.Alias) && !slices.Contains(answered, id) {
			answered = append(answered, id)
		}
	}
	for _, id := range answered {
		if !slices.Contains(refs, id) {
			refs = append(refs, id)
		}
	}
	m.Thread, m.MailID = own, own
	if len(refs) == 0 {
		return
	}
	m.Thread = refs[0]
	m.ReplyTo = &contact.ReplyTo{ProviderID: refs[len(refs)-1]}
	if len(answered) > 0 {
		m.ReplyTo.ProviderID = answered[0]
	}
	if len(refs) > maxReferences {
		refs = append(refs[:1:1], refs[len(refs)-maxReferences+1:]...)
	}
	m.ReplyTo.References = refs
}

// addText splits the mail's text into the reply and the whole.
func addText(m *contact.Message, p *Parsed) {
	whole := contact.Clean(p.body.text, contact.MaxText)
	r := reply.Strip(whole, p.body.hints)
	m.Text, p.Kept, p.Forward = r.Text, r.Kept, r.Forward
	if !sameWords(whole, m.Text) {
		m.FullText = strings.TrimRight(whole, " \t\n")
	}
	if p.Forward && m.ReplyTo == nil && len(r.Kept) == 1 && m.FullText == "" {
		m.ReplyTo = &contact.ReplyTo{Forwarded: true}
	}
}

// sameWords reports whether two texts differ in blanks at most.
func sameWords(a, b string) bool {
	return len(a) < 2*len(b)+64 && slices.Equal(strings.Fields(a), strings.Fields(b))
}

// mark returns what readers of the mail must know first.
func mark(p Parsed, env Envelope) string {
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
	}
	return ""
}

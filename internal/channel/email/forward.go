package email

import (
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/channel/email/reply"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// forwardedMail is a mail that another mail forwards, in its text or as an
// attachment.
type forwardedMail struct {
	author identity.Address // of the person who wrote it; empty if that is not known
	name   string           // of the author
	text   string           // of an attached mail; empty if the forward quotes it
	words  string           // written by the author alone; empty if that is not known
}

// isForwardByStaff reports whether a colleague whom DMARC proves passed a mail
// on. Any other sender could invent a customer's mail that way. A form does not
// forward: its visitor typed the quoted mail.
//
// sender is the address that sent the mail.
func isForwardByStaff(m message.Message, sender identity.Address, env Envelope, p Parsed) bool {
	if sender.Assurance != identity.Verified || !env.isStaff(sender.Value) || env.isForm(sender.Value) {
		return false
	}
	return p.Forward || isForwardSubject(m.Subject) || (m.ReplyTo == nil && len(attachedMails(p)) > 0)
}

// setForwardedAuthor sets the customer of m to the author of the mail that a
// colleague forwarded, see [isForwardByStaff]. A forward wins over its Reply-To,
// which mail programs set to an address of the forwarder.
//
// If our own side sent the forwarded mail, its author is the outside address in
// its Reply-To. Without one, m gets a customer of its own, so that the words of
// two visitors never meet under the colleague. It returns the authorship of m,
// and the forwarder's address, which is empty if m did not change.
func setForwardedAuthor(m *message.Message, sender identity.Address, env Envelope, p Parsed, author authorship, c mailClass) (_ authorship, by string) {
	if !isForwardByStaff(*m, sender, env, p) {
		return author, ""
	}
	whole := m.FullText
	if whole == "" {
		whole = m.Text
	}
	isMachine := c.report || c.name == classAutoReply
	original, found := quotedMail(whole, env)
	if !found && !isMachine {
		original, found = attachedMail(p, env)
	}
	if original.text != "" {
		whole = message.Clean(strings.TrimSpace(whole+"\n\n"+original.text), message.MaxText)
	}
	switch {
	case original.author.Value != "":
		m.Customer = original.author
		m.Aliases = nil
		m.Name = original.name
		author = bySender
	case isMachine, !found && !p.Forward, isReply(*m):
		return author, ""
	case author == byPerson:
		m.Text = whole
		m.FullText = ""
		return author, "" // the colleague named the person in Reply-To
	default:
		setUnnamed(m, env)
		author = byForward
	}
	m.Text = whole
	m.FullText = ""
	if original.author.Value != "" && original.words != "" { // without the colleague's remark
		m.Text = original.words
		m.FullText = whole
	}
	m.ReplyTo = &message.ReplyTo{Forwarded: true}
	return author, sender.Value
}

// isReply reports whether a mail answers another one, and is not a forward that
// continues its thread.
func isReply(m message.Message) bool {
	return m.ReplyTo != nil && !m.ReplyTo.Forwarded && !isForwardSubject(m.Subject)
}

// maxForwards limits the mails of colleagues through which a forward is
// followed.
const maxForwards = 10

// quotedMail returns the mail that a text quotes with its header. If a colleague
// wrote it, it is a forward itself, or an answer, and the mail that it quotes is
// meant. found is false if the text quotes no mail.
func quotedMail(text string, env Envelope) (mail forwardedMail, found bool) {
	for range maxForwards {
		from, replyTo := reply.ForwardedHeader(text)
		at := strings.Index(text, from)
		if from == "" || at < 0 {
			break
		}
		senders := rfc822.ParseAddresses(from)
		mail = authorOf(senders, rfc822.ParseAddresses(replyTo), env)
		found = true
		if mail.author.Value != "" {
			mail.words = quotedWords(text, at)
			break
		}
		if _, alias, ok := firstAlias(senders); !ok || !env.isStaff(alias.Value) || env.isForm(alias.Value) {
			break
		}
		text = text[at+len(from):]
	}
	return mail, found
}

// quotedWords returns the text that the author of a quoted mail wrote. at is a
// position in the mail's header, which ends at a blank line.
func quotedWords(text string, at int) string {
	start := strings.LastIndexByte(text[:at], '\n') + 1
	quote := text[start : start+len(text[start:])-len(strings.TrimLeft(text[start:], "> "))]
	quote = strings.TrimSpace(quote)
	var body strings.Builder
	inHeader := true
	for line := range strings.Lines(text[start:]) {
		if quote != "" {
			var ok bool
			if line, ok = strings.CutPrefix(line, quote); !ok {
				break // the quoted mail ends
			}
			line = strings.TrimPrefix(line, " ")
		}
		if inHeader {
			inHeader = strings.TrimSpace(line) != ""
			continue
		}
		body.WriteString(line)
	}
	return strings.TrimSpace(reply.Strip(body.String(), reply.Options{}).Text)
}

// attachedMails returns the mails in the attachments of a mail.
func attachedMails(p Parsed) []*rfc822.Part {
	var all []*rfc822.Part
	for _, f := range p.body.files {
		if f.Type == "message/rfc822" {
			all = append(all, f)
		}
	}
	return all
}

// attachedMail returns the mail in the attachment of a mail. Several attached
// mails give their texts together, and an author only if all have the same one.
// found is false if no mail is attached.
func attachedMail(p Parsed, env Envelope) (_ forwardedMail, found bool) {
	var all forwardedMail
	for i, f := range attachedMails(p) {
		if i == MaxAttachments {
			break
		}
		root, _ := rfc822.Parse(f.Bytes())
		var one forwardedMail
		if bounce.Read(root) == nil {
			one = authorOf(root.Header.Addresses("From"), personalReplyTo(root.Header), env)
		}
		if i == 0 {
			all = one
		}
		if all.author != one.author {
			all.author = identity.Address{}
			all.name = ""
		}
		text := message.Clean(readBody(root).text, message.MaxText)
		all.text = joinText(all.text, text)
		all.words = joinText(all.words, strings.TrimSpace(reply.Strip(text, reply.Options{}).Text))
		found = true
	}
	return all, found
}

// authorOf returns the author of a forwarded mail: its sender or, if our own
// side or an unreadable sender sent it, the first outside address for answers.
func authorOf(from, replyTo []rfc822.Address, env Envelope) forwardedMail {
	person, alias, found := firstAlias(from)
	if !found || !env.isOutside(alias.Value) {
		person, alias, found = firstOutside(replyTo, env)
	}
	if !found {
		return forwardedMail{}
	}
	return forwardedMail{author: identity.Address{Alias: alias, Assurance: identity.Claimed}, name: cleanName(person.Name, alias.Value)}
}

package email

import (
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// An AddressList holds mail addresses and whole domains. The zero value holds
// none.
type AddressList struct {
	addresses, domains map[string]bool
}

// ParseAddressList reads addresses and domains, separated by commas:
// "form@shop.example, @forms.example, shop.example". The error names the first
// entry that is neither; the list holds the others.
func ParseAddressList(list string) (AddressList, error) {
	l := AddressList{addresses: map[string]bool{}, domains: map[string]bool{}}
	var first error
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if err := l.add(entry); err != nil && first == nil {
			first = err
		}
	}
	return l, first
}

func (l AddressList) add(entry string) error {
	local, domain, both := strings.Cut(entry, "@")
	if !both {
		local, domain = "", entry
	}
	alias, err := identity.NewAlias(identity.Email, "", "x@"+domain)
	if err != nil || strings.ContainsAny(entry, " \t<>\"*:/") || !dotted(domain) {
		return fault.New(fault.Invalid, "%q is neither a mail address nor a domain: write form@shop.example, or @shop.example for every address of a domain", entry)
	}
	domain = strings.TrimPrefix(alias.Value, "x@")
	if local == "" {
		l.domains[domain] = true
		return nil
	}
	alias, err = identity.NewAlias(identity.Email, "", local+"@"+domain)
	if err != nil {
		return err
	}
	l.addresses[alias.Value] = true
	return nil
}

// dotted reports whether a domain has two labels or more, none of them empty.
func dotted(domain string) bool {
	domain = strings.TrimSuffix(domain, ".")
	return strings.Contains(domain, ".") && !strings.Contains("."+domain+".", "..") && !strings.Contains(domain, "@")
}

// Has reports whether the list holds an address, by itself or with its domain.
func (l AddressList) Has(address string) bool {
	address = normalMailbox(address)
	return l.addresses[address] || l.domains[domainOf(address)]
}

// domainOf returns what follows the last at sign of an address; empty when it
// has none.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return address[at+1:]
}

// isStaff reports whether an address belongs to one of our own people.
func (e Envelope) isStaff(address string) bool { return e.Staff != nil && e.Staff(address) }

// isForm reports whether an address is configured as one that forms send from.
func (e Envelope) isForm(address string) bool { return e.Forms != nil && e.Forms(address) }

// isMailbox reports whether an address is one that customers write to: a
// mailbox that the mail came to, with or without a tag, or any address of the
// mail domain.
func (e Envelope) isMailbox(address string) bool {
	if e.Domain != "" && strings.EqualFold(domainOf(address), domainOf(normalMailbox("x@"+e.Domain))) {
		return true
	}
	for _, m := range e.Mailboxes {
		if untagged(normalMailbox(m)) == untagged(address) {
			return true
		}
	}
	return false
}

// untagged returns an address without what follows a plus in its local part.
func untagged(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

// isOutside reports whether an address may be a customer's: it is not staff,
// not a form and not one of our mailboxes.
func (e Envelope) isOutside(address string) bool {
	return !e.isStaff(address) && !e.isForm(address) && !e.isMailbox(address)
}

// An authorship says how the author of a mail relates to its sender.
type authorship int

const (
	bySender  authorship = iota // the sender wrote it
	byPerson                    // our own side sent it for the person in Reply-To
	byUnnamed                   // a form sent it and does not say for which person
)

// onBehalf finds the author of a mail that our own side sent. From a form, a
// colleague or one of our mailboxes it is the first outside address in
// Reply-To, merely claimed: DMARC vouches for the form, and not for what a
// visitor typed into it.
//
// A form is never a customer. Its mail without an outside Reply-To gets a
// customer of its own, so that the words of two visitors never meet.
func onBehalf(m *contact.Message, root *rfc822.Part, env Envelope, c class) authorship {
	form := env.isForm(m.Customer.Value)
	if m.Customer.Scope != "" || c.report || (!form && env.isOutside(m.Customer.Value)) {
		return bySender
	}
	if !form && (c.name == autoReplied || c.name == sentToMany) {
		return bySender // a colleague's absence notice, or our newsletter
	}
	who, alias, found := personIn(root.Header, env)
	switch {
	case found && !(form && answersMail(root.Header)):
		m.Name = cleanName(who.Name, alias.Value)
		m.Customer = identity.Address{Alias: alias, Assurance: identity.Claimed}
		m.Aliases = nil
		return byPerson
	case form:
		m.Name = ""
		m.Customer = identity.Address{Alias: unnamedAuthor([]byte("form\x00" + env.SESID)), Assurance: identity.Claimed}
		m.Aliases = nil
		return byUnnamed
	}
	return bySender
}

// personIn returns the first address in Reply-To that may be a customer's. The
// address of a mailing list is not a person's.
func personIn(h rfc822.Header, env Envelope) (rfc822.Address, identity.Alias, bool) {
	for _, a := range h.Addresses("Reply-To") {
		alias, err := identity.NewAlias(identity.Email, "", a.Addr)
		if err != nil || !env.isOutside(alias.Value) || (byList(h) && fromList(h, alias)) {
			continue
		}
		return a, alias, true
	}
	return rfc822.Address{}, identity.Alias{}, false
}

// answersMail reports whether a program answered a mail. A form never does: it
// begins a conversation, even if its mailer marks the mail as a reply.
func answersMail(h rfc822.Header) bool {
	auto := strings.ToLower(h.Get("Auto-Submitted"))
	return strings.HasPrefix(auto, "auto-replied") && (h.Has("In-Reply-To") || h.Has("References"))
}

// classOf returns the class of a mail whose author is known. The marks of a
// machine in the mail of a form are its mailer's, and the words a person's.
func classOf(a authorship, c class, root *rfc822.Part, m contact.Message) class {
	switch {
	case a == byPerson:
		return class{noReply: noReplyAddress(m.Customer.Value)}
	case a == byUnnamed && c.name != sentToMany && !answersMail(root.Header):
		return class{noReply: true}
	}
	return c
}

package email

import (
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// AddressList is a set of mail addresses and whole domains. The zero value is
// empty.
type AddressList struct {
	addresses map[string]bool
	domains   map[string]bool
}

// ParseAddressList reads addresses and domains, separated by commas, such as
// "form@shop.example, @forms.example, shop.example". If an entry is neither,
// the error names the first such entry, and the list has the others.
func ParseAddressList(list string) (AddressList, error) {
	l := AddressList{addresses: map[string]bool{}, domains: map[string]bool{}}
	var first error
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if err := l.addEntry(entry); err != nil && first == nil {
			first = err
		}
	}
	return l, first
}

func (l AddressList) addEntry(entry string) error {
	local, domain, hasAt := strings.Cut(entry, "@")
	if !hasAt {
		local = ""
		domain = entry
	}
	alias, err := identity.NewAlias(identity.Email, "", "x@"+domain)
	if err != nil || strings.ContainsAny(entry, " \t<>\"*:/") || strings.Contains(domain, "@") {
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

// Has reports whether the list has an address, or the address's domain. An
// address in the list covers its tags: form@shop.example covers
// form+contact@shop.example.
func (l AddressList) Has(address string) bool {
	address = normalMailbox(address)
	domain := domainOf(address)
	if l.addresses[address] || l.domains[domain] {
		return true
	}
	local := strings.TrimSuffix(address, "@"+domain)
	for {
		plus := strings.LastIndexByte(local, '+')
		if plus < 0 {
			return false
		}
		local = local[:plus]
		if l.addresses[local+"@"+domain] {
			return true
		}
	}
}

// domainOf returns the part of an address after the last at sign. It is empty
// for an address without an at sign.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return address[at+1:]
}

// isStaff reports whether an address belongs to one of our own people.
func (e Envelope) isStaff(address string) bool { return e.Staff != nil && e.Staff(address) }

// isForm reports whether web forms send from an address.
func (e Envelope) isForm(address string) bool { return e.Forms != nil && e.Forms(address) }

// isOwnMailbox reports whether customers write to an address: the mail came to
// it, with or without a tag, or it is in our mail domain.
func (e Envelope) isOwnMailbox(address string) bool {
	if e.Domain != "" && strings.EqualFold(domainOf(address), domainOf(normalMailbox("x@"+e.Domain))) {
		return true
	}
	for _, m := range e.Mailboxes {
		if removeTag(normalMailbox(m)) == removeTag(address) {
			return true
		}
	}
	return false
}

// removeTag returns info@shop.example for info+tag@shop.example.
func removeTag(address string) string {
	domain := domainOf(address)
	local, _, _ := strings.Cut(strings.TrimSuffix(address, "@"+domain), "+")
	return local + "@" + domain
}

// isOutside reports whether an address may be a customer's: it is not a staff
// address, not a form and not one of our mailboxes.
func (e Envelope) isOutside(address string) bool {
	return !e.isStaff(address) && !e.isForm(address) && !e.isOwnMailbox(address)
}

// isOwnSender reports whether a mail's sender is one of our mailboxes. A mailbox
// that only the mail's own header names does not count, because the sender wrote
// that header: a person may write to themselves, with a hidden copy to us.
func (e Envelope) isOwnSender(address string) bool {
	if e.guessed {
		e.Mailboxes = nil
	}
	return e.isOwnMailbox(address)
}

// authorship is the relation of a mail's author to its sender.
type authorship int

const (
	bySender  authorship = iota // the sender is the author
	byPerson                    // our own side sent it on behalf of the person in Reply-To
	byUnnamed                   // a form sent it, and names no person in Reply-To
	byMailbox                   // one of our mailboxes sent it, and names no person in Reply-To
	byForward                   // a colleague forwarded it, and its author is not known
)

// isUnnamed reports whether the mail has a customer of its own, because its
// author is unknown.
func (a authorship) isUnnamed() bool { return a == byUnnamed || a == byMailbox || a == byForward }

// setAuthor sets the customer of m to its author, if our own side sent the
// mail. For a mail from a form, a colleague or one of our mailboxes, the author
// is the first outside address in Reply-To. It is only claimed, because DMARC
// vouches for the form and not for a visitor's input.
//
// A form or one of our mailboxes is never a customer. Each of their mails
// without an outside Reply-To gets a customer of its own, so that the words of
// two visitors never meet, and no answer goes to ourselves.
func setAuthor(m *message.Message, root *rfc822.Part, env Envelope, c mailClass) authorship {
	form := env.isForm(m.Customer.Value)
	own := !form && env.isOwnSender(m.Customer.Value)
	fromCustomer := !form && env.isOutside(m.Customer.Value)
	if m.Customer.Scope != "" || fromCustomer {
		return bySender
	}
	if c.report {
		if own {
			setUnnamed(m, env) // until the report moves to the customer to whom we wrote
		}
		return bySender
	}
	person, alias, found := findPerson(root.Header, env)
	switch {
	case !form && (c.name == classAutoReply || c.name == classNewsletter):
		found = false // a colleague's absence notice, or our newsletter
	case form && answersMail(root.Header):
		found = false
	}
	switch {
	case found:
		m.Name = cleanName(person.Name, alias.Value)
		m.Customer = identity.Address{Alias: alias, Assurance: identity.Claimed}
		m.Aliases = nil
		return byPerson
	case form:
		setUnnamed(m, env)
		return byUnnamed
	case own:
		setUnnamed(m, env)
		return byMailbox
	}
	return bySender
}

// setUnnamed gives m a customer of its own, without an address.
func setUnnamed(m *message.Message, env Envelope) {
	m.Name = ""
	m.Customer = identity.Address{Alias: unnamedAuthor([]byte("form\x00" + env.key)), Assurance: identity.Claimed}
	m.Aliases = nil
}

// findPerson returns the first address in Reply-To that may be a customer's.
// The address of a mailing list is skipped.
func findPerson(h rfc822.Header, env Envelope) (rfc822.Address, identity.Alias, bool) {
	return firstOutside(personalReplyTo(h), env)
}

// personalReplyTo returns the addresses in Reply-To, without the address of a
// mailing list.
func personalReplyTo(h rfc822.Header) []rfc822.Address {
	all := h.Addresses("Reply-To")
	if !isListMail(h) {
		return all
	}
	return slices.DeleteFunc(all, func(a rfc822.Address) bool {
		alias, err := identity.NewAlias(identity.Email, "", a.Addr)
		return err == nil && isListAddress(h, alias)
	})
}

// firstOutside returns the first address that may be a customer's.
func firstOutside(all []rfc822.Address, env Envelope) (rfc822.Address, identity.Alias, bool) {
	for _, a := range all {
		if alias, err := identity.NewAlias(identity.Email, "", a.Addr); err == nil && env.isOutside(alias.Value) {
			return a, alias, true
		}
	}
	return rfc822.Address{}, identity.Alias{}, false
}

// answersMail reports whether a mail is an automatic answer to another mail. A
// form's mail begins a conversation and has no In-Reply-To or References, even
// if its mailer marks it as auto-replied.
func answersMail(h rfc822.Header) bool {
	auto := strings.ToLower(h.Get("Auto-Submitted"))
	return strings.HasPrefix(auto, "auto-replied") && (h.Has("In-Reply-To") || h.Has("References"))
}

// adjustClass returns the class of a mail after its author was found. In a
// form's mail, the signs of a machine come from the form's mailer, and the words
// from a person. A mail of our own mailbox keeps its class, because the mailbox
// sends automatic mail of its own.
func adjustClass(a authorship, c mailClass, root *rfc822.Part, m message.Message) mailClass {
	switch {
	case a == byPerson:
		return mailClass{noReply: IsNoReplyAddress(m.Customer.Value)}
	case a == byUnnamed && c.name != classNewsletter && !answersMail(root.Header):
		return mailClass{noReply: true}
	}
	return c
}

package email

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/reply"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// maxName is the longest display name kept, in bytes.
const maxName = 200

// addSender says who wrote the mail: the address in From. Reply-To is a
// further address the sender claims; behind a list or group that puts itself
// into From, the original sender is what the group says it was.
func addSender(m *contact.Message, root *rfc822.Part, env Envelope, raw []byte) {
	senders := root.Header.Addresses("From")
	who, alias, ok := firstAlias(senders)
	m.Name = cleanName(who.Name, alias.Value)
	m.Customer = identity.Address{Alias: alias, Assurance: identity.Claimed}
	switch {
	case ok && proven(root.Header, senders, alias, env.Verdicts):
		m.Customer.Assurance = identity.Verified
	case !ok:
		m.Customer.Alias = fallbackSender(root.Header, env, raw)
	}
	if original, found := groupSender(root.Header, alias); found {
		m.Customer = identity.Address{Alias: original, Assurance: identity.Claimed}
		name, _, _ := strings.Cut(m.Name, " via ")
		m.Name = strings.Trim(name, "' ")
	}
	addClaim(m, root.Header.Addresses("Reply-To"))
}

// passOn makes the author of a forwarded mail its customer, when one of our
// own people forwarded it and DMARC proves that: anyone else could put words
// into a customer's mouth that way. It returns the address of the forwarder.
//
// sender is the address that sent the mail. A forward wins over its Reply-To,
// which mail programs set to an address of the forwarder. A form does not
// forward: a quoted mail in its text is what a visitor typed.
func passOn(m *contact.Message, sender identity.Address, env Envelope, forward bool) (by string) {
	if !forward && !forwardSubject(m.Subject) {
		return ""
	}
	if sender.Assurance != identity.Verified || !env.isStaff(sender.Value) || env.isForm(sender.Value) {
		return ""
	}
	whole := m.FullText
	if whole == "" {
		whole = m.Text
	}
	who, alias, ok := firstAlias(rfc822.ParseAddresses(reply.ForwardedFrom(whole)))
	if !ok || !env.isOutside(alias.Value) {
		return ""
	}
	by = sender.Value
	m.Customer = identity.Address{Alias: alias, Assurance: identity.Claimed}
	m.Aliases = nil
	m.Name = cleanName(who.Name, alias.Value)
	m.Text, m.FullText = whole, ""
	m.ReplyTo = &contact.ReplyTo{Forwarded: true}
	return by
}

// forwardSubject reports whether a subject has the mark of a forward.
func forwardSubject(subject string) bool {
	mark, _, ok := strings.Cut(strings.ToLower(subject), ":")
	switch strings.TrimSpace(mark) {
	case "fw", "fwd", "wg", "tr", "doorst", "rv", "enc", "i", "vs", "pd", "vl", "转发", "轉寄":
		return ok
	}
	return false
}

// firstAlias returns the first of the addresses that is one.
func firstAlias(all []rfc822.Address) (rfc822.Address, identity.Alias, bool) {
	for _, a := range all {
		if alias, err := identity.NewAlias(identity.Email, "", a.Addr); err == nil {
			return a, alias, true
		}
	}
	if len(all) > 0 {
		return all[0], identity.Alias{}, false
	}
	return rfc822.Address{}, identity.Alias{}, false
}

// proven reports whether DMARC vouches for the sender: it passed, there is
// one From with one address, and it is the domain that was checked.
func proven(h rfc822.Header, senders []rfc822.Address, alias identity.Alias, v Verdicts) bool {
	if v.DMARC != "PASS" || len(senders) != 1 || len(h.All("From")) != 1 {
		return false
	}
	_, domain, _ := strings.Cut(alias.Value, "@")
	return v.From == "" || domain == v.From
}

// fallbackSender returns the alias of a mail whose From names nobody: the
// sender of the SMTP transaction, else one for this mail alone.
func fallbackSender(h rfc822.Header, env Envelope, raw []byte) identity.Alias {
	candidates := []string{env.Sender}
	for _, name := range []string{"Sender", "Return-Path", "Reply-To"} {
		for _, a := range h.Addresses(name) {
			candidates = append(candidates, a.Addr)
		}
	}
	for _, c := range candidates {
		if alias, err := identity.NewAlias(identity.Email, "", c); err == nil {
			return alias
		}
	}
	return unnamedAuthor(raw)
}

// unnamedScope is the scope of aliases of authors whom no address names.
const unnamedScope = "unknown"

// unnamedAuthor returns the alias of an author whom no address names: one for
// the mail with that id.
func unnamedAuthor(id []byte) identity.Alias {
	sum := sha256.Sum256(id)
	return identity.Alias{Kind: identity.Email, Scope: unnamedScope, Value: hex.EncodeToString(sum[:])}
}

// groupSender returns who wrote to a group that forwards under its own name.
// Anybody can write these fields, so they give a claimed alias only, and only
// where the mail came by a list and From is the list's own.
func groupSender(h rfc822.Header, from identity.Alias) (identity.Alias, bool) {
	if !byList(h) || !fromList(h, from) {
		return identity.Alias{}, false
	}
	for _, name := range []string{"X-Original-Sender", "X-Original-From", "X-MailFrom"} {
		if _, alias, ok := firstAlias(h.Addresses(name)); ok && alias != from {
			return alias, true
		}
	}
	return identity.Alias{}, false
}

// Unnamed reports whether an alias is that of the author of one mail that
// names no address of theirs, so that no answer can reach them.
func Unnamed(a identity.Alias) bool { return a.Kind == identity.Email && a.Scope == unnamedScope }

// byList reports whether the mail came by a mailing list.
func byList(h rfc822.Header) bool {
	return slices.ContainsFunc([]string{"List-Id", "List-Post", "X-Google-Group-Id", "X-Mailman-Version"}, h.Has)
}

// fromList reports whether the address in From is that of the list itself.
func fromList(h rfc822.Header, from identity.Alias) bool {
	for _, name := range []string{"List-Post", "List-Id", "Sender", "Mailing-list", "X-BeenThere"} {
		v := strings.ToLower(h.Get(name))
		local, domain, _ := strings.Cut(from.Value, "@")
		if strings.Contains(v, from.Value) || name == "List-Id" && strings.Contains(v, local+"."+domain) {
			return true
		}
	}
	return from.Value == ""
}

// addClaim adds the first address of Reply-To that is not the sender's own.
func addClaim(m *contact.Message, replyTo []rfc822.Address) {
	who, alias, ok := firstAlias(replyTo)
	if !ok || alias == m.Customer.Alias {
		return
	}
	m.Aliases = append(m.Aliases, identity.Address{Alias: alias, Assurance: identity.Claimed})
	if m.Name == "" {
		m.Name = cleanName(who.Name, alias.Value)
	}
}

// cleanName returns a display name, unless it only repeats the address.
func cleanName(name, address string) string {
	if strings.EqualFold(name, address) {
		return ""
	}
	return contact.Clean(name, maxName)
}

package email

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// maxName is the length of the longest display name, in bytes.
const maxName = 200

// setSender sets the customer of m to the address in From, and adds Reply-To as
// a claimed alias. A mailing list or group may put its own address into From;
// then the customer is the original sender that the group names.
func setSender(m *message.Message, root *rfc822.Part, env Envelope, raw []byte) {
	senders := root.Header.Addresses("From")
	sender, alias, ok := firstAlias(senders)
	m.Name = cleanName(sender.Name, alias.Value)
	m.Customer = identity.Address{Alias: alias, Assurance: identity.Claimed}
	switch {
	case ok && isProven(root.Header, senders, alias, env.Verdicts):
		m.Customer.Assurance = identity.Verified
	case !ok:
		m.Customer.Alias = fallbackSender(root.Header, env, raw)
	}
	isList := isListMail(root.Header)
	if isList && !ok {
		m.Name = "" // the address is of another field, and may be another person's
	}
	// A form's mail belongs to the person in Reply-To, also when a group sends it on.
	if member, original, found := groupMember(root.Header, sender, alias); found && !env.isForm(alias.Value) {
		m.Customer = identity.Address{Alias: original, Assurance: identity.Claimed}
		m.Name = cleanName(member.Name, original.Value)
	}
	name := m.Name
	addClaimedAlias(m, personalReplyTo(root.Header))
	if isList {
		m.Name = name
	}
}

// isForwardSubject reports whether a subject begins with a forward prefix, such
// as "Fwd:".
func isForwardSubject(subject string) bool {
	prefix, _, ok := strings.Cut(strings.ToLower(subject), ":")
	switch strings.TrimSpace(prefix) {
	case "fw", "fwd", "wg", "tr", "doorst", "rv", "enc", "i", "vs", "pd", "vl", "转发", "轉寄":
		return ok
	}
	return false
}

// firstAlias returns the first valid address and its alias. If no address is
// valid, it returns the first address, for its display name, and false.
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

// isProven reports whether DMARC vouches for the sender: it passed, there is one
// From field with one address, and DMARC was checked for that address's domain.
func isProven(h rfc822.Header, senders []rfc822.Address, alias identity.Alias, v Verdicts) bool {
	if v.DMARC != "PASS" || len(senders) != 1 || len(h.All("From")) != 1 {
		return false
	}
	_, domain, _ := strings.Cut(alias.Value, "@")
	return v.From == "" || domain == v.From
}

// fallbackSender returns the sender's alias for a mail without a valid From: the
// sender of the SMTP transaction, or the address in Sender, Return-Path or
// Reply-To. Without any of them it returns an alias for this mail alone.
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
	if IsContentKey(env.key) {
		return unnamedAuthor([]byte(env.key))
	}
	return unnamedAuthor(raw)
}

// unnamedScope is the scope of the aliases of authors without an address.
const unnamedScope = "unknown"

// unnamedAuthor returns the alias of an author without an address. Each mail id
// gives its own alias.
func unnamedAuthor(id []byte) identity.Alias {
	sum := sha256.Sum256(id)
	return identity.Alias{Kind: identity.Email, Scope: unnamedScope, Value: hex.EncodeToString(sum[:])}
}

// groupMember returns the original sender of a mail that a group sent on under
// its own address. Any sender can write these fields, so the alias is only
// claimed. They are used only if the mail came through a mailing list and From
// is the list's own address.
//
// The name is the one beside the address, or that of "Jan via Service" in From.
// Any other name in From is the group's.
func groupMember(h rfc822.Header, from rfc822.Address, fromAlias identity.Alias) (rfc822.Address, identity.Alias, bool) {
	if !isListMail(h) || !isListAddress(h, fromAlias) {
		return rfc822.Address{}, identity.Alias{}, false
	}
	name := nameBeforeVia(from.Name)
	for _, field := range []string{"X-Original-Sender", "X-Original-From", "X-MailFrom"} {
		member, alias, ok := firstAlias(h.Addresses(field))
		if !ok || alias == fromAlias {
			continue
		}
		if member.Name == "" {
			member.Name = nameBesideAddress(h, alias)
		}
		if member.Name == "" {
			member.Name = name
		}
		return member, alias, true
	}
	// Without such a field, Reply-To names the sender if it has the same name.
	for _, a := range personalReplyTo(h) {
		alias, err := identity.NewAlias(identity.Email, "", a.Addr)
		if err == nil && name != "" && strings.EqualFold(a.Name, name) {
			return a, alias, true
		}
	}
	return rfc822.Address{}, identity.Alias{}, false
}

// nameBesideAddress returns the name of an address in the fields of a list mail
// that name its original sender.
func nameBesideAddress(h rfc822.Header, alias identity.Alias) string {
	for _, field := range []string{"X-Original-From", "Reply-To"} {
		for _, a := range h.Addresses(field) {
			if other, err := identity.NewAlias(identity.Email, "", a.Addr); err == nil && other == alias && a.Name != "" {
				return a.Name
			}
		}
	}
	return ""
}

// nameBeforeVia returns "Jan" for "'Jan' via Service", and nothing for any other
// name.
func nameBeforeVia(name string) string {
	i := strings.LastIndex(name, " via ")
	if i < 0 {
		return ""
	}
	return rfc822.UnquoteName(strings.TrimSpace(name[:i]))
}

// Unnamed reports whether an alias belongs to an author without an address, so
// that no answer can reach them. Each mail of such an author has its own alias.
func Unnamed(a identity.Alias) bool { return a.Kind == identity.Email && a.Scope == unnamedScope }

// isListMail reports whether the mail came through a mailing list.
func isListMail(h rfc822.Header) bool {
	return slices.ContainsFunc([]string{"List-Id", "List-Post", "X-Google-Group-Id", "X-Mailman-Version"}, h.Has)
}

// isListAddress reports whether from is the address of the mailing list itself.
func isListAddress(h rfc822.Header, from identity.Alias) bool {
	for _, name := range []string{"List-Post", "List-Id", "Sender", "Mailing-list", "X-BeenThere"} {
		v := strings.ToLower(h.Get(name))
		local, domain, _ := strings.Cut(from.Value, "@")
		if strings.Contains(v, from.Value) {
			return true
		}
		if name == "List-Id" && strings.Contains(v, local+"."+domain) {
			return true
		}
	}
	return from.Value == ""
}

// addClaimedAlias adds the first address of Reply-To to m as a claimed alias,
// unless it is the sender's own.
func addClaimedAlias(m *message.Message, replyTo []rfc822.Address) {
	claimed, alias, ok := firstAlias(replyTo)
	if !ok || alias == m.Customer.Alias {
		return
	}
	m.Aliases = append(m.Aliases, identity.Address{Alias: alias, Assurance: identity.Claimed})
	if m.Name == "" {
		m.Name = cleanName(claimed.Name, alias.Value)
	}
}

// cleanName returns a display name without control characters; empty if it only
// repeats the address.
func cleanName(name, address string) string {
	if strings.EqualFold(name, address) {
		return ""
	}
	return message.Clean(name, maxName)
}

package identity

import (
	"slices"
	"strings"
)

// The rules of evidence for statements about an identity.
const (
	RuleWebhook  = "webhook"      // a platform signed a message that names both aliases
	RuleSystem   = "system-event" // a platform reports that an alias was replaced by another
	RuleRegister = "register"     // the company's own register
	RuleHost     = "host-jwt"     // the host site signed in the visitor
	RuleVariant  = "variant"      // the number is a variant of a known number
	RulePerson   = "person"       // an agent decided
	RuleMail     = "email"        // the domain of the sender authenticated the mail (DMARC)
	RuleChat     = "webchat"      // the visitor has a chat session
)

// Merges reports whether e alone merges two customers who both have messages. Only
// the signed statements of a platform about its own users do.
func (e Evidence) Merges() bool { return e.Rule == RuleWebhook || e.Rule == RuleSystem }

// Limit returns the number of aliases of a kind that rules may give to one customer.
// A customer with more is probably not a single person, so an agent decides. Visitors
// that a host site proved do not count: each sign-in may create one.
func Limit(k Kind) int {
	switch k {
	case Account:
		return 1
	case Visitor:
		return 100
	default:
		return 20
	}
}

// Single reports whether a person has only one alias of the kind at a time (in its
// scope). A second alias then indicates another person, unless a platform reports
// that it replaced the first.
func Single(k Kind) bool { return k == Account || k == BSUID || k == ParentBSUID }

// roleMailboxes are the local parts of mailboxes that several people use, sorted.
var roleMailboxes = []string{
	"abuse", "accounting", "accounts", "admin", "administratie", "administrator", "billing", "boekhouding", "contact",
	"do-not-reply", "donotreply", "facturen", "factuur", "finance", "hello", "help", "helpdesk", "hostmaster", "hr",
	"info", "inkoop", "invoice", "invoices", "it", "jobs", "kantoor", "klantenservice", "mail", "mailer-daemon", "marketing",
	"no-reply", "noreply", "office", "orders", "post", "postmaster", "reception", "root", "sales", "secretariaat",
	"service", "support", "team", "test", "verkoop", "webmaster", "welkom",
}

// Blocked reports whether an alias never identifies a single person, for example a
// role mailbox or a test number. It is not used to merge customers.
func Blocked(a Alias) bool {
	switch a.Kind {
	case Email:
		local, _, _ := strings.Cut(a.Value, "@")
		local, _, _ = strings.Cut(local, "+")
		_, role := slices.BinarySearch(roleMailboxes, local)
		return role
	case Phone:
		return isTestNumber(a.Value)
	default:
		return false
	}
}

// isTestNumber reports whether a phone number is not assigned to a subscriber: it has
// the North American area code 555, which platforms use for tests, or ends in seven
// equal digits.
func isTestNumber(digits string) bool {
	if strings.HasPrefix(digits, "1555") {
		return true
	}
	tail := digits[max(0, len(digits)-7):]
	return len(tail) == 7 && strings.Count(tail, tail[:1]) == 7
}

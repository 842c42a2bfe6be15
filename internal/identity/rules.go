package identity

import (
	"slices"
	"strings"
)

// The rules by which something about an identity is believed.
const (
	RuleWebhook  = "webhook"      // a platform signed one message that names both aliases
	RuleSystem   = "system-event" // a platform says that an alias became another
	RuleRegister = "register"     // the company's own register
	RuleHost     = "host-jwt"     // the site on which a visitor is signed in
	RuleVariant  = "variant"      // the same number, written another way
	RulePerson   = "person"       // an agent decided
	RuleMail     = "email"        // a mail whose sender's domain vouches for it
	RuleChat     = "webchat"      // a session of ours
)

// Merges reports whether evidence of this rule joins two customers by itself
// even when both have messages: only what a platform signs about its own
// users does.
func (e Evidence) Merges() bool { return e.Rule == RuleWebhook || e.Rule == RuleSystem }

// Limit is how many aliases of a kind one customer may have by rule. Beyond
// it a person decides: somebody with that many is no single person. It does not
// count the visitors of an account that the site proved: each sign-in may make
// one.
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

// Single reports whether a person has one alias of the kind at a time (in its
// scope): another one says another person, unless a platform says that the
// one became the other.
func Single(k Kind) bool { return k == Account || k == BSUID || k == ParentBSUID }

// roles are mailboxes that several people write from, by the part before the
// at sign.
var roles = []string{
	"abuse", "accounting", "accounts", "admin", "administratie", "administrator", "billing", "boekhouding", "contact",
	"do-not-reply", "donotreply", "facturen", "factuur", "finance", "hello", "help", "helpdesk", "hostmaster", "hr",
	"info", "inkoop", "invoice", "invoices", "it", "jobs", "kantoor", "klantenservice", "mail", "mailer-daemon", "marketing",
	"no-reply", "noreply", "office", "orders", "post", "postmaster", "reception", "root", "sales", "secretariaat",
	"service", "support", "team", "test", "verkoop", "webmaster", "welkom",
}

// Blocked reports whether an alias is of no one person whoever proves it, so
// that it joins nobody: a role mailbox, a test number.
func Blocked(a Alias) bool {
	switch a.Kind {
	case Email:
		local, _, _ := strings.Cut(a.Value, "@")
		local, _, _ = strings.Cut(local, "+")
		_, role := slices.BinarySearch(roles, local)
		return role
	case Phone:
		return testNumber(a.Value)
	default:
		return false
	}
}

// testNumber reports whether a number is one that nobody has: in the area
// code 555 of North America, which platforms test with, or ending in seven
// equal digits.
func testNumber(digits string) bool {
	if strings.HasPrefix(digits, "1555") {
		return true
	}
	tail := digits[max(0, len(digits)-7):]
	return len(tail) == 7 && strings.Count(tail, tail[:1]) == 7
}

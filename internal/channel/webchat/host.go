package webchat

import (
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// A Person is whom a site says its visitor is.
type Person struct {
	Account identity.Address   // the company's own customer number
	Aliases []identity.Address // mail address and phone: claimed, as sites let people type them
	Name    string
}

// leeway is by how much a site's clock may differ from ours.
const leeway = time.Minute

// maxName is the longest name kept, in bytes.
const maxName = 256

// VerifyHost returns the person that a site's token names at the time now.
// The token is a JWT signed by HMAC-SHA256 with a secret that the site shares
// with us: sub is the account, aud the site, exp is required; email, phone and
// name are optional, and left out if they make no sense. Secrets are the
// current and the previous one; empty ones are left out. Any other token is
// [fault.Unauthorized].
func VerifyHost(token, site string, now time.Time, secrets ...[]byte) (Person, error) {
	var c struct {
		jwt.RegisteredClaims
		Email string `json:"email"`
		Phone string `json:"phone"`
		Name  string `json:"name"`
	}
	if site == "" {
		return Person{}, errRefused
	}
	if err := verify(token, &c, now, secrets, jwt.WithAudience(site), jwt.WithLeeway(leeway)); err != nil {
		return Person{}, err
	}
	account, err := identity.NewAlias(identity.Account, "", c.Subject)
	if err != nil || c.Issuer == issuer {
		return Person{}, errRefused
	}
	p := Person{
		Account: identity.Address{Alias: account, Assurance: identity.Verified},
		Name:    contact.Clean(c.Name, maxName),
	}
	p.claim(identity.Email, c.Email)
	p.claim(identity.Phone, c.Phone)
	return p, nil
}

// claim adds an alias that the site does not vouch for.
func (p *Person) claim(kind identity.Kind, value string) {
	if alias, err := identity.NewAlias(kind, "", value); err == nil {
		p.Aliases = append(p.Aliases, identity.Address{Alias: alias, Assurance: identity.Claimed})
	}
}

// Session returns a session for a new visitor who is signed in as p.
func (p Person) Session(site string) (Session, error) {
	s, err := NewSession(site, time.Time{})
	s.Account = p.Account.Value
	return s, err
}

// Link returns the statement that the visitor of s is p.
func (p Person) Link(s Session, at time.Time) identity.Link {
	return identity.Link{
		From:     s.Alias(),
		To:       p.Account.Alias,
		Evidence: identity.Evidence{Rule: identity.RuleHost, Ref: s.Site, At: at},
	}
}

package webchat

import (
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Person is a visitor's identity according to the site.
type Person struct {
	Account identity.Address   // the company's customer number: verified
	Aliases []identity.Address // mail address and phone: claimed, because sites let visitors type them
	Name    string
}

// clockLeeway is how far a site's clock may differ from ours.
const clockLeeway = time.Minute

// maxName is the length of the longest name, in bytes.
const maxName = 256

// VerifyHost returns the person in a site's token, if it is valid at the time
// now. The token is a JWT, signed with HMAC-SHA256 and a secret that the site
// shares with us. Its claims are:
//
//   - sub: the account, required
//   - aud: the site, required
//   - exp: the time of expiry, required
//   - email, phone, name: optional; malformed values are ignored
//
// secrets are the current and the previous secret; empty ones are ignored. Any
// other token is [fault.Unauthorized].
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
	if err := verifyToken(token, &c, now, secrets, jwt.WithAudience(site), jwt.WithLeeway(clockLeeway)); err != nil {
		return Person{}, err
	}
	account, err := identity.NewAlias(identity.Account, "", c.Subject)
	if err != nil || c.Issuer == issuer {
		return Person{}, errRefused
	}
	p := Person{
		Account: identity.Address{Alias: account, Assurance: identity.Verified},
		Name:    message.Clean(c.Name, maxName),
	}
	p.addClaimedAlias(identity.Email, c.Email)
	p.addClaimedAlias(identity.Phone, c.Phone)
	return p, nil
}

// addClaimedAlias adds an alias that the site does not vouch for. A malformed
// value is ignored.
func (p *Person) addClaimedAlias(kind identity.Kind, value string) {
	if alias, err := identity.NewAlias(kind, "", value); err == nil {
		p.Aliases = append(p.Aliases, identity.Address{Alias: alias, Assurance: identity.Claimed})
	}
}

// Session returns a session for a new visitor who signed in as p. The caller
// sets Expires.
func (p Person) Session(site string) (Session, error) {
	s, err := NewSession(site, time.Time{})
	s.Account = p.Account.Value
	return s, err
}

// Link returns the link between the visitor of s and the account of p.
func (p Person) Link(s Session, at time.Time) identity.Link {
	return identity.Link{
		From:     s.Alias(),
		To:       p.Account.Alias,
		Evidence: identity.Evidence{Rule: identity.RuleHost, Ref: s.Site, At: at},
	}
}

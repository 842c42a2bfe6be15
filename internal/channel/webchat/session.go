// Package webchat is the company's own chat on its web sites: who the visitor
// is, and what a posted message means.
//
// A visitor is anonymous, and holds a session that we signed. When the site
// itself knows its visitor, it says so in a JWT signed with a secret that it
// shares with us: that is the proof that ties a visitor to an account.
//
// Everything here is pure: time and keys come in. HTTP, sockets and storing
// belong to others.
package webchat

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// issuer is what our own tokens say they are. A site's token never says it, so
// that neither is taken for the other even where both share a secret.
const issuer = "heard-webchat"

// A Session is a visitor's right to write, and to read what was written, at
// one site until it expires. Account is the customer number for which the
// session was signed in. It is empty for an anonymous session, and a session
// keeps it for life: a visitor who signs in gets another session.
type Session struct {
	Site    string
	Visitor string // a UUIDv7
	Account string
	Expires time.Time
}

// claims are the claims of our own tokens.
type claims struct {
	jwt.RegisteredClaims
	Account string `json:"account,omitempty"`
}

// NewSession returns an anonymous session for a new visitor. To renew one, set
// Expires of a verified session and take its Token again.
func NewSession(site string, expires time.Time) (Session, error) {
	if site == "" {
		return Session{}, fault.New(fault.Invalid, "a session needs a site")
	}
	visitor, err := uuid.NewV7()
	if err != nil {
		return Session{}, fault.Wrap(fault.Internal, err, "name the visitor")
	}
	return Session{Site: site, Visitor: visitor.String(), Expires: expires}, nil
}

// Token returns s as a token signed with key.
func (s Session) Token(key []byte) (string, error) {
	if len(key) == 0 {
		return "", errNoKey
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Audience:  jwt.ClaimStrings{s.Site},
			Subject:   s.Visitor,
			ExpiresAt: jwt.NewNumericDate(s.Expires),
		},
		Account: s.Account,
	}).SignedString(key)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "sign the session")
	}
	return token, nil
}

// Alias returns the visitor's alias.
func (s Session) Alias() identity.Alias {
	return identity.Alias{Kind: identity.Visitor, Scope: s.Site, Value: s.Visitor}
}

// AccountAlias returns the alias of the account for which s was signed in. It
// has no value when s is anonymous.
func (s Session) AccountAlias() identity.Alias {
	return identity.Alias{Kind: identity.Account, Value: s.Account}
}

// VerifySession returns the session that token proves at the time now. Keys
// are the current and, while it changes, the previous one; empty keys are
// left out. Any other token is [fault.Unauthorized].
func VerifySession(token string, now time.Time, keys ...[]byte) (Session, error) {
	var c claims
	if err := verify(token, &c, now, keys, jwt.WithIssuer(issuer)); err != nil {
		return Session{}, err
	}
	if len(c.Audience) != 1 || c.Audience[0] == "" || c.Subject == "" {
		return Session{}, errRefused
	}
	s := Session{Site: c.Audience[0], Visitor: c.Subject, Account: c.Account, Expires: c.ExpiresAt.UTC()}
	if s.Account == "" {
		return s, nil
	}
	if a, err := identity.NewAlias(identity.Account, "", s.Account); err != nil || a != s.AccountAlias() {
		return Session{}, errRefused
	}
	return s, nil
}

var (
	// A refused caller learns nothing.
	errRefused = fault.New(fault.Unauthorized, "the token is not valid")
	errNoKey   = fault.New(fault.Internal, "there is no key to sign or verify with")
)

// verify reads into the claims of a token that one of keys signed with HMAC-SHA256,
// and that has not expired.
func verify(token string, into jwt.Claims, now time.Time, keys [][]byte, options ...jwt.ParserOption) error {
	var set jwt.VerificationKeySet
	for _, key := range keys {
		if len(key) > 0 { // anybody can sign with an empty one
			set.Keys = append(set.Keys, key)
		}
	}
	if len(set.Keys) == 0 {
		return errNoKey
	}
	options = append(options,
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	_, err := jwt.NewParser(options...).ParseWithClaims(token, into, func(*jwt.Token) (any, error) { return set, nil })
	if err != nil {
		return errRefused
	}
	return nil
}

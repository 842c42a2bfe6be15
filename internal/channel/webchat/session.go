// Package webchat verifies the visitors of the company's own chat, and turns
// their posts into messages.
//
// An anonymous visitor holds a [Session], a token that we signed. If the site
// knows its visitor, it proves so with a JWT that it signs with a shared secret.
// [VerifyHost] checks that JWT and returns the visitor's account.
//
// The package is pure: time and keys are arguments. Package chatapi does HTTP
// and stores the messages.
package webchat

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// issuer is the issuer of our own tokens. A site's token must have another one,
// so that neither is accepted as the other, even if both use the same secret.
const issuer = "heard-webchat"

// Session allows a visitor to write at one site, and to read the conversation,
// until it expires. Account is the customer number with which the visitor
// signed in; it is empty for an anonymous session. It never changes: a visitor
// who signs in gets another session.
type Session struct {
	Site    string
	Visitor string // a UUIDv7
	Account string
	Expires time.Time
}

// sessionClaims are the claims of our own tokens.
type sessionClaims struct {
	jwt.RegisteredClaims
	Account string `json:"account,omitempty"`
}

// NewSession returns an anonymous session for a new visitor. To renew a verified
// session, set its Expires and call Token again.
func NewSession(site string, expires time.Time) (Session, error) {
	if site == "" {
		return Session{}, fault.New(fault.Invalid, "site is required: a session belongs to one site")
	}
	visitor, err := uuid.NewV7()
	if err != nil {
		return Session{}, fault.Wrap(fault.Internal, err, "make a visitor id")
	}
	return Session{Site: site, Visitor: visitor.String(), Expires: expires}, nil
}

// Token returns s as a token signed with key.
func (s Session) Token(key []byte) (string, error) {
	if len(key) == 0 {
		return "", errNoKey
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, sessionClaims{
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

// AccountAlias returns the alias of the account with which the visitor signed
// in. Its Value is empty if s is anonymous.
func (s Session) AccountAlias() identity.Alias {
	return identity.Alias{Kind: identity.Account, Value: s.Account}
}

// VerifySession returns the session of a token that one of keys signed and that
// has not expired at the time now. keys are the current key and, during a
// change, the previous one; empty keys are ignored. Any other token is
// [fault.Unauthorized].
func VerifySession(token string, now time.Time, keys ...[]byte) (Session, error) {
	var c sessionClaims
	if err := verifyToken(token, &c, now, keys, jwt.WithIssuer(issuer)); err != nil {
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
	// errRefused does not say why, so that a refused caller learns nothing.
	errRefused = fault.New(fault.Unauthorized, "the token is not valid")
	errNoKey   = fault.New(fault.Internal, "there is no key to sign or verify with")
)

// verifyToken reads the claims of a token into the value into. One of keys must
// have signed the token with HMAC-SHA256, and it must not have expired.
func verifyToken(token string, into jwt.Claims, now time.Time, keys [][]byte, options ...jwt.ParserOption) error {
	var set jwt.VerificationKeySet
	for _, key := range keys {
		if len(key) > 0 { // anyone can sign with an empty key
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

package httpapi

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// Scopes of a token.
const (
	ReadCustomers  = "customers:read"
	WriteCustomers = "customers:write"
	WriteIdentity  = "identity:write"
	WriteRegister  = "register:write"
	ReadProblems   = "problems:read"
	WriteProblems  = "problems:write"
	// AllProblems widens ReadProblems and WriteProblems to every department. It
	// grants neither of them.
	AllProblems = "problems:all"
)

// Claim returns a claim of the request's verified token, and "" without it.
func (r *Request) Claim(name string) string { return gatewayOf(r.Context()).claims[name] }

// ClaimWords returns the words of a claim that is a list. API Gateway writes
// the claim "a b" as it is, and the claim ["a","b"] as "[a b]".
func (r *Request) ClaimWords(name string) []string { return claimWords(r.Claim(name)) }

func claimWords(claim string) []string { return strings.Fields(strings.Trim(claim, "[]")) }

// Caller returns the subject of the token, or its client if it has none.
func (r *Request) Caller() string { return cmp.Or(r.Claim("sub"), r.Claim("client_id")) }

// HasScope reports whether the token has a scope.
func (r *Request) HasScope(scope string) bool {
	return slices.Contains(claimWords(cmp.Or(r.Claim("scope"), r.Claim("scp"))), scope)
}

// requireScope refuses a token that is not valid now or lacks the scope.
func (r *Request) requireScope(scope string) error {
	if r.Caller() == "" || isExpired(r.Claim("exp"), r.Now) {
		return fault.New(fault.Unauthorized, "a valid token is needed: Authorization: Bearer <token>")
	}
	if !r.HasScope(scope) {
		return &Refusal{Err: fault.New(fault.Forbidden, "the token lacks the scope %s", scope), Headers: InsufficientScope(scope)}
	}
	return nil
}

// InsufficientScope returns the headers that tell the scope a token lacks
// ([RFC 6750]).
//
// [RFC 6750]: https://www.rfc-editor.org/rfc/rfc6750#section-3
func InsufficientScope(scope string) map[string]string {
	return map[string]string{"WWW-Authenticate": fmt.Sprintf("Bearer error=%q, scope=%q", "insufficient_scope", scope)}
}

// isExpired reports whether a token with this claim exp has expired. API
// Gateway may write a large number as 1.7e+09.
func isExpired(exp string, now time.Time) bool {
	if exp == "" {
		return false // API Gateway has checked the token
	}
	at, err := strconv.ParseFloat(exp, 64)
	return err != nil || float64(now.Unix()) >= at
}

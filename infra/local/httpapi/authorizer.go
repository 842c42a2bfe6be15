package httpapi

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/heard-intake/heard/infra/local/template"
)

const (
	keyLifetime     = 2 * time.Hour    // AWS caches an issuer's keys this long
	keyRefetchAfter = 10 * time.Second // least time between two fetches for an unknown key
	maxKeySize      = 150 << 10
)

// An identity is the authorizer object in an event.
type identity struct {
	JWT *jwtContext `json:"jwt"`
}

type jwtContext struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"`
}

// A denial is the error response to a request without a valid token.
type denial struct {
	status    int
	message   string
	challenge string
}

// An authorizer checks the tokens of one issuer.
type authorizer struct {
	template.Authorizer
	client *http.Client
	parser *jwt.Parser

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey // by id
	fetched time.Time
}

func newAuthorizer(a template.Authorizer, client *http.Client) *authorizer {
	return &authorizer{
		Authorizer: a,
		client:     client,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{"RS256", "RS384", "RS512"}),
			jwt.WithIssuer(a.Issuer),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithJSONNumber(),
		),
	}
}

// checkToken validates the request's token and returns its claims. If scopes is
// not empty, the token must have at least one of them.
func (a *authorizer) checkToken(r *http.Request, scopes []string) (*jwtContext, *denial) {
	token := strings.TrimSpace(r.Header.Get("Authorization"))
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return nil, &denial{http.StatusUnauthorized, "Unauthorized", "Bearer"}
	}
	claims := jwt.MapClaims{}
	_, err := a.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		return a.signingKey(r.Context(), kid)
	})
	if err == nil {
		err = a.checkAudience(claims)
	}
	if err != nil {
		return nil, &denial{http.StatusUnauthorized, "Unauthorized",
			fmt.Sprintf(`Bearer scope="" error="invalid_token" error_description=%q`, err.Error())}
	}
	granted := tokenScopes(claims)
	if len(scopes) > 0 && !slices.ContainsFunc(granted, func(s string) bool { return slices.Contains(scopes, s) }) {
		return nil, &denial{http.StatusForbidden, "Forbidden",
			fmt.Sprintf(`Bearer scope=%q error="insufficient_scope" error_description="the token has none of the scopes"`,
				strings.Join(scopes, " "))}
	}
	out := &jwtContext{Claims: map[string]string{}}
	for k, v := range claims {
		out.Claims[k] = formatClaim(v)
	}
	if len(scopes) > 0 {
		out.Scopes = granted
	}
	return out, nil
}

// checkAudience checks aud, or client_id if the token has no aud, as AWS does.
func (a *authorizer) checkAudience(claims jwt.MapClaims) error {
	audience, err := claims.GetAudience()
	if err != nil {
		return err
	}
	if _, there := claims["aud"]; !there {
		id, _ := claims["client_id"].(string)
		audience = jwt.ClaimStrings{id}
	}
	if !slices.ContainsFunc(audience, func(s string) bool { return slices.Contains(a.Audience, s) }) {
		return errors.New("the token does not have a valid audience")
	}
	return nil
}

// tokenScopes returns a token's scopes. They are in scope as one string, or in
// scp as a string or a list.
func tokenScopes(claims jwt.MapClaims) []string {
	v, ok := claims["scope"]
	if !ok {
		v = claims["scp"]
	}
	switch v := v.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		var out []string
		for _, s := range v {
			out = append(out, formatClaim(s))
		}
		return out
	}
	return nil
}

// formatClaim returns a claim as the function gets it: always a string. A list
// is written as [a b], and null as the empty string.
func formatClaim(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = formatClaim(p)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any:
		out, _ := json.Marshal(v)
		return string(out)
	default:
		return fmt.Sprint(v)
	}
}

// signingKey returns the issuer's key with the id kid. Keys are cached for
// keyLifetime. An unknown id causes a new fetch, at most once per
// keyRefetchAfter.
func (a *authorizer) signingKey(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	age := time.Since(a.fetched)
	if k := a.keys[kid]; k != nil && age < keyLifetime {
		return k, nil
	}
	if a.keys == nil || age > keyRefetchAfter {
		keys, err := a.fetchKeys(ctx)
		if err != nil {
			return nil, errors.New("OIDC discovery endpoint communication error")
		}
		a.keys = keys
		a.fetched = time.Now()
	}
	if k := a.keys[kid]; k != nil {
		return k, nil
	}
	return nil, errors.New("the token's key is not one of the issuer's")
}

func (a *authorizer) fetchKeys(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	var config struct {
		JWKSURI string `json:"jwks_uri"`
	}
	if err := a.fetchJSON(ctx, strings.TrimSuffix(a.Issuer, "/")+"/.well-known/openid-configuration", &config); err != nil {
		return nil, err
	}
	var set struct {
		Keys []struct{ Kty, Kid, N, E string } `json:"keys"`
	}
	if err := a.fetchJSON(ctx, config.JWKSURI, &set); err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(k.N)
		e, errE := base64.RawURLEncoding.DecodeString(k.E)
		if k.Kty == "RSA" && errN == nil && errE == nil {
			keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		}
	}
	return keys, nil
}

func (a *authorizer) fetchJSON(ctx context.Context, url string, v any) error {
	// The fetch continues if the client disconnects: other requests need the keys.
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", url, resp.Status)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxKeySize)).Decode(v)
}

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
	keyLifetime     = 2 * time.Hour    // how long AWS keeps an issuer's keys
	keyRefetchAfter = 10 * time.Second // how soon an unknown key is looked for again
	maxKeySize      = 150 << 10
)

// An identity is what a function hears of a request's token.
type identity struct {
	JWT *jwtContext `json:"jwt"`
}

type jwtContext struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"`
}

// A denial is how a request without a good token is answered.
type denial struct {
	status    int
	message   string
	challenge string
}

// An authorizer checks tokens of one issuer.
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

// check gives the claims of a request's token, if it may take a route of
// these scopes: it needs one of them.
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
	has := tokenScopes(claims)
	if len(scopes) > 0 && !slices.ContainsFunc(has, func(s string) bool { return slices.Contains(scopes, s) }) {
		return nil, &denial{http.StatusForbidden, "Forbidden",
			fmt.Sprintf(`Bearer scope=%q error="insufficient_scope" error_description="the token has none of the scopes"`,
				strings.Join(scopes, " "))}
	}
	out := &jwtContext{Claims: map[string]string{}}
	for k, v := range claims {
		out.Claims[k] = formatClaim(v)
	}
	if len(scopes) > 0 {
		out.Scopes = has
	}
	return out, nil
}

// checkAudience looks at client_id only where aud is not there, as AWS does.
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

// scopesOf are a token's scopes: in scope, one text, or in scp, a text or a
// list.
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

// claimText is how a claim reaches a function: always as text, a list in
// brackets with spaces between.
func formatClaim(v any) string {
	switch v := v.(type) {
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

// key is the issuer's key of an id. Keys are kept; an unknown id is worth
// another look, but not at once.
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
		a.keys, a.fetched = keys, time.Now()
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
	// A caller who goes away must not leave the next without keys.
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

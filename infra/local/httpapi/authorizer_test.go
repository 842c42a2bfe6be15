package httpapi_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/httpapi"
	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/template"
)

// A signer is a running token issuer whose private key is known to the test.
type signer struct {
	*issuer.Issuer
	key     *rsa.PrivateKey
	kid     string
	fetches *atomic.Int32
}

func newIssuer(t *testing.T) signer {
	t.Helper()
	dir := t.TempDir()
	var iss *issuer.Issuer
	fetches := new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetches.Add(1)
		iss.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	iss, err := issuer.Open(dir, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "issuer.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	token, err := iss.Token(issuer.Claims{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return signer{iss, key, parsed.Header["kid"].(string), fetches}
}

// sign returns a valid token, after change has modified its header and claims.
func (s signer) sign(t *testing.T, change func(header map[string]any, claims jwt.MapClaims)) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": s.URL(), "aud": "heard", "sub": "agent-1", "scope": "history.read other",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	token.Header["kid"] = s.kid
	if change != nil {
		change(token.Header, token.Claims.(jwt.MapClaims))
	}
	return signToken(t, token, s.key)
}

func signToken(t *testing.T, token *jwt.Token, key any) string {
	t.Helper()
	out, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func guardedAPI(s signer) template.HTTPAPI {
	a := api(
		template.Route{Method: "GET", Path: "/open"},
		template.Route{Method: "GET", Path: "/any", Authorizer: "Agents"},
		template.Route{Method: "GET", Path: "/history", Authorizer: "Agents", Scopes: []string{"history.read", "history.all"}},
	)
	a.Authorizers = []template.Authorizer{{Name: "Agents", Issuer: s.URL(), Audience: []string{"heard", "heard-test"}}}
	return a
}

func TestAuthorizer(t *testing.T) {
	t.Parallel()
	s := newIssuer(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, v any) func(map[string]any, jwt.MapClaims) {
		return func(_ map[string]any, c jwt.MapClaims) { c[name] = v }
	}
	without := func(name string) func(map[string]any, jwt.MapClaims) {
		return func(_ map[string]any, c jwt.MapClaims) { delete(c, name) }
	}
	now := time.Now()
	none := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"iss": s.URL(), "aud": "heard", "exp": now.Add(time.Hour).Unix()})
	none.Header["kid"] = s.kid
	hmac := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": s.URL(), "aud": "heard", "exp": now.Add(time.Hour).Unix()})
	hmac.Header["kid"] = s.kid
	forged := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": s.URL(), "aud": "heard", "exp": now.Add(time.Hour).Unix()})
	forged.Header["kid"] = s.kid
	good := s.sign(t, nil)

	for _, tc := range []struct {
		name, path, authorization string
		status                    int
	}{
		{"valid token", "/any", "Bearer " + good, 200},
		{"valid token without Bearer", "/any", good, 200},
		{"valid token with scope", "/history", "bearer " + good, 200},
		{"no token on an open route", "/open", "", 200},
		{"second audience", "/any", s.sign(t, claim("aud", []string{"x", "heard-test"})), 200},
		{"client_id without aud", "/any",
			s.sign(t, func(_ map[string]any, c jwt.MapClaims) { delete(c, "aud"); c["client_id"] = "heard" }), 200},
		{"scopes in scp", "/history",
			s.sign(t, func(_ map[string]any, c jwt.MapClaims) { delete(c, "scope"); c["scp"] = []string{"history.all"} }), 200},

		{"no token", "/any", "", 401},
		{"empty token", "/any", "Bearer ", 401},
		{"malformed token", "/any", "Bearer a.b.c", 401},
		{"expired token", "/any", s.sign(t, claim("exp", now.Add(-time.Second).Unix())), 401},
		{"token without exp", "/any", s.sign(t, without("exp")), 401},
		{"token not valid yet", "/any", s.sign(t, claim("nbf", now.Add(time.Hour).Unix())), 401},
		{"token issued in the future", "/any", s.sign(t, claim("iat", now.Add(time.Hour).Unix())), 401},
		{"other audience", "/any", s.sign(t, claim("aud", "other")), 401},
		{"no audience", "/any", s.sign(t, without("aud")), 401},
		{"other audience with valid client_id", "/any",
			s.sign(t, func(_ map[string]any, c jwt.MapClaims) { c["aud"] = "x"; c["client_id"] = "heard" }), 401},
		{"other issuer", "/any", s.sign(t, claim("iss", "https://evil.example.net")), 401},
		{"no issuer", "/any", s.sign(t, without("iss")), 401},
		{"unknown key", "/any", s.sign(t, func(h map[string]any, _ jwt.MapClaims) { h["kid"] = "other" }), 401},
		{"no key", "/any", s.sign(t, func(h map[string]any, _ jwt.MapClaims) { delete(h, "kid") }), 401},
		{"alg none", "/any", signToken(t, none, jwt.UnsafeAllowNoneSignatureType), 401},
		{"HMAC with the public key", "/any", signToken(t, hmac, x509.MarshalPKCS1PublicKey(&s.key.PublicKey)), 401},
		{"signature of another key", "/any", signToken(t, forged, stranger), 401},
		{"truncated signature", "/any", good[:len(good)-4], 401},
		{"other scopes", "/history", s.sign(t, claim("scope", "other history.readall")), 403},
		{"no scope", "/history", s.sign(t, without("scope")), 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", tc.path, nil)
			r.Header.Set("Authorization", tc.authorization)
			rec := serve(guardedAPI(s), respondWith(`{"ok":true}`), r)
			want := map[int]string{
				200: `{"ok":true}`, 401: `{"message":"Unauthorized"}`, 403: `{"message":"Forbidden"}`,
			}[tc.status]
			if rec.Code != tc.status || rec.Body.String() != want {
				t.Errorf("got %d %s, want %d %s", rec.Code, rec.Body, tc.status, want)
			}
			if challenge := rec.Header().Get("Www-Authenticate"); (tc.status != 200) != strings.HasPrefix(challenge, "Bearer") {
				t.Errorf("challenge %q with status %d, want one with errors only", challenge, rec.Code)
			}
		})
	}
}

func TestAuthorizer_ClaimsAsStrings(t *testing.T) {
	t.Parallel()
	s := newIssuer(t)
	token := s.sign(t, func(_ map[string]any, c jwt.MapClaims) {
		c["exp"], c["iat"] = int64(4102444800), int64(1700000000)
		c["admin"], c["roles"], c["nested"], c["department"] = true, []string{"a", "b"}, map[string]any{"x": 1}, nil
	})
	var event struct {
		RequestContext struct {
			Authorizer struct {
				JWT struct {
					Claims map[string]any
					Scopes []string
				}
			}
		}
	}
	catch := invoker(func(_ context.Context, _ string, e []byte) ([]byte, string, error) {
		return []byte("{}"), "", json.Unmarshal(e, &event)
	})
	serve(guardedAPI(s), catch, withHeader(httptest.NewRequest("GET", "/history", nil), "Authorization", token))
	want := map[string]any{
		"iss": s.URL(), "aud": "heard", "sub": "agent-1", "scope": "history.read other", "iat": "1700000000",
		"exp": "4102444800", "admin": "true", "roles": "[a b]", "nested": `{"x":1}`, "department": "",
	}
	if diff := cmp.Diff(want, event.RequestContext.Authorizer.JWT.Claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"history.read", "other"}, event.RequestContext.Authorizer.JWT.Scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

func TestAuthorizer_KeysFetchedOnce(t *testing.T) {
	t.Parallel()
	s := newIssuer(t)
	g := httpapi.New(httpapi.Config{API: guardedAPI(s), Functions: respondWith("{}")})
	unknown := s.sign(t, func(h map[string]any, _ jwt.MapClaims) { h["kid"] = "other" })
	for _, token := range []string{s.sign(t, nil), s.sign(t, nil), unknown, unknown} {
		g.ServeHTTP(httptest.NewRecorder(), withHeader(httptest.NewRequest("GET", "/any", nil), "Authorization", token))
	}
	if n := s.fetches.Load(); n != 2 { // one for the configuration, one for the keys
		t.Errorf("%d requests to the issuer, want 2", n)
	}
}

func TestAuthorizer_IssuerUnreachable(t *testing.T) {
	t.Parallel()
	s := newIssuer(t)
	a := guardedAPI(s)
	a.Authorizers[0].Issuer = "http://127.0.0.1:1"
	rec := serve(a, respondWith("{}"), withHeader(httptest.NewRequest("GET", "/any", nil), "Authorization", s.sign(t, nil)))
	if rec.Code != 401 || !strings.Contains(rec.Header().Get("Www-Authenticate"), "OIDC discovery endpoint communication error") {
		t.Errorf("got %d %v, want 401 and a discovery error", rec.Code, rec.Header())
	}
}

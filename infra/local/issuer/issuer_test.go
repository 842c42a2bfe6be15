package issuer_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/heard-intake/heard/infra/local/issuer"
)

func openIssuer(t *testing.T, dir, url string) *issuer.Issuer {
	t.Helper()
	i, err := issuer.Open(dir, url)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func getJSON(t *testing.T, i *issuer.Issuer, path string) map[string]any {
	t.Helper()
	rec := httptest.NewRecorder()
	i.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestToken_Claims(t *testing.T) {
	t.Parallel()
	i := openIssuer(t, t.TempDir(), "http://127.0.0.1:8080/issuer/")
	token, err := i.Token(issuer.Claims{
		Subject: "agent-1", Audience: "heard", Scopes: []string{"history.read", "history.write"},
		Department: "billing", TTL: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, claims)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{
		"iss": "http://127.0.0.1:8080/issuer", "sub": "agent-1", "aud": "heard",
		"scope": "history.read history.write", "department": "billing",
	} {
		if claims[k] != want {
			t.Errorf("%s = %v, want %v", k, claims[k], want)
		}
	}
	keys := getJSON(t, i, "/.well-known/jwks.json")["keys"].([]any)
	if kid := keys[0].(map[string]any)["kid"]; kid != parsed.Header["kid"] {
		t.Errorf("key %v in the set, %v in the token", kid, parsed.Header["kid"])
	}
	config := getJSON(t, i, "/.well-known/openid-configuration")
	if config["issuer"] != i.URL() || config["jwks_uri"] != i.URL()+"/.well-known/jwks.json" {
		t.Errorf("configuration %v", config)
	}
}

func TestOpen_StoredKeyAndURL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := openIssuer(t, dir, "http://127.0.0.1:8080")
	second := openIssuer(t, dir, "")
	if second.URL() != first.URL() {
		t.Errorf("URL %q became %q", first.URL(), second.URL())
	}
	a, b := getJSON(t, first, "/.well-known/jwks.json"), getJSON(t, second, "/.well-known/jwks.json")
	if a["keys"].([]any)[0].(map[string]any)["n"] != b["keys"].([]any)[0].(map[string]any)["n"] {
		t.Error("the key changed")
	}
	info, err := os.Stat(filepath.Join(dir, "issuer.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestOpen_Concurrent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var kids [2]any
	var wg sync.WaitGroup
	for n := range kids {
		wg.Go(func() {
			i, err := issuer.Open(dir, "http://127.0.0.1:8080")
			if err != nil {
				t.Error(err)
				return
			}
			kids[n] = getJSON(t, i, "/.well-known/jwks.json")["keys"].([]any)[0].(map[string]any)["kid"]
		})
	}
	wg.Wait()
	if kids[0] != kids[1] {
		t.Errorf("keys %v", kids)
	}
}

func TestOpen_Errors(t *testing.T) {
	t.Parallel()
	t.Run("folder without URL", func(t *testing.T) {
		t.Parallel()
		if _, err := issuer.Open(t.TempDir(), ""); err == nil {
			t.Error("no error")
		}
	})
	t.Run("invalid key file", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "issuer.pem"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := issuer.Open(dir, "http://127.0.0.1:8080"); err == nil {
			t.Error("no error")
		}
	})
}

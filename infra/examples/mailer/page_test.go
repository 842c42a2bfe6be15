package main

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestServeHTTP_ContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	m := &mailer{key: make([]byte, minKeyBytes), wording: &dutch}
	seen := httptest.NewRecorder()
	m.ServeHTTP(seen, httptest.NewRequest(http.MethodGet, "/", nil))
	_, rest, _ := strings.Cut(seen.Body.String(), "<style>")
	css, _, ok := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"
	if got := seen.Header().Get("Content-Security-Policy"); !ok || !strings.HasPrefix(got, want) {
		t.Errorf("the policy is %q, which does not begin with %q", got, want)
	}
}

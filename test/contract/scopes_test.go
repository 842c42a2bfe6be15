package contract_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/httpapi"
)

func TestOnlyATokenWithTheScopeOpensARoute(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for route, scope := range s.Scopes() {
		if scope == "" {
			continue // the chat has sessions
		}
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			s := *s
			s.T = t
			for name, tt := range map[string]struct {
				claims map[string]string
				status int
			}{
				"no token":                       {map[string]string{}, http.StatusUnauthorized},
				"an expired token":               {with(map[string]string{"exp": "1772366400"}), http.StatusUnauthorized},
				"an expiry that is no number":    {with(map[string]string{"exp": "soon"}), http.StatusUnauthorized},
				"no subject":                     {with(map[string]string{"sub": ""}), http.StatusUnauthorized},
				"a token without scopes":         {with(map[string]string{"scope": ""}), http.StatusForbidden},
				"a token with another scope":     {with(map[string]string{"scope": "openid " + scope + ":not"}), http.StatusForbidden},
				"a scope in a claim of no worth": {with(map[string]string{"scope": "", "scopes": scope}), http.StatusForbidden},
			} {
				a := s.Do(call{Route: route, Path: map[string]string{"id": uuid.NewString(), "number": "1"}, Claims: tt.claims})
				if a.Status != tt.status || a.Header["WWW-Authenticate"] == "" && tt.status == http.StatusUnauthorized {
					t.Errorf("%s: status %d, want %d", name, a.Status, tt.status)
				}
			}
			for name, claims := range map[string]map[string]string{
				"a list of scopes":       with(map[string]string{"scope": "", "scp": "[openid " + scope + " " + httpapi.AllProblems + "]"}),
				"an expiry as a float":   with(map[string]string{"exp": "1.9e+09"}),
				"a client without a sub": with(map[string]string{"sub": "", "client_id": "crm"}),
			} {
				a := s.Do(call{Route: route, Path: map[string]string{"id": uuid.NewString(), "number": "1"}, Claims: claims})
				if a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden {
					t.Errorf("%s: status %d", name, a.Status)
				}
			}
		})
	}
}

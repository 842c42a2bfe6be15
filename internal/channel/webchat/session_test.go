package webchat_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

var (
	now    = time.Date(2026, 8, 29, 10, 40, 0, 0, time.UTC)
	key    = []byte("a key of thirty-two characters, a")
	oldKey = []byte("a key of thirty-two characters, b")
)

const site = "shop.example.com"

func newSession(t testing.TB) (webchat.Session, string) {
	t.Helper()
	s, err := webchat.NewSession(site, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Token(key)
	if err != nil {
		t.Fatal(err)
	}
	return s, token
}

func TestVerifySession(t *testing.T) {
	t.Parallel()
	s, token := newSession(t)
	for _, keys := range [][][]byte{{key}, {key, oldKey}, {oldKey, key}, {nil, key}} {
		got, err := webchat.VerifySession(token, now, keys...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("session (-want +got):\n%s", diff)
		}
	}
	if want := (identity.Alias{Kind: identity.Visitor, Scope: site, Value: s.Visitor}); s.Alias() != want {
		t.Errorf("got alias %+v, want %+v", s.Alias(), want)
	}
}

func TestNewSession(t *testing.T) {
	t.Parallel()
	a, _ := newSession(t)
	b, _ := newSession(t)
	if a.Visitor == b.Visitor || len(a.Visitor) != 36 {
		t.Errorf("got visitors %s and %s, want two UUIDs", a.Visitor, b.Visitor)
	}
	if _, err := webchat.NewSession("", now); !fault.Is(err, fault.Invalid) {
		t.Errorf("a session without a site: got error %v, want %s", err, fault.Invalid)
	}
}

func TestVerifySession_Renewed(t *testing.T) {
	t.Parallel()
	s, _ := newSession(t)
	s.Expires = s.Expires.Add(time.Hour)
	token, err := s.Token(key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := webchat.VerifySession(token, now.Add(90*time.Minute), key); err != nil || got.Visitor != s.Visitor {
		t.Errorf("got %+v, %v; want visitor %s", got, err, s.Visitor)
	}
}

// sign returns a JWT of claims, signed with a key.
func sign(t testing.TB, method jwt.SigningMethod, claims jwt.MapClaims, with any) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(with)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// swap returns token with its part i replaced by text, in base64.
func swap(token string, i int, text string) string {
	parts := strings.Split(token, ".")
	parts[i] = base64.RawURLEncoding.EncodeToString([]byte(text))
	return strings.Join(parts, ".")
}

func TestVerifySession_Refused(t *testing.T) {
	t.Parallel()
	_, token := newSession(t)
	exp := now.Add(time.Hour).Unix()
	tests := map[string]struct {
		token string
		now   time.Time
		keys  [][]byte
		kind  fault.Kind
	}{
		"empty":                        {"", now, [][]byte{key}, fault.Unauthorized},
		"not a JWT":                    {"hello", now, [][]byte{key}, fault.Unauthorized},
		"expired":                      {token, now.Add(time.Hour + time.Second), [][]byte{key}, fault.Unauthorized},
		"another key":                  {token, now, [][]byte{oldKey}, fault.Unauthorized},
		"no key":                       {token, now, nil, fault.Internal},
		"an empty key":                 {token, now, [][]byte{{}}, fault.Internal},
		"signed with an empty key":     {sign(t, jwt.SigningMethodHS256, jwt.MapClaims{"iss": "heard-webchat", "aud": site, "sub": "v", "exp": exp}, []byte{}), now, [][]byte{key, nil}, fault.Unauthorized},
		"without signature":            {token[:strings.LastIndex(token, ".")+1], now, [][]byte{key}, fault.Unauthorized},
		"cut off":                      {token[:len(token)-1], now, [][]byte{key}, fault.Unauthorized},
		"another visitor":              {swap(token, 1, `{"iss":"heard-webchat","aud":["shop.example.com"],"sub":"v","exp":9999999999}`), now, [][]byte{key}, fault.Unauthorized},
		"algorithm none":               {sign(t, jwt.SigningMethodNone, jwt.MapClaims{"iss": "heard-webchat", "aud": site, "sub": "v", "exp": exp}, jwt.UnsafeAllowNoneSignatureType), now, [][]byte{key}, fault.Unauthorized},
		"algorithm none in the header": {swap(token, 0, `{"alg":"none","typ":"JWT"}`), now, [][]byte{key}, fault.Unauthorized},
		"another hash":                 {sign(t, jwt.SigningMethodHS512, jwt.MapClaims{"iss": "heard-webchat", "aud": site, "sub": "v", "exp": exp}, key), now, [][]byte{key}, fault.Unauthorized},
		"without expiry":               {sign(t, jwt.SigningMethodHS256, jwt.MapClaims{"iss": "heard-webchat", "aud": site, "sub": "v"}, key), now, [][]byte{key}, fault.Unauthorized},
		"no issuer":                    {sign(t, jwt.SigningMethodHS256, jwt.MapClaims{"aud": site, "sub": "v", "exp": exp}, key), now, [][]byte{key}, fault.Unauthorized},
		"no audience":                  {sign(t, jwt.SigningMethodHS256, jwt.MapClaims{"iss": "heard-webchat", "sub": "v", "exp": exp}, key), now, [][]byte{key}, fault.Unauthorized},
		"two audiences":                {sign(t, jwt.SigningMethodHS256, jwt.MapClaims{"iss": "heard-webchat", "aud": []string{site, "x"}, "sub": "v", "exp": exp}, key), now, [][]byte{key}, fault.Unauthorized},
		"no subject":                   {sign(t, jwt.SigningMethodHS256, jwt.MapClaims{"iss": "heard-webchat", "aud": site, "exp": exp}, key), now, [][]byte{key}, fault.Unauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := webchat.VerifySession(tt.token, tt.now, tt.keys...)
			if fault.KindOf(err) != tt.kind || s != (webchat.Session{}) {
				t.Errorf("got %+v, %v; want no session and %s", s, err, tt.kind)
			}
		})
	}
	if _, err := (webchat.Session{}).Token(nil); !fault.Is(err, fault.Internal) {
		t.Errorf("Token without a key: got error %v, want %s", err, fault.Internal)
	}
}

func FuzzVerifySession(f *testing.F) {
	_, token := newSession(f)
	f.Add(token)
	f.Add(swap(token, 0, `{"alg":"none"}`))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := webchat.VerifySession(s, now, oldKey)
		if err == nil {
			t.Errorf("VerifySession(%q) = %+v, want an error", s, got)
		}
	})
}

func BenchmarkVerifySession(b *testing.B) {
	_, token := newSession(b)
	for b.Loop() {
		if _, err := webchat.VerifySession(token, now, key); err != nil {
			b.Fatal(err)
		}
	}
}

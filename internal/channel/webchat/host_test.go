package webchat_test

import (
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// claims returns the claims of a site's token. with adds or replaces claims; a
// nil value removes one.
func claims(with jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "K-1001", "aud": site, "exp": now.Add(5 * time.Minute).Unix()}
	for k, v := range with {
		if v == nil {
			delete(c, k)
			continue
		}
		c[k] = v
	}
	return c
}

func TestVerifyHost(t *testing.T) {
	t.Parallel()
	account := identity.Address{Alias: identity.Alias{Kind: identity.Account, Value: "K-1001"}, Assurance: identity.Verified}
	mail := identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "jan@example.com"}, Assurance: identity.Claimed}
	phone := identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: "31201234567"}, Assurance: identity.Claimed}
	tests := map[string]struct {
		claims jwt.MapClaims
		want   webchat.Person
	}{
		"account only":                  {nil, webchat.Person{Account: account}},
		"name, mail and phone":          {jwt.MapClaims{"name": "Jan Voorbeeld", "email": "Jan@Example.com", "phone": "+31 20 123 4567"}, webchat.Person{Account: account, Aliases: []identity.Address{mail, phone}, Name: "Jan Voorbeeld"}},
		"with malformed mail and phone": {jwt.MapClaims{"email": "jan", "phone": "020-1"}, webchat.Person{Account: account}},
		"several audiences":             {jwt.MapClaims{"aud": []string{"x", site}}, webchat.Person{Account: account}},
		"site's clock ahead":            {jwt.MapClaims{"nbf": now.Add(30 * time.Second).Unix(), "iat": now.Add(30 * time.Second).Unix()}, webchat.Person{Account: account}},
		"site's clock behind":           {jwt.MapClaims{"exp": now.Add(-30 * time.Second).Unix()}, webchat.Person{Account: account}},
		"unknown claims":                {jwt.MapClaims{"role": "vip"}, webchat.Person{Account: account}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := webchat.VerifyHost(sign(t, jwt.SigningMethodHS256, claims(tt.claims), key), site, now, key, oldKey)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("person (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyHost_PreviousSecret(t *testing.T) {
	t.Parallel()
	token := sign(t, jwt.SigningMethodHS256, claims(nil), oldKey)
	if _, err := webchat.VerifyHost(token, site, now, key, oldKey); err != nil {
		t.Errorf("token of the previous secret: got error %v, want none", err)
	}
	if _, err := webchat.VerifyHost(token, site, now, key); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("token of a removed secret: got error %v, want %s", err, fault.Unauthorized)
	}
}

func TestVerifyHost_Refused(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, session := newSession(t)
	hs256 := func(with jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, claims(with), key) }
	tests := map[string]struct {
		token, site string
		secrets     [][]byte
		kind        fault.Kind
	}{
		"empty":                        {"", site, [][]byte{key}, fault.Unauthorized},
		"another secret":               {sign(t, jwt.SigningMethodHS256, claims(nil), oldKey), site, [][]byte{key}, fault.Unauthorized},
		"no secret":                    {hs256(nil), site, nil, fault.Internal},
		"an empty secret":              {sign(t, jwt.SigningMethodHS256, claims(nil), []byte{}), site, [][]byte{nil, {}}, fault.Internal},
		"algorithm none":               {sign(t, jwt.SigningMethodNone, claims(nil), jwt.UnsafeAllowNoneSignatureType), site, [][]byte{key}, fault.Unauthorized},
		"algorithm None in the header": {swap(hs256(nil), 0, `{"alg":"None"}`), site, [][]byte{key}, fault.Unauthorized},
		"asymmetric key":               {sign(t, jwt.SigningMethodRS256, claims(nil), private), site, [][]byte{key}, fault.Unauthorized},
		"longer hash":                  {sign(t, jwt.SigningMethodHS384, claims(nil), key), site, [][]byte{key}, fault.Unauthorized},
		"expired":                      {hs256(jwt.MapClaims{"exp": now.Add(-2 * time.Minute).Unix()}), site, [][]byte{key}, fault.Unauthorized},
		"not valid yet":                {hs256(jwt.MapClaims{"nbf": now.Add(time.Hour).Unix()}), site, [][]byte{key}, fault.Unauthorized},
		"without expiry":               {hs256(jwt.MapClaims{"exp": nil}), site, [][]byte{key}, fault.Unauthorized},
		"malformed expiry":             {hs256(jwt.MapClaims{"exp": "tomorrow"}), site, [][]byte{key}, fault.Unauthorized},
		"other audience":               {hs256(jwt.MapClaims{"aud": "other.example.com"}), site, [][]byte{key}, fault.Unauthorized},
		"no audience":                  {hs256(jwt.MapClaims{"aud": nil}), site, [][]byte{key}, fault.Unauthorized},
		"asked no audience":            {hs256(jwt.MapClaims{"aud": ""}), "", [][]byte{key}, fault.Unauthorized},
		"no subject":                   {hs256(jwt.MapClaims{"sub": nil}), site, [][]byte{key}, fault.Unauthorized},
		"blank subject":                {hs256(jwt.MapClaims{"sub": " "}), site, [][]byte{key}, fault.Unauthorized},
		"subject of the wrong type":    {hs256(jwt.MapClaims{"sub": []int{1}}), site, [][]byte{key}, fault.Unauthorized},
		"session token":                {session, site, [][]byte{key}, fault.Unauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := webchat.VerifyHost(tt.token, tt.site, now, tt.secrets...)
			if fault.KindOf(err) != tt.kind || p.Account.Value != "" {
				t.Errorf("got %+v, %v; want no person and %s", p, err, tt.kind)
			}
		})
	}
}

func TestPerson_Link(t *testing.T) {
	t.Parallel()
	s, _ := newSession(t)
	p, err := webchat.VerifyHost(sign(t, jwt.SigningMethodHS256, claims(nil), key), site, now, key)
	if err != nil {
		t.Fatal(err)
	}
	want := identity.Link{
		From:     identity.Alias{Kind: identity.Visitor, Scope: site, Value: s.Visitor},
		To:       identity.Alias{Kind: identity.Account, Value: "K-1001"},
		Evidence: identity.Evidence{Rule: "host-jwt", Ref: site, At: now},
	}
	if diff := cmp.Diff(want, p.Link(s, now)); diff != "" {
		t.Errorf("link (-want +got):\n%s", diff)
	}
}

func FuzzVerifyHost(f *testing.F) {
	f.Add(sign(f, jwt.SigningMethodHS256, claims(nil), key))
	f.Add(sign(f, jwt.SigningMethodNone, claims(nil), jwt.UnsafeAllowNoneSignatureType))
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := webchat.VerifyHost(s, site, now, oldKey); err == nil {
			t.Errorf("VerifyHost(%q) = %+v, want an error", s, p)
		}
	})
}

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

// claims returns what a site says of a visitor, changed as with says; nil
// takes a claim away.
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

func TestASiteSaysWhoItsVisitorIs(t *testing.T) {
	t.Parallel()
	account := identity.Address{Alias: identity.Alias{Kind: identity.Account, Value: "K-1001"}, Assurance: identity.Verified}
	mail := identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "jan@example.com"}, Assurance: identity.Claimed}
	phone := identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: "31201234567"}, Assurance: identity.Claimed}
	tests := map[string]struct {
		claims jwt.MapClaims
		want   webchat.Person
	}{
		"the account alone":               {nil, webchat.Person{Account: account}},
		"with name, mail and phone":       {jwt.MapClaims{"name": "Jan Voorbeeld", "email": "Jan@Example.com", "phone": "+31 20 123 4567"}, webchat.Person{Account: account, Aliases: []identity.Address{mail, phone}, Name: "Jan Voorbeeld"}},
		"with a mail that is none":        {jwt.MapClaims{"email": "jan", "phone": "020-1"}, webchat.Person{Account: account}},
		"for several audiences":           {jwt.MapClaims{"aud": []string{"x", site}}, webchat.Person{Account: account}},
		"by a clock that runs ahead":      {jwt.MapClaims{"nbf": now.Add(30 * time.Second).Unix(), "iat": now.Add(30 * time.Second).Unix()}, webchat.Person{Account: account}},
		"by a clock that runs behind":     {jwt.MapClaims{"exp": now.Add(-30 * time.Second).Unix()}, webchat.Person{Account: account}},
		"with claims that we do not know": {jwt.MapClaims{"role": "vip"}, webchat.Person{Account: account}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := webchat.VerifyHost(sign(t, jwt.SigningMethodHS256, claims(tt.claims), key), site, now, key, oldKey)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheSecretBeforeThisOneStillCounts(t *testing.T) {
	t.Parallel()
	token := sign(t, jwt.SigningMethodHS256, claims(nil), oldKey)
	if _, err := webchat.VerifyHost(token, site, now, key, oldKey); err != nil {
		t.Error(err)
	}
	if _, err := webchat.VerifyHost(token, site, now, key); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("after the change: %v", err)
	}
}

func TestAHostTokenThatProvesNothingIsRefused(t *testing.T) {
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
		"empty":                      {"", site, [][]byte{key}, fault.Unauthorized},
		"another secret":             {sign(t, jwt.SigningMethodHS256, claims(nil), oldKey), site, [][]byte{key}, fault.Unauthorized},
		"no secret":                  {hs256(nil), site, nil, fault.Internal},
		"an empty secret":            {sign(t, jwt.SigningMethodHS256, claims(nil), []byte{}), site, [][]byte{nil, {}}, fault.Internal},
		"algorithm none":             {sign(t, jwt.SigningMethodNone, claims(nil), jwt.UnsafeAllowNoneSignatureType), site, [][]byte{key}, fault.Unauthorized},
		"header says none":           {swap(hs256(nil), 0, `{"alg":"None"}`), site, [][]byte{key}, fault.Unauthorized},
		"an asymmetric key":          {sign(t, jwt.SigningMethodRS256, claims(nil), private), site, [][]byte{key}, fault.Unauthorized},
		"a longer hash":              {sign(t, jwt.SigningMethodHS384, claims(nil), key), site, [][]byte{key}, fault.Unauthorized},
		"expired":                    {hs256(jwt.MapClaims{"exp": now.Add(-2 * time.Minute).Unix()}), site, [][]byte{key}, fault.Unauthorized},
		"not valid yet":              {hs256(jwt.MapClaims{"nbf": now.Add(time.Hour).Unix()}), site, [][]byte{key}, fault.Unauthorized},
		"never expires":              {hs256(jwt.MapClaims{"exp": nil}), site, [][]byte{key}, fault.Unauthorized},
		"expires at a word":          {hs256(jwt.MapClaims{"exp": "tomorrow"}), site, [][]byte{key}, fault.Unauthorized},
		"for another site":           {hs256(jwt.MapClaims{"aud": "other.example.com"}), site, [][]byte{key}, fault.Unauthorized},
		"for no site":                {hs256(jwt.MapClaims{"aud": nil}), site, [][]byte{key}, fault.Unauthorized},
		"asked for no site":          {hs256(jwt.MapClaims{"aud": ""}), "", [][]byte{key}, fault.Unauthorized},
		"about nobody":               {hs256(jwt.MapClaims{"sub": nil}), site, [][]byte{key}, fault.Unauthorized},
		"about an empty account":     {hs256(jwt.MapClaims{"sub": " "}), site, [][]byte{key}, fault.Unauthorized},
		"a claim of the wrong type":  {hs256(jwt.MapClaims{"sub": []int{1}}), site, [][]byte{key}, fault.Unauthorized},
		"a session token in its way": {session, site, [][]byte{key}, fault.Unauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := webchat.VerifyHost(tt.token, tt.site, now, tt.secrets...)
			if fault.KindOf(err) != tt.kind || p.Account.Value != "" {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

func TestTheLinkNamesVisitorAndAccount(t *testing.T) {
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
		t.Error(diff)
	}
}

func FuzzVerifyHost(f *testing.F) {
	f.Add(sign(f, jwt.SigningMethodHS256, claims(nil), key))
	f.Add(sign(f, jwt.SigningMethodNone, claims(nil), jwt.UnsafeAllowNoneSignatureType))
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := webchat.VerifyHost(s, site, now, oldKey); err == nil {
			t.Errorf("%q proves %+v", s, p)
		}
	})
}

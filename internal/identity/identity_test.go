package identity_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

func TestNewAlias(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		kind  identity.Kind
		value string
		want  string // "" is refused
	}{
		{"a phone as WhatsApp writes it", identity.Phone, "31612345678", "31612345678"},
		{"a phone as people write it", identity.Phone, "+31 (0)6 - 12 34 56 78", "31612345678"},
		{"a phone with 00", identity.Phone, "0031612345678", "31612345678"},
		{"a national number has no country", identity.Phone, "0612345678", ""},
		{"a word is no phone", identity.Phone, "PHONE_NUMBER", ""},
		{"zeroes are no phone", identity.Phone, "+000", ""},
		{"too many digits are no phone", identity.Phone, strings.Repeat("9", 16), ""},
		{"case makes no difference to a mail address", identity.Email, " Jan.Voorbeeld@Example.COM ", "jan.voorbeeld@example.com"},
		{"an internationalized domain has one form", identity.Email, "jan@BÜCHER.example", "jan@xn--bcher-kva.example"},
		{"that form is itself", identity.Email, "jan@xn--bcher-kva.example", "jan@xn--bcher-kva.example"},
		{"a domain with an underscore is used by some", identity.Email, "a@my_host.example", "a@my_host.example"},
		{"no domain is no mail address", identity.Email, "jan@", ""},
		{"two addresses are not one", identity.Email, "a@b.example, c@d.example", ""},
		{"a user id of WhatsApp", identity.BSUID, "US.13491208655302741918", "US.13491208655302741918"},
		{"a parent user id", identity.ParentBSUID, "US.ENT.abc123", "US.ENT.abc123"},
		{"a malformed user id", identity.BSUID, "us.1", ""},
		{"an empty one", identity.PSID, "", ""},
		{"one with NUL", identity.Visitor, "a\x00b", ""},
		{"an unknown kind", "fax", "1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := identity.NewAlias(tt.kind, "", tt.value)
			if a.Value != tt.want || (err != nil) != (tt.want == "") || err != nil && fault.KindOf(err) != fault.Invalid {
				t.Errorf("got %q, %v", a.Value, err)
			}
		})
	}
}

func TestPhoneVariantsGoBothWaysAndStayWithinTheCountry(t *testing.T) {
	t.Parallel()
	for one, other := range map[string]string{
		"5511987654321": "551187654321", // Brazil's ninth digit
		"5215512345678": "525512345678", // Mexico's 1
		"5491112345678": "541112345678", // Argentina's 9
		"31612345678":   "",             // elsewhere there is one way
		"551133334444":  "",             // a fixed line in Brazil has eight digits
	} {
		got := identity.PhoneVariants(identity.Alias{Kind: identity.Phone, Value: one})
		if other == "" {
			if len(got) != 0 {
				t.Errorf("%s has variants %v", one, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Value != other {
			t.Errorf("%s has variants %v", one, got)
			continue
		}
		if back := identity.PhoneVariants(got[0]); len(back) != 1 || back[0].Value != one {
			t.Errorf("%s leads back to %v", other, back)
		}
	}
}

func TestParseAlias(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]identity.Alias{
		"phone:+31 6 12345678":  {Kind: identity.Phone, Value: "31612345678"},
		"email:Jan@Example.com": {Kind: identity.Email, Value: "jan@example.com"},
		"psid:page-1:123":       {Kind: identity.PSID, Scope: "page-1", Value: "123"},
		"account:K:1":           {Kind: identity.Account, Value: "K:1"},
	} {
		if got, err := identity.ParseAlias(in); err != nil || got != want {
			t.Errorf("%q: %+v %v", in, got, err)
		}
	}
	for _, in := range []string{"", "phone", "psid:123", "fax:1", "phone:x"} {
		if _, err := identity.ParseAlias(in); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzNewAlias(f *testing.F) {
	for _, k := range identity.Kinds {
		f.Add(string(k), "scope", "+31 6 12345678")
		f.Add(string(k), "", "Jan@BÜCHER.example")
	}
	f.Fuzz(func(t *testing.T, kind, scope, value string) {
		a, err := identity.NewAlias(identity.Kind(kind), scope, value)
		if err != nil {
			return
		}
		again, err := identity.NewAlias(a.Kind, a.Scope, a.Value)
		if err != nil || again != a {
			t.Errorf("%+v became %+v, %v", a, again, err)
		}
		if a.Value == "" || utf8.ValidString(value) && !utf8.ValidString(a.Value) {
			t.Errorf("value %q", a.Value)
		}
	})
}

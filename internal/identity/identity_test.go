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
		want  string // "" means refused
	}{
		{"phone of WhatsApp", identity.Phone, "31612345678", "31612345678"},
		{"phone with punctuation", identity.Phone, "+31 (0)6 - 12 34 56 78", "31612345678"},
		{"phone with 00", identity.Phone, "0031612345678", "31612345678"},
		{"national phone", identity.Phone, "0612345678", ""},
		{"word as phone", identity.Phone, "PHONE_NUMBER", ""},
		{"phone of zeroes", identity.Phone, "+000", ""},
		{"phone with too many digits", identity.Phone, strings.Repeat("9", 16), ""},
		{"mail address in mixed case", identity.Email, " Jan.Voorbeeld@Example.COM ", "jan.voorbeeld@example.com"},
		{"internationalized domain", identity.Email, "jan@BÜCHER.example", "jan@xn--bcher-kva.example"},
		{"internationalized domain in ASCII", identity.Email, "jan@xn--bcher-kva.example", "jan@xn--bcher-kva.example"},
		{"domain with underscore", identity.Email, "a@my_host.example", "a@my_host.example"},
		{"mail address without domain", identity.Email, "jan@", ""},
		{"address literal", identity.Email, "jan@[127.0.0.1]", ""},
		{"address literal without its end", identity.Email, "jan@[127.0.0.1", ""},
		{"address of digits", identity.Email, "jan@127.0.0.1", ""},
		{"address of IPv6", identity.Email, "jan@2001:db8::1", ""},
		{"number as domain", identity.Email, "jan@2130706433", ""},
		{"number as top-level domain", identity.Email, "jan@shop.1", ""},
		{"number as label", identity.Email, "jan@365.example", "jan@365.example"},
		{"domain of one label", identity.Email, "jan@localhost", ""},
		{"domain of one label with a dot", identity.Email, "jan@localhost.", ""},
		{"empty label", identity.Email, "jan@out..example", ""},
		{"empty first label", identity.Email, "jan@.example", ""},
		{"empty first label of several", identity.Email, "jan@.shop.example", ""},
		{"two dots at the end", identity.Email, "jan@shop.example..", ""},
		{"dots of another script", identity.Email, "jan@out。。example", ""},
		{"dot at the end", identity.Email, "jan@shop.example.", "jan@shop.example"},
		{"two mail addresses", identity.Email, "a@b.example, c@d.example", ""},
		{"WhatsApp user id", identity.BSUID, "US.13491208655302741918", "US.13491208655302741918"},
		{"parent user id", identity.ParentBSUID, "US.ENT.abc123", "US.ENT.abc123"},
		{"malformed user id", identity.BSUID, "us.1", ""},
		{"empty value", identity.PSID, "", ""},
		{"value with NUL", identity.Visitor, "a\x00b", ""},
		{"unknown kind", "fax", "1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := identity.NewAlias(tt.kind, "", tt.value)
			if a.Value != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("NewAlias() = %q, %v, want %q", a.Value, err, tt.want)
			}
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("NewAlias() error = %v, want kind %s", err, fault.Invalid)
			}
		})
	}
}

func TestPhoneVariants(t *testing.T) {
	t.Parallel()
	for one, other := range map[string]string{
		"5511987654321": "551187654321", // Brazil's ninth digit
		"5215512345678": "525512345678", // Mexico's 1
		"5491112345678": "541112345678", // Argentina's 9
		"31612345678":   "",             // other countries have no variants
		"551133334444":  "",             // a fixed line in Brazil has eight digits
	} {
		got := identity.PhoneVariants(identity.Alias{Kind: identity.Phone, Value: one})
		if other == "" {
			if len(got) != 0 {
				t.Errorf("PhoneVariants(%s) = %v, want none", one, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Value != other {
			t.Errorf("PhoneVariants(%s) = %v, want %s", one, got, other)
			continue
		}
		if back := identity.PhoneVariants(got[0]); len(back) != 1 || back[0].Value != one {
			t.Errorf("PhoneVariants(%s) = %v, want %s", other, back, one)
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
			t.Errorf("ParseAlias(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "phone", "psid:123", "fax:1", "phone:x"} {
		if _, err := identity.ParseAlias(in); !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseAlias(%q) error = %v, want kind %s", in, err, fault.Invalid)
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
			t.Errorf("NewAlias() of normal form %+v = %+v, %v, want no change", a, again, err)
		}
		if a.Value == "" || (utf8.ValidString(value) && !utf8.ValidString(a.Value)) {
			t.Errorf("NewAlias() value = %q, want valid UTF-8 and not empty", a.Value)
		}
	})
}

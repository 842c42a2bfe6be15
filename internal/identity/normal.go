package identity

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// phoneDigits returns the digits of an international phone number, as
// WhatsApp writes it: country code first, no plus. It takes a leading plus or
// 00, and the blanks, dots, dashes and brackets people write, with "(0)" for
// the trunk prefix that falls away abroad. Seven digits is the shortest
// number with a country code in use, fifteen the longest (ITU E.164).
func phoneDigits(s string) (string, bool) {
	s = strings.ReplaceAll(s, "(0)", "")
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && i == 0, strings.ContainsRune(" .-()/\u00a0", r):
		default:
			return "", false
		}
	}
	d := strings.TrimPrefix(b.String(), "00")
	if len(d) < 7 || len(d) > 15 || d[0] == '0' {
		return "", false
	}
	return d, true
}

// PhoneVariants returns the other ways in which the same subscriber's number
// is written, none for most countries: Brazil's ninth mobile digit, Mexico's
// old 1 and Argentina's 9 after the country code come and go between a
// platform's id and what people dial.
func PhoneVariants(a Alias) []Alias {
	if a.Kind != Phone || a.Scope != "" {
		return nil
	}
	d := a.Value
	var other string
	switch {
	case strings.HasPrefix(d, "55") && len(d) == 13 && d[4] == '9':
		other = d[:4] + d[5:]
	case strings.HasPrefix(d, "55") && len(d) == 12 && d[4] >= '6':
		other = d[:4] + "9" + d[4:]
	case strings.HasPrefix(d, "521") && len(d) == 13:
		other = "52" + d[3:]
	case strings.HasPrefix(d, "52") && len(d) == 12:
		other = "521" + d[2:]
	case strings.HasPrefix(d, "549") && len(d) == 13:
		other = "54" + d[3:]
	case strings.HasPrefix(d, "54") && len(d) == 12:
		other = "549" + d[2:]
	default:
		return nil
	}
	return []Alias{{Kind: Phone, Value: other}}
}

// mailAddress returns a mail address as it is compared: NFC, lower case, an
// internationalized domain in its ASCII form. Servers may treat local parts
// as case-sensitive (RFC 5321, 2.4); none that people use does.
func mailAddress(s string) (string, bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || len(s) > 320 || strings.ContainsAny(s, " \t\r\n<>,;") && s[0] != '"' {
		return "", false
	}
	domain := strings.TrimSuffix(s[at+1:], ".")
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		ascii = strings.ToLower(domain) // underscores and the like: seen in real mail
	}
	if ascii == "" {
		return "", false
	}
	return strings.ToLower(norm.NFC.String(s[:at])) + "@" + ascii, true
}

// ValidBSUID reports whether s has the form of a WhatsApp business-scoped or
// parent user id: country code, dot, up to 128 letters and digits (Meta,
// business-scoped user ids, 2026-03-31).
func ValidBSUID(s string) bool {
	if len(s) < 4 || s[2] != '.' || !upper(s[0]) || !upper(s[1]) {
		return false
	}
	id := strings.TrimPrefix(s[3:], "ENT.")
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && !upper(c) {
			return false
		}
	}
	return true
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

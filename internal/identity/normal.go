package identity

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// normalizePhone returns the digits of an international phone number as WhatsApp
// writes it: with country code and without plus. It accepts a leading plus or 00, and
// blanks, dots, dashes, slashes and brackets. It removes "(0)", the trunk prefix that
// is not dialled from abroad. A number has 7 to 15 digits (ITU E.164).
func normalizePhone(s string) (string, bool) {
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

// ParsePhone returns the alias of a phone number as people write it: with a
// country code, as in +31 6 12345678, 0031612345678 and 31612345678, or without,
// as in 06-12345678. A number without one gets that of country, for example "31".
func ParsePhone(value, country string) (Alias, error) {
	a, err := NewAlias(Phone, "", value)
	if err == nil || country == "" {
		return a, err
	}
	national := strings.TrimLeft(value, " (\u00a0")
	if !strings.HasPrefix(national, "0") || strings.HasPrefix(national, "00") {
		return a, err
	}
	subscriber := strings.NewReplacer("(", " ", ")", " ").Replace(national[1:])
	if parsed, ok := NewAlias(Phone, "", country+subscriber); ok == nil {
		return parsed, nil
	}
	return a, err
}

// NormalizeName returns the words of a person's name in lower case, without
// accents and signs, separated by spaces. For example, "José  Voorbeeld-Bakker"
// becomes "jose voorbeeld bakker".
func NormalizeName(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '\u2019':
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// IsFullName reports whether a name in normal form has a first and a last name.
func IsFullName(normalized string) bool { return strings.Contains(normalized, " ") }

// PhoneVariants returns the other forms of a phone number of the same subscriber.
// Most countries have none. Platform ids and dialled numbers differ in Brazil's ninth
// mobile digit, Mexico's old 1, and Argentina's 9 after the country code.
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

// normalizeMailAddress returns a mail address in NFC and lower case, with an
// internationalized domain in ASCII. RFC 5321 (2.4) allows case-sensitive local parts,
// but common mail servers do not use them. A domain that no mail can reach is
// refused, see [isMailDomain].
func normalizeMailAddress(s string) (string, bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || len(s) > 320 {
		return "", false
	}
	isQuoted := s[0] == '"'
	if !isQuoted && strings.ContainsAny(s, " \t\r\n<>,;") {
		return "", false
	}
	domain := strings.TrimSuffix(s[at+1:], ".")
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		ascii = strings.ToLower(domain) // not valid in IDNA, for example with an underscore, but used in real mail
	}
	if !isMailDomain(ascii) {
		return "", false
	}
	return strings.ToLower(norm.NFC.String(s[:at])) + "@" + ascii, true
}

// isMailDomain reports whether mail from the internet can reach a domain. It has
// at least two labels, none of them empty. An address literal names a host, as in
// jan@[192.0.2.1], and so does an address of digits, as in jan@192.0.2.1: no top-level
// domain is a number.
func isMailDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 || slices.Contains(labels, "") || strings.ContainsAny(domain, "[]:") {
		return false
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// ValidBSUID reports whether s has the form of a WhatsApp business-scoped or parent
// user id: country code, dot, and at most 128 letters and digits (Meta, business-scoped
// user ids, 2026-03-31).
func ValidBSUID(s string) bool {
	if len(s) < 4 || !isUpperCase(s[0]) || !isUpperCase(s[1]) {
		return false
	}
	if s[2] != '.' {
		return false
	}
	id := strings.TrimPrefix(s[3:], "ENT.")
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		if !isAlphanumeric(id[i]) {
			return false
		}
	}
	return true
}

// isAlphanumeric reports whether c is an ASCII letter or digit.
func isAlphanumeric(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z':
		return true
	default:
		return isUpperCase(c)
	}
}

func isUpperCase(c byte) bool { return c >= 'A' && c <= 'Z' }

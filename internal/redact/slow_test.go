package redact_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/redact"
)

// slowTexts are texts made to cost as much as they can.
func slowTexts() map[string]string {
	long := func(s string) string { return strings.Repeat(s, 4000/len(s)) }
	return map[string]string{
		"particles":                long("van "),
		"particles before a name":  long("van ")[:3990] + " Xq",
		"particles and words":      long("van de der bel "),
		"introductions":            long("hoi "),
		"introductions and names":  long("hoi Xq "),
		"names":                    long("mevrouw Xq van der "),
		"closings":                 long("groeten "),
		"closings and words":       long("gr de "),
		"thanks":                   long("thx "),
		"one word":                 long("a"),
		"one word of known words":  long("pakket"),
		"digits":                   long("1 "),
		"digits and hyphens":       long("1-"),
		"an address without end":   long("a.b@"),
		"dots":                     long("a."),
		"at":                       long("a at "),
		"streets":                  long("laan weg "),
		"tokens":                   long("[name]"),
		"tokens between spaces":    long("[name] [phone] "),
		"capitals":                 long("Van De Xq "),
		"apostrophes":              long("a'b "),
		"quotes":                   long("'"),
		"an IBAN without end":      long("nl12"),
		"months":                   long("1 mei "),
		"composed letters":         long("e\u0301"),
		"ligatures that grow":      long("\ufdfa"),
		"numbers in words":         long("een twee "),
		"spaces":                   "x" + long(" ") + "x",
		"words that are no words ": long("qxz "),
	}
}

// BenchmarkMask_SlowTexts measures the texts that cost most. Each takes some
// milliseconds: no word may look at all words that follow it.
func BenchmarkMask_SlowTexts(b *testing.B) {
	known := redact.PersonalData{Names: []string{"Anna de Vries"}, Phones: []string{"31970100001"}, Mails: []string{"anna@example.com"}, Orders: []string{"12345678"}}
	for name, text := range slowTexts() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				redact.Mask(text, known)
			}
		})
	}
}

package redact_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/heard-intake/heard/internal/redact"
)

func TestKeywords(t *testing.T) {
	t.Parallel()
	known := redact.PersonalData{Names: []string{"Jan Voorbeeld"}}
	tests := []struct {
		name, text string
		want       []string
	}{
		{"what every message has is left out", "Hallo, ik heb een vraag over de gasklep", []string{"gasklep"}},
		{"accents and capitals make no difference", "De GASKLEP lekt; de gasklép lekt", []string{"gasklep", "lekt"}},
		{"the customer's name is left out", "De gasklep fluit. Groet, Jan Voorbeeld", []string{"gasklep", "fluit"}},
		{"a name that is introduced is left out", "Mijn naam is Sjoerdje, de gasklep fluit", []string{"naam", "gasklep", "fluit"}},
		{"addresses and numbers are left out", "gasklep jan@example.com +31 6 12345678 https://example.com/x WS-123456", []string{"gasklep"}},
		{"nothing", "", nil},
		{"bytes that are no text", "gasklep \xff", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := redact.Keywords(tt.text, known); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func ExampleMask() {
	known := redact.PersonalData{Names: []string{"Jan Voorbeeld"}}
	fmt.Println(redact.Mask("Mijn pakket is niet gekomen, bel me op 0612345678, Jan", known))
	fmt.Println(redact.Mask("Xqwerty is niet gekomen", known))
	fmt.Println(redact.Keywords("Mijn pakket is niet gekomen, bel me op 0612345678, Jan", known))
	// Output:
	// Mijn pakket is niet gekomen, bel me op [phone], [name] true
	// [...] is niet gekomen true
	// [pakket gekomen]
}

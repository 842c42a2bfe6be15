package whatsapp_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/fault"
)

// Each file of testdata is a webhook as Meta documents it, with invented
// people.
func TestNormalize(t *testing.T) {
	t.Parallel()
	channeltest.Golden(t, "testdata", ".json", whatsapp.Normalize)
}

func TestNormalizeSNS(t *testing.T) {
	t.Parallel()
	channeltest.Golden(t, "testdata/sns", ".json", whatsapp.NormalizeSNS)
}

func TestNormalize_InvalidBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		refused    bool
	}{
		{"empty", "", true},
		{"XML", "<xml/>", true},
		{"cut off", `{"object":"whatsapp_business_account","entry":[`, true},
		{"null", "null", true},
		{"list", "[]", true},
		{"string", `"whatsapp_business_account"`, true},
		{"object member missing", `{"entry":[]}`, true},
		{"object of a page", `{"object":"page","entry":[]}`, true},
		{"nesting beyond the limit of encoding/json", `{"object":"whatsapp_business_account","entry":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", true},
		{"deep nesting", `{"object":"whatsapp_business_account","entry":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}", false},
		{"no entry", `{"object":"whatsapp_business_account"}`, false},
		{"entry of another type", `{"object":"whatsapp_business_account","entry":5}`, false},
		{"surrounding white space", " \n{\"object\": \"whatsapp_business_account\" , \"entry\" : [ ] } \n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := whatsapp.Normalize([]byte(tt.body))
			if tt.refused != (err != nil) {
				t.Errorf("error: got %v, want an error: %v", err, tt.refused)
			}
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("error kind: got %s, want %s", fault.KindOf(err), fault.Invalid)
			}
			channeltest.Check(t, d)
		})
	}
}

func TestNormalizeSNS_NoEntry(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"", "{}", `{"whatsAppWebhookEntry":"<xml/>"}`, `{"whatsAppWebhookEntry":"[]"}`, `{"whatsAppWebhookEntry":null}`} {
		if _, err := whatsapp.NormalizeSNS([]byte(message)); !fault.Is(err, fault.Invalid) {
			t.Errorf("NormalizeSNS(%q): got error %v, want kind %s", message, err, fault.Invalid)
		}
	}
}

// FuzzNormalize checks that Normalize refuses each body or returns a delivery
// that can be stored.
func FuzzNormalize(f *testing.F) {
	channeltest.Fuzz(f, whatsapp.Normalize, nil, "testdata/*.json")
}

// FuzzNormalizeSNS does the same for NormalizeSNS.
func FuzzNormalizeSNS(f *testing.F) {
	channeltest.Fuzz(f, whatsapp.NormalizeSNS, nil, "testdata/sns/*.json")
}

package whatsapp_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/fault"
)

// Every file of testdata is a webhook as the platform documents it, with
// made-up people.
func TestNormalize(t *testing.T) {
	t.Parallel()
	channeltest.Golden(t, "testdata", ".json", whatsapp.Normalize)
}

func TestNormalizeSNS(t *testing.T) {
	t.Parallel()
	channeltest.Golden(t, "testdata/sns", ".json", whatsapp.NormalizeSNS)
}

func TestOnlyAWholeBodyIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		refused    bool
	}{
		{"nothing", "", true},
		{"no JSON", "<xml/>", true},
		{"cut off", `{"object":"whatsapp_business_account","entry":[`, true},
		{"null", "null", true},
		{"a list", "[]", true},
		{"a string", `"whatsapp_business_account"`, true},
		{"no object", `{"entry":[]}`, true},
		{"the object of a page", `{"object":"page","entry":[]}`, true},
		{"deeper than JSON may be", `{"object":"whatsapp_business_account","entry":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", true},
		{"deep", `{"object":"whatsapp_business_account","entry":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}", false},
		{"no entry", `{"object":"whatsapp_business_account"}`, false},
		{"an entry of another type", `{"object":"whatsapp_business_account","entry":5}`, false},
		{"blanks around it", " \n{\"object\": \"whatsapp_business_account\" , \"entry\" : [ ] } \n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := whatsapp.Normalize([]byte(tt.body))
			if tt.refused != (err != nil) || err != nil && fault.KindOf(err) != fault.Invalid {
				t.Errorf("error %v; refused is %v", err, tt.refused)
			}
			channeltest.Check(t, d)
		})
	}
}

func TestAnSNSMessageWithoutEntryIsRefused(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"", "{}", `{"whatsAppWebhookEntry":"<xml/>"}`, `{"whatsAppWebhookEntry":"[]"}`, `{"whatsAppWebhookEntry":null}`} {
		if _, err := whatsapp.NormalizeSNS([]byte(message)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: error %v, want one of kind %s", message, err, fault.Invalid)
		}
	}
}

// Whatever comes, Normalize refuses it or makes a delivery that can be stored.
func FuzzNormalize(f *testing.F) {
	channeltest.Fuzz(f, whatsapp.Normalize, nil, "testdata/*.json")
}

// Whatever comes by SNS, NormalizeSNS refuses it or makes a delivery that can
// be stored.
func FuzzNormalizeSNS(f *testing.F) {
	channeltest.Fuzz(f, whatsapp.NormalizeSNS, nil, "testdata/sns/*.json")
}

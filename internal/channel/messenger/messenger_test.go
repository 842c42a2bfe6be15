package messenger_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/fault"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	channeltest.Golden(t, "testdata", ".json", messenger.Normalize)
}

func TestNormalize_InvalidBody(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"empty":            ``,
		"blank":            " \n",
		"not JSON":         `hello`,
		"cut off":          `{"object":"page","entry":[{"id":"1"`,
		"two values":       `{"object":"page","entry":[]}{}`,
		"a list":           `[]`,
		"object missing":   `{"entry":[]}`,
		"object is null":   `{"object":null,"entry":[]}`,
		"another platform": `{"object":"whatsapp_business_account","entry":[]}`,
		"entries missing":  `{"object":"page"}`,
		"entries are null": `{"object":"page","entry":null}`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := messenger.Normalize([]byte(body))
			if !fault.Is(err, fault.Invalid) || d.Elements() != 0 {
				t.Errorf("Normalize: got %d elements, error %v, want none and kind %s", d.Elements(), err, fault.Invalid)
			}
		})
	}
}

func FuzzNormalize(f *testing.F) {
	seeds := []string{
		`{"object":"page","entry":[]}`,
		`{"object":"page","entry":[{"id":"0","time":1,"messaging":[{"sender":{"id":"1"},"message":{"mid":"m","text":"x"}}]}]}`,
		`{"object":"page","entry":[null,1,"x",{"messaging":{},"standby":[[]],"changes":[{}]}]}`,
		"{\"object\":\"instagram\",\"entry\":[{\"id\":\"2\",\"time\":1788000000123,\"messaging\":[{\"sender\":{\"id\":\"1\\u0000\"},\"message\":{\"mid\":\"\\ud83d\",\"text\":\"\xff\\u0000\\ud83d\"}}]}]}",
	}
	channeltest.Fuzz(f, messenger.Normalize, seeds, "testdata/*.json")
}

// BenchmarkNormalize reports as x-floor its time divided by the least time
// that any webhook takes. The goal is 4.
func BenchmarkNormalize(b *testing.B) {
	var bodies [][]byte
	for _, f := range channeltest.Corpus(b, "messenger") {
		if _, err := messenger.Normalize(f.Body); err == nil {
			bodies = append(bodies, f.Body)
		}
	}
	channeltest.Bench(b, messenger.Normalize, bodies)
}

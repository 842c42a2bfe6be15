package whatsapp_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
)

func BenchmarkCorpus(b *testing.B) {
	var bodies [][]byte
	for _, f := range channeltest.Corpus(b, "whatsapp") {
		if _, err := whatsapp.Normalize(f.Body); err == nil {
			bodies = append(bodies, f.Body)
		}
	}
	channeltest.Bench(b, whatsapp.Normalize, bodies)
}

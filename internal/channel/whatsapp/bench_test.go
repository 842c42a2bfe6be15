package whatsapp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
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

// BenchmarkCompact is BenchmarkCorpus without white space, which the
// collectors of the corpus added to their payloads.
func BenchmarkCompact(b *testing.B) {
	var bodies [][]byte
	for _, f := range channeltest.Corpus(b, "whatsapp") {
		var body bytes.Buffer
		if err := json.Compact(&body, f.Body); err != nil {
			b.Fatal(err)
		}
		if _, err := whatsapp.Normalize(body.Bytes()); err == nil {
			bodies = append(bodies, body.Bytes())
		}
	}
	channeltest.Bench(b, whatsapp.Normalize, bodies)
}

// BenchmarkLargest reads webhooks of 3 MB, the most that Meta sends: valid
// messages, unreadable messages, and contacts.
func BenchmarkLargest(b *testing.B) {
	const size = 3 << 20
	fill := func(size int, element func(i int) string) string {
		var list strings.Builder
		for i := 0; list.Len() < size; i++ {
			fmt.Fprintf(&list, "%s,", element(i))
		}
		return strings.TrimSuffix(list.String(), ",")
	}
	text := func(i int) string {
		return says(fmt.Sprintf(`"from":"1202555%04d"`, i), fmt.Sprint("wamid.", i), "hallo")
	}
	for name, value := range map[string]string{
		"texts":       `"messages":[` + fill(size, text) + `]`,
		"unsupported": `"messages":[` + fill(size, func(i int) string { return strings.Replace(text(i), `"text"`, `"hologram"`, 1) }) + `]`,
		"broken":      `"messages":[` + fill(size, func(int) string { return `{}` }) + `]`,
		"people": `"contacts":[` + fill(size/2, func(i int) string { return fmt.Sprintf(`{"wa_id":"1202555%04d"}`, i) }) +
			`],"messages":[` + fill(size/2, text) + `]`,
		"one text": `"messages":[` + says(`"from":"12025550123"`, "wamid.1", strings.Repeat("hallo ", size/6)) + `]`,
	} {
		b.Run(name, func(b *testing.B) {
			channeltest.Bench(b, whatsapp.Normalize, [][]byte{[]byte(webhook("messages", value))})
		})
	}
}

package reply_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email/reply"
)

const corpus = "../../../../../shared/corpus/email"

type expectation struct {
	File   string `json:"file"`
	Expect string `json:"expect"`
	Mode   string `json:"mode"`
	MIME   bool   `json:"is_mime"`
}

func expectations(t testing.TB) []expectation {
	raw, err := os.ReadFile(filepath.Join(corpus, "expected", "reply.json"))
	if err != nil {
		t.Skip("no corpus")
	}
	var all []expectation
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func read(t testing.TB, file string) string {
	b, err := os.ReadFile(filepath.Join(corpus, file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	right, total := 0, 0
	for _, e := range expectations(t) {
		if e.MIME {
			continue // a whole mail; package email tests it
		}
		total++
		got := reply.Strip(read(t, e.File), reply.Options{}).Text
		ok := strings.TrimSpace(got) == strings.TrimSpace(e.Expect)
		if e.Mode == "prefix" {
			ok = strings.HasPrefix(got, e.Expect)
		}
		if ok {
			right++
			continue
		}
		t.Logf("wrong reply for %s\n--- got\n%s\n--- want\n%s", e.File, got, e.Expect)
	}
	t.Logf("%d of %d", right, total)
	if right < 108 {
		t.Errorf("correct replies: got %d of %d, want at least 108", right, total)
	}
}

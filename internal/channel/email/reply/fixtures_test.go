package reply_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email/reply"
)

// Each file of testdata/mails has the text of a mail in the format of a mail
// program. Below a mark it has the expected reply.
func TestStrip(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/mails/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("fixtures: got %d files, %v, want some", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			mail, want, ok := strings.Cut(string(raw), "\n=== reply ===\n")
			if !ok {
				t.Fatal("the fixture has no line === reply ===")
			}
			got := reply.Strip(mail, reply.Options{})
			if want = strings.TrimRight(want, "\n"); got.Text != want {
				t.Errorf("got:\n%s\nwant:\n%s", got.Text, want)
			}
		})
	}
}

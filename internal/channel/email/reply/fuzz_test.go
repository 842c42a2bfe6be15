package reply_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/channel/email/reply"
)

// Whatever the text: the reply is never empty when the text is not, its pieces
// lie in the text in order, and nothing in it was not there before.
func FuzzStrip(f *testing.F) {
	files, _ := filepath.Glob("testdata/mails/*.txt")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw), 3, 20, 5, 9)
	}
	f.Fuzz(func(t *testing.T, text string, q1, q2, s1, s2 int) {
		if !utf8.ValidString(text) {
			return
		}
		o := reply.Options{Quotes: []reply.Span{{Start: q1, End: q2}}, Signatures: []reply.Span{{Start: s1, End: s2}}}
		r := reply.Strip(text, o)
		if strings.TrimSpace(text) != "" && len(text) <= reply.MaxText && strings.TrimSpace(r.Text) == "" {
			t.Errorf("stripped to nothing")
		}
		last := 0
		for _, s := range r.Kept {
			if s.Start < last || s.End < s.Start || s.End > len(text) {
				t.Fatalf("piece %v of %d bytes after %d", s, len(text), last)
			}
			last = s.End
		}
		for line := range strings.Lines(r.Text) {
			if !strings.Contains(text, strings.TrimSpace(line)) {
				t.Fatalf("line %q was not in the text", line)
			}
		}
		if again := reply.Strip(text, o); again.Text != r.Text {
			t.Error("another reply at the second reading")
		}
	})
}

func BenchmarkStrip(b *testing.B) {
	files, _ := filepath.Glob("testdata/mails/*.txt")
	var mails []string
	size := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		mails = append(mails, string(raw))
		size += len(raw)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range mails {
			reply.Strip(m, reply.Options{})
		}
	}
}

func BenchmarkStripCorpus(b *testing.B) {
	size := 0
	var mails []string
	for _, e := range expectations(b) {
		if !e.MIME {
			mails = append(mails, read(b, e.File))
			size += len(mails[len(mails)-1])
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range mails {
			reply.Strip(m, reply.Options{})
		}
	}
}

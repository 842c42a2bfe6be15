package reply_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/channel/email/reply"
)

// FuzzStrip checks that a reply is not empty unless its text is, that its
// spans are inside the text in order, and that each of its lines is in the
// text.
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
			t.Errorf("the reply is empty, want some of the text")
		}
		last := 0
		for _, s := range r.Kept {
			if s.Start < last || s.End < s.Start || s.End > len(text) {
				t.Fatalf("span %v is outside the text of %d bytes or before %d", s, len(text), last)
			}
			last = s.End
		}
		for line := range strings.Lines(r.Text) {
			if !strings.Contains(text, strings.TrimSpace(line)) {
				t.Fatalf("line %q is not in the text", line)
			}
		}
		if again := reply.Strip(text, o); again.Text != r.Text {
			t.Error("the second call returned another reply")
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

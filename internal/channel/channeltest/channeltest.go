// Package channeltest has the tests that all channels share: golden files,
// checks that every delivery must pass, a comparison with collected payloads,
// and a benchmark relative to the least work that any webhook takes.
package channeltest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/golden"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A Normalizer reads one webhook or mail.
type Normalizer func(body []byte) (message.Delivery, error)

// Golden normalizes each file in dir whose name ends in ext, such as ".json".
// It compares the result with NAME.golden.json beside the file.
func Golden(t *testing.T, dir, ext string, normalize Normalizer) {
	t.Helper()
	for _, path := range globFiles(t, filepath.Join(dir, "*"+ext)) {
		if strings.HasSuffix(path, ".golden.json") {
			continue
		}
		name := strings.TrimSuffix(path, ext)
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			d, err := normalize(readTestFile(t, path))
			if err != nil {
				t.Fatal(err)
			}
			Check(t, d)
			golden.JSON(t, name+".golden.json", toShownDelivery(d))
		})
	}
}

// A shownDelivery is a delivery as golden files show it: without empty lists.
type shownDelivery struct {
	Links    []identity.Link   `json:"links,omitempty"`
	Messages []message.Message `json:"messages,omitempty"`
	Effects  []message.Effect  `json:"effects,omitempty"`
	Notices  []message.Notice  `json:"notices,omitempty"`
	Broken   []message.Broken  `json:"broken,omitempty"`
}

func toShownDelivery(d message.Delivery) shownDelivery { return shownDelivery(d) }

// Check reports everything in a delivery that is wrong for any input: elements
// that cannot be stored, unclean text, and ids that do not follow from the
// message.
func Check(t testing.TB, d message.Delivery) {
	t.Helper()
	for _, l := range d.Links {
		if !isCompleteLink(l) {
			t.Errorf("incomplete link: %+v", l)
		}
	}
	for _, m := range d.Messages {
		checkMessage(t, m)
	}
	for _, e := range d.Effects {
		if err := e.Validate(); err != nil {
			t.Errorf("effect: %v: %+v", err, e)
		}
		checkAddresses(t, e.Addresses())
	}
	for _, n := range d.Notices {
		if n.ID == "" || n.Kind == "" || n.Channel == "" {
			t.Errorf("notice without id, kind or channel: %+v", n)
		}
	}
	for _, b := range d.Broken {
		if b.Path == "" || b.Reason == "" || len(b.Raw) == 0 {
			t.Errorf("broken element without path, reason or content: %+v", b)
		}
	}
	text, err := json.Marshal(toShownDelivery(d))
	if err != nil {
		t.Errorf("encode delivery: %v", err)
	}
	if !utf8.Valid(text) {
		t.Error("the delivery is not valid UTF-8")
	}
}

// isCompleteLink reports whether l names two aliases and the rule that links
// them.
func isCompleteLink(l identity.Link) bool {
	if l.From == l.To || l.Evidence.Rule == "" {
		return false
	}
	return l.From.Value != "" && l.To.Value != ""
}

func checkMessage(t testing.TB, m message.Message) {
	t.Helper()
	if err := m.Validate(); err != nil {
		t.Errorf("message: %v: %+v", err, m)
	}
	if m.Version != message.SchemaVersion {
		t.Errorf("message version: got %d, want %d", m.Version, message.SchemaVersion)
	}
	if want := message.NewID(m.Channel, m.SentAt, m.ProviderID); m.ID != want {
		t.Errorf("message id: got %q, want %q", m.ID, want)
	}
	if m.SentAt.Location() != time.UTC || m.SentAt.Nanosecond()%1e6 != 0 {
		t.Errorf("SentAt: got %v, want whole milliseconds in UTC", m.SentAt)
	}
	if len(m.Raw) > message.MaxRaw || len(m.Data) > message.MaxRaw {
		t.Errorf("length of Raw and Data: got %d and %d bytes, want at most %d", len(m.Raw), len(m.Data), message.MaxRaw)
	}
	checkAddresses(t, m.Addresses())
}

func checkAddresses(t testing.TB, as []identity.Address) {
	t.Helper()
	seen := map[identity.Alias]bool{}
	for _, a := range as {
		if a.Value == "" || a.Assurance == "" || strings.ContainsRune(a.Value, 0) {
			t.Errorf("unusable alias %+v", a)
		}
		if seen[a.Alias] {
			t.Errorf("alias %+v occurs twice", a)
		}
		seen[a.Alias] = true
	}
}

// Fuzz fuzzes normalize. The seeds are the given ones and the contents of the
// files that match patterns. Each input must be refused as [fault.Invalid], or
// pass [Check] and give the same delivery the second time.
func Fuzz(f *testing.F, normalize Normalizer, seeds []string, patterns ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for _, p := range patterns {
		for _, path := range globFiles(f, p) {
			f.Add(readTestFile(f, path))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		d, err := normalize(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("kind of error: got %s (%v), want invalid", fault.KindOf(err), err)
			}
			return
		}
		Check(t, d)
		again, _ := normalize(before)
		if diff := cmp.Diff(d, again); diff != "" {
			t.Errorf("the second delivery differs (-first +second):\n%s", diff)
		}
		if !bytes.Equal(body, before) {
			t.Error("normalize changed the body")
		}
	})
}

// Bench measures normalize over bodies. It reports as "x-floor" the ratio of
// its time to the time of checking that the same bytes are JSON and signing
// them. That is the least work that every webhook takes. Both times are the
// best of all runs, so that the load of the machine has little influence.
func Bench(b *testing.B, normalize Normalizer, bodies [][]byte) {
	b.Helper()
	var size int64
	for _, body := range bodies {
		size += int64(len(body))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	best := time.Hour
	least := time.Hour
	for b.Loop() {
		start := time.Now()
		for _, body := range bodies {
			if _, err := normalize(body); err != nil {
				b.Fatal(err)
			}
		}
		best = min(best, time.Since(start))
		b.StopTimer()
		start = time.Now()
		for _, body := range bodies {
			doMinimalWork(body)
		}
		least = min(least, time.Since(start))
		b.StartTimer()
	}
	b.ReportMetric(float64(best)/float64(least), "x-floor")
}

// doMinimalWork does the work that no webhook can avoid.
func doMinimalWork(body []byte) {
	mac := hmac.New(sha256.New, []byte("a-secret-of-thirty-two-characters"))
	mac.Write(body)
	mac.Sum(nil)
	json.Valid(body)
}

func globFiles(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func readTestFile(t testing.TB, path string) []byte {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

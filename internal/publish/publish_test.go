package publish_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/publish"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// counts keeps what was counted last.
type counts struct{ last map[string]int }

func (c *counts) Count(_, _ string, counts map[string]int) { c.last = counts }

// gate is a bucket that may be out of reach, and counts what is read whole.
type gate struct {
	*blob.Bucket
	mu    sync.Mutex
	shut  bool
	reads int
}

func (g *gate) Fetch(ctx context.Context, key, etag string, limit int64) ([]byte, string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return nil, "", fault.New(fault.Unavailable, "out of reach")
	}
	data, etag, err := g.Bucket.Fetch(ctx, key, etag, limit)
	if data != nil {
		g.reads++
	}
	return data, etag, err
}

type world struct {
	t         *testing.T
	bucket    *gate
	counts    *counts
	publisher *publish.Publisher
	now       time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	srv, err := s3.New(s3.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.CreateBucket("blobs"); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	client := awss3.New(awss3.Options{
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported, // as in a function
		Region:                     "eu-west-1", BaseEndpoint: aws.String(web.URL), UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	w := &world{t: t, bucket: &gate{Bucket: blob.New(client, "blobs")}, counts: &counts{}, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	w.publisher = w.newPublisher()
	return w
}

// newPublisher is a clock that starts anew.
func (w *world) newPublisher() *publish.Publisher {
	return &publish.Publisher{Blobs: w.bucket, Deployed: w.deployed, Check: check, Meter: w.counts}
}

// newReader is a function that starts anew.
func (w *world) newReader() *publish.Reader {
	return &publish.Reader{Blobs: w.bucket, Deployed: w.deployed, Check: check, Every: time.Minute, Now: func() time.Time { return w.now }}
}

func check(t *taxonomy.Taxonomy) error {
	if t.Organisation == "Nobody's" {
		return fault.New(fault.Invalid, "it is nobody's")
	}
	return nil
}

func file(t *testing.T, version string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tax, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(data, []byte(tax.Version), []byte(version), 1)
}

func (w *world) deployed() *taxonomy.Taxonomy {
	tax, err := taxonomy.Load(file(w.t, "deployed"))
	if err != nil {
		w.t.Fatal(err)
	}
	return tax
}

func (w *world) put(data []byte) {
	w.t.Helper()
	if err := w.bucket.Put(w.t.Context(), publish.Draft, "application/yaml", data); err != nil {
		w.t.Fatal(err)
	}
}

// minute lets a minute pass, at whose end the clock looks.
func (w *world) minute() {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	if err := w.publisher.Publish(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) uses(r *publish.Reader, version string) {
	w.t.Helper()
	if got := r.Taxonomy(w.t.Context()); got.Version != version {
		w.t.Errorf("version %s is in use, want %s", got.Version, version)
	}
}

func (w *world) reported(words string) {
	w.t.Helper()
	data, err := w.bucket.Get(w.t.Context(), publish.Report, 1<<20)
	if err != nil || !strings.Contains(string(data), words) {
		w.t.Errorf("report %q %v, want %q", data, err, words)
	}
}

func TestANewTaxonomyIsInUseWithinAMinuteWithoutADeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.newReader()
	w.uses(r, "deployed")
	w.put(file(t, "v1"))
	w.minute()
	w.uses(r, "v1")
	w.reported("version v1 is in use")
	w.put(file(t, "v2"))
	w.minute()
	w.uses(r, "v2")
	w.uses(w.newReader(), "v2")
	if got, want := r.Current().Classify("mijn factuur klopt niet", taxonomy.Hints{}), w.deployed().Classify("mijn factuur klopt niet", taxonomy.Hints{}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("restored it says %v, want %v", got, want)
	}
}

func TestABrokenTaxonomyIsRefusedAndTheLastGoodOneStays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		draft func(t *testing.T) []byte
		says  string
	}{
		"no YAML": {func(*testing.T) []byte { return []byte("reasons: [") }, "line 1"},
		"empty":   {func(*testing.T) []byte { return nil }, "the file is empty"},
		"a mistake in it": {func(t *testing.T) []byte {
			return bytes.Replace(file(t, "v2"), []byte("department: "), []byte("department: nobody-"), 1)
		}, "line "},
		"too large": {func(*testing.T) []byte { return bytes.Repeat([]byte("# x\n"), taxonomy.MaxBytes/4+1) }, "at most"},
		"of no use here": {func(t *testing.T) []byte {
			return bytes.Replace(file(t, "v2"), []byte("organisation: "), []byte("organisation: Nobody's # "), 1)
		}, "it is nobody's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.newReader()
			w.put(file(t, "v1"))
			w.minute()
			w.put(c.draft(t))
			for range 2 {
				w.minute()
				w.uses(r, "v1")
				if w.counts.last["TaxonomyRefused"] != 1 {
					t.Error("nobody is told")
				}
			}
			w.reported(c.says)
			w.publisher = w.newPublisher()
			w.minute()
			w.uses(w.newReader(), "v1")
			w.put(file(t, "v3"))
			w.minute()
			w.uses(r, "v3")
			if w.counts.last["TaxonomyRefused"] != 0 {
				t.Error("still refused")
			}
		})
	}
}

func TestWithoutADraftTheDeployedOneIsInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.minute()
	r := w.newReader()
	r.Deployed = func() *taxonomy.Taxonomy { t.Error("the file is read, though a checked form is there"); return nil }
	w.uses(r, "deployed")
}

func TestABucketOutOfReachChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.newReader()
	w.put(file(t, "v1"))
	w.minute()
	w.uses(r, "v1")
	w.bucket.shut = true
	w.now = w.now.Add(time.Hour)
	w.uses(r, "v1")
	w.uses(w.newReader(), "deployed")
	if err := w.publisher.Publish(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestWhatDidNotChangeIsNotReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.newReader()
	w.put(file(t, "v1"))
	w.minute()
	w.uses(r, "v1")
	before := w.bucket.reads
	for range 3 {
		w.minute()
		w.uses(r, "v1")
	}
	if w.bucket.reads != before {
		t.Errorf("read %d times", w.bucket.reads-before)
	}
}

func TestACheckedFormThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "{}", "[]", `{"Schema":"1"}`, `{"Form":2,"Schema":"2","Reasons":[{}]}`, `{"Form":2,"Schema":"1","OrderNumber":"(","Reasons":[{}]}`, `{"Schema":"1","Reasons":[{}]}`, `{"Form":3,"Schema":"1","Reasons":[{}]}`} {
		if _, err := taxonomy.Restore([]byte(data)); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("%s: %v", data, err)
		}
	}
}

package published_test

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
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/taxonomy/published"
)

// recordedCounts stores the last metrics.
type recordedCounts struct{ last map[string]int }

func (c *recordedCounts) Count(_, _ string, counts map[string]int) { c.last = counts }

// unreliableBucket is a bucket that can fail, and counts the full reads.
type unreliableBucket struct {
	*blob.Bucket
	mu          sync.Mutex
	unavailable bool
	fullReads   int
}

func (g *unreliableBucket) Fetch(ctx context.Context, key, etag string, limit int64) ([]byte, string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unavailable {
		return nil, "", fault.New(fault.Unavailable, "unavailable")
	}
	data, etag, err := g.Bucket.Fetch(ctx, key, etag, limit)
	if data != nil {
		g.fullReads++
	}
	return data, etag, err
}

type fixture struct {
	t         *testing.T
	bucket    *unreliableBucket
	counts    *recordedCounts
	publisher *published.Publisher
	now       time.Time
}

func newFixture(t *testing.T) *fixture {
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
	w := &fixture{t: t, bucket: &unreliableBucket{Bucket: blob.New(client, "blobs")}, counts: &recordedCounts{}, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	w.publisher = w.newPublisher()
	return w
}

// newPublisher returns the publisher of a clock that has just started.
func (w *fixture) newPublisher() *published.Publisher {
	return &published.Publisher{Blobs: w.bucket, Deployed: w.loadDeployed, Check: checkOrganisation, Meter: w.counts}
}

// newReader returns the reader of a function that has just started.
func (w *fixture) newReader() *published.Reader {
	return &published.Reader{Blobs: w.bucket, Deployed: w.loadDeployed, Check: checkOrganisation, Every: time.Minute, Now: func() time.Time { return w.now }}
}

func checkOrganisation(t *taxonomy.Taxonomy) error {
	if t.Organisation == "Other" {
		return fault.New(fault.Invalid, "organisation is not allowed here")
	}
	return nil
}

func fileWithVersion(t *testing.T, version string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tax, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(data, []byte(tax.Version), []byte(version), 1)
}

func (w *fixture) loadDeployed() *taxonomy.Taxonomy {
	tax, err := taxonomy.Load(fileWithVersion(w.t, "deployed"))
	if err != nil {
		w.t.Fatal(err)
	}
	return tax
}

func (w *fixture) putDraft(data []byte) {
	w.t.Helper()
	if err := w.bucket.Put(w.t.Context(), published.Draft, "application/yaml", data); err != nil {
		w.t.Fatal(err)
	}
}

// advanceMinute advances the time by a minute and runs the publisher.
func (w *fixture) advanceMinute() {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	if err := w.publisher.Publish(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *fixture) expectVersion(r *published.Reader, version string) {
	w.t.Helper()
	if got := r.Taxonomy(w.t.Context()); got.Version != version {
		w.t.Errorf("version in use = %s, want %s", got.Version, version)
	}
}

func (w *fixture) expectReport(words string) {
	w.t.Helper()
	data, err := w.bucket.Get(w.t.Context(), published.Report, 1<<20)
	if err != nil || !strings.Contains(string(data), words) {
		w.t.Errorf("report = %q, %v, want %q in it", data, err, words)
	}
}

func TestPublish_NewDraft(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	r := w.newReader()
	w.expectVersion(r, "deployed")
	w.putDraft(fileWithVersion(t, "v1"))
	w.advanceMinute()
	w.expectVersion(r, "v1")
	w.expectReport("version v1 is in use")
	w.putDraft(fileWithVersion(t, "v2"))
	w.advanceMinute()
	w.expectVersion(r, "v2")
	w.expectVersion(w.newReader(), "v2")
	if got, want := r.Current().Classify("mijn factuur klopt niet", taxonomy.Hints{}), w.loadDeployed().Classify("mijn factuur klopt niet", taxonomy.Hints{}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("restored taxonomy: Classify() = %v, want %v", got, want)
	}
}

func TestPublish_RefusedDraft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		draft func(t *testing.T) []byte
		says  string
	}{
		"not YAML": {func(*testing.T) []byte { return []byte("reasons: [") }, "line 1"},
		"empty":    {func(*testing.T) []byte { return nil }, "the file is empty"},
		"unknown department": {func(t *testing.T) []byte {
			return bytes.Replace(fileWithVersion(t, "v2"), []byte("department: "), []byte("department: unknown-"), 1)
		}, "line "},
		"too large": {func(*testing.T) []byte { return bytes.Repeat([]byte("# x\n"), taxonomy.MaxBytes/4+1) }, "at most"},
		"refused by Check": {func(t *testing.T) []byte {
			return bytes.Replace(fileWithVersion(t, "v2"), []byte("organisation: "), []byte("organisation: Other # "), 1)
		}, "organisation is not allowed here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			r := w.newReader()
			w.putDraft(fileWithVersion(t, "v1"))
			w.advanceMinute()
			w.putDraft(c.draft(t))
			for range 2 {
				w.advanceMinute()
				w.expectVersion(r, "v1")
				if w.counts.last["TaxonomyRefused"] != 1 {
					t.Errorf("TaxonomyRefused = %d, want 1", w.counts.last["TaxonomyRefused"])
				}
			}
			w.expectReport(c.says)
			w.publisher = w.newPublisher()
			w.advanceMinute()
			w.expectVersion(w.newReader(), "v1")
			w.putDraft(fileWithVersion(t, "v3"))
			w.advanceMinute()
			w.expectVersion(r, "v3")
			if w.counts.last["TaxonomyRefused"] != 0 {
				t.Errorf("TaxonomyRefused after a valid draft = %d, want 0", w.counts.last["TaxonomyRefused"])
			}
		})
	}
}

func TestPublish_NoDraft(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.advanceMinute()
	r := w.newReader()
	r.Deployed = func() *taxonomy.Taxonomy {
		t.Error("Deployed was called although a checked form is published")
		return nil
	}
	w.expectVersion(r, "deployed")
}

func TestReader_BucketUnavailable(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	r := w.newReader()
	w.putDraft(fileWithVersion(t, "v1"))
	w.advanceMinute()
	w.expectVersion(r, "v1")
	w.bucket.unavailable = true
	w.now = w.now.Add(time.Hour)
	w.expectVersion(r, "v1")
	w.expectVersion(w.newReader(), "deployed")
	if err := w.publisher.Publish(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Publish() error = %v, want kind %s", err, fault.Unavailable)
	}
}

func TestPublish_UnchangedNotRead(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	r := w.newReader()
	w.putDraft(fileWithVersion(t, "v1"))
	w.advanceMinute()
	w.expectVersion(r, "v1")
	before := w.bucket.fullReads
	for range 3 {
		w.advanceMinute()
		w.expectVersion(r, "v1")
	}
	if w.bucket.fullReads != before {
		t.Errorf("reads of unchanged objects = %d, want 0", w.bucket.fullReads-before)
	}
}

func TestRestore_InvalidCheckedForm(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "{}", "[]", `{"Schema":"1"}`, `{"Form":2,"Schema":"2","Reasons":[{}]}`, `{"Form":2,"Schema":"1","OrderNumber":"(","Reasons":[{}]}`, `{"Schema":"1","Reasons":[{}]}`, `{"Form":3,"Schema":"1","Reasons":[{}]}`} {
		if _, err := taxonomy.Restore([]byte(data)); !fault.Is(err, fault.Invalid) {
			t.Errorf("Restore(%s) error = %v, want kind %s", data, err, fault.Invalid)
		}
	}
}

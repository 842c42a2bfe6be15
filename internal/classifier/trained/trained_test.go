package trained_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/classifier/trained"
	"github.com/heard-intake/heard/internal/fault"
)

// version is the version of the taxonomy with which the models are trained.
const version = "2026-01"

// unreliableBucket is a bucket that can fail.
type unreliableBucket struct {
	*blob.Bucket
	mu          sync.Mutex
	unavailable bool
	readOnlyKey string // a Put of this key fails
	reads       int    // of whole objects
}

func (b *unreliableBucket) Fetch(ctx context.Context, key, etag string, limit int64) ([]byte, string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unavailable {
		return nil, "", fault.New(fault.Unavailable, "unavailable")
	}
	data, etag, err := b.Bucket.Fetch(ctx, key, etag, limit)
	if data != nil {
		b.reads++
	}
	return data, etag, err
}

func (b *unreliableBucket) Put(ctx context.Context, key, contentType string, data []byte) error {
	if key == b.readOnlyKey {
		return fault.New(fault.Unavailable, "unavailable")
	}
	return b.Bucket.Put(ctx, key, contentType, data)
}

type fixture struct {
	*testing.T
	bucket *unreliableBucket
	now    time.Time
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
	return &fixture{T: t, bucket: &unreliableBucket{Bucket: blob.New(client, "blobs")}, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
}

func (f *fixture) newReader() *trained.Reader {
	return &trained.Reader{Blobs: f.bucket, Every: time.Minute, Now: func() time.Time { return f.now }}
}

// train returns a model that knows the word as one of the reason "delivery".
func (f *fixture) train(word string) (*classifier.Model, classifier.Report) {
	f.Helper()
	m, report, err := classifier.Train(f.Context(), []classifier.Example{
		{Text: "mijn factuur klopt niet", Reason: "invoice"}, {Text: "de rekening is te hoog", Reason: "invoice"},
		{Text: "het pakket is te laat", Reason: "delivery"}, {Text: word, Reason: "delivery"},
	}, classifier.Options{Version: version})
	if err != nil {
		f.Fatal(err)
	}
	return m, report
}

func (f *fixture) publish(before trained.Current, word string) (trained.Current, error) {
	m, report := f.train(word)
	return trained.Publish(f.Context(), f.bucket, before, m, report, f.now)
}

func (f *fixture) mustPublish(before trained.Current, word string) trained.Current {
	f.Helper()
	c, err := f.publish(before, word)
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// idOf returns the id of the model that a reader returns, or "" without one.
func (f *fixture) idOf(r *trained.Reader) string {
	if m := r.Model(f.Context(), version); m != nil {
		return m.ID
	}
	return ""
}

func TestReader_NewModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.newReader()
	if got := f.idOf(r); got != "" {
		t.Errorf("without a model: got %q, want none", got)
	}
	first := f.mustPublish(trained.Current{}, "bestelling")
	if got := f.idOf(r); got != "" {
		t.Errorf("within a minute: got model %q, want none", got)
	}
	f.now = f.now.Add(time.Minute)
	if got := f.idOf(r); got != first.Model {
		t.Errorf("after a minute: got model %q, want %q", got, first.Model)
	}
	if guesses := r.Model(t.Context(), version).Guess("bestelling", "", nil); len(guesses) == 0 || guesses[0].Reason != "delivery" {
		t.Errorf("guesses = %v, want delivery first", guesses)
	}
	second := f.mustPublish(first, "bezorging")
	f.now = f.now.Add(time.Minute)
	if got := f.idOf(r); got != second.Model || got == first.Model {
		t.Errorf("after the second training: got model %q, want %q", got, second.Model)
	}
}

func TestReader_ReadsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.mustPublish(trained.Current{}, "bestelling")
	r := f.newReader()
	for range 3 {
		f.idOf(r)
		f.now = f.now.Add(time.Minute)
	}
	if f.bucket.reads != 2 { // the pointer and the model
		t.Errorf("objects read = %d, want 2", f.bucket.reads)
	}
}

func TestReader_OtherTaxonomy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.mustPublish(trained.Current{}, "bestelling")
	r := f.newReader()
	if m := r.Model(t.Context(), "2026-02"); m != nil {
		t.Errorf("model for another version of the taxonomy = %q, want none", m.ID)
	}
	if got := f.idOf(r); got != c.Model {
		t.Errorf("model for its own version = %q, want %q", got, c.Model)
	}
}

// A reader keeps the model that it has while a later one is damaged, and a new
// reader has none.
func TestReader_DamagedObjects(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(f *fixture, c trained.Current){
		"model of other bytes": func(f *fixture, c trained.Current) {
			f.put("classifier/models/"+c.Model, bytes.Repeat([]byte("x"), c.Bytes))
		},
		"empty model": func(f *fixture, c trained.Current) { f.put("classifier/models/"+c.Model, nil) },
		"too large model": func(f *fixture, c trained.Current) {
			f.put("classifier/models/"+c.Model, make([]byte, classifier.MaxBytes+1))
		},
		"missing model": func(f *fixture, c trained.Current) {
			if err := f.bucket.Delete(f.Context(), "classifier/models/"+c.Model); err != nil {
				f.Fatal(err)
			}
		},
		"pointer to another key": func(f *fixture, c trained.Current) {
			c.Model = "../../taxonomy/x"
			f.putPointer(c)
		},
		"pointer that is no JSON": func(f *fixture, _ trained.Current) { f.put(trained.Pointer, []byte("{")) },
		"unavailable bucket":      func(f *fixture, _ trained.Current) { f.bucket.unavailable = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			first := f.mustPublish(trained.Current{}, "bestelling")
			r := f.newReader()
			f.idOf(r)
			damage(f, f.mustPublish(first, "bezorging"))
			f.now = f.now.Add(time.Minute)
			if got := f.idOf(r); got != first.Model {
				t.Errorf("reader with a model: got %q, want it to keep %q", got, first.Model)
			}
			if got := f.idOf(f.newReader()); got != "" {
				t.Errorf("new reader: got model %q, want none", got)
			}
			f.bucket.unavailable = false
			f.mustPublish(first, "levering")
			f.now = f.now.Add(time.Minute)
			if got := f.idOf(r); got == "" || got == first.Model {
				t.Errorf("after the next training: got %q, want the new model", got)
			}
		})
	}
}

func (f *fixture) put(key string, data []byte) {
	f.Helper()
	if err := f.bucket.Put(f.Context(), key, "application/octet-stream", data); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) putPointer(c trained.Current) {
	f.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	f.put(trained.Pointer, data)
}

// A writer that stops before it wrote the pointer changes nothing for readers.
func TestPublish_Interrupted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.mustPublish(trained.Current{}, "bestelling")
	f.bucket.readOnlyKey = trained.Pointer
	if _, err := f.publish(first, "bezorging"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got error %v, want one of kind unavailable", err)
	}
	if got := f.idOf(f.newReader()); got != first.Model {
		t.Errorf("got model %q, want %q", got, first.Model)
	}
}

func TestPublish_DeletesOldModels(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var c trained.Current
	var ids []string
	for _, word := range []string{"bestelling", "bezorging", "bezorging", "levering"} {
		c = f.mustPublish(c, word)
		ids = append(ids, c.Model)
	}
	for id, want := range map[string]bool{ids[0]: false, ids[1]: true, ids[3]: true} {
		_, err := f.bucket.Get(t.Context(), "classifier/models/"+id, classifier.MaxBytes)
		if got := err == nil; got != want {
			t.Errorf("model %s exists: got %t, want %t (%v)", id, got, want, err)
		}
	}
}

func TestReadCurrent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	read := func() trained.Current {
		t.Helper()
		c, err := trained.ReadCurrent(t.Context(), f.bucket)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got := read(); got.Model != "" {
		t.Errorf("without a model: got %q, want none", got.Model)
	}
	want := f.mustPublish(trained.Current{}, "bestelling")
	if got := read(); got.Model != want.Model || got.Taxonomy != version || !got.TrainedAt.Equal(f.now) || got.Report.Examples != 4 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	f.put("classifier/models/"+want.Model, []byte("x"))
	if got := read(); got.Model != "" {
		t.Errorf("with a damaged model: got %q, want none", got.Model)
	}
	f.bucket.unavailable = true
	if _, err := trained.ReadCurrent(t.Context(), f.bucket); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got error %v, want one of kind unavailable", err)
	}
}

func TestPublishNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := trained.PublishNone(t.Context(), f.bucket); err != nil {
		t.Fatal(err)
	}
	if got := f.idOf(f.newReader()); got != "" {
		t.Errorf("got model %q, want none", got)
	}
	c := f.mustPublish(trained.Current{}, "bestelling")
	if err := trained.PublishNone(t.Context(), f.bucket); err != nil {
		t.Fatal(err)
	}
	if got := f.idOf(f.newReader()); got != c.Model {
		t.Errorf("after a model was published: got %q, want it to stay %q", got, c.Model)
	}
}

// Package publish brings a taxonomy into use without a deployment.
//
// People put the file into S3, under [Draft]. Once a minute the clock looks at
// it: a good one it writes in checked form under [Good], which is what functions
// read; a broken one changes nothing, so that the last good one stays in use, also
// for a function that starts anew. Either way [Report] says what became of it.
//
// While there is no draft, the one that was deployed with the functions is in
// use.
package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Keys in the bucket.
const (
	Draft  = "taxonomy/taxonomy.yaml" // as people put it there
	Good   = "taxonomy/checked.json"  // the last good one
	Report = "taxonomy/report.txt"    // what became of the draft
)

// Bounds of one look.
const (
	maxGood = 4 << 20 // bytes; more than the largest file in checked form
	maxLook = 2 * time.Second
)

// A Blobs has the files. [blob.Bucket] is one.
type Blobs interface {
	// Fetch reads an object unless it still has that ETag: then it returns
	// nil data.
	Fetch(ctx context.Context, key, etag string, limit int64) (data []byte, newETag string, err error)
	Put(ctx context.Context, key, contentType string, data []byte) error
}

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Publisher checks what people put into the bucket.
type Publisher struct {
	Blobs    Blobs
	Deployed func() *taxonomy.Taxonomy      // in use while there is no draft
	Check    func(*taxonomy.Taxonomy) error // beyond what [taxonomy.Load] checks; nil is nothing
	Meter    Meter

	etag    string // of the draft that was looked at last; "none" when there was none
	refused bool   // and it was broken
}

// Publish looks at the draft. That a draft is broken is no error: it is
// reported, and counted as TaxonomyRefused for as long as it lies there.
func (p *Publisher) Publish(ctx context.Context) error {
	data, etag, err := p.Blobs.Fetch(ctx, Draft, p.etag, taxonomy.MaxBytes)
	switch {
	case fault.KindOf(err) == fault.NotFound && err != nil:
		if err := p.fallBack(ctx); err != nil {
			return err
		}
	case fault.KindOf(err) == fault.TooLarge && err != nil:
		if err := p.refuse(ctx, "", err); err != nil {
			return err
		}
	case err != nil:
		return err
	case data != nil:
		if err := p.look(ctx, etag, data); err != nil {
			return err
		}
		p.etag = etag
	}
	refused := 0
	if p.refused {
		refused = 1
	}
	p.Meter.Count("", "", map[string]int{"TaxonomyRefused": refused})
	return nil
}

// none stands for the ETag of a draft that is not there.
const none = "none"

// fallBack brings the deployed taxonomy into use, once.
func (p *Publisher) fallBack(ctx context.Context) error {
	if p.etag == none {
		return nil
	}
	if err := p.use(ctx, none, p.Deployed()); err != nil {
		return err
	}
	p.etag = none
	return nil
}

// look checks a draft that is new, and brings it into use.
func (p *Publisher) look(ctx context.Context, etag string, data []byte) error {
	t, err := taxonomy.Load(data)
	if err == nil && p.Check != nil {
		err = p.Check(t)
	}
	if err != nil {
		return p.refuse(ctx, etag, err)
	}
	return p.use(ctx, etag, t)
}

func (p *Publisher) use(ctx context.Context, etag string, t *taxonomy.Taxonomy) error {
	checked, err := t.Checked()
	if err != nil {
		return err
	}
	if err := p.Blobs.Put(ctx, Good, "application/json", checked); err != nil {
		return err
	}
	p.refused = false
	slog.InfoContext(ctx, "taxonomy published", "version", t.Version)
	return p.report(ctx, etag, fmt.Sprintf("version %s is in use", t.Version))
}

func (p *Publisher) refuse(ctx context.Context, etag string, why error) error {
	p.refused = true
	text := fault.Message(why)
	if list, ok := errors.AsType[taxonomy.Errors](why); ok {
		text += "\n" + list.Error()
	}
	slog.ErrorContext(ctx, "taxonomy refused; the last good one stays in use", "err", text)
	return p.report(ctx, etag, "refused; the last good one stays in use\n"+text)
}

// report says what became of the draft with an ETag, which is its last line.
func (p *Publisher) report(ctx context.Context, etag, text string) error {
	return p.Blobs.Put(ctx, Report, "text/plain; charset=utf-8", []byte(text+"\n"+etag+"\n"))
}

// A Reader is how a function has the taxonomy that is in use. It is safe for
// concurrent use.
type Reader struct {
	Blobs    Blobs
	Deployed func() *taxonomy.Taxonomy      // in use until one is published
	Check    func(*taxonomy.Taxonomy) error // as the publisher's; nil is nothing
	Every    time.Duration                  // how often is looked for a new one
	Now      func() time.Time

	mu      sync.Mutex
	current *taxonomy.Taxonomy
	etag    string
	looked  time.Time
}

// Taxonomy returns the taxonomy in use. It waits at most two seconds for S3, and
// when that does not answer, or has nothing that this version of the code can
// use, it returns what it had before.
func (r *Reader) Taxonomy(ctx context.Context) *taxonomy.Taxonomy {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.Now(); r.looked.IsZero() || now.Sub(r.looked) >= r.Every {
		r.looked = now
		if err := r.look(ctx); err != nil {
			slog.WarnContext(ctx, "published taxonomy not read; what was in use stays", "kind", fault.KindOf(err), "err", err)
		}
	}
	if r.current == nil {
		r.current = r.Deployed()
	}
	return r.current
}

// Current is Taxonomy for those who have no context.
func (r *Reader) Current() *taxonomy.Taxonomy { return r.Taxonomy(context.Background()) }

func (r *Reader) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxLook)
	defer cancel()
	data, etag, err := r.Blobs.Fetch(ctx, Good, r.etag, maxGood)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil // nothing was published
	}
	if err != nil || data == nil {
		return err
	}
	r.etag = etag // also of one that is of no use: it is not read again
	t, err := taxonomy.Restore(data)
	if err == nil && r.Check != nil {
		err = r.Check(t)
	}
	if err != nil {
		return err
	}
	r.current = t
	return nil
}

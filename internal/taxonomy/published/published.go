// Package published replaces the taxonomy in use without a deployment.
//
// An operator uploads the file to S3, under the key [Draft]. Once a minute the
// schedule function checks it. A valid draft is written in checked form under
// [Good], which the functions read. An invalid draft changes nothing: the last
// valid taxonomy stays in use, also for functions that start later. [Report]
// receives the result in both cases.
//
// Without a draft, the taxonomy that was deployed with the functions is in use.
package published

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

// Keys of the objects in the bucket.
const (
	Draft  = "taxonomy/taxonomy.yaml" // the file as the operator wrote it
	Good   = "taxonomy/checked.json"  // the last valid taxonomy, in checked form
	Report = "taxonomy/report.txt"    // the result of checking the draft
)

// Limits of one check.
const (
	maxCheckedBytes = 4 << 20 // more than the checked form of the largest file
	readTimeout     = 2 * time.Second
)

// A Blobs reads and writes the objects. [blob.Bucket] implements it.
type Blobs interface {
	// Fetch reads an object. It returns nil data if the ETag of the object is
	// still etag.
	Fetch(ctx context.Context, key, etag string, limit int64) (data []byte, newETag string, err error)
	Put(ctx context.Context, key, contentType string, data []byte) error
}

// A Meter writes metrics. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Publisher checks drafts and publishes the valid ones.
type Publisher struct {
	Blobs    Blobs
	Deployed func() *taxonomy.Taxonomy      // returns the deployed taxonomy, used without a draft
	Check    func(*taxonomy.Taxonomy) error // additional check after [taxonomy.Load]; may be nil
	Meter    Meter

	etag    string // of the draft that was checked last, or noDraft
	refused bool   // whether the draft that was checked last was invalid
}

// Publish checks the draft if it has changed, and publishes it if it is valid. An
// invalid draft is not an error of Publish. It is described in [Report], and every
// call writes the metric TaxonomyRefused as 1 until the draft is replaced.
func (p *Publisher) Publish(ctx context.Context) error {
	data, etag, err := p.Blobs.Fetch(ctx, Draft, p.etag, taxonomy.MaxBytes)
	switch {
	case fault.Is(err, fault.NotFound):
		if err := p.useDeployed(ctx); err != nil {
			return err
		}
	case fault.Is(err, fault.TooLarge):
		if err := p.refuseDraft(ctx, "", err); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("read taxonomy draft: %w", err)
	case data != nil:
		if err := p.checkDraft(ctx, etag, data); err != nil {
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

// noDraft is used instead of an ETag when the bucket has no draft.
const noDraft = "none"

// useDeployed publishes the deployed taxonomy, once.
func (p *Publisher) useDeployed(ctx context.Context) error {
	if p.etag == noDraft {
		return nil
	}
	if err := p.publishTaxonomy(ctx, noDraft, p.Deployed()); err != nil {
		return err
	}
	p.etag = noDraft
	return nil
}

// checkDraft checks a changed draft, and publishes it if it is valid.
func (p *Publisher) checkDraft(ctx context.Context, etag string, data []byte) error {
	t, err := taxonomy.Load(data)
	if err == nil && p.Check != nil {
		err = p.Check(t)
	}
	if err != nil {
		return p.refuseDraft(ctx, etag, err)
	}
	return p.publishTaxonomy(ctx, etag, t)
}

// publishTaxonomy writes t in checked form and reports its version.
func (p *Publisher) publishTaxonomy(ctx context.Context, etag string, t *taxonomy.Taxonomy) error {
	checked, err := t.Checked()
	if err != nil {
		return err
	}
	if err := p.Blobs.Put(ctx, Good, "application/json", checked); err != nil {
		return fmt.Errorf("write checked taxonomy: %w", err)
	}
	p.refused = false
	slog.InfoContext(ctx, "taxonomy published", "version", t.Version)
	return p.writeReport(ctx, etag, fmt.Sprintf("version %s is in use", t.Version))
}

// refuseDraft logs and reports the errors of the draft.
func (p *Publisher) refuseDraft(ctx context.Context, etag string, why error) error {
	p.refused = true
	text := fault.Message(why)
	if list, ok := errors.AsType[taxonomy.Errors](why); ok {
		text += "\n" + list.Error()
	}
	slog.ErrorContext(ctx, "taxonomy draft refused; the last valid one stays in use", "err", text)
	return p.writeReport(ctx, etag, "refused; the last valid taxonomy stays in use\n"+text)
}

// writeReport writes text and, as the last line, the ETag of the draft.
func (p *Publisher) writeReport(ctx context.Context, etag, text string) error {
	if err := p.Blobs.Put(ctx, Report, "text/plain; charset=utf-8", []byte(text+"\n"+etag+"\n")); err != nil {
		return fmt.Errorf("write taxonomy report: %w", err)
	}
	return nil
}

// A Reader returns the taxonomy in use to a function. It is safe for concurrent
// use.
type Reader struct {
	Blobs    Blobs
	Deployed func() *taxonomy.Taxonomy      // returns the deployed taxonomy, used until one is published
	Check    func(*taxonomy.Taxonomy) error // as in [Publisher]; may be nil
	Every    time.Duration                  // interval between checks for a new taxonomy
	Now      func() time.Time

	mu        sync.Mutex
	current   *taxonomy.Taxonomy
	etag      string
	checkedAt time.Time
}

// Taxonomy returns the current taxonomy. It looks for a new one at most once per
// Every, and waits at most two seconds for S3. It returns the previous one if S3
// fails or if this version of the code cannot read the published one.
func (r *Reader) Taxonomy(ctx context.Context) *taxonomy.Taxonomy {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.Now(); r.checkedAt.IsZero() || now.Sub(r.checkedAt) >= r.Every {
		r.checkedAt = now
		if err := r.readPublished(ctx); err != nil {
			slog.WarnContext(ctx, "published taxonomy not read; the previous one stays in use", "kind", fault.KindOf(err), "err", err)
		}
	}
	if r.current == nil {
		r.current = r.Deployed()
	}
	return r.current
}

// Current is [Reader.Taxonomy] for callers without a context.
func (r *Reader) Current() *taxonomy.Taxonomy { return r.Taxonomy(context.Background()) }

// readPublished replaces the current taxonomy if a new one was published.
func (r *Reader) readPublished(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	data, etag, err := r.Blobs.Fetch(ctx, Good, r.etag, maxCheckedBytes)
	if fault.Is(err, fault.NotFound) {
		return nil // nothing was published
	}
	if err != nil || data == nil {
		return err
	}
	r.etag = etag // also if it is invalid, so that it is not read again
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

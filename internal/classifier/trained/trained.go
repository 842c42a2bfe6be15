// Package trained keeps the trained model of the classifier in S3, where the
// function train replaces it and other functions read it.
//
// Each model is an object of its own, under [modelPrefix] and the beginning of its
// SHA-256. The small object [Pointer] names the model in use. A model is replaced in
// this order:
//
//  1. The new model is written under its own key.
//  2. The pointer is written. From here on, readers load the new model.
//  3. Older models are deleted, except the one that was just replaced: a reader may
//     have read the pointer to it a moment ago.
//
// A reader therefore finds the old model or the new one, also if the writer stops
// between two steps (TestPublish_Interrupted).
package trained

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/fault"
)

// Pointer is the key of the object that names the model in use.
const Pointer = "classifier/current.json"

const (
	modelPrefix     = "classifier/models/"
	maxPointerBytes = 64 << 10
	idLength        = 16 // hexadecimal digits of the SHA-256 that are the id of a model
	readTimeout     = 2 * time.Second
)

// A Current describes the model in use. The zero value says that no model is in use.
type Current struct {
	Model    string `json:"model"`  // its id
	SHA256   string `json:"sha256"` // of its object
	Bytes    int    `json:"bytes"`
	Taxonomy string `json:"taxonomy"` // the version that it was trained with; it is used with this version only
	// Previous is the id of the model that it replaced; empty for the first one.
	Previous  string    `json:"previous,omitempty"`
	TrainedAt time.Time `json:"trainedAt"`
	// Report has the figures of its cross-validation, without the lists.
	Report classifier.Report `json:"report"`
}

// A Blobs reads and writes the objects. [blob.Bucket] implements it.
type Blobs interface {
	// Fetch reads an object. It returns nil data if the ETag of the object is
	// still etag.
	Fetch(ctx context.Context, key, etag string, limit int64) (data []byte, newETag string, err error)
	Put(ctx context.Context, key, contentType string, data []byte) error
	Delete(ctx context.Context, key string) error
}

// ReadCurrent returns the description of the model in use. It is the zero value also
// if the description or the model is missing or damaged, so that a new model replaces
// it.
func ReadCurrent(ctx context.Context, blobs Blobs) (Current, error) {
	data, _, err := blobs.Fetch(ctx, Pointer, "", maxPointerBytes)
	if fault.Is(err, fault.NotFound) {
		return Current{}, nil
	}
	if err != nil {
		return Current{}, fmt.Errorf("read which model is in use: %w", err)
	}
	c, err := parsePointer(data)
	if err == nil && c.Model != "" {
		_, err = fetchModel(ctx, blobs, c)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound) {
		slog.WarnContext(ctx, "the model in use is damaged; a new one replaces it", "err", err)
		return Current{}, nil
	}
	return c, err
}

// PublishNone writes that no model is in use, unless the bucket says already which
// one is. Without it S3 would refuse readers that may not list the bucket.
func PublishNone(ctx context.Context, blobs Blobs) error {
	_, _, err := blobs.Fetch(ctx, Pointer, "", maxPointerBytes)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return blobs.Put(ctx, Pointer, "application/json", []byte("{}"))
}

func parsePointer(data []byte) (Current, error) {
	var c Current
	if err := json.Unmarshal(data, &c); err != nil {
		return Current{}, fault.Wrap(fault.Invalid, err, "decode the description of the model in use")
	}
	if c.Model == "" && c.SHA256 == "" {
		return Current{}, nil
	}
	if !isID(c.Model) || !strings.HasPrefix(c.SHA256, c.Model) {
		return Current{}, fault.New(fault.Invalid, "the description of the model in use names no model")
	}
	return c, nil
}

// isID reports whether s can be the id of a model, so that it names no other object.
func isID(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == idLength
}

// Publish replaces the model in use, which was described by before.
func Publish(ctx context.Context, blobs Blobs, before Current, m *classifier.Model, report classifier.Report, now time.Time) (Current, error) {
	data, err := m.Encode()
	if err != nil {
		return before, err
	}
	sum := sha256.Sum256(data)
	c := Current{
		SHA256: hex.EncodeToString(sum[:]), Bytes: len(data), Taxonomy: m.Version(), Previous: before.Model, TrainedAt: now, Report: report,
	}
	c.Model = c.SHA256[:idLength]
	c.Report.Languages = nil
	c.Report.Reasons = nil
	c.Report.Confusions = nil
	c.Report.LearningCurve = nil
	if c.Model == before.Model {
		c.Previous = before.Previous
	}
	pointer, err := json.Marshal(c)
	if err != nil {
		return before, fault.Wrap(fault.Internal, err, "encode the description of the model")
	}
	if err := blobs.Put(ctx, modelPrefix+c.Model, "application/octet-stream", data); err != nil {
		return before, fmt.Errorf("write model: %w", err)
	}
	if err := blobs.Put(ctx, Pointer, "application/json", pointer); err != nil {
		return before, fmt.Errorf("write which model is in use: %w", err)
	}
	if old := before.Previous; old != "" && old != c.Model && old != c.Previous {
		if err := blobs.Delete(ctx, modelPrefix+old); err != nil {
			slog.WarnContext(ctx, "an old model was not deleted", "model", old, "err", err)
		}
	}
	return c, nil
}

// A Model is the model in use.
type Model struct {
	*classifier.Model
	ID string
}

// A Reader returns the model in use to a function. It reads nothing before the first
// call of [Reader.Model]. It is safe for concurrent use.
type Reader struct {
	Blobs Blobs
	Every time.Duration // interval between checks for a new model
	Now   func() time.Time

	mu        sync.Mutex
	current   *Model
	etag      string // of the pointer that was read last
	checkedAt time.Time
}

// Model returns the model in use if it was trained with that version of the taxonomy,
// and else nil. It looks for a new model at most once per Every, and waits at most
// two seconds for S3. It returns the previous model if S3 fails or if the new one
// cannot be read.
func (r *Reader) Model(ctx context.Context, taxonomy string) *Model {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.Now(); r.checkedAt.IsZero() || now.Sub(r.checkedAt) >= r.Every {
		r.checkedAt = now
		if err := r.readModel(ctx); err != nil {
			slog.WarnContext(ctx, "model not read; the previous one, or none, stays in use", "kind", fault.KindOf(err), "err", err)
		}
	}
	if r.current == nil || r.current.Version() != taxonomy {
		return nil
	}
	return r.current
}

// readModel replaces the current model if a new one was published.
func (r *Reader) readModel(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	data, etag, err := r.Blobs.Fetch(ctx, Pointer, r.etag, maxPointerBytes)
	if fault.Is(err, fault.NotFound) {
		return nil // nothing was trained
	}
	if err != nil || data == nil {
		return err
	}
	m, err := r.fetchNamed(ctx, data)
	if err == nil {
		r.current = m
	}
	if err == nil || fault.Is(err, fault.Invalid) {
		r.etag = etag // the same bytes stay invalid
	}
	return err
}

// fetchNamed returns the model that a pointer names, or nil if it names none.
func (r *Reader) fetchNamed(ctx context.Context, pointer []byte) (*Model, error) {
	c, err := parsePointer(pointer)
	if err != nil || c.Model == "" {
		return nil, err
	}
	if r.current != nil && r.current.ID == c.Model {
		return r.current, nil
	}
	return fetchModel(ctx, r.Blobs, c)
}

// fetchModel reads a model. It returns [fault.Invalid] for one that is damaged.
func fetchModel(ctx context.Context, blobs Blobs, c Current) (*Model, error) {
	data, _, err := blobs.Fetch(ctx, modelPrefix+c.Model, "", classifier.MaxBytes)
	if fault.Is(err, fault.TooLarge) {
		return nil, fault.Wrap(fault.Invalid, err, "read model %s", c.Model)
	}
	if err != nil {
		return nil, fmt.Errorf("read model %s: %w", c.Model, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != c.SHA256 {
		return nil, fault.New(fault.Invalid, "the object of model %s is damaged: it has another checksum", c.Model)
	}
	m, err := classifier.Decode(data)
	if err != nil {
		return nil, err
	}
	return &Model{m, c.Model}, nil
}

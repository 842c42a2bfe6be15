// Package training trains the classifier of a stack. It collects the material, trains
// a model, and replaces the model in use if the new one is not worse.
//
// The function train looks every two minutes whether there is a reason to train: a
// taxonomy was published, the night began, or a person asked for it
// ([Trainer.Train]). It needs no queue, and a training that was broken off starts
// again by itself.
//
// # Material
//
//   - The taxonomy in use, with its examples. These are in the file only, and not in
//     the checked form that other functions read.
//   - Corrections: what the customer wrote first in the contact, with the reason that
//     an agent set.
//   - Contacts that agents registered with a reason and a text.
//   - Contacts without a reason that a person attached to a problem, for example by
//     confirming a candidate.
//
// # Privacy
//
// Texts of customers are in memory during a training only. The model has hashes of
// words, pairs of words and groups of letters, and none that only one customer used
// ([classifier.Example]). Logs and reports have counts and ids of reasons. The texts of
// an erased customer are gone from the table, so the next training does not use them.
package training

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/classifier/trained"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/taxonomy/published"
)

// Keys of the objects in the bucket.
const (
	ReportKey  = "classifier/report.json" // the last [Report]
	RequestKey = "classifier/request.txt" // any new content asks for a training
)

const (
	maxReportBytes  = 1 << 20
	maxRequestBytes = 1 << 10
	maxCheckedBytes = 4 << 20 // more than the checked form of the largest file

	nightHour = 3 // hour of the day from which the nightly training may start
	// abandoned is how long after its start a training without a result counts as
	// broken off.
	abandoned = 10 * time.Minute
	noDraft   = "none" // instead of an ETag
)

// A Meter writes metrics. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Trainer trains the classifier of a stack.
type Trainer struct {
	Table    *store.Table
	Blobs    trained.Blobs
	Deployed func() (*taxonomy.Taxonomy, error) // returns the deployed taxonomy with its examples
	Zone     *time.Location                     // decides when the night begins
	Meter    Meter
}

// Train trains a model if there is a reason to. A model that is worse than the one in
// use, or material from which nothing can be learned, is not an error: the report says
// it. After an error the model in use is as before, and a later call tries again.
func (t *Trainer) Train(ctx context.Context, now time.Time) error {
	began := time.Now()
	last, err := t.readReport(ctx)
	if err != nil {
		return err
	}
	if last.Outcome == Running && now.Sub(last.At) < abandoned {
		return nil
	}
	s, err := t.readSources(ctx, last)
	if err != nil {
		return err
	}
	why := t.reasonToTrain(last, s, now)
	if why == "" {
		return nil
	}
	tax, err := t.loadTaxonomy(ctx, s)
	if err != nil || tax == nil {
		return t.reportRefused(ctx, last, s, why, now, err)
	}
	running := last
	running.Outcome = Running
	running.Why = why
	running.At = now
	if err := t.writeReport(ctx, running); err != nil {
		return err
	}
	r, err := t.trainWith(ctx, tax, now)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	r.Why = why
	r.At = now
	r.Seconds = time.Since(began).Seconds()
	r.Sources = s.etags
	if err := t.writeReport(ctx, r); err != nil {
		return err
	}
	slog.InfoContext(ctx, "training ended", "outcome", r.Outcome, "why", r.Why, "seconds", int(r.Seconds), "model", r.Model, "taxonomy", r.Taxonomy,
		"corrections", r.Material.Corrections, "registered", r.Material.Registered, "attached", r.Material.Attached, "explanation", r.Explanation)
	t.Meter.Count("", "", r.counts())
	return nil
}

// sources are the objects whose change is a reason to train.
type sources struct {
	etags   Sources
	checked []byte // nil if it is unchanged
	draft   []byte // nil if it is unchanged or missing
}

// readSources reads the objects that changed since the last report.
func (t *Trainer) readSources(ctx context.Context, last Report) (s sources, err error) {
	read := func(key, etag, missing string, limit int64) ([]byte, string, error) {
		data, now, err := t.Blobs.Fetch(ctx, key, etag, limit)
		if fault.Is(err, fault.NotFound) {
			return nil, missing, nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("read %s: %w", key, err)
		}
		return data, now, nil
	}
	known := last.Sources
	if known.Draft == noDraft {
		known.Draft = ""
	}
	if s.checked, s.etags.Checked, err = read(published.Good, known.Checked, "", maxCheckedBytes); err != nil {
		return s, err
	}
	if s.draft, s.etags.Draft, err = read(published.Draft, known.Draft, noDraft, taxonomy.MaxBytes); err != nil {
		return s, err
	}
	s.etags.Features = classifier.FeaturesVersion()
	_, s.etags.Request, err = read(RequestKey, known.Request, "", maxRequestBytes)
	return s, err
}

// reasonToTrain returns why a training must start now, or "".
func (t *Trainer) reasonToTrain(last Report, s sources, now time.Time) Why {
	switch {
	case s.etags.Checked == "": // no taxonomy was published yet
		return ""
	case last.Outcome == Running: // it was broken off
		return last.Why
	case last.Sources == Sources{}:
		return First
	case s.etags.Request != last.Sources.Request && s.etags.Request != "":
		return Requested
	case s.etags.Checked != last.Sources.Checked || s.etags.Draft != last.Sources.Draft:
		return NewTaxonomy
	case s.etags.Features != last.Sources.Features:
		return NewProgram
	case last.At.Before(t.lastNight(now)):
		return Nightly
	default:
		return ""
	}
}

// lastNight returns the last time at which a night's training may start.
func (t *Trainer) lastNight(now time.Time) time.Time {
	local := now.In(t.Zone)
	night := time.Date(local.Year(), local.Month(), local.Day(), nightHour, 0, 0, 0, t.Zone)
	if night.After(now) {
		night = night.AddDate(0, 0, -1)
	}
	return night
}

// loadTaxonomy returns the taxonomy in use with its examples. It returns nil while the
// file is not in use yet: the function schedule publishes it within a minute. The
// error is a [fault.Invalid] for a draft with mistakes.
func (t *Trainer) loadTaxonomy(ctx context.Context, s sources) (*taxonomy.Taxonomy, error) {
	var err error
	if s.checked == nil {
		if s.checked, _, err = t.Blobs.Fetch(ctx, published.Good, "", maxCheckedBytes); err != nil {
			return nil, fmt.Errorf("read %s: %w", published.Good, err)
		}
	}
	if s.draft == nil && s.etags.Draft != noDraft {
		if s.draft, _, err = t.Blobs.Fetch(ctx, published.Draft, "", taxonomy.MaxBytes); err != nil {
			return nil, fmt.Errorf("read %s: %w", published.Draft, err)
		}
	}
	var tax *taxonomy.Taxonomy
	if s.draft == nil {
		tax, err = t.Deployed()
	} else {
		tax, err = taxonomy.Load(s.draft)
	}
	if err != nil {
		return nil, err
	}
	checked, err := tax.Checked()
	if err != nil {
		return nil, err
	}
	if string(checked) != string(s.checked) {
		slog.InfoContext(ctx, "training waits until the taxonomy is in use", "version", tax.Version)
		return nil, nil
	}
	return tax, nil
}

// reportRefused reports that a draft with mistakes cannot be learned. Any other error
// is returned. Without an error it does nothing, because the training waits.
func (t *Trainer) reportRefused(ctx context.Context, last Report, s sources, why Why, now time.Time, err error) error {
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	r := last
	r.Outcome = Failed
	r.Why = why
	r.At = now
	r.Sources = s.etags
	r.Explanation = "the taxonomy in the bucket has mistakes, so its examples cannot be learned; the model stays"
	r.Next = []string{"read " + published.Report + " in the bucket, and publish a corrected file"}
	return t.writeReport(ctx, r)
}

// trainWith trains with a taxonomy, and replaces the model in use unless the new one is
// worse.
func (t *Trainer) trainWith(ctx context.Context, tax *taxonomy.Taxonomy, now time.Time) (Report, error) {
	r := Report{Taxonomy: tax.Version}
	current, err := trained.ReadCurrent(ctx, t.Blobs)
	if err != nil {
		return r, err
	}
	r.Model = current.Model
	m, err := t.fitModel(ctx, tax, now, &r)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
		r.Outcome = Failed
		r.Explanation = fault.Message(err)
		r.Next = []string{"add examples to the reasons of the taxonomy, and publish it"}
		return r, trained.PublishNone(ctx, t.Blobs)
	}
	if err != nil {
		return r, err
	}
	better, explanation := true, "the first model for this version of the taxonomy"
	if current.Model != "" && current.Taxonomy == tax.Version {
		r.Before = &current.Report
		better, explanation = classifier.Better(current.Report, r.Figures)
	}
	r.Explanation = explanation
	r.Outcome = Kept
	if better {
		if current, err = trained.Publish(ctx, t.Blobs, current, m, r.Figures, now); err != nil {
			return r, err
		}
		r.Outcome = InUse
		r.Model = current.Model
	}
	r.Next = adviseNext(tax, r)
	return r, nil
}

// fitModel collects the material and trains. Material that takes too long to learn is
// reduced to its newer half.
func (t *Trainer) fitModel(ctx context.Context, tax *taxonomy.Taxonomy, now time.Time, r *Report) (*classifier.Model, error) {
	taught, options := classifier.FromTaxonomy(tax)
	own, err := t.collect(ctx, tax, now)
	if err != nil {
		return nil, err
	}
	for {
		m, figures, err := classifier.Train(ctx, append(taught[:len(taught):len(taught)], own.examples...), options)
		if fault.Is(err, fault.TooLarge) && len(own.examples) > 0 {
			own.halve()
			continue
		}
		r.Material = own.counts
		r.Material.Taxonomy = len(taught)
		r.Figures = figures
		return m, err
	}
}

func (t *Trainer) readReport(ctx context.Context) (Report, error) {
	data, _, err := t.Blobs.Fetch(ctx, ReportKey, "", maxReportBytes)
	if fault.Is(err, fault.NotFound) {
		return Report{}, nil
	}
	if err != nil {
		return Report{}, fmt.Errorf("read the report of the last training: %w", err)
	}
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		slog.WarnContext(ctx, "the report of the last training is malformed; training starts again", "err", err)
		return Report{}, nil
	}
	return r, nil
}

func (t *Trainer) writeReport(ctx context.Context, r Report) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode the report of a training")
	}
	if err := t.Blobs.Put(ctx, ReportKey, "application/json", data); err != nil {
		return fmt.Errorf("write the report of a training: %w", err)
	}
	return nil
}

// adviseNext returns what a person can do after a training.
func adviseNext(tax *taxonomy.Taxonomy, r Report) []string {
	sure := map[string]bool{}
	for _, g := range r.Figures.Reasons {
		if g.Threshold <= 1 {
			sure[g.Reason] = true
		}
	}
	var unsure []string
	for _, x := range tax.Reasons {
		if !sure[x.ID] && x.Severity != taxonomy.Critical {
			unsure = append(unsure, x.ID)
		}
	}
	var next []string
	if len(unsure) > 0 {
		next = append(next, fmt.Sprintf("add examples of at least ten customers to %s, of which the model is never sure", strings.Join(unsure, ", ")))
	}
	if r.Outcome == InUse {
		next = append(next, "heardctl reclassify -reason unknown -since <time> -dry-run shows which earlier contacts get a reason")
	}
	return next
}

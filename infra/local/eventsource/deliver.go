package eventsource

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// retention is how long a DynamoDB stream keeps a record, and therefore the longest time a record is retried.
const retention = 24 * time.Hour

// delivery delivers the records of one shard to the function.
type delivery struct {
	*StreamConfig
	shard  string
	finish func([]record) error // called with records that were processed or given up

	mu        sync.Mutex
	postponed [][]record // batches that Chaos delivers again later
}

// attempt is the unprocessed part of a batch, with its history.
type attempt struct {
	records []record
	retries int      // used of MaxRetries
	invoked int      // invocations with these records, also as part of a larger batch
	last    *outcome // of the last invocation; nil before the first
}

// outcome is the result of one invocation.
type outcome struct {
	succeeded     int    // leading records that need no retry
	batchFailed   bool   // the entire batch failed
	functionError string // "Unhandled" if the function ran and failed
}

// deliverRecords delivers records, in stream order, until each is processed or given up. Records of one key are
// delivered in order. Records of different keys may be delivered at the same time, depending on Parallel and Chaos.
func (d *delivery) deliverRecords(ctx context.Context, records []record) error {
	lanes, concurrent := d.Chaos.splitLanes(records, d.Parallel)
	if !concurrent {
		for _, lane := range lanes {
			if err := d.deliverLane(ctx, lane); err != nil {
				return err
			}
		}
		return nil
	}
	var (
		wg   sync.WaitGroup
		errs = make([]error, len(lanes))
	)
	for i, lane := range lanes {
		wg.Go(func() { errs[i] = d.deliverLane(ctx, lane) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *delivery) deliverLane(ctx context.Context, records []record) error {
	for batch := range splitBatches(records, d.Chaos.batchLimiter(d.BatchSize)) {
		if err := d.deliverBatch(ctx, attempt{records: batch}); err != nil {
			return err
		}
		if err := d.deliverDuplicates(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// deliverDuplicates delivers the postponed batches again. It decides whether batch is duplicated too, and then delivers
// it again now or postpones it.
func (d *delivery) deliverDuplicates(ctx context.Context, batch []record) error {
	due := d.takeDuplicates()
	if first := batch[0].id; d.Chaos.shouldOccur(d.Chaos.Duplicate, "duplicate", first) {
		if d.Chaos.shouldOccur(0.5, "later", first) {
			d.mu.Lock()
			d.postponed = append(d.postponed, batch)
			d.mu.Unlock()
		} else {
			due = append(due, batch)
		}
	}
	for _, b := range due {
		if err := d.deliverBatch(ctx, attempt{records: b}); err != nil {
			return err
		}
	}
	return nil
}

// takeDuplicates removes and returns the postponed batches.
func (d *delivery) takeDuplicates() [][]record {
	d.mu.Lock()
	defer d.mu.Unlock()
	due := d.postponed
	d.postponed = nil
	return due
}

// flushDuplicates delivers the postponed batches that no later batch has delivered.
func (d *delivery) flushDuplicates(ctx context.Context) error {
	for _, b := range d.takeDuplicates() {
		if err := d.deliverBatch(ctx, attempt{records: b}); err != nil {
			return err
		}
	}
	return nil
}

// deliverBatch invokes the function with the records of a until each is processed or given up.
func (d *delivery) deliverBatch(ctx context.Context, a attempt) error {
	for round := 0; ; round++ {
		if round > 0 {
			if err := waitBackoff(ctx, d.Backoff, round-1); err != nil {
				return err
			}
		}
		if err := d.dropExpired(ctx, &a); err != nil || len(a.records) == 0 {
			return err
		}
		out, err := d.invokeFunction(ctx, a.records)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // the function did not run: this uses up no retry
			d.logBatch(ctx, "function not invoked", a, slog.Any("error", err))
			continue
		}
		a.invoked++
		a.last = &out
		if err := d.finish(a.records[:out.succeeded]); err != nil {
			return err
		}
		a.records = a.records[out.succeeded:]
		if len(a.records) == 0 {
			return nil
		}
		d.logBatch(ctx, "batch failed", a, slog.String("function_error", out.functionError))
		switch {
		case d.Bisect && out.succeeded > 0:
			continue // the batch is cut at the failed record; a cut uses up no retry
		case d.Bisect && out.batchFailed && len(a.records) > 1:
			return d.bisectBatch(ctx, a)
		case d.retriesExhausted(a):
			return d.giveUpBatch(ctx, a, "RetryAttemptsExhausted")
		}
		a.retries++
	}
}

// bisectBatch delivers the two halves of a batch, one after the other.
func (d *delivery) bisectBatch(ctx context.Context, a attempt) error {
	half := len(a.records) / 2
	first := a
	first.records = a.records[:half]
	if err := d.deliverBatch(ctx, first); err != nil {
		return err
	}
	second := a
	second.records = a.records[half:]
	return d.deliverBatch(ctx, second)
}

// retriesExhausted reports whether a has used up MaxRetries; nil and negative mean no limit.
func (d *delivery) retriesExhausted(a attempt) bool {
	return d.MaxRetries != nil && *d.MaxRetries >= 0 && a.retries >= *d.MaxRetries
}

func (d *delivery) invokeFunction(ctx context.Context, records []record) (outcome, error) {
	response, functionError, err := d.Invoker.Invoke(ctx, d.Function, marshalEvent(records))
	switch {
	case err != nil:
		return outcome{}, err
	case functionError != "":
		return outcome{batchFailed: true, functionError: functionError}, nil
	case !d.ReportFailures:
		return outcome{succeeded: len(records)}, nil
	}
	failed, whole := parseFailures(response, records)
	if whole {
		return outcome{batchFailed: true}, nil
	}
	// All records from the first failed one on are retried, also those after it that succeeded.
	return outcome{succeeded: slices.Min(append(failed, len(records)))}, nil
}

// dropExpired gives up the leading records that are older than MaxAge or retention.
func (d *delivery) dropExpired(ctx context.Context, a *attempt) error {
	oldest := time.Now().Add(-retention)
	if d.MaxAge > 0 && d.MaxAge < retention {
		oldest = time.Now().Add(-d.MaxAge)
	}
	n := slices.IndexFunc(a.records, func(r record) bool { return !r.arrived.Before(oldest) })
	if n < 0 {
		n = len(a.records)
	}
	if n == 0 {
		return nil
	}
	old := *a
	old.records = a.records[:n]
	a.records = a.records[n:]
	return d.giveUpBatch(ctx, old, "RecordAgeExceeded")
}

// giveUpBatch sends an invocation record to the on-failure destination, retrying until that succeeds, and then finishes
// the records of a.
func (d *delivery) giveUpBatch(ctx context.Context, a attempt, condition string) error {
	d.logBatch(ctx, "giving up records", a, slog.String("condition", condition))
	if d.OnFailure != nil {
		body, err := json.Marshal(d.newInvocationRecord(a, condition))
		if err != nil {
			return fmt.Errorf("encode the record for the on-failure destination: %w", err)
		}
		for n := 0; ; n++ {
			if err = d.OnFailure(ctx, body); err == nil {
				break
			}
			d.logBatch(ctx, "on-failure destination not reached, retrying", a, slog.Any("error", err))
			if err := waitBackoff(ctx, d.Backoff, n); err != nil {
				return err
			}
		}
	}
	return d.finish(a.records)
}

// logBatch logs one line about a batch. It never logs the content of records.
func (d *delivery) logBatch(ctx context.Context, msg string, a attempt, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("function", d.Function), slog.String("shard", d.shard),
		slog.String("first", a.records[0].id), slog.Int("records", len(a.records)), slog.Int("invoked", a.invoked))
	d.Log.LogAttrs(ctx, slog.LevelWarn, msg, attrs...) //nolint:sloglint // the callers name it
}

// invocationRecord is the message that AWS sends to an on-failure destination. It tells where the records are in the
// stream, not their content.
type invocationRecord struct {
	RequestContext struct {
		RequestID   string `json:"requestId"`
		FunctionARN string `json:"functionArn"`
		Condition   string `json:"condition"`
		InvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	Batch           struct {
		ShardID   string `json:"shardId"`
		Start     string `json:"startSequenceNumber"`
		End       string `json:"endSequenceNumber"`
		First     string `json:"approximateArrivalOfFirstRecord"`
		Last      string `json:"approximateArrivalOfLastRecord"`
		Size      int    `json:"batchSize"`
		StreamARN string `json:"streamArn"`
	} `json:"DDBStreamBatchInfo"`
}

type responseContext struct {
	StatusCode    int     `json:"statusCode"`
	Version       string  `json:"executedVersion"`
	FunctionError *string `json:"functionError"` // null if the function returned a report of failures
}

func (d *delivery) newInvocationRecord(a attempt, condition string) invocationRecord {
	first := a.records[0]
	last := a.records[len(a.records)-1]
	var r invocationRecord
	r.Version = "1.0"
	r.Timestamp = time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	r.RequestContext.RequestID = uuid.NewString()
	r.RequestContext.FunctionARN = d.FunctionARN
	r.RequestContext.Condition = condition
	r.RequestContext.InvokeCount = a.invoked
	if a.last != nil {
		r.ResponseContext = &responseContext{StatusCode: 200, Version: "$LATEST"}
		if e := a.last.functionError; e != "" {
			r.ResponseContext.FunctionError = &e
		}
	}
	r.Batch.ShardID = d.shard
	r.Batch.Start = first.id
	r.Batch.End = last.id
	r.Batch.First = first.arrived.UTC().Format(time.RFC3339)
	r.Batch.Last = last.arrived.UTC().Format(time.RFC3339)
	r.Batch.Size = len(a.records)
	r.Batch.StreamARN = d.StreamARN
	return r
}

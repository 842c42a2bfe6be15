package eventsource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// shard reads one shard of the stream and delivers its records.
type shard struct {
	*Stream
	id         string
	checkpoint *checkpoint
	progress   *progress
	delivery   *delivery
	idleEpoch  atomic.Int64 // epoch of the last read at the end of the shard, with all records delivered

	after    string // sequence number of the last record read
	iterator *string
}

func newShard(s *Stream, id string, c *checkpoint) *shard {
	at, _ := c.shardPosition(id)
	sh := &shard{Stream: s, id: id, checkpoint: c, after: at.After}
	sh.idleEpoch.Store(-1)
	sh.progress = &progress{save: func(seq string) error { return c.savePosition(id, position{After: seq}) }}
	sh.delivery = &delivery{StreamConfig: &s.cfg, shard: id, finish: sh.progress.finishRecords}
	return sh
}

// readAndDeliver reads and delivers records until the shard is closed and empty, or ctx ends.
func (s *shard) readAndDeliver(ctx context.Context) error {
	var (
		held     []record  // records that wait for the batch to fill
		deadline time.Time // end of the batching window
		poll     = minPoll
		failed   int
	)
	for {
		requested := s.readRequested.subscribe()
		epoch := s.epoch.Load()
		p, err := s.readPage(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "reading stream failed, retrying", slog.String("shard", s.id), slog.Any("error", err))
			if waitBackoff(ctx, s.cfg.Backoff, failed) != nil {
				return nil
			}
			failed++
			continue
		}
		failed = 0
		if len(held) == 0 {
			deadline = time.Now().Add(s.cfg.Window)
		}
		held = append(held, p.records...)
		s.progress.addRecords(p.records)
		wait := time.Until(deadline)
		mayFill := len(held) > 0 && !p.closed && !fillsBatch(held, s.cfg.BatchSize)
		if mayFill && wait > 0 {
			if sleepOrWake(ctx, min(wait, minPoll), nil) != nil {
				return nil
			}
			continue
		}
		if err := s.deliverAndSave(ctx, held, p); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		held = nil
		switch {
		case p.closed:
			return nil
		case !p.empty:
			poll = minPoll
			continue
		}
		s.idleEpoch.Store(epoch)
		s.advanced.broadcast()
		if sleepOrWake(ctx, poll, requested) != nil {
			return nil
		}
		poll = min(2*poll, maxPoll)
	}
}

// fillsBatch reports whether records reach the batch size or the largest payload.
func fillsBatch(records []record, size int) bool {
	if len(records) >= size {
		return true
	}
	weight := 0
	for _, r := range records {
		weight += len(r.json)
	}
	return weight >= maxPayload
}

// deliverAndSave delivers records and then saves the position after the last record read, including those that the
// filter dropped.
func (s *shard) deliverAndSave(ctx context.Context, records []record, p page) error {
	if len(records) > 0 {
		if err := s.delivery.deliverRecords(ctx, records); err != nil {
			return err
		}
	}
	if p.closed || p.empty {
		if err := s.delivery.flushDuplicates(ctx); err != nil {
			return err
		}
	}
	if s.after != "" || p.closed {
		if err := s.checkpoint.savePosition(s.id, position{After: s.after, Done: p.closed}); err != nil {
			return fmt.Errorf("shard %s: %w", s.id, err)
		}
	}
	if p.closed {
		s.forgetShard(s.id)
	}
	return nil
}

// page is the result of one read of a shard.
type page struct {
	records []record // records that pass the filter
	empty   bool     // no records were read: the shard is at its end for now
	closed  bool     // the shard never gets more records
}

// readPage reads the records after the last record read.
func (s *shard) readPage(ctx context.Context) (page, error) {
	if err := s.ensureIterator(ctx); err != nil {
		return page{}, err
	}
	out, err := s.cfg.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{
		ShardIterator: s.iterator, Limit: aws.Int32(maxRead),
	})
	if err != nil {
		s.iterator = nil // it may have expired
		return page{}, s.resetIfTrimmed(err)
	}
	p := page{empty: len(out.Records) == 0, closed: out.NextShardIterator == nil}
	now := time.Now()
	after := s.after
	for _, r := range out.Records {
		rec, err := newStreamRecord(r, s.cfg.StreamARN, s.cfg.Region, now)
		if err != nil {
			s.iterator = nil
			return page{}, fmt.Errorf("convert a record of shard %s: %w", s.id, err)
		}
		after = rec.id
		if s.cfg.Filter.Match(rec.json) {
			p.records = append(p.records, rec)
		}
	}
	s.after = after
	s.iterator = out.NextShardIterator
	return p, nil
}

// ensureIterator gets an iterator after the last record read, if the shard has none.
func (s *shard) ensureIterator(ctx context.Context) error {
	if s.iterator != nil {
		return nil
	}
	in := &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &s.cfg.StreamARN, ShardId: &s.id, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	if s.after != "" {
		in.ShardIteratorType = types.ShardIteratorTypeAfterSequenceNumber
		in.SequenceNumber = &s.after
	}
	out, err := s.cfg.Client.GetShardIterator(ctx, in)
	if err != nil {
		return s.resetIfTrimmed(err)
	}
	s.iterator = out.ShardIterator
	return nil
}

// resetIfTrimmed returns err. If err says that the stream has dropped the record at the position, the next read begins
// at the oldest record.
func (s *shard) resetIfTrimmed(err error) error {
	var gone *types.TrimmedDataAccessException
	if errors.As(err, &gone) {
		s.after = ""
	}
	return err
}

// progress tracks which of the records read are processed. Batches may finish out of order; the saved position is the
// last record before the first unprocessed one.
type progress struct {
	save func(seq string) error

	mu         sync.Mutex
	unfinished []trackedRecord // in stream order, beginning with the oldest unprocessed record
}

type trackedRecord struct {
	id      string
	arrived time.Time
	done    bool
}

func (p *progress) addRecords(records []record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range records {
		p.unfinished = append(p.unfinished, trackedRecord{id: r.id, arrived: r.arrived})
	}
}

// finishRecords marks records as processed. If the position moves, it is saved before finishRecords returns.
func (p *progress) finishRecords(records []record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range records {
		if i := slices.IndexFunc(p.unfinished, func(o trackedRecord) bool { return o.id == r.id }); i >= 0 {
			p.unfinished[i].done = true
		}
	}
	last := ""
	for len(p.unfinished) > 0 && p.unfinished[0].done {
		last = p.unfinished[0].id
		p.unfinished = p.unfinished[1:]
	}
	if last == "" {
		return nil
	}
	return p.save(last)
}

// oldestArrival returns the arrival time of the oldest unprocessed record. ok is false if no record is unprocessed.
func (p *progress) oldestArrival() (at time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.unfinished) == 0 {
		return time.Time{}, false
	}
	return p.unfinished[0].arrived, true
}

package eventsource

import (
	"cmp"
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

// How often a shard at its end is read again, and the shards listed. A reader that finds records reads on at once.
const (
	minPoll           = 20 * time.Millisecond
	maxPoll           = 200 * time.Millisecond
	shardListInterval = 10 * time.Second
	maxRead           = 1000 // GetRecords gives no more
	maxParallel       = 10
)

// Streams is the part of the DynamoDB Streams API that a mapping uses; *dynamodbstreams.Client has it.
type Streams interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// StreamConfig is an event source mapping from a DynamoDB stream to a function. The fields that have no remark may stay
// empty and then mean what AWS takes for them.
type StreamConfig struct {
	// Client, StreamARN, Function, FunctionARN and Invoker must be set. The stream ARN is DynamoDB Local's own.
	Client      Streams
	StreamARN   string
	Function    string // what Invoker gets
	FunctionARN string // what the on-failure destination is told
	Invoker     Invoker
	// Region is what the function is told; eu-west-1 if empty.
	Region string
	// Checkpoint is the file that keeps the position over restarts. Without it every run begins at StartingPosition.
	Checkpoint string
	// StartingPosition is where to begin when there is no checkpoint: TRIM_HORIZON (also if empty) or LATEST.
	StartingPosition string
	// BatchSize is how many records an event may hold: 100 if 0, at most 10,000.
	BatchSize int
	// Window is how long a batch may wait to be filled: MaximumBatchingWindowInSeconds.
	Window time.Duration
	// Filter is FilterCriteria.
	Filter Filter
	// ReportFailures is ReportBatchItemFailures among FunctionResponseTypes.
	ReportFailures bool
	// Bisect is BisectBatchOnFunctionError.
	Bisect bool
	// MaxRetries is MaximumRetryAttempts: nil and -1 mean until the record expires.
	MaxRetries *int
	// MaxAge is MaximumRecordAgeInSeconds: 0 means as long as the stream keeps the record, 24 hours.
	MaxAge time.Duration
	// Parallel is ParallelizationFactor: 1 if 0, at most 10. Above 1 order is kept per item only.
	Parallel int
	// OnFailure sends word of records that are given up on, as the documented invocation record.
	OnFailure func(ctx context.Context, body []byte) error
	// Backoff is the wait before the first retry, doubled each time up to 5 seconds; 100 ms if 0.
	Backoff time.Duration
	// Chaos makes the mapping misbehave.
	Chaos Chaos
	// Log gets a line for every failure, never with what is in a record.
	Log *slog.Logger
}

// Stream is a running event source mapping of a DynamoDB stream.
type Stream struct {
	cfg StreamConfig

	// Every read and every listing of shards carries the epoch in which it began; WaitDrained begins a new one.
	epoch         atomic.Int64
	closedShards  atomic.Int64 // shards read to their end
	readRequested broadcaster  // rung when somebody wants fresh reads
	advanced    broadcaster  // rung when a shard or the listing has moved on

	mu          sync.Mutex
	listedEpoch int64 // epoch of the last listing that nothing has outdated
	shards      map[string]*shard
}

// NewStream checks cfg as AWS does and returns its mapping.
func NewStream(cfg StreamConfig) (*Stream, error) {
	cfg.Region = cmp.Or(cfg.Region, "eu-west-1")
	cfg.StartingPosition = cmp.Or(cfg.StartingPosition, "TRIM_HORIZON")
	cfg.BatchSize = cmp.Or(cfg.BatchSize, 100)
	cfg.Parallel = cmp.Or(cfg.Parallel, 1)
	cfg.Backoff = cmp.Or(cfg.Backoff, 100*time.Millisecond)
	cfg.Log = loggerOrDiscard(cfg.Log)
	switch {
	case cfg.Client == nil || cfg.Invoker == nil || cfg.StreamARN == "" || cfg.Function == "":
		return nil, errors.New("a stream mapping needs Client, StreamARN, Function and Invoker")
	case cfg.StartingPosition != "TRIM_HORIZON" && cfg.StartingPosition != "LATEST":
		return nil, fmt.Errorf("StartingPosition %q: want TRIM_HORIZON or LATEST", cfg.StartingPosition)
	case cfg.BatchSize < 1 || cfg.BatchSize > 10_000:
		return nil, fmt.Errorf("BatchSize %d: want 1 to 10000", cfg.BatchSize)
	case cfg.Parallel < 1 || cfg.Parallel > maxParallel:
		return nil, fmt.Errorf("ParallelizationFactor %d: want 1 to %d", cfg.Parallel, maxParallel)
	case cfg.Window < 0 || cfg.Window > 300*time.Second:
		return nil, fmt.Errorf("MaximumBatchingWindowInSeconds %v: want 0 to 300 seconds", cfg.Window)
	}
	cfg.Invoker = cfg.Chaos.wrapInvoker(cfg.Invoker)
	return &Stream{cfg: cfg, shards: map[string]*shard{}}, nil
}

// Run reads the stream and invokes the function until ctx ends, or until the position cannot be kept.
func (s *Stream) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer func() {
		cancel(nil)
		wg.Wait()
	}()
	checkpoint, found, err := openCheckpoint(s.cfg.Checkpoint, s.cfg.StreamARN)
	if err != nil {
		return err
	}
	if !found && s.cfg.StartingPosition == "LATEST" {
		if err := s.skipToEnd(ctx, checkpoint); err != nil {
			return err
		}
	}
	for failed := 0; ; {
		ask, epoch, closes := s.readRequested.subscribe(), s.epoch.Load(), s.closedShards.Load()
		shards, err := s.listShards(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "listing shards", slog.Any("error", err))
			if err := waitBackoff(ctx, s.cfg.Backoff, failed); err != nil {
				return context.Cause(ctx)
			}
			failed++
			continue
		}
		failed = 0
		fresh, err := s.startShards(shards, checkpoint)
		if err != nil {
			return err
		}
		for _, sh := range fresh {
			wg.Go(func() {
				if err := sh.readAndDeliver(ctx); err != nil {
					cancel(err)
				}
			})
		}
		s.recordListing(epoch, closes)
		if err := sleepOrWake(ctx, shardListInterval, ask); err != nil {
			return context.Cause(ctx)
		}
	}
}

// list returns the shards of the stream, oldest first.
func (s *Stream) listShards(ctx context.Context) ([]types.Shard, error) {
	var shards []types.Shard
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &s.cfg.StreamARN}
	for {
		out, err := s.cfg.Client.DescribeStream(ctx, in)
		if err != nil {
			return nil, err
		}
		shards = append(shards, out.StreamDescription.Shards...)
		in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId
		if in.ExclusiveStartShardId == nil {
			return shards, nil
		}
	}
}

// begin returns the shards that can be read from now on: a shard waits until its parent has been read to its end.
func (s *Stream) startShards(shards []types.Shard, c *checkpoint) ([]*shard, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed := map[string]bool{}
	for _, sh := range shards {
		listed[aws.ToString(sh.ShardId)] = true
	}
	if err := c.dropUnlisted(listed); err != nil {
		return nil, err
	}
	var fresh []*shard
	for _, sh := range shards {
		id, parent := aws.ToString(sh.ShardId), aws.ToString(sh.ParentShardId)
		at, _ := c.shardPosition(id)
		above, _ := c.shardPosition(parent)
		if s.shards[id] != nil || at.Done || listed[parent] && !above.Done {
			continue
		}
		s.shards[id] = newShard(s, id, c)
		fresh = append(fresh, s.shards[id])
	}
	return fresh, nil
}

// listedIn notes that the shards listed in epoch are all there are, unless one was closed since: it may have children.
func (s *Stream) recordListing(epoch, closes int64) {
	s.mu.Lock()
	if s.closedShards.Load() == closes {
		s.listedEpoch = epoch
	}
	s.mu.Unlock()
	s.advanced.broadcast()
}

// skipToEnd moves the checkpoint past what the stream holds, so that also a restart before the first record begins here.
func (s *Stream) skipToEnd(ctx context.Context, c *checkpoint) error {
	shards, err := s.listShards(ctx)
	if err != nil {
		return fmt.Errorf("finding the end of the stream: %w", err)
	}
	for _, desc := range shards {
		sh := newShard(s, aws.ToString(desc.ShardId), c)
		for end := false; !end; {
			p, err := sh.readPage(ctx)
			if err != nil {
				return fmt.Errorf("finding the end of the stream: %w", err)
			}
			end = p.closed || p.empty
			if err := c.savePosition(sh.id, position{After: sh.after, Done: p.closed}); err != nil {
				return err
			}
		}
	}
	return nil
}

// finished forgets a shard that is read to its end. Its children may be waiting, so the listing is out of date.
func (s *Stream) forgetShard(id string) {
	s.mu.Lock()
	delete(s.shards, id)
	s.closedShards.Add(1)
	s.listedEpoch = -1
	s.mu.Unlock()
	s.readRequested.broadcast()
}

// WaitDrained returns once every record that was in the stream when it was called has been processed or given up on.
// It waits for as long as ctx lets it.
func (s *Stream) WaitDrained(ctx context.Context) error {
	want := s.epoch.Add(1)
	s.readRequested.broadcast()
	for {
		news := s.advanced.subscribe()
		if s.isDrained(want) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		}
	}
}

// drained reports whether every shard was at its end in a read begun in epoch want or later.
func (s *Stream) isDrained(want int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listedEpoch < want {
		return false
	}
	for _, sh := range s.shards {
		if sh.idleEpoch.Load() < want {
			return false
		}
	}
	return true
}

// Lag is the age of the oldest record that was read and not yet processed, AWS's IteratorAge; 0 when there is none.
func (s *Stream) Lag() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lag time.Duration
	for _, sh := range s.shards {
		if at, ok := sh.progress.oldestArrival(); ok {
			lag = max(lag, time.Since(at))
		}
	}
	return lag
}

// shard reads one shard.
type shard struct {
	*Stream
	id         string
	checkpoint *checkpoint
	progress   *progress
	delivery   *delivery
	idleEpoch  atomic.Int64 // epoch of the last read that found the end with nothing left to do

	after    string // last record read
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

// run reads and delivers until the shard is closed and empty, or ctx ends.
func (s *shard) readAndDeliver(ctx context.Context) error {
	var (
		held     []record  // read, and waiting for the batch to fill
		deadline time.Time // until when
		poll     = minPoll
		failed   int
	)
	for {
		ask, epoch := s.readRequested.subscribe(), s.epoch.Load()
		p, err := s.readPage(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "reading stream", slog.String("shard", s.id), slog.Any("error", err))
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
		if wait := time.Until(deadline); len(held) > 0 && wait > 0 && !p.closed && !fillsBatch(held, s.cfg.BatchSize) {
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
		if sleepOrWake(ctx, poll, ask) != nil {
			return nil
		}
		poll = min(2*poll, maxPoll)
	}
}

// full reports whether records fill a batch.
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

// flush delivers records and keeps the position behind them and behind what the filter took out.
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
			return err
		}
	}
	if p.closed {
		s.forgetShard(s.id)
	}
	return nil
}

// page is what one read of a shard found.
type page struct {
	records []record // those that pass the filter
	empty   bool     // it found nothing at all: the end, for now
	closed  bool     // and for ever
}

// read reads on from the last record read.
func (s *shard) readPage(ctx context.Context) (page, error) {
	if err := s.ensureIterator(ctx); err != nil {
		return page{}, err
	}
	out, err := s.cfg.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{
		ShardIterator: s.iterator, Limit: aws.Int32(maxRead),
	})
	if err != nil {
		s.iterator = nil // it may have expired; seek finds the place again
		return page{}, s.resetIfTrimmed(err)
	}
	p := page{empty: len(out.Records) == 0, closed: out.NextShardIterator == nil}
	now, after := time.Now(), s.after
	for _, r := range out.Records {
		rec, err := newStreamRecord(r, s.cfg.StreamARN, s.cfg.Region, now)
		if err != nil {
			s.iterator = nil
			return page{}, err
		}
		after = rec.id
		if s.cfg.Filter.Match(rec.json) {
			p.records = append(p.records, rec)
		}
	}
	s.after, s.iterator = after, out.NextShardIterator
	return p, nil
}

// seek finds the iterator of the place to read on from, when there is none.
func (s *shard) ensureIterator(ctx context.Context) error {
	if s.iterator != nil {
		return nil
	}
	in := &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &s.cfg.StreamARN, ShardId: &s.id, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	if s.after != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &s.after
	}
	out, err := s.cfg.Client.GetShardIterator(ctx, in)
	if err != nil {
		return s.resetIfTrimmed(err)
	}
	s.iterator = out.ShardIterator
	return nil
}

// trimmed goes back to the oldest record there is when err says that the stream has dropped the place to read on from.
func (s *shard) resetIfTrimmed(err error) error {
	var gone *types.TrimmedDataAccessException
	if errors.As(err, &gone) {
		s.after = ""
	}
	return err
}

// progress knows which of the records read are processed, and keeps the position before the first that is not: batches
// may end out of order.
type progress struct {
	save func(seq string) error

	mu         sync.Mutex
	unfinished []trackedRecord // in the order read
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

// finish marks records as processed. It saves the position, when that moves, before it returns.
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

// oldest returns when the oldest record that is not processed arrived.
func (p *progress) oldestArrival() (at time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.unfinished) == 0 {
		return time.Time{}, false
	}
	return p.unfinished[0].arrived, true
}

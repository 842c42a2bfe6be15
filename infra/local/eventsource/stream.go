package eventsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

const (
	minPoll           = 20 * time.Millisecond  // first wait before an exhausted shard is read again
	maxPoll           = 200 * time.Millisecond // longest such wait
	shardListInterval = 10 * time.Second
	maxRead           = 1000 // limit of GetRecords
	maxParallel       = 10   // limit of ParallelizationFactor
)

// Streams is the part of the DynamoDB Streams API that a mapping uses. [*dynamodbstreams.Client] implements it.
type Streams interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// StreamConfig configures an event source mapping from a DynamoDB stream to a function. A zero field means AWS's
// default, unless its comment says otherwise.
type StreamConfig struct {
	// Client, StreamARN, Function and Invoker must be set. StreamARN is the ARN that DynamoDB Local assigned.
	Client      Streams
	StreamARN   string
	Function    string // passed to Invoker
	FunctionARN string // functionArn in the on-failure record
	Invoker     Invoker
	// Region is awsRegion in the event; empty means eu-west-1.
	Region string
	// Checkpoint is the file that stores the position over restarts. If empty, every run begins at StartingPosition.
	Checkpoint string
	// StartingPosition is TRIM_HORIZON (the default) or LATEST. It applies to a stream without a checkpoint.
	StartingPosition string
	// BatchSize is the most records in an event: 0 means 100, the maximum is 10,000.
	BatchSize int
	// Window is MaximumBatchingWindowInSeconds: how long a batch waits to fill.
	Window time.Duration
	// Filter is FilterCriteria.
	Filter Filter
	// ReportFailures is true if FunctionResponseTypes has ReportBatchItemFailures.
	ReportFailures bool
	// Bisect is BisectBatchOnFunctionError.
	Bisect bool
	// MaxRetries is MaximumRetryAttempts. nil and -1 mean retries until the record expires.
	MaxRetries *int
	// MaxAge is MaximumRecordAgeInSeconds. 0 means 24 hours, the retention of a stream.
	MaxAge time.Duration
	// Parallel is ParallelizationFactor: 0 means 1, the maximum is 10. Above 1 only records of one item stay in order.
	Parallel int
	// OnFailure sends the documented invocation record of a batch that was given up. It is retried until it succeeds.
	OnFailure func(ctx context.Context, body []byte) error
	// Backoff is the wait before the first retry, doubled each time up to 5 seconds. 0 means 100 ms.
	Backoff time.Duration
	// Chaos makes the mapping misbehave.
	Chaos Chaos
	// Log gets a line for every failure, without record content. nil discards.
	Log *slog.Logger
}

// Stream is an event source mapping of a DynamoDB stream. Create one with [NewStream].
type Stream struct {
	cfg StreamConfig

	// WaitDrained increments the epoch. Each read and each listing of shards notes the epoch in which it began.
	epoch         atomic.Int64
	closedShards  atomic.Int64 // number of shards read to their end
	readRequested broadcaster  // broadcasts when WaitDrained needs new reads
	advanced      broadcaster  // broadcasts when a shard is idle or the shards were listed

	mu          sync.Mutex
	listedEpoch int64 // epoch of the last complete listing; -1 if a shard closed since
	shards      map[string]*shard
}

// NewStream returns the mapping that cfg describes. It returns an error where AWS would refuse the mapping.
func NewStream(cfg StreamConfig) (*Stream, error) {
	cfg.Region = cmp.Or(cfg.Region, "eu-west-1")
	cfg.StartingPosition = cmp.Or(cfg.StartingPosition, "TRIM_HORIZON")
	cfg.BatchSize = cmp.Or(cfg.BatchSize, 100)
	cfg.Parallel = cmp.Or(cfg.Parallel, 1)
	cfg.Backoff = cmp.Or(cfg.Backoff, 100*time.Millisecond)
	cfg.Log = loggerOrDiscard(cfg.Log)
	if cfg.Client == nil || cfg.Invoker == nil {
		return nil, errors.New("a stream mapping needs Client and Invoker")
	}
	switch {
	case cfg.StreamARN == "" || cfg.Function == "":
		return nil, errors.New("a stream mapping needs StreamARN and Function")
	case cfg.StartingPosition != "TRIM_HORIZON" && cfg.StartingPosition != "LATEST":
		return nil, fmt.Errorf("StartingPosition %q: must be TRIM_HORIZON or LATEST", cfg.StartingPosition)
	case cfg.BatchSize < 1 || cfg.BatchSize > 10_000:
		return nil, fmt.Errorf("BatchSize %d: must be 1 to 10000", cfg.BatchSize)
	case cfg.Parallel < 1 || cfg.Parallel > maxParallel:
		return nil, fmt.Errorf("ParallelizationFactor %d: must be 1 to %d", cfg.Parallel, maxParallel)
	case cfg.Window < 0 || cfg.Window > 300*time.Second:
		return nil, fmt.Errorf("MaximumBatchingWindowInSeconds %v: must be 0 to 300 seconds", cfg.Window)
	}
	cfg.Invoker = cfg.Chaos.wrapInvoker(cfg.Invoker)
	return &Stream{cfg: cfg, shards: map[string]*shard{}}, nil
}

// Run reads the stream and invokes the function until ctx ends or the checkpoint cannot be written. It returns the
// cause.
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
		requested := s.readRequested.subscribe()
		epoch := s.epoch.Load()
		closed := s.closedShards.Load()
		shards, err := s.listShards(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "listing shards failed, retrying", slog.Any("error", err))
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
		s.recordListing(epoch, closed)
		if err := sleepOrWake(ctx, shardListInterval, requested); err != nil {
			return context.Cause(ctx)
		}
	}
}

// listShards returns the shards of the stream, oldest first.
func (s *Stream) listShards(ctx context.Context) ([]types.Shard, error) {
	var shards []types.Shard
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &s.cfg.StreamARN}
	for {
		out, err := s.cfg.Client.DescribeStream(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("describe the stream: %w", err)
		}
		shards = append(shards, out.StreamDescription.Shards...)
		in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId
		if in.ExclusiveStartShardId == nil {
			return shards, nil
		}
	}
}

// startShards returns a reader for each shard that can be read now and has none. A shard waits until its parent is read
// to its end. Positions of shards that are not in shards are deleted.
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
		id := aws.ToString(sh.ShardId)
		at, _ := c.shardPosition(id)
		if s.shards[id] != nil || at.Done {
			continue
		}
		parent := aws.ToString(sh.ParentShardId)
		if above, _ := c.shardPosition(parent); listed[parent] && !above.Done {
			continue
		}
		s.shards[id] = newShard(s, id, c)
		fresh = append(fresh, s.shards[id])
	}
	return fresh, nil
}

// recordListing notes that all shards of the stream were listed in epoch. It does nothing if a shard was closed since,
// because that shard may have children that the listing did not show.
func (s *Stream) recordListing(epoch, closed int64) {
	s.mu.Lock()
	if s.closedShards.Load() == closed {
		s.listedEpoch = epoch
	}
	s.mu.Unlock()
	s.advanced.broadcast()
}

// skipToEnd moves the checkpoint past all records in the stream. A restart before the first new record then begins at
// the same place.
func (s *Stream) skipToEnd(ctx context.Context, c *checkpoint) error {
	shards, err := s.listShards(ctx)
	if err != nil {
		return fmt.Errorf("list shards to find the end of the stream: %w", err)
	}
	for _, desc := range shards {
		sh := newShard(s, aws.ToString(desc.ShardId), c)
		for end := false; !end; {
			p, err := sh.readPage(ctx)
			if err != nil {
				return fmt.Errorf("read shard %s to find the end of the stream: %w", sh.id, err)
			}
			end = p.closed || p.empty
			if err := c.savePosition(sh.id, position{After: sh.after, Done: p.closed}); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetShard removes a shard that is read to its end. Its children may be waiting, so the shards must be listed again.
func (s *Stream) forgetShard(id string) {
	s.mu.Lock()
	delete(s.shards, id)
	s.closedShards.Add(1)
	s.listedEpoch = -1
	s.mu.Unlock()
	s.readRequested.broadcast()
}

// WaitDrained returns when all records that were in the stream when it was called are processed or given up. It returns
// the error of ctx if ctx ends first.
func (s *Stream) WaitDrained(ctx context.Context) error {
	want := s.epoch.Add(1)
	s.readRequested.broadcast()
	for {
		advanced := s.advanced.subscribe()
		if s.isDrained(want) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-advanced:
		}
	}
}

// isDrained reports whether every shard was at its end in a read that began in epoch want or later.
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

// Lag returns the age of the oldest record that was read and is not yet processed, which is AWS's IteratorAge. It is 0
// if all are processed.
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

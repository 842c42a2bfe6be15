package eventsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	maxReceive        = 10 // messages in one SQS call
	longPollWait      = 20 * time.Second
	drainPollInterval = 50 * time.Millisecond
)

// QueueConfig configures an event source mapping from an SQS queue to a function.
type QueueConfig struct {
	// Client, QueueURL, QueueARN, Function and Invoker must be set.
	Client   *sqs.Client
	QueueURL string
	QueueARN string // eventSourceARN in the event; the suffix .fifo makes it a FIFO queue
	Function string // passed to Invoker
	Invoker  Invoker
	// Region is awsRegion in the event; empty means eu-west-1.
	Region string
	// BatchSize is the most messages in an event: 0 means 10, the maximum is 10,000. Above 10 it needs a Window.
	BatchSize int
	// Window is MaximumBatchingWindowInSeconds, how long a batch waits to fill. It must be 0 for a FIFO queue.
	Window time.Duration
	// Filter is FilterCriteria. A message that does not pass is deleted, as on AWS.
	Filter Filter
	// ReportFailures is true if FunctionResponseTypes has ReportBatchItemFailures.
	ReportFailures bool
	// MaxConcurrency is ScalingConfig's MaximumConcurrency, 2 to 1,000. 0 means 5, the initial value on AWS.
	MaxConcurrency int
	// Backoff is the wait before a throttled invocation is repeated, doubled each time. 0 means 100 ms.
	Backoff time.Duration
	// Chaos makes the mapping misbehave.
	Chaos Chaos
	// Log gets a line for every failure, without message content. nil discards.
	Log *slog.Logger
}

// Queue is an event source mapping of an SQS queue. Create one with [NewQueue].
type Queue struct {
	cfg               QueueConfig
	fifo              bool
	visibilityTimeout time.Duration // of the queue; read at the first receive
	inProgress        atomic.Int64  // batches received and not finished
	settled           broadcaster   // broadcasts when a batch is finished
}

// NewQueue returns the mapping that cfg describes. It returns an error where AWS would refuse the mapping.
func NewQueue(cfg QueueConfig) (*Queue, error) {
	cfg.Region = cmp.Or(cfg.Region, "eu-west-1")
	cfg.BatchSize = cmp.Or(cfg.BatchSize, 10)
	cfg.Backoff = cmp.Or(cfg.Backoff, 100*time.Millisecond)
	cfg.MaxConcurrency = cmp.Or(cfg.MaxConcurrency, 5)
	cfg.Log = loggerOrDiscard(cfg.Log)
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Invoker = cfg.Chaos.wrapInvoker(cfg.Invoker)
	return &Queue{cfg: cfg, fifo: cfg.isFIFO()}, nil
}

// validate returns an error that names the first value that AWS would refuse. Defaults must be set.
func (c *QueueConfig) validate() error {
	if c.Client == nil || c.Invoker == nil {
		return errors.New("a queue mapping needs Client and Invoker")
	}
	if c.QueueURL == "" || c.QueueARN == "" || c.Function == "" {
		return errors.New("a queue mapping needs QueueURL, QueueARN and Function")
	}
	fifo := c.isFIFO()
	switch {
	case c.BatchSize < 1 || c.BatchSize > 10_000:
		return fmt.Errorf("BatchSize %d: must be 1 to 10000", c.BatchSize)
	case fifo && c.BatchSize > 10:
		return fmt.Errorf("BatchSize %d: must be at most 10 for a FIFO queue", c.BatchSize)
	case fifo && c.Window > 0:
		return errors.New("MaximumBatchingWindowInSeconds: must be 0 for a FIFO queue")
	case c.BatchSize > 10 && c.Window < time.Second:
		return fmt.Errorf("BatchSize %d: a batch of more than 10 requires a MaximumBatchingWindowInSeconds of 1 or more", c.BatchSize)
	case c.Window < 0 || c.Window > 300*time.Second:
		return fmt.Errorf("MaximumBatchingWindowInSeconds %v: must be 0 to 300 seconds", c.Window)
	case slices.ContainsFunc(c.Filter.fields, func(f string) bool { return f != "body" }):
		return fmt.Errorf("filter on %v: messages of a queue can be filtered by body only", c.Filter.fields)
	case c.MaxConcurrency < 2 || c.MaxConcurrency > 1000:
		return fmt.Errorf("MaximumConcurrency %d: must be 2 to 1000", c.MaxConcurrency)
	}
	return nil
}

func (c *QueueConfig) isFIFO() bool { return strings.HasSuffix(c.QueueARN, ".fifo") }

// Run receives messages and invokes the function until ctx ends. It returns the error of ctx.
func (q *Queue) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, q.cfg.MaxConcurrency)
	for failed := 0; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case free <- struct{}{}:
		}
		batch, err := q.receiveBatch(ctx)
		if len(batch.records) > 0 {
			q.inProgress.Add(1)
			wg.Go(func() {
				q.processBatch(ctx, batch)
				q.inProgress.Add(-1)
				q.settled.broadcast()
				<-free
			})
		} else {
			<-free
		}
		if err == nil {
			failed = 0
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		q.cfg.Log.WarnContext(ctx, "receiving messages failed, retrying", slog.String("function", q.cfg.Function), slog.Any("error", err))
		if err := waitBackoff(ctx, q.cfg.Backoff, failed); err != nil {
			return err
		}
		failed++
	}
}

// receivedBatch holds the messages of one event.
type receivedBatch struct {
	records  []record
	receipts map[string]string // receipt handles by message id
	received time.Time         // time of the first message
}

// receiveBatch receives the messages of one event. With an error it also returns the messages received before.
func (q *Queue) receiveBatch(ctx context.Context) (receivedBatch, error) {
	m := receivedBatch{receipts: map[string]string{}}
	if err := q.readVisibilityTimeout(ctx); err != nil {
		return m, err
	}
	for wait := longPollWait; ; {
		out, err := q.cfg.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl:                    &q.cfg.QueueURL,
			MaxNumberOfMessages:         int32(min(maxReceive, q.cfg.BatchSize-len(m.records))), //nolint:gosec // at most 10
			WaitTimeSeconds:             int32(wait / time.Second),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
			MessageAttributeNames:       []string{"All"},
		})
		if err == nil {
			err = q.addMessages(&m, out.Messages)
		}
		if err != nil || len(m.records) == 0 {
			return m, err
		}
		left := q.cfg.Window - time.Since(m.received)
		if left <= 0 || fillsBatch(m.records, q.cfg.BatchSize) {
			return m, nil
		}
		if wait = min(left, longPollWait).Truncate(time.Second); wait == 0 { // SQS accepts whole seconds only
			if err := sleepOrWake(ctx, left, nil); err != nil {
				return m, err
			}
		}
	}
}

func (q *Queue) addMessages(m *receivedBatch, received []types.Message) error {
	if len(m.records) == 0 {
		m.received = time.Now()
	}
	for _, msg := range received {
		r, err := newQueueRecord(msg, q.cfg.QueueARN, q.cfg.Region)
		if err != nil {
			return fmt.Errorf("message %s: %w", aws.ToString(msg.MessageId), err)
		}
		m.records = append(m.records, r)
		m.receipts[r.id] = aws.ToString(msg.ReceiptHandle)
	}
	return nil
}

func (q *Queue) readVisibilityTimeout(ctx context.Context) error {
	if q.visibilityTimeout != 0 {
		return nil
	}
	a, err := q.sumAttributes(ctx, types.QueueAttributeNameVisibilityTimeout)
	q.visibilityTimeout = time.Duration(a) * time.Second
	return err
}

// sumAttributes returns the sum of numeric attributes of the queue.
func (q *Queue) sumAttributes(ctx context.Context, names ...types.QueueAttributeName) (int, error) {
	out, err := q.cfg.Client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.cfg.QueueURL, AttributeNames: names,
	})
	if err != nil {
		return 0, fmt.Errorf("read the attributes of %s: %w", q.cfg.QueueARN, err)
	}
	sum := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("read queue attribute %s: %w", name, err)
		}
		sum += n
	}
	return sum, nil
}

// processBatch invokes the function with the messages that pass the filter, and deletes those it processed. The queue
// shows the others again after their visibility timeout.
func (q *Queue) processBatch(ctx context.Context, m receivedBatch) {
	var pass, drop []record
	for _, r := range m.records {
		if q.cfg.Filter.matchValue(filterView(r)) {
			pass = append(pass, r)
		} else {
			drop = append(drop, r)
		}
	}
	q.deleteMessages(ctx, m, drop)
	if len(pass) == 0 {
		return
	}
	lanes, concurrent := q.cfg.Chaos.splitLanes(pass, 1)
	var wg sync.WaitGroup
	for _, lane := range lanes {
		if concurrent {
			wg.Go(func() { q.deliverLane(ctx, m, lane) })
		} else {
			q.deliverLane(ctx, m, lane)
		}
	}
	wg.Wait()
}

func (q *Queue) deliverLane(ctx context.Context, m receivedBatch, records []record) {
	blocked := map[string]bool{} // FIFO groups with a failed message: their later messages must wait
	for batch := range splitBatches(records, q.cfg.Chaos.batchLimiter(q.cfg.BatchSize)) {
		batch = slices.DeleteFunc(slices.Clone(batch), func(r record) bool { return blocked[r.key] })
		if len(batch) == 0 {
			continue
		}
		for _, r := range q.deliverBatch(ctx, m, batch) {
			blocked[r.key] = q.fifo
		}
	}
}

// deliverBatch invokes the function with batch, deletes the processed messages and returns the failed ones. Chaos may
// invoke the function a second time.
func (q *Queue) deliverBatch(ctx context.Context, m receivedBatch, batch []record) (rest []record) {
	done, rest := q.invokeFunction(ctx, m, batch)
	again := len(rest) == 0 && q.cfg.Chaos.shouldOccur(q.cfg.Chaos.Duplicate, "duplicate", batch[0].id)
	later := again && !q.fifo && q.cfg.Chaos.shouldOccur(0.5, "later", batch[0].id)
	if again && !later {
		q.invokeFunction(ctx, m, batch)
	}
	q.deleteMessages(ctx, m, done)
	if later && sleepOrWake(ctx, 4*drainPollInterval, q.settled.subscribe()) == nil { // until another batch is finished, or a timeout
		q.invokeFunction(ctx, m, batch)
	}
	return rest
}

// invokeFunction invokes the function and divides batch into the messages it processed and the messages that failed.
func (q *Queue) invokeFunction(ctx context.Context, m receivedBatch, batch []record) (done, rest []record) {
	response, functionError, err := q.invokeUntilAdmitted(ctx, m, batch)
	switch {
	case ctx.Err() != nil:
		return nil, batch
	case err != nil || functionError != "":
		q.logBatch(ctx, "batch failed", batch, slog.String("function_error", functionError), slog.Any("error", err))
		return nil, batch
	case !q.cfg.ReportFailures:
		return batch, nil
	}
	failed, whole := parseFailures(response, batch)
	if whole {
		q.logBatch(ctx, "batch failed: invalid batchItemFailures response", batch)
		return nil, batch
	}
	for i, r := range batch {
		if slices.Contains(failed, i) {
			rest = append(rest, r)
			continue
		}
		if q.fifo && slices.ContainsFunc(rest, func(f record) bool { return f.key == r.key }) {
			q.logBatch(ctx, "message processed although an earlier one of its group failed: its group is out of order", []record{r})
		}
		done = append(done, r)
	}
	if len(rest) > 0 {
		q.logBatch(ctx, "messages failed", rest)
	}
	return done, rest
}

// invokeUntilAdmitted invokes the function, and repeats this while it is throttled, for up to half of the visibility
// timeout.
func (q *Queue) invokeUntilAdmitted(ctx context.Context, m receivedBatch, batch []record) (response []byte, functionError string, err error) {
	for n := 0; ; n++ {
		response, functionError, err = q.cfg.Invoker.Invoke(ctx, q.cfg.Function, marshalEvent(batch))
		if err == nil || time.Since(m.received) > q.visibilityTimeout/2 || waitBackoff(ctx, q.cfg.Backoff, n) != nil {
			return response, functionError, err
		}
	}
}

// deleteMessages deletes processed messages from the queue. The queue delivers a message again if its delete fails.
func (q *Queue) deleteMessages(ctx context.Context, m receivedBatch, done []record) {
	for chunk := range slices.Chunk(done, maxReceive) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &q.cfg.QueueURL}
		for i, r := range chunk {
			receipt := m.receipts[r.id]
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipt,
			})
		}
		out, err := q.cfg.Client.DeleteMessageBatch(ctx, in)
		if err != nil || len(out.Failed) > 0 {
			q.logBatch(ctx, "deleting messages failed, they are delivered again", chunk, slog.Any("error", err))
		}
	}
}

// logBatch logs one line about messages. It never logs their content.
func (q *Queue) logBatch(ctx context.Context, msg string, batch []record, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("function", q.cfg.Function), slog.String("first", batch[0].id),
		slog.Int("messages", len(batch)))
	q.cfg.Log.LogAttrs(ctx, slog.LevelWarn, msg, attrs...) //nolint:sloglint // the callers name it
}

// WaitDrained returns when the queue is empty and no message is being processed. Messages in flight, delayed messages,
// and messages on their way to the dead-letter queue count as present. It returns the error of ctx if ctx ends first.
func (q *Queue) WaitDrained(ctx context.Context) error {
	for {
		news := q.settled.subscribe()
		if q.inProgress.Load() == 0 {
			n, err := q.sumAttributes(ctx, types.QueueAttributeNameApproximateNumberOfMessages,
				types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
				types.QueueAttributeNameApproximateNumberOfMessagesDelayed)
			if err != nil {
				return err
			}
			if n == 0 && q.inProgress.Load() == 0 {
				return nil
			}
		}
		if err := sleepOrWake(ctx, drainPollInterval, news); err != nil {
			return err
		}
	}
}

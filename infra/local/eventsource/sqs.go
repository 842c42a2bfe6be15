package eventsource

import (
	"cmp"
	"context"
	"encoding/json"
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
	maxReceive        = 10 // SQS gives and deletes no more in one call
	longPollWait      = 20 * time.Second
	drainPollInterval = 50 * time.Millisecond
)

// QueueConfig is an event source mapping from an SQS queue to a function.
type QueueConfig struct {
	// Client, QueueURL, QueueARN, Function and Invoker must be set.
	Client   *sqs.Client
	QueueURL string
	QueueARN string // what the function is told; a name that ends in .fifo makes it a FIFO queue
	Function string // what Invoker gets
	Invoker  Invoker
	// Region is what the function is told; eu-west-1 if empty.
	Region string
	// BatchSize is how many messages an event may hold: 10 if 0, at most 10,000, and above 10 only with a Window.
	BatchSize int
	// Window is how long a batch may wait to be filled: MaximumBatchingWindowInSeconds. A FIFO queue has none.
	Window time.Duration
	// Filter is FilterCriteria. A message that does not pass is deleted.
	Filter Filter
	// ReportFailures is ReportBatchItemFailures among FunctionResponseTypes.
	ReportFailures bool
	// MaxConcurrency is ScalingConfig's MaximumConcurrency, 2 to 1,000. 0 means 5, what AWS begins with.
	MaxConcurrency int
	// Backoff is the wait before an invocation that was throttled is tried again, doubled each time; 100 ms if 0.
	Backoff time.Duration
	// Chaos makes the mapping misbehave.
	Chaos Chaos
	// Log gets a line for every failure, never with what is in a message.
	Log *slog.Logger
}

// Queue is a running event source mapping of an SQS queue.
type Queue struct {
	cfg               QueueConfig
	fifo              bool
	visibilityTimeout time.Duration // of the queue, read when Run begins
	inProgress        atomic.Int64  // batches received and not settled
	settled           broadcaster   // rung when one is settled
}

// NewQueue checks cfg as AWS does and returns its mapping.
func NewQueue(cfg QueueConfig) (*Queue, error) {
	cfg.Region = cmp.Or(cfg.Region, "eu-west-1")
	cfg.BatchSize = cmp.Or(cfg.BatchSize, 10)
	cfg.Backoff = cmp.Or(cfg.Backoff, 100*time.Millisecond)
	cfg.Log = loggerOrDiscard(cfg.Log)
	fifo := strings.HasSuffix(cfg.QueueARN, ".fifo")
	switch {
	case cfg.Client == nil || cfg.Invoker == nil || cfg.QueueURL == "" || cfg.QueueARN == "" || cfg.Function == "":
		return nil, errors.New("a queue mapping needs Client, QueueURL, QueueARN, Function and Invoker")
	case cfg.BatchSize < 1 || cfg.BatchSize > 10_000:
		return nil, fmt.Errorf("BatchSize %d: want 1 to 10000", cfg.BatchSize)
	case fifo && cfg.BatchSize > 10:
		return nil, fmt.Errorf("BatchSize %d: a FIFO queue takes at most 10", cfg.BatchSize)
	case fifo && cfg.Window > 0:
		return nil, errors.New("MaximumBatchingWindowInSeconds: a FIFO queue has no batching window")
	case cfg.BatchSize > 10 && cfg.Window < time.Second:
		return nil, fmt.Errorf("BatchSize %d: above 10 MaximumBatchingWindowInSeconds must be 1 or more", cfg.BatchSize)
	case cfg.Window < 0 || cfg.Window > 300*time.Second:
		return nil, fmt.Errorf("MaximumBatchingWindowInSeconds %v: want 0 to 300 seconds", cfg.Window)
	case slices.ContainsFunc(cfg.Filter.fields, func(f string) bool { return f != "body" }):
		return nil, fmt.Errorf("filter on %v: a queue's messages are filtered by body alone", cfg.Filter.fields)
	case cfg.MaxConcurrency != 0 && (cfg.MaxConcurrency < 2 || cfg.MaxConcurrency > 1000):
		return nil, fmt.Errorf("MaximumConcurrency %d: want 2 to 1000", cfg.MaxConcurrency)
	}
	cfg.MaxConcurrency = cmp.Or(cfg.MaxConcurrency, 5)
	cfg.Invoker = cfg.Chaos.wrapInvoker(cfg.Invoker)
	return &Queue{cfg: cfg, fifo: fifo}, nil
}

// Run receives messages and invokes the function until ctx ends.
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
		q.cfg.Log.WarnContext(ctx, "receiving messages", slog.String("function", q.cfg.Function), slog.Any("error", err))
		if err := waitBackoff(ctx, q.cfg.Backoff, failed); err != nil {
			return err
		}
		failed++
	}
}

// messages are what was received together.
type receivedBatch struct {
	records  []record
	receipts map[string]string // by message id
	received time.Time         // when the first came
}

// gather receives the messages of one event. What it has got it returns also with an error.
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
		left := q.cfg.Window - time.Since(m.received)
		if err != nil || len(m.records) == 0 || left <= 0 || fillsBatch(m.records, q.cfg.BatchSize) {
			return m, err
		}
		if wait = min(left, longPollWait).Truncate(time.Second); wait == 0 { // SQS waits whole seconds only
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
			return err
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

// attributes returns the sum of numeric attributes of the queue.
func (q *Queue) sumAttributes(ctx context.Context, names ...types.QueueAttributeName) (int, error) {
	out, err := q.cfg.Client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.cfg.QueueURL, AttributeNames: names,
	})
	if err != nil {
		return 0, err
	}
	sum := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("reading queue attribute %s: %w", name, err)
		}
		sum += n
	}
	return sum, nil
}

// process brings messages to the function and deletes those that it processed. The others the queue shows again when
// their visibility timeout ends.
func (q *Queue) processBatch(ctx context.Context, m receivedBatch) {
	pass, drop := make([]record, 0, len(m.records)), []record(nil)
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
	blocked := map[string]bool{} // FIFO groups of which a message failed: the queue would not have given the next
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

// deliver invokes the function with batch, deletes what it processed and returns the rest.
func (q *Queue) deliverBatch(ctx context.Context, m receivedBatch, batch []record) (rest []record) {
	done, rest := q.invokeFunction(ctx, m, batch)
	again := len(rest) == 0 && q.cfg.Chaos.shouldOccur(q.cfg.Chaos.Duplicate, "duplicate", batch[0].id)
	later := again && !q.fifo && q.cfg.Chaos.shouldOccur(0.5, "later", batch[0].id)
	if again && !later {
		q.invokeFunction(ctx, m, batch)
	}
	q.deleteMessages(ctx, m, done)
	if later && sleepOrWake(ctx, 4*drainPollInterval, q.settled.subscribe()) == nil { // after another batch, if one comes
		q.invokeFunction(ctx, m, batch)
	}
	return rest
}

// invoke parts batch into what the function processed and what it did not.
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
		q.logBatch(ctx, "batch failed: unreadable report", batch)
		return nil, batch
	}
	for i, r := range batch {
		if slices.Contains(failed, i) {
			rest = append(rest, r)
			continue
		}
		if q.fifo && slices.ContainsFunc(rest, func(f record) bool { return f.key == r.key }) {
			q.logBatch(ctx, "message processed before an earlier one of its group: its order is lost", []record{r})
		}
		done = append(done, r)
	}
	if len(rest) > 0 {
		q.logBatch(ctx, "messages failed", rest)
	}
	return done, rest
}

// try invokes the function, and again while it is throttled, until half of the visibility timeout is over.
func (q *Queue) invokeUntilAdmitted(ctx context.Context, m receivedBatch, batch []record) (response []byte, functionError string, err error) {
	for n := 0; ; n++ {
		response, functionError, err = q.cfg.Invoker.Invoke(ctx, q.cfg.Function, marshalEvent(batch))
		if err == nil || time.Since(m.received) > q.visibilityTimeout/2 || waitBackoff(ctx, q.cfg.Backoff, n) != nil {
			return response, functionError, err
		}
	}
}

// remove deletes messages from the queue. One that cannot be deleted comes again.
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
			q.logBatch(ctx, "deleting messages", chunk, slog.Any("error", err))
		}
	}
}

// log writes one line about messages, which never holds what is in them.
func (q *Queue) logBatch(ctx context.Context, msg string, batch []record, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("function", q.cfg.Function), slog.String("first", batch[0].id),
		slog.Int("messages", len(batch)))
	q.cfg.Log.LogAttrs(ctx, slog.LevelWarn, msg, attrs...) //nolint:sloglint // the callers name it
}

// WaitDrained returns once the queue is empty, in flight and delayed messages included, and nothing is being processed.
// Messages that fail until they reach their dead letter queue are waited for. It waits for as long as ctx lets it.
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

// queueRecord is one message of an SQS event, as Lambda hands it to a function.
type queueRecord struct {
	MessageID         string                    `json:"messageId"`
	ReceiptHandle     string                    `json:"receiptHandle"`
	Body              string                    `json:"body"`
	Attributes        map[string]string         `json:"attributes"`
	MessageAttributes map[string]queueAttribute `json:"messageAttributes"`
	MD5OfAttributes   string                    `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody         string                    `json:"md5OfBody"`
	EventSource       string                    `json:"eventSource"`
	EventSourceARN    string                    `json:"eventSourceARN"`
	AWSRegion         string                    `json:"awsRegion"`
}

type queueAttribute struct {
	StringValue *string  `json:"stringValue,omitempty"`
	BinaryValue []byte   `json:"binaryValue,omitempty"`
	StringList  []string `json:"stringListValues"`
	BinaryList  [][]byte `json:"binaryListValues"`
	DataType    string   `json:"dataType"`
}

func newQueueRecord(m types.Message, arn, region string) (record, error) {
	out := queueRecord{
		MessageID:         aws.ToString(m.MessageId),
		ReceiptHandle:     aws.ToString(m.ReceiptHandle),
		Body:              aws.ToString(m.Body),
		Attributes:        m.Attributes,
		MessageAttributes: map[string]queueAttribute{},
		MD5OfAttributes:   aws.ToString(m.MD5OfMessageAttributes),
		MD5OfBody:         aws.ToString(m.MD5OfBody),
		EventSource:       "aws:sqs",
		EventSourceARN:    arn,
		AWSRegion:         region,
	}
	for name, a := range m.MessageAttributes {
		out.MessageAttributes[name] = queueAttribute{
			StringValue: a.StringValue, BinaryValue: a.BinaryValue,
			StringList: []string{}, BinaryList: [][]byte{}, DataType: aws.ToString(a.DataType),
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return record{}, fmt.Errorf("writing message %s: %w", out.MessageID, err)
	}
	sent, _ := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	key := out.MessageID
	if strings.HasSuffix(arn, ".fifo") {
		key = m.Attributes["MessageGroupId"]
	}
	return record{id: out.MessageID, key: key, arrived: time.UnixMilli(sent), json: text}, nil
}

// filterView is what the filter sees of a message: its body, as the object that is written in it if one is.
func filterView(r record) any {
	var m struct {
		Body string `json:"body"`
	}
	if json.Unmarshal(r.json, &m) != nil {
		return absent{}
	}
	if v, err := decodeJSON([]byte(m.Body)); err == nil {
		if _, ok := v.(map[string]any); ok {
			return map[string]any{"body": v}
		}
	}
	return map[string]any{"body": m.Body}
}

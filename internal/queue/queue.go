// Package queue puts problem items on the queues of departments, and jobs on
// the queues of functions.
package queue

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/heard-intake/heard/internal/fault"
)

// Departments are the FIFO queues of the departments:
// "<prefix><department>.fifo".
type Departments struct {
	client *sqs.Client
	prefix string
	suffix string
	urls   sync.Map // department -> URL
}

// New returns the queues whose names begin with prefix.
func New(client *sqs.Client, prefix string) *Departments {
	return &Departments{client: client, prefix: prefix, suffix: ".fifo"}
}

// Send puts body on the queue of a department. Messages of one group stay in
// order; one with a deduplication id that was sent within five minutes is
// dropped by SQS.
func (d *Departments) Send(ctx context.Context, department, group, deduplication string, body []byte) error {
	url, err := d.url(ctx, department)
	if err != nil {
		return err
	}
	_, err = d.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &url, MessageBody: aws.String(string(body)), MessageGroupId: &group, MessageDeduplicationId: &deduplication,
	})
	return failed(err, "send item")
}

func (d *Departments) url(ctx context.Context, department string) (string, error) {
	if url, ok := d.urls.Load(department); ok {
		return url.(string), nil
	}
	out, err := d.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(d.prefix + department + d.suffix)})
	if err != nil {
		return "", failed(err, "find queue")
	}
	d.urls.Store(department, *out.QueueUrl)
	return *out.QueueUrl, nil
}

// DeadLetters are where updates of departments go that can never succeed:
// "<prefix><department>-dead".
type DeadLetters struct{ queues Departments }

// NewDeadLetters returns the dead-letter queues whose names begin with prefix.
func NewDeadLetters(client *sqs.Client, prefix string) *DeadLetters {
	return &DeadLetters{Departments{client: client, prefix: prefix, suffix: "-dead"}}
}

// Bury puts body on the dead-letter queue of a department, with attributes
// that say why.
func (d *DeadLetters) Bury(ctx context.Context, department string, body []byte, attributes map[string]string) error {
	url, err := d.queues.url(ctx, department)
	if err != nil {
		return err
	}
	said := map[string]types.MessageAttributeValue{}
	for name, value := range attributes {
		said[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	_, err = d.queues.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(string(body)), MessageAttributes: said})
	return failed(err, "send dead letter")
}

// A Queue is one standard queue.
type Queue struct {
	client *sqs.Client
	url    string
}

// At returns the queue at a URL.
func At(client *sqs.Client, url string) *Queue { return &Queue{client: client, url: url} }

// Put puts body on the queue.
func (q *Queue) Put(ctx context.Context, body []byte) error {
	_, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String(string(body))})
	return failed(err, "send job")
}

// maxTogether is how many messages SQS takes at once.
const maxTogether = 10

// PutAll puts bodies on the queue, all of them or, after an error, some.
func (q *Queue) PutAll(ctx context.Context, bodies [][]byte) error {
	for some := range slices.Chunk(bodies, maxTogether) {
		in := &sqs.SendMessageBatchInput{QueueUrl: &q.url}
		for i, body := range some {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(body))})
		}
		out, err := q.client.SendMessageBatch(ctx, in)
		if err != nil {
			return failed(err, "send events")
		}
		if n := len(out.Failed); n > 0 {
			return fault.New(fault.Unavailable, "%d of %d events were not taken: %s", n, len(some), aws.ToString(out.Failed[0].Code))
		}
	}
	return nil
}

// maxDelay is how long SQS hides a message at most.
const maxDelay = 12 * time.Hour

// Delay shows the message with that receipt again after d, in place of the
// queue's own visibility timeout.
func (q *Queue) Delay(ctx context.Context, receipt string, d time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &receipt, VisibilityTimeout: int32(min(d, maxDelay) / time.Second), //nolint:gosec // at most maxDelay
	})
	return failed(err, "delay job")
}

// failed gives an SDK error its kind; every failure of a queue may pass.
func failed(err error, doing string) error {
	if err == nil {
		return nil
	}
	if v, ok := errors.AsType[smithy.APIError](err); ok {
		return fault.Wrap(fault.Unavailable, errors.New(v.ErrorCode()), "%s", doing)
	}
	return fault.Wrap(fault.Unavailable, err, "%s", doing)
}

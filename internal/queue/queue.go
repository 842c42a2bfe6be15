// Package queue sends problem items to the SQS queues of departments and jobs to
// the SQS queues of functions.
package queue

import (
	"context"
	"errors"
	"fmt"
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

// Departments sends to the FIFO queue of each department:
// "<prefix><department>.fifo". It is safe for concurrent use.
type Departments struct {
	client *sqs.Client
	prefix string
	suffix string
	urls   sync.Map // department -> URL
}

// New returns the department queues whose names begin with prefix.
func New(client *sqs.Client, prefix string) *Departments {
	return &Departments{client: client, prefix: prefix, suffix: ".fifo"}
}

// Send puts body on the queue of a department. SQS keeps the messages of one
// group in order, and drops a message whose deduplication id it has seen in the
// previous five minutes.
func (d *Departments) Send(ctx context.Context, department, group, deduplication string, body []byte) error {
	queueURL, err := d.queueURL(ctx, department)
	if err != nil {
		return fmt.Errorf("send to department %s: %w", department, err)
	}
	_, err = d.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &queueURL, MessageBody: aws.String(string(body)), MessageGroupId: &group, MessageDeduplicationId: &deduplication,
	})
	return wrapSDKError(err, "send item")
}

// queueURL returns the URL of a department's queue. It asks SQS once per
// department.
func (d *Departments) queueURL(ctx context.Context, department string) (string, error) {
	if url, ok := d.urls.Load(department); ok {
		return url.(string), nil
	}
	out, err := d.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(d.prefix + department + d.suffix)})
	if err != nil {
		return "", wrapSDKError(err, "find queue")
	}
	d.urls.Store(department, *out.QueueUrl)
	return *out.QueueUrl, nil
}

// DeadLetters sends to the dead-letter queue of each department:
// "<prefix><department>-dead". The queue receives the department's updates that
// can never succeed.
type DeadLetters struct{ queues Departments }

// NewDeadLetters returns the dead-letter queues whose names begin with prefix.
func NewDeadLetters(client *sqs.Client, prefix string) *DeadLetters {
	return &DeadLetters{Departments{client: client, prefix: prefix, suffix: "-dead"}}
}

// Bury puts body on the dead-letter queue of a department. The attributes
// describe the error.
func (d *DeadLetters) Bury(ctx context.Context, department string, body []byte, attributes map[string]string) error {
	url, err := d.queues.queueURL(ctx, department)
	if err != nil {
		return fmt.Errorf("send to the dead-letter queue of department %s: %w", department, err)
	}
	messageAttributes := map[string]types.MessageAttributeValue{}
	for name, value := range attributes {
		messageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	_, err = d.queues.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(string(body)), MessageAttributes: messageAttributes})
	return wrapSDKError(err, "send dead letter")
}

// A Queue sends to one standard queue. It is safe for concurrent use.
type Queue struct {
	client *sqs.Client
	url    string
}

// At returns the queue with that URL.
func At(client *sqs.Client, url string) *Queue { return &Queue{client: client, url: url} }

// Put puts body on the queue.
func (q *Queue) Put(ctx context.Context, body []byte) error {
	_, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String(string(body))})
	return wrapSDKError(err, "send job")
}

// maxBatchSize is the largest number of messages in an SQS batch.
const maxBatchSize = 10

// PutAll puts all bodies on the queue. After an error, some of them may be on
// the queue.
func (q *Queue) PutAll(ctx context.Context, bodies [][]byte) error {
	for chunk := range slices.Chunk(bodies, maxBatchSize) {
		in := &sqs.SendMessageBatchInput{QueueUrl: &q.url}
		for i, body := range chunk {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(body))})
		}
		out, err := q.client.SendMessageBatch(ctx, in)
		if err != nil {
			return wrapSDKError(err, "send events")
		}
		if n := len(out.Failed); n > 0 {
			return fault.New(fault.Unavailable, "SQS refused %d of %d events: %s", n, len(chunk), aws.ToString(out.Failed[0].Code))
		}
	}
	return nil
}

// maxDelay is the longest visibility timeout that SQS accepts.
const maxDelay = 12 * time.Hour

// Delay makes the message with that receipt handle visible again after d,
// instead of after the queue's visibility timeout. At most 12 hours are used.
func (q *Queue) Delay(ctx context.Context, receipt string, d time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &receipt, VisibilityTimeout: int32(min(d, maxDelay) / time.Second), //nolint:gosec // at most maxDelay
	})
	return wrapSDKError(err, "delay job")
}

// wrapSDKError returns an SDK error as a fault of kind Unavailable: every failure
// of a queue can be retried.
func wrapSDKError(err error, operation string) error {
	if err == nil {
		return nil
	}
	if v, ok := errors.AsType[smithy.APIError](err); ok {
		return fault.Wrap(fault.Unavailable, errors.New(v.ErrorCode()), "%s", operation)
	}
	return fault.Wrap(fault.Unavailable, err, "%s", operation)
}

package stackclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// QuarantineCases returns the deliveries in quarantine.
func (c *Client) QuarantineCases(ctx context.Context) ([]message.QuarantinedDelivery, error) {
	table, err := c.openTable(ctx)
	if err != nil {
		return nil, err
	}
	return table.Messages.Quarantined(ctx)
}

func (c *Client) openTable(ctx context.Context) (*store.Table, error) {
	secret, err := c.Secret(ctx, c.SDK, "pepper")
	if err != nil {
		return nil, err
	}
	return store.New(c.SDK.DynamoDB, c.Table, store.Pepper(secret["pepper"])), nil
}

// ReplayCase sends a delivery in quarantine again. A delivery that still cannot
// be read returns to quarantine under the same key. So the case is removed
// first, and restored if the delivery could not be sent.
func (c *Client) ReplayCase(ctx context.Context, q message.QuarantinedDelivery) error {
	table, err := c.openTable(ctx)
	if err != nil {
		return err
	}
	if err := table.Messages.CloseQuarantined(ctx, q.Hash); err != nil {
		return fmt.Errorf("remove the delivery from the quarantine: %w", err)
	}
	if err := c.resendDelivery(ctx, q); err != nil {
		err = fmt.Errorf("send delivery %s again: %w", q.Object, err)
		return errors.Join(err, table.Messages.PutQuarantined(context.WithoutCancel(ctx), q))
	}
	return nil
}

func (c *Client) resendDelivery(ctx context.Context, q message.QuarantinedDelivery) error {
	switch q.Channel {
	case message.Email:
		return c.announceMail(ctx, q.Object)
	case message.WhatsApp, message.Messenger, message.Instagram:
		raw, err := c.readObject(ctx, q.Object)
		if err != nil {
			return err
		}
		return c.SendDelivery(ctx, q.Channel, raw)
	default:
		return errors.New("web chat deliveries cannot be replayed: only the visitor can send the message again")
	}
}

func (c *Client) readObject(ctx context.Context, key string) ([]byte, error) {
	if c.Blobs == "" {
		return nil, errors.New("set HEARD_BLOBS to the name of the stack's blob bucket")
	}
	out, err := c.SDK.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.Blobs, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read object %s: %w", key, err)
	}
	defer func() { _ = out.Body.Close() }()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("read object %s: %w", key, err)
	}
	return data, nil
}

// announceMail sends an S3 event about a mail to the email function's queue.
func (c *Client) announceMail(ctx context.Context, key string) error {
	queue, err := c.Queue(ctx, c.SDK, "mail-arrived")
	if err != nil {
		return fmt.Errorf("find the queue mail-arrived: %w", err)
	}
	type named map[string]any
	body, err := json.Marshal(named{"Records": []named{{
		"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
		"s3": named{"bucket": named{"name": c.Mail}, "object": named{"key": key}},
	}}})
	if err != nil {
		return fmt.Errorf("encode the event of S3: %w", err)
	}
	_, err = c.SDK.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(string(body))})
	if err != nil {
		return fmt.Errorf("announce the mail: %w", err)
	}
	return nil
}

// DeadLetterQueue is a queue of messages and events that failed too often.
type DeadLetterQueue struct {
	Name  string // without the stack's prefix
	Count int
	url   string
	arn   string
}

// DeadLetterQueues returns the stack's dead-letter queues, empty ones included.
func (c *Client) DeadLetterQueues(ctx context.Context) ([]DeadLetterQueue, error) {
	out, err := c.SDK.SQS.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String(c.Name + "-"), MaxResults: aws.Int32(1000)})
	if err != nil {
		return nil, fmt.Errorf("list the queues: %w", err)
	}
	var all []DeadLetterQueue
	for _, url := range out.QueueUrls {
		name := strings.TrimPrefix(path.Base(url), c.Name+"-")
		if !strings.HasSuffix(strings.TrimSuffix(name, ".fifo"), "-dead") {
			continue
		}
		n, arn, err := c.queueLength(ctx, url)
		if err != nil {
			return nil, fmt.Errorf("dead-letter queue %s: %w", name, err)
		}
		all = append(all, DeadLetterQueue{name, n, url, arn})
	}
	return all, nil
}

// HasRefusedUpdates reports whether d has the updates of a department that cannot
// be applied. The department corrects them; no function takes them again.
func (d DeadLetterQueue) HasRefusedUpdates() bool {
	return strings.HasPrefix(d.Name, "updates-") && strings.HasSuffix(d.Name, "-dead")
}

// queueLength returns how many messages of a queue are visible, and its ARN.
func (c *Client) queueLength(ctx context.Context, url string) (n int, arn string, err error) {
	got, err := c.SDK.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameQueueArn,
	}})
	if err != nil {
		return 0, "", fmt.Errorf("read the length of a queue: %w", err)
	}
	n, err = strconv.Atoi(got.Attributes["ApproximateNumberOfMessages"])
	return n, got.Attributes["QueueArn"], err
}

// Redriven counts the messages of a dead-letter queue by their outcome.
type Redriven struct {
	Moved   int // being moved to their source queue
	Invoked int // given to their function again
	Back    int // in the dead-letter queue after all invocations
}

// RedriveQueue moves the messages of a dead-letter queue back to their source
// queue. A function's failed invocations have no source queue, so the function
// is invoked with them again. The counts are valid even with an error.
func (c *Client) RedriveQueue(ctx context.Context, d DeadLetterQueue) (Redriven, error) {
	if d.Count == 0 {
		return Redriven{}, nil
	}
	sources, err := c.SDK.SQS.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &d.url})
	if err != nil {
		return Redriven{}, fmt.Errorf("find the sources of %s: %w", d.Name, err)
	}
	if len(sources.QueueUrls) == 0 {
		invoked, err := c.redriveInvocations(ctx, d.url)
		back, _, lengthErr := c.queueLength(ctx, d.url)
		if err := errors.Join(err, lengthErr); err != nil {
			return Redriven{Invoked: invoked, Back: back}, fmt.Errorf("%s: %w", d.Name, err)
		}
		return Redriven{Invoked: invoked, Back: back}, nil
	}
	if _, err := c.SDK.SQS.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &d.arn}); err != nil {
		return Redriven{}, fmt.Errorf("move the messages of %s: %w", d.Name, err)
	}
	return Redriven{Moved: d.Count}, nil
}

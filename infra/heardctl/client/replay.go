package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/store"
)

// Cases returns the deliveries in quarantine.
func (c *Client) Quarantined(ctx context.Context) ([]contact.Case, error) {
	table, err := c.table(ctx)
	if err != nil {
		return nil, err
	}
	return table.Quarantined(ctx)
}

func (c *Client) table(ctx context.Context) (*store.Table, error) {
	secret, err := c.Secret(ctx, c.SDK, "pepper")
	if err != nil {
		return nil, err
	}
	return store.New(c.SDK.DynamoDB, c.Table, store.Pepper(secret["pepper"])), nil
}

// Replay has a delivery in quarantine taken in again. One that still cannot
// be read comes back into quarantine under the same key; so it is taken out
// first, and put back when it could not be sent.
func (c *Client) Replay(ctx context.Context, q contact.Case) error {
	table, err := c.table(ctx)
	if err != nil {
		return err
	}
	if err := table.CloseQuarantined(ctx, q.Hash); err != nil {
		return err
	}
	if err := c.resend(ctx, q); err != nil {
		return errors.Join(err, table.PutQuarantined(context.WithoutCancel(ctx), q))
	}
	return nil
}

func (c *Client) resend(ctx context.Context, q contact.Case) error {
	switch q.Channel {
	case contact.Email:
		return c.announce(ctx, q.Object)
	case contact.WhatsApp, contact.Messenger, contact.Instagram:
		raw, err := c.object(ctx, q.Object)
		if err != nil {
			return err
		}
		return c.Deliver(ctx, q.Channel, raw)
	default:
		return errors.New("only its visitor can send it again")
	}
}

func (c *Client) object(ctx context.Context, key string) ([]byte, error) {
	if c.Blobs == "" {
		return nil, errors.New("set HEARD_BLOBS to the bucket")
	}
	out, err := c.SDK.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.Blobs, Key: &key})
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Body.Close() }()
	var b bytes.Buffer
	_, err = io.Copy(&b, out.Body)
	return b.Bytes(), err
}

// announce tells the email function of a mail, as S3 did.
func (c *Client) announce(ctx context.Context, key string) error {
	queue, err := c.Queue(ctx, c.SDK, "mail-arrived")
	if err != nil {
		return err
	}
	type named map[string]any
	body, err := json.Marshal(named{"Records": []named{{
		"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
		"s3": named{"bucket": named{"name": c.Mail}, "object": named{"key": key}},
	}}})
	if err != nil {
		return err
	}
	_, err = c.SDK.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(string(body))})
	return err
}

// A Dead is a queue of what was given up on.
type Dead struct {
	Name  string // without the stack's
	Count int
	url   string
	arn   string
}

// Dead returns the queues of what was given up on.
func (c *Client) Dead(ctx context.Context) ([]Dead, error) {
	out, err := c.SDK.SQS.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String(c.Name + "-"), MaxResults: aws.Int32(1000)})
	if err != nil {
		return nil, err
	}
	var all []Dead
	for _, url := range out.QueueUrls {
		name := strings.TrimPrefix(path.Base(url), c.Name+"-")
		if !strings.HasSuffix(strings.TrimSuffix(name, ".fifo"), "-dead") {
			continue
		}
		got, err := c.SDK.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameQueueArn,
		}})
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(got.Attributes["ApproximateNumberOfMessages"])
		if err != nil {
			return nil, err
		}
		all = append(all, Dead{name, n, url, got.Attributes["QueueArn"]})
	}
	return all, nil
}

// Revive moves what lies in a queue back to where it came from. What a
// function gave up on came from no queue, and is given to the function again.
func (c *Client) Revive(ctx context.Context, d Dead) error {
	if d.Count == 0 {
		return nil
	}
	sources, err := c.SDK.SQS.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &d.url})
	if err != nil {
		return err
	}
	if len(sources.QueueUrls) == 0 {
		return c.invokeAgain(ctx, d.url)
	}
	_, err = c.SDK.SQS.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &d.arn})
	return err
}

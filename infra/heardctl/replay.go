package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/store"
)

func (t *tool) replay(ctx context.Context, args []string) error {
	f := t.flags("replay")
	look := f.Bool("list", false, "only say what there is")
	if err := t.parse(f, args, 1, 1); err != nil {
		return err
	}
	g, err := t.open(ctx)
	if err != nil {
		return err
	}
	switch f.Arg(0) {
	case "quarantine":
		return t.replayQuarantine(ctx, g, *look)
	case "dead":
		return t.replayDead(ctx, g, *look)
	default:
		f.Usage()
		return errUsage
	}
}

// replayQuarantine has every delivery in quarantine taken in again. One that
// still cannot be read comes back into quarantine.
func (t *tool) replayQuarantine(ctx context.Context, g *target, look bool) error {
	secret, err := g.Secret(ctx, g.aws, "pepper")
	if err != nil {
		return err
	}
	table := store.New(g.aws.DynamoDB, g.Table, store.Pepper(secret["pepper"]))
	cases, err := table.Cases(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range cases {
		fmt.Fprintf(t.out, "%s  %-9s %s\n", c.At.Local().Format("02-01 15:04:05"), c.Channel, strings.Join(c.Reasons, "; "))
		if look {
			continue
		}
		if err := g.replayCase(ctx, table, c); err != nil {
			errs = append(errs, fmt.Errorf("%s of %s: %w", c.Channel, c.At.Format(time.RFC3339), err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if look {
		fmt.Fprintf(t.out, "%d in quarantine\n", len(cases))
		return nil
	}
	fmt.Fprintf(t.out, "%d taken in again; heardctl replay -list quarantine shows what still cannot be read\n", len(cases))
	return nil
}

// replayCase takes a case out of quarantine before it is sent, since it comes
// back under the same key; and puts it back when it could not be sent.
func (g *target) replayCase(ctx context.Context, table *store.Table, c contact.Case) error {
	if err := table.CloseCase(ctx, c.Hash); err != nil {
		return err
	}
	if err := g.resend(ctx, c); err != nil {
		return errors.Join(err, table.PutCase(context.WithoutCancel(ctx), c))
	}
	return nil
}

func (g *target) resend(ctx context.Context, c contact.Case) error {
	switch c.Channel {
	case contact.Email:
		return g.announce(ctx, c.Object)
	case contact.WhatsApp, contact.Messenger, contact.Instagram:
		raw, err := g.object(ctx, c.Object)
		if err != nil {
			return err
		}
		return g.sendWebhook(ctx, c.Channel, raw)
	default:
		return errors.New("only its visitor can send it again")
	}
}

func (g *target) object(ctx context.Context, key string) ([]byte, error) {
	if g.Blobs == "" {
		return nil, errors.New("set HEARD_BLOBS to the bucket")
	}
	out, err := g.aws.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &g.Blobs, Key: &key})
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Body.Close() }()
	var b bytes.Buffer
	_, err = io.Copy(&b, out.Body)
	return b.Bytes(), err
}

// announce tells the email function of a mail, as S3 did.
func (g *target) announce(ctx context.Context, key string) error {
	queue, err := g.Queue(ctx, g.aws, "mail-arrived")
	if err != nil {
		return err
	}
	type object struct {
		Key string `json:"key"`
	}
	type entity struct {
		Bucket map[string]string `json:"bucket"`
		Object object            `json:"object"`
	}
	body, err := json.Marshal(map[string]any{"Records": []any{map[string]any{
		"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": entity{map[string]string{"name": g.Mail}, object{key}},
	}}})
	if err != nil {
		return err
	}
	_, err = g.aws.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(string(body))})
	return err
}

// deadQueues are the queues of what was given up on that SQS can move back.
var deadQueues = []string{"mail-dead", "problems-dead.fifo"}

// replayDead moves what was given up on back to where it came from.
func (t *tool) replayDead(ctx context.Context, g *target, look bool) error {
	for _, name := range append(deadQueues, "stream-dead") {
		queue, err := g.Queue(ctx, g.aws, name)
		if err != nil {
			return err
		}
		out, err := g.aws.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameQueueArn,
		}})
		if err != nil {
			return err
		}
		n := out.Attributes["ApproximateNumberOfMessages"]
		switch {
		case n == "0" || look:
			fmt.Fprintf(t.out, "%-20s %s\n", name, n)
		case name == "stream-dead":
			if err := t.replayStream(ctx, g, queue); err != nil {
				return err
			}
		default:
			_, err := g.aws.SQS.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(out.Attributes["QueueArn"])})
			if err != nil {
				return err
			}
			fmt.Fprintf(t.out, "%-20s %s on their way back\n", name, n)
		}
	}
	return nil
}

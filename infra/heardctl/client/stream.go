package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// A givenUp is what Lambda says of what it gave up on: the whole event, if it
// was an asynchronous one; of a batch of the stream only where the records lie.
type givenUp struct {
	RequestContext struct{ FunctionArn string }
	RequestPayload json.RawMessage
	Batch          struct {
		ShardID string `json:"shardId"`
		First   string `json:"startSequenceNumber"`
		Last    string `json:"endSequenceNumber"`
		Stream  string `json:"streamArn"`
	} `json:"DDBStreamBatchInfo"`
}

// invokeAgain gives functions again what they gave up on. A stream holds its
// records for 24 hours.
func (c *Client) invokeAgain(ctx context.Context, queue string) error {
	var failed []error
	for {
		out, err := c.SDK.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 60})
		if err != nil || len(out.Messages) == 0 {
			return errors.Join(append(failed, err)...)
		}
		for _, m := range out.Messages {
			if err := c.invokeOnce(ctx, aws.ToString(m.Body)); err != nil {
				failed = append(failed, err)
				continue
			}
			if _, err := c.SDK.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
		}
	}
}

func (c *Client) invokeOnce(ctx context.Context, record string) error {
	var g givenUp
	if err := json.Unmarshal([]byte(record), &g); err != nil {
		return err
	}
	event := []byte(g.RequestPayload)
	if g.Batch.Stream != "" {
		records, err := c.records(ctx, g)
		if err != nil {
			return err
		}
		if event, err = json.Marshal(events.DynamoDBEvent{Records: records}); err != nil {
			return err
		}
	}
	answer, err := c.invoke(ctx, g.RequestContext.FunctionArn, event)
	if err != nil {
		return err
	}
	var failed events.DynamoDBEventResponse
	if err := json.Unmarshal(answer, &failed); err == nil && len(failed.BatchItemFailures) > 0 {
		return fmt.Errorf("%d records failed again", len(failed.BatchItemFailures))
	}
	return nil
}

// records reads a batch out of the stream.
func (c *Client) records(ctx context.Context, b givenUp) ([]events.DynamoDBEventRecord, error) {
	cfg, err := c.AWS(ctx)
	if err != nil {
		return nil, err
	}
	streams := dynamodbstreams.NewFromConfig(cfg)
	it, err := streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &b.Batch.Stream, ShardId: &b.Batch.ShardID, SequenceNumber: &b.Batch.First,
		ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber,
	})
	if err != nil {
		return nil, err
	}
	var all []events.DynamoDBEventRecord
	for next := it.ShardIterator; next != nil; {
		out, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next})
		if err != nil {
			return nil, err
		}
		for _, r := range out.Records {
			all = append(all, recordOf(r, b.Batch.Stream))
			if aws.ToString(r.Dynamodb.SequenceNumber) == b.Batch.Last {
				return all, nil
			}
		}
		if next = out.NextShardIterator; len(out.Records) == 0 && len(all) > 0 {
			break
		}
	}
	return nil, errors.New("the records are no longer in the stream")
}

func recordOf(r types.Record, stream string) events.DynamoDBEventRecord {
	return events.DynamoDBEventRecord{
		EventID: aws.ToString(r.EventID), EventName: string(r.EventName), EventSource: "aws:dynamodb", EventSourceArn: stream,
		EventVersion: aws.ToString(r.EventVersion), AWSRegion: aws.ToString(r.AwsRegion),
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: events.SecondsEpochTime{Time: aws.ToTime(r.Dynamodb.ApproximateCreationDateTime)},
			Keys:                        imageOf(r.Dynamodb.Keys),
			NewImage:                    imageOf(r.Dynamodb.NewImage),
			OldImage:                    imageOf(r.Dynamodb.OldImage),
			SequenceNumber:              aws.ToString(r.Dynamodb.SequenceNumber),
			SizeBytes:                   aws.ToInt64(r.Dynamodb.SizeBytes),
			StreamViewType:              string(r.Dynamodb.StreamViewType),
		},
	}
}

func imageOf(item map[string]types.AttributeValue) map[string]events.DynamoDBAttributeValue {
	if item == nil {
		return nil
	}
	out := make(map[string]events.DynamoDBAttributeValue, len(item))
	for name, v := range item {
		out[name] = attributeOf(v)
	}
	return out
}

func attributeOf(v types.AttributeValue) events.DynamoDBAttributeValue {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return events.NewStringAttribute(v.Value)
	case *types.AttributeValueMemberN:
		return events.NewNumberAttribute(v.Value)
	case *types.AttributeValueMemberB:
		return events.NewBinaryAttribute(v.Value)
	case *types.AttributeValueMemberBOOL:
		return events.NewBooleanAttribute(v.Value)
	case *types.AttributeValueMemberSS:
		return events.NewStringSetAttribute(v.Value)
	case *types.AttributeValueMemberNS:
		return events.NewNumberSetAttribute(v.Value)
	case *types.AttributeValueMemberBS:
		return events.NewBinarySetAttribute(v.Value)
	case *types.AttributeValueMemberM:
		return events.NewMapAttribute(imageOf(v.Value))
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, len(v.Value))
		for i := range v.Value {
			list[i] = attributeOf(v.Value[i])
		}
		return events.NewListAttribute(list)
	default:
		return events.NewNullAttribute()
	}
}

// invoke calls a function and returns what it answered. The SDK's client of
// Lambda would be a dependency for this one call.
func (c *Client) invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	cfg, err := c.AWS(ctx)
	if err != nil {
		return nil, err
	}
	endpoint := c.Endpoints["Lambda"]
	if endpoint == "" {
		endpoint = "https://lambda." + cfg.Region + ".amazonaws.com"
	}
	name := function[strings.LastIndexByte(function, ':')+1:]
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/2015-03-31/functions/"+name+"/invocations", bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	who, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(event)
	if err := v4.NewSigner().SignHTTP(ctx, who, req, hex.EncodeToString(sum[:]), "lambda", cfg.Region, time.Now()); err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Amz-Function-Error") != "" {
		return nil, fmt.Errorf("%s failed again (HTTP %d)", name, resp.StatusCode)
	}
	return answer, nil
}

package stackclient

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/internal/lambdabatch"
)

// deadLetter is a failed invocation of a function. One of three fields is set:
//
//   - RequestPayload is the event, if the invocation was asynchronous.
//   - Batch is the position of a batch in the table's stream.
//   - SetAside is the position of one record that the function set aside.
type deadLetter struct {
	SetAside       *lambdabatch.SetAside
	RequestContext struct{ FunctionArn string }
	RequestPayload json.RawMessage
	Batch          struct {
		ShardID string `json:"shardId"`
		First   string `json:"startSequenceNumber"`
		Last    string `json:"endSequenceNumber"`
		Stream  string `json:"streamArn"`
	} `json:"DDBStreamBatchInfo"`
}

// replayTimeout is how long received messages stay hidden during a replay, in
// seconds.
const replayTimeout = 900

// redriveInvocations invokes functions again with the dead letters of a queue. It
// receives all letters before the first invocation, because a function may put
// a record that fails again back into the same queue. It returns how many
// letters it replayed or tried to replay.
func (c *Client) redriveInvocations(ctx context.Context, queue string) (invoked int, err error) {
	var all []sqstypes.Message
	for {
		out, err := c.SDK.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: replayTimeout})
		if err != nil {
			return 0, fmt.Errorf("receive the dead letters: %w", err)
		}
		if len(out.Messages) == 0 {
			break
		}
		all = append(all, out.Messages...)
	}
	var failed []error
	for i, m := range all {
		if err := c.replayDeadLetter(ctx, aws.ToString(m.Body)); err != nil {
			failed = append(failed, err, c.makeVisible(ctx, queue, m))
			continue
		}
		if _, err := c.SDK.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
			return i + 1, errors.Join(append(failed, err)...)
		}
	}
	return len(all), errors.Join(failed...)
}

// makeVisible makes a message that could not be replayed visible on its queue.
func (c *Client) makeVisible(ctx context.Context, queue string, m sqstypes.Message) error {
	_, err := c.SDK.SQS.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle})
	if err != nil {
		return fmt.Errorf("return the dead letter to its queue: %w", err)
	}
	return nil
}

// replayDeadLetter invokes the function of a dead letter with its event. It
// returns an error if the function fails again.
func (c *Client) replayDeadLetter(ctx context.Context, record string) error {
	var g deadLetter
	if err := json.Unmarshal([]byte(record), &g); err != nil {
		return fmt.Errorf("read the dead letter: %w", err)
	}
	if g.RequestContext.FunctionArn == "" {
		return errors.New("the dead letter names no function, so it stays in its queue")
	}
	event := []byte(g.RequestPayload)
	if g.SetAside != nil || g.Batch.Stream != "" {
		records, err := c.deadLetterRecords(ctx, g)
		if err != nil {
			return fmt.Errorf("find the records of the dead letter: %w", err)
		}
		if event, err = json.Marshal(events.DynamoDBEvent{Records: records}); err != nil {
			return fmt.Errorf("encode the event: %w", err)
		}
	}
	answer, err := c.invokeFunction(ctx, g.RequestContext.FunctionArn, event)
	if err != nil {
		return err
	}
	var failed events.DynamoDBEventResponse
	if err := json.Unmarshal(answer, &failed); err == nil && len(failed.BatchItemFailures) > 0 {
		return fmt.Errorf("%d records failed again; see the function's log", len(failed.BatchItemFailures))
	}
	return nil
}

// deadLetterRecords returns the stream records of a dead letter. A record that
// was set aside gets its item as it is now in the table, so that the function
// sees a mended item. The stream has the item as it was. A record that has left
// the stream is built from the item.
func (c *Client) deadLetterRecords(ctx context.Context, g deadLetter) ([]events.DynamoDBEventRecord, error) {
	if g.SetAside == nil {
		return c.readStreamRecords(ctx, g)
	}
	records, err := c.readSetAside(ctx, *g.SetAside)
	if err == nil {
		return records, c.updateImage(ctx, *g.SetAside, records)
	}
	if g.SetAside.PK == "" || g.SetAside.SK == "" {
		return nil, fmt.Errorf("the record is no longer in the stream, and has no key to read its item: %w", err)
	}
	return c.readFromTable(ctx, *g.SetAside)
}

// readSetAside reads the stream record of a. The stream keeps records for 24
// hours.
func (c *Client) readSetAside(ctx context.Context, a lambdabatch.SetAside) ([]events.DynamoDBEventRecord, error) {
	cfg, err := c.AWS(ctx)
	if err != nil {
		return nil, err
	}
	streams := dynamodbstreams.NewFromConfig(cfg)
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &a.StreamARN}
	for {
		out, err := streams.DescribeStream(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("describe the stream: %w", err)
		}
		for _, shard := range out.StreamDescription.Shards {
			if !containsSequence(shard.SequenceNumberRange, a.SequenceNumber) {
				continue
			}
			var g deadLetter
			g.Batch.Stream = a.StreamARN
			g.Batch.ShardID = aws.ToString(shard.ShardId)
			g.Batch.First = a.SequenceNumber
			g.Batch.Last = a.SequenceNumber
			return c.readStreamRecords(ctx, g)
		}
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return nil, errors.New("no shard of the stream contains the record")
		}
	}
}

// containsSequence reports whether a sequence number is in a shard's range.
// Sequence numbers are integers of up to 40 digits.
func containsSequence(r *types.SequenceNumberRange, number string) bool {
	n, ok := new(big.Int).SetString(number, 10)
	if r == nil || !ok {
		return false
	}
	first, ok := new(big.Int).SetString(aws.ToString(r.StartingSequenceNumber), 10)
	if !ok || n.Cmp(first) < 0 {
		return false
	}
	last, closed := new(big.Int).SetString(aws.ToString(r.EndingSequenceNumber), 10)
	return !closed || n.Cmp(last) <= 0
}

// readFromTable builds a record that has left the stream from its item as it is
// now. That is enough: triage reads the table, and the latest version of
// a problem contains all earlier changes.
func (c *Client) readFromTable(ctx context.Context, a lambdabatch.SetAside) ([]events.DynamoDBEventRecord, error) {
	image, err := c.readImage(ctx, a)
	if err != nil {
		return nil, err
	}
	r := events.DynamoDBEventRecord{EventName: a.EventName, EventSource: "aws:dynamodb", EventSourceArn: a.StreamARN}
	r.Change.SequenceNumber = a.SequenceNumber
	r.Change.ApproximateCreationDateTime = events.SecondsEpochTime{Time: a.Created}
	r.Change.Keys = map[string]events.DynamoDBAttributeValue{"pk": events.NewStringAttribute(a.PK), "sk": events.NewStringAttribute(a.SK)}
	r.Change.NewImage = image
	return []events.DynamoDBEventRecord{r}, nil
}

// updateImage replaces the new image of a record by its item as it is now. A
// removal, and the record of an item that is gone, stay as they are.
func (c *Client) updateImage(ctx context.Context, a lambdabatch.SetAside, records []events.DynamoDBEventRecord) error {
	if a.PK == "" || a.SK == "" {
		return nil
	}
	if len(records) != 1 || records[0].Change.NewImage == nil {
		return nil
	}
	image, err := c.readImage(ctx, a)
	if err == nil && len(image) > 0 {
		records[0].Change.NewImage = image
	}
	return err
}

// readImage reads the item of a record as an image. It is empty if the item is
// gone.
func (c *Client) readImage(ctx context.Context, a lambdabatch.SetAside) (map[string]events.DynamoDBAttributeValue, error) {
	out, err := c.SDK.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &c.Table, ConsistentRead: aws.Bool(true), Key: map[string]dynamotypes.AttributeValue{
		"pk": &dynamotypes.AttributeValueMemberS{Value: a.PK}, "sk": &dynamotypes.AttributeValueMemberS{Value: a.SK},
	}})
	if err != nil {
		return nil, fmt.Errorf("read the item of the record: %w", err)
	}
	image := map[string]events.DynamoDBAttributeValue{}
	for name, v := range out.Item { // functions read only strings and numbers of an image
		switch v := v.(type) {
		case *dynamotypes.AttributeValueMemberS:
			image[name] = events.NewStringAttribute(v.Value)
		case *dynamotypes.AttributeValueMemberN:
			image[name] = events.NewNumberAttribute(v.Value)
		}
	}
	return image, nil
}

// readStreamRecords reads the records of a batch from the stream.
func (c *Client) readStreamRecords(ctx context.Context, b deadLetter) ([]events.DynamoDBEventRecord, error) {
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
		return nil, fmt.Errorf("find the records in shard %s: %w", b.Batch.ShardID, err)
	}
	var all []events.DynamoDBEventRecord
	for next := it.ShardIterator; next != nil; {
		out, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next})
		if err != nil {
			return nil, fmt.Errorf("read shard %s: %w", b.Batch.ShardID, err)
		}
		for _, r := range out.Records {
			all = append(all, lambdaRecord(r, b.Batch.Stream))
			if aws.ToString(r.Dynamodb.SequenceNumber) == b.Batch.Last {
				return all, nil
			}
		}
		if next = out.NextShardIterator; len(out.Records) == 0 && len(all) > 0 {
			break
		}
	}
	return nil, errors.New("the records are no longer in the stream, which keeps them for 24 hours")
}

// lambdaRecord converts a record of the stream to the form that Lambda sends.
func lambdaRecord(r types.Record, stream string) events.DynamoDBEventRecord {
	return events.DynamoDBEventRecord{
		EventID: aws.ToString(r.EventID), EventName: string(r.EventName), EventSource: "aws:dynamodb", EventSourceArn: stream,
		EventVersion: aws.ToString(r.EventVersion), AWSRegion: aws.ToString(r.AwsRegion),
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: events.SecondsEpochTime{Time: aws.ToTime(r.Dynamodb.ApproximateCreationDateTime)},
			Keys:                        lambdaImage(r.Dynamodb.Keys),
			NewImage:                    lambdaImage(r.Dynamodb.NewImage),
			OldImage:                    lambdaImage(r.Dynamodb.OldImage),
			SequenceNumber:              aws.ToString(r.Dynamodb.SequenceNumber),
			SizeBytes:                   aws.ToInt64(r.Dynamodb.SizeBytes),
			StreamViewType:              string(r.Dynamodb.StreamViewType),
		},
	}
}

func lambdaImage(item map[string]types.AttributeValue) map[string]events.DynamoDBAttributeValue {
	if item == nil {
		return nil
	}
	out := make(map[string]events.DynamoDBAttributeValue, len(item))
	for name, v := range item {
		out[name] = lambdaAttribute(v)
	}
	return out
}

func lambdaAttribute(v types.AttributeValue) events.DynamoDBAttributeValue {
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
		return events.NewMapAttribute(lambdaImage(v.Value))
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, len(v.Value))
		for i := range v.Value {
			list[i] = lambdaAttribute(v.Value[i])
		}
		return events.NewListAttribute(list)
	default:
		return events.NewNullAttribute()
	}
}

// invokeFunction invokes a function synchronously and returns its response. It
// signs the request itself, to avoid a dependency on the SDK's Lambda client.
func (c *Client) invokeFunction(ctx context.Context, function string, event []byte) ([]byte, error) {
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
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	sum := sha256.Sum256(event)
	if err := v4.NewSigner().SignHTTP(ctx, who, req, hex.EncodeToString(sum[:]), "lambda", cfg.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("sign the invocation of %s: %w", name, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the response of %s: %w", name, err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Amz-Function-Error") != "" {
		return nil, fmt.Errorf("%s failed again (HTTP %d)", name, resp.StatusCode)
	}
	return answer, nil
}

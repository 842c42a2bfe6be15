package eventsource

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// streamRecord is one record of a DynamoDB stream event as Lambda sends it to a function.
type streamRecord struct {
	EventID        string        `json:"eventID"`
	EventName      string        `json:"eventName"`
	EventVersion   string        `json:"eventVersion"`
	EventSource    string        `json:"eventSource"`
	AWSRegion      string        `json:"awsRegion"`
	DynamoDB       streamChange  `json:"dynamodb"`
	UserIdentity   *userIdentity `json:"userIdentity,omitempty"`
	EventSourceARN string        `json:"eventSourceARN"`
}

type streamChange struct {
	Created        int64          `json:"ApproximateCreationDateTime"`
	Keys           map[string]any `json:"Keys,omitempty"`
	NewImage       map[string]any `json:"NewImage,omitempty"`
	OldImage       map[string]any `json:"OldImage,omitempty"`
	SequenceNumber string         `json:"SequenceNumber"`
	SizeBytes      int64          `json:"SizeBytes"`
	StreamViewType string         `json:"StreamViewType"`
}

// userIdentity identifies the DynamoDB service in the record of an item that TTL deleted.
type userIdentity struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
}

// newStreamRecord converts a record that GetRecords returned at readAt to the record that the function gets.
//
// DynamoDB Local truncates a record's time to the minute. The arrival time is therefore set to the end of that minute,
// or to readAt if that is earlier, so that no record expires too early.
func newStreamRecord(r types.Record, arn, region string, readAt time.Time) (record, error) {
	if r.Dynamodb == nil {
		return record{}, fmt.Errorf("stream record %s has no dynamodb field", aws.ToString(r.EventID))
	}
	d := r.Dynamodb
	created := aws.ToTime(d.ApproximateCreationDateTime)
	out := streamRecord{
		EventID:        aws.ToString(r.EventID),
		EventName:      string(r.EventName),
		EventVersion:   aws.ToString(r.EventVersion),
		EventSource:    "aws:dynamodb",
		AWSRegion:      region,
		EventSourceARN: arn,
		DynamoDB: streamChange{
			Created:        created.Unix(),
			Keys:           encodeItem(d.Keys),
			NewImage:       encodeItem(d.NewImage),
			OldImage:       encodeItem(d.OldImage),
			SequenceNumber: aws.ToString(d.SequenceNumber),
			SizeBytes:      aws.ToInt64(d.SizeBytes),
			StreamViewType: string(d.StreamViewType),
		},
	}
	if id := r.UserIdentity; id != nil {
		out.UserIdentity = &userIdentity{Type: aws.ToString(id.Type), PrincipalID: aws.ToString(id.PrincipalId)}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return record{}, fmt.Errorf("encode stream record %s: %w", out.EventID, err)
	}
	key, err := json.Marshal(out.DynamoDB.Keys)
	if err != nil {
		return record{}, fmt.Errorf("encode keys of stream record %s: %w", out.EventID, err)
	}
	arrived := created
	if arrived.Second() == 0 {
		arrived = arrived.Add(time.Minute)
	}
	if arrived.After(readAt) {
		arrived = readAt
	}
	return record{id: out.DynamoDB.SequenceNumber, key: string(key), arrived: arrived, json: text}, nil
}

// encodeItem converts attributes to DynamoDB's JSON form, for example {"pk": {"S": "a"}}.
func encodeItem(attributes map[string]types.AttributeValue) map[string]any {
	out := make(map[string]any, len(attributes))
	for name, v := range attributes {
		out[name] = encodeAttribute(v)
	}
	return out
}

func encodeAttribute(v types.AttributeValue) map[string]any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": v.Value}
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": v.Value}
	case *types.AttributeValueMemberBS:
		return map[string]any{"BS": v.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": encodeItem(v.Value)}
	case *types.AttributeValueMemberL:
		list := make([]map[string]any, len(v.Value))
		for i, e := range v.Value {
			list[i] = encodeAttribute(e)
		}
		return map[string]any{"L": list}
	}
	return nil
}

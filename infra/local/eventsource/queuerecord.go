package eventsource

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queueRecord is one message of an SQS event as Lambda sends it to a function.
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
		return record{}, fmt.Errorf("encode message %s: %w", out.MessageID, err)
	}
	sent, _ := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	key := out.MessageID
	if strings.HasSuffix(arn, ".fifo") {
		key = m.Attributes["MessageGroupId"]
	}
	return record{id: out.MessageID, key: key, arrived: time.UnixMilli(sent), json: text}, nil
}

// filterView returns the part of a message that a filter can test: its body, decoded if the body is a JSON object.
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

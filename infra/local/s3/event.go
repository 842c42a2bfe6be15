package s3

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The event names, without the prefix "s3:" of notification filters.
const (
	eventPut       = "ObjectCreated:Put"
	eventPost      = "ObjectCreated:Post"
	eventCopy      = "ObjectCreated:Copy"
	eventMultipart = "ObjectCreated:CompleteMultipartUpload"
)

const (
	region     = "eu-west-1"
	owner      = "A1EXAMPLE"
	timeLayout = "2006-01-02T15:04:05.000Z"
)

// Event reports that an object was created.
type Event struct {
	Name   string // for example ObjectCreated:Put
	Bucket string
	Key    string // not URL-encoded
	Size   int64  // bytes
	ETag   string // without quotes
	Time   time.Time
}

// JSON returns the event as S3 sends it to a queue, a topic or a function. Configuration is the id of the notification
// configuration of the bucket.
func (e Event) JSON(configuration string) []byte {
	body, err := json.Marshal(map[string][]record{"Records": {e.eventRecord(configuration)}})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return body
}

// TestEventJSON returns the s3:TestEvent that S3 sends when an operator configures notifications of a bucket.
func TestEventJSON(bucket string, at time.Time) []byte {
	body, err := json.Marshal(testEvent{
		Service: "Amazon S3", Event: "s3:TestEvent", Time: at.UTC().Format(timeLayout), Bucket: bucket,
		RequestID: requestID(at), HostID: hostID,
	})
	if err != nil {
		panic(err) // strings always encode
	}
	return body
}

type testEvent struct {
	Service   string
	Event     string
	Time      string
	Bucket    string
	RequestID string `json:"RequestId"`
	HostID    string `json:"HostId"`
}

// record has the fields of an S3 event record in the order of AWS. The type in aws-lambda-go has one more, which S3 does not
// send.
type record struct {
	EventVersion      string            `json:"eventVersion"`
	EventSource       string            `json:"eventSource"`
	AWSRegion         string            `json:"awsRegion"`
	EventTime         string            `json:"eventTime"`
	EventName         string            `json:"eventName"`
	UserIdentity      principal         `json:"userIdentity"`
	RequestParameters map[string]string `json:"requestParameters"`
	ResponseElements  responseElements  `json:"responseElements"`
	S3                entity            `json:"s3"`
}

type principal struct {
	PrincipalID string `json:"principalId"`
}

type responseElements struct {
	RequestID string `json:"x-amz-request-id"`
	HostID    string `json:"x-amz-id-2"`
}

type entity struct {
	SchemaVersion   string       `json:"s3SchemaVersion"`
	ConfigurationID string       `json:"configurationId"`
	Bucket          entityBucket `json:"bucket"`
	Object          entityObject `json:"object"`
}

type entityBucket struct {
	Name          string    `json:"name"`
	OwnerIdentity principal `json:"ownerIdentity"`
	ARN           string    `json:"arn"`
}

type entityObject struct {
	Key       string `json:"key"` // form-encoded, except slashes
	Size      int64  `json:"size"`
	ETag      string `json:"eTag"`
	Sequencer string `json:"sequencer"`
}

const hostID = "heardLocalStack0000000000000000000000000000000000000000000000000000000000000="

func (e Event) eventRecord(configuration string) record {
	return record{
		EventVersion:      "2.1",
		EventSource:       "aws:s3",
		AWSRegion:         region,
		EventTime:         e.Time.UTC().Format(timeLayout),
		EventName:         e.Name,
		UserIdentity:      principal{"AWS:AROAEXAMPLE:local"},
		RequestParameters: map[string]string{"sourceIPAddress": "127.0.0.1"},
		ResponseElements:  responseElements{requestID(e.Time), hostID},
		S3: entity{
			SchemaVersion:   "1.0",
			ConfigurationID: configuration,
			Bucket:          entityBucket{e.Bucket, principal{owner}, "arn:aws:s3:::" + e.Bucket},
			Object:          entityObject{encodeKey(e.Key), e.Size, e.ETag, fmt.Sprintf("%018X", e.Time.UnixNano())},
		},
	}
}

func encodeKey(key string) string {
	return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
}

func requestID(at time.Time) string { return fmt.Sprintf("%016X", at.UnixNano()) }

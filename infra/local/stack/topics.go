package stack

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A notification is the JSON envelope in which SNS delivers a message to a queue.
type notification struct {
	Type             string
	MessageID        string `json:"MessageId"`
	TopicARN         string `json:"TopicArn"`
	Subject          string `json:",omitempty"`
	Message          string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	UnsubscribeURL   string
}

// publishToTopic sends a message to every queue that subscribes to a topic.
func (s *Stack) publishToTopic(topic, subject, message string) error {
	body, err := json.Marshal(notification{
		Type: "Notification", MessageID: uuid.NewString(), TopicARN: topic, Subject: subject, Message: message,
		Timestamp:        time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: "1", Signature: "bG9jYWw=", SigningCertURL: s.Endpoints["SQS"], UnsubscribeURL: s.Endpoints["SQS"],
	})
	if err != nil {
		return fmt.Errorf("encode the message for topic %s: %w", topic, err)
	}
	for _, t := range s.Model.Topics {
		if t.ARN != topic {
			continue
		}
		for _, sub := range t.Subscriptions {
			if err := s.sendToQueue(s.run, s.queueURL(arnName(sub.Endpoint)), body); err != nil {
				return fmt.Errorf("send to subscriber %s of topic %s: %w", arnName(sub.Endpoint), topic, err)
			}
		}
	}
	return nil
}

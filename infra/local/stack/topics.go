package stack

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// A notification is a message of a topic as a queue gets it.
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

// publish hands a message to every queue that subscribed to a topic.
func (s *Stack) publish(topic, subject, message string) error {
	body, err := json.Marshal(notification{
		Type: "Notification", MessageID: uuid.NewString(), TopicARN: topic, Subject: subject, Message: message,
		Timestamp:        time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: "1", Signature: "bG9jYWw=", SigningCertURL: s.Endpoints["SQS"], UnsubscribeURL: s.Endpoints["SQS"],
	})
	if err != nil {
		return err
	}
	for _, t := range s.Model.Topics {
		if t.ARN != topic {
			continue
		}
		for _, sub := range t.Subscriptions {
			if err := s.send(s.run, s.queueURL(lastOf(sub.Endpoint)), body); err != nil {
				return err
			}
		}
	}
	return nil
}

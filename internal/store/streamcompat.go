package store

import (
	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/problem"
)

// ReadProblemImage reads a problem from an image of the table's stream.
func ReadProblemImage(image map[string]events.DynamoDBAttributeValue) (problem.Record, error) {
	return readProblem(imageItem(image))
}

// ReadNews is [Change.News] of a record.
func ReadNews(r events.DynamoDBEventRecord) (event contact.News, later *contact.Later, ok bool, err error) {
	c, err := DecodeChange(r)
	if err != nil {
		return event, nil, false, err
	}
	return c.News()
}

// ReadSend is [Change.SendJob] of a record.
func ReadSend(r events.DynamoDBEventRecord) (contact.Job, bool) {
	c, err := DecodeChange(r)
	if err != nil {
		return contact.Job{}, false
	}
	return c.SendJob()
}

// ReadJob is [Change.MediaJob] of a record.
func ReadJob(r events.DynamoDBEventRecord) (contact.Job, bool) {
	c, err := DecodeChange(r)
	if err != nil {
		return contact.Job{}, false
	}
	return c.MediaJob()
}

// ReadTold is [Change.Announcement] of a record.
func ReadTold(r events.DynamoDBEventRecord) (announced problem.Told, ok bool, err error) {
	c, err := DecodeChange(r)
	if err != nil {
		return announced, false, err
	}
	return c.Announcement()
}

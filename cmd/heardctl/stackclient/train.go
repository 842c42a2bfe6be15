package stackclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/training"
)

// trainTimeout is how long the train function may take. It looks for a request every
// two minutes, and trains for at most five.
const trainTimeout = 8 * time.Minute

// Train asks the train function for a training, and waits for its report.
func (c *Client) Train(ctx context.Context) (training.Report, error) {
	if c.Blobs == "" {
		return training.Report{}, errors.New("set HEARD_BLOBS to the name of the stack's blob bucket")
	}
	out, err := c.SDK.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &c.Blobs, Key: aws.String(training.RequestKey), Body: strings.NewReader(uuid.NewString()), ContentType: aws.String("text/plain"),
	})
	if err != nil {
		return training.Report{}, fmt.Errorf("ask for a training: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, trainTimeout)
	defer cancel()
	for {
		r, err := c.LastTraining(ctx)
		if err == nil && r.Outcome != training.Running && r.Sources.Request == aws.ToString(out.ETag) {
			return r, nil
		}
		select {
		case <-ctx.Done():
			return training.Report{}, fmt.Errorf("the train function did not report within %v; see its log. It waits while a published taxonomy is not in use", trainTimeout)
		case <-time.After(time.Second):
		}
	}
}

// LastTraining returns the report of the last training.
func (c *Client) LastTraining(ctx context.Context) (training.Report, error) {
	var r training.Report
	data, err := c.readObject(ctx, training.ReportKey)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("decode %s: %w", training.ReportKey, err)
	}
	return r, nil
}

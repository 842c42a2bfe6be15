package stackclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/internal/taxonomy/published"
)

// publishTimeout is how long the schedule function may take. It checks for a new
// taxonomy once a minute.
const publishTimeout = 3 * time.Minute

// PublishTaxonomy uploads a taxonomy for the schedule function, and waits for the
// function's report. A refused taxonomy returns the report and an error.
func (c *Client) PublishTaxonomy(ctx context.Context, data []byte) (report string, err error) {
	if c.Blobs == "" {
		return "", errors.New("set HEARD_BLOBS to the name of the stack's blob bucket")
	}
	out, err := c.SDK.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &c.Blobs, Key: aws.String(published.Draft), Body: bytes.NewReader(data), ContentType: aws.String("application/yaml"),
	})
	if err != nil {
		return "", fmt.Errorf("upload the taxonomy: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	for {
		said, err := c.readObject(ctx, published.Report)
		if text, ok := strings.CutSuffix(string(said), aws.ToString(out.ETag)+"\n"); ok && err == nil {
			if strings.HasPrefix(text, "refused") {
				return text, errors.New("the taxonomy was refused; correct it and publish again")
			}
			return text, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the schedule function did not report within %v; see its log", publishTimeout)
		case <-time.After(time.Second):
		}
	}
}

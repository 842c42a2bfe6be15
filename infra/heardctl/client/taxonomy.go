package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/internal/publish"
)

// published is how long the schedule function, which runs once a minute, may take.
const published = 3 * time.Minute

// PublishTaxonomy puts a taxonomy where the schedule function looks for it, and
// waits for the report of that function.
func (c *Client) PublishTaxonomy(ctx context.Context, data []byte) (report string, err error) {
	if c.Blobs == "" {
		return "", errors.New("set HEARD_BLOBS to the bucket")
	}
	out, err := c.SDK.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &c.Blobs, Key: aws.String(publish.Draft), Body: bytes.NewReader(data), ContentType: aws.String("application/yaml"),
	})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, published)
	defer cancel()
	for {
		said, err := c.object(ctx, publish.Report)
		if text, ok := strings.CutSuffix(string(said), aws.ToString(out.ETag)+"\n"); ok && err == nil {
			if strings.HasPrefix(text, "refused") {
				return text, errors.New("the taxonomy was refused")
			}
			return text, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the schedule function did not report within %v: see its log", published)
		case <-time.After(time.Second):
		}
	}
}

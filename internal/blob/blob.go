// Package blob keeps in S3 what is too large for the table: long texts, raw
// mails, deliveries in quarantine, media.
package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/heard-intake/heard/internal/fault"
)

// A Bucket is one bucket.
type Bucket struct {
	client *s3.Client
	name   string
}

// New returns the bucket of that name.
func New(client *s3.Client, name string) *Bucket { return &Bucket{client: client, name: name} }

// Put writes an object. Keys are made from what they hold, so that a
// repetition writes the same again.
func (b *Bucket) Put(ctx context.Context, key, contentType string, data []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: bytes.NewReader(data), ContentType: &contentType})
	return failed(err, "write object")
}

// PutFrom writes an object of size bytes from r, which is read more than once
// when a try fails.
func (b *Bucket) PutFrom(ctx context.Context, key, contentType string, r io.ReadSeeker, size int64) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: r, ContentLength: &size, ContentType: &contentType})
	return failed(err, "write object")
}

// Get reads an object of at most limit bytes; a larger one is
// [fault.TooLarge] and not read, a missing one [fault.NotFound].
func (b *Bucket) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	data, _, err := b.Fetch(ctx, key, "", limit)
	return data, err
}

// Fetch is Get of an object that may be known: when it still has that ETag,
// data is nil. It returns the ETag that the object has now.
func (b *Bucket) Fetch(ctx context.Context, key, etag string, limit int64) (data []byte, newETag string, err error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: &key}
	if etag != "" {
		in.IfNoneMatch = &etag
	}
	out, err := b.client.GetObject(ctx, in)
	if v, ok := errors.AsType[smithy.APIError](err); ok && v.ErrorCode() == "NotModified" {
		return nil, etag, nil
	}
	if data, err = read(out, err, limit); err != nil {
		return nil, "", err
	}
	return data, aws.ToString(out.ETag), nil
}

// Begin reads the first n bytes of an object, or all of a smaller one.
func (b *Bucket) Begin(ctx context.Context, key string, n int64) ([]byte, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, Range: aws.String(fmt.Sprintf("bytes=0-%d", n-1))})
	return read(out, err, n)
}

// sealed are what SES notes with objects that it encrypted with a key of the
// receipt rule's.
var sealed = []string{"x-amz-key", "x-amz-key-v2", "x-amz-matdesc"}

// Stat returns how large an object is, and whether SES encrypted it before it
// stored it: then nothing can be read of it. A missing one is
// [fault.NotFound].
func (b *Bucket) Stat(ctx context.Context, key string) (size int64, encrypted bool, err error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return 0, false, failed(err, "look at object")
	}
	for _, name := range sealed {
		_, there := out.Metadata[name]
		encrypted = encrypted || there
	}
	return aws.ToInt64(out.ContentLength), encrypted, nil
}

func read(out *s3.GetObjectOutput, err error, limit int64) ([]byte, error) {
	if err != nil {
		return nil, failed(err, "read object")
	}
	defer out.Body.Close() //nolint:errcheck // read only
	if out.ContentLength != nil && *out.ContentLength > limit {
		return nil, fault.New(fault.TooLarge, "object of %d bytes, at most %d", *out.ContentLength, limit)
	}
	var buf bytes.Buffer
	if out.ContentLength != nil {
		buf.Grow(int(*out.ContentLength) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(out.Body, limit+1))
	if err != nil {
		return nil, failed(err, "read object")
	}
	if n > limit {
		return nil, fault.New(fault.TooLarge, "object larger than %d bytes", limit)
	}
	return buf.Bytes(), nil
}

// Open returns an object to be read and closed; a missing one is
// [fault.NotFound].
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, failed(err, "read object")
	}
	return out.Body, nil
}

// Name returns the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Link returns an address under which an object can be fetched for a while,
// served with a Content-Type and a Content-Disposition.
func (b *Bucket) Link(ctx context.Context, key, contentType, disposition string, valid time.Duration) (string, error) {
	req, err := s3.NewPresignClient(b.client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key, ResponseContentType: &contentType, ResponseContentDisposition: &disposition,
	}, s3.WithPresignExpires(valid))
	if err != nil {
		return "", failed(err, "sign link")
	}
	return req.URL, nil
}

func failed(err error, doing string) error {
	if err == nil {
		return nil
	}
	if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
		return fault.Wrap(fault.NotFound, err, "%s", doing)
	}
	v, ok := errors.AsType[smithy.APIError](err)
	if ok && v.ErrorCode() == "NotFound" { // of a HEAD, which has no body to say more
		return fault.Wrap(fault.NotFound, err, "%s", doing)
	}
	if ok && v.ErrorCode() == "AccessDenied" {
		return fault.Wrap(fault.Internal, errors.New(v.ErrorCode()), "%s", doing)
	}
	return fault.Wrap(fault.Unavailable, err, "%s", doing)
}

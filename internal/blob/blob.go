// Package blob stores data in S3 that is too large for the table: long texts,
// raw mails, quarantined deliveries and media.
//
// A missing object is a [fault.NotFound], a refused access [fault.Internal], and
// every other failure [fault.Unavailable].
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

// A Bucket reads and writes the objects of one S3 bucket. It is safe for
// concurrent use.
type Bucket struct {
	client *s3.Client
	name   string
}

// New returns the bucket with that name. It does not call S3.
func New(client *s3.Client, name string) *Bucket { return &Bucket{client: client, name: name} }

// Put writes an object and replaces an earlier one with the same key. Callers
// derive the key from the content, so a repeated Put writes the same bytes.
func (b *Bucket) Put(ctx context.Context, key, contentType string, data []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: bytes.NewReader(data), ContentType: &contentType})
	return wrapSDKError(err, "write object")
}

// PutFrom writes an object of size bytes from r. It seeks back and reads r again
// if an attempt fails.
func (b *Bucket) PutFrom(ctx context.Context, key, contentType string, r io.ReadSeeker, size int64) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: r, ContentLength: &size, ContentType: &contentType})
	return wrapSDKError(err, "write object")
}

// Delete deletes an object. A missing object is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	return wrapSDKError(err, "delete object")
}

// Get reads an object of at most limit bytes. A larger object is a
// [fault.TooLarge] and is not read.
func (b *Bucket) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	data, _, err := b.Fetch(ctx, key, "", limit)
	return data, err
}

// Fetch reads an object like [Bucket.Get] unless its ETag is still etag: then
// data is nil. newETag is the current ETag of the object.
func (b *Bucket) Fetch(ctx context.Context, key, etag string, limit int64) (data []byte, newETag string, err error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: &key}
	if etag != "" {
		in.IfNoneMatch = &etag
	}
	out, err := b.client.GetObject(ctx, in)
	if v, ok := errors.AsType[smithy.APIError](err); ok && v.ErrorCode() == "NotModified" {
		return nil, etag, nil
	}
	if data, err = readObject(out, err, limit); err != nil {
		return nil, "", err
	}
	return data, aws.ToString(out.ETag), nil
}

// Begin reads the first n bytes of an object, or the whole object if it is
// smaller.
func (b *Bucket) Begin(ctx context.Context, key string, n int64) ([]byte, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, Range: aws.String(fmt.Sprintf("bytes=0-%d", n-1))})
	return readObject(out, err, n)
}

// encryptionMetadata are the metadata keys that SES sets on an object that it
// encrypted with the key of a receipt rule.
var encryptionMetadata = []string{"x-amz-key", "x-amz-key-v2", "x-amz-matdesc"}

// Stat returns the size of an object in bytes, and whether SES encrypted it
// before storing it. Heard cannot read an object that SES encrypted.
func (b *Bucket) Stat(ctx context.Context, key string) (size int64, encrypted bool, err error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return 0, false, wrapSDKError(err, "read object size")
	}
	for _, name := range encryptionMetadata {
		_, found := out.Metadata[name]
		encrypted = encrypted || found
	}
	return aws.ToInt64(out.ContentLength), encrypted, nil
}

// readObject reads the body of a GetObject response of at most limit bytes.
func readObject(out *s3.GetObjectOutput, err error, limit int64) ([]byte, error) {
	if err != nil {
		return nil, wrapSDKError(err, "read object")
	}
	defer out.Body.Close() //nolint:errcheck // read only
	if out.ContentLength != nil && *out.ContentLength > limit {
		return nil, fault.New(fault.TooLarge, "object has %d bytes, at most %d are allowed", *out.ContentLength, limit)
	}
	var buf bytes.Buffer
	if out.ContentLength != nil {
		buf.Grow(int(*out.ContentLength) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(out.Body, limit+1))
	if err != nil {
		return nil, wrapSDKError(err, "read object")
	}
	if n > limit {
		return nil, fault.New(fault.TooLarge, "object has more bytes than the %d allowed", limit)
	}
	return buf.Bytes(), nil
}

// Open returns a reader of an object's content. The caller must close it.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, wrapSDKError(err, "read object")
	}
	return out.Body, nil
}

// Name returns the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Link returns a presigned URL from which an object can be fetched during the
// given time. S3 serves it with the given Content-Type and Content-Disposition.
func (b *Bucket) Link(ctx context.Context, key, contentType, disposition string, valid time.Duration) (string, error) {
	req, err := s3.NewPresignClient(b.client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key, ResponseContentType: &contentType, ResponseContentDisposition: &disposition,
	}, s3.WithPresignExpires(valid))
	if err != nil {
		return "", wrapSDKError(err, "sign link")
	}
	return req.URL, nil
}

// wrapSDKError returns an SDK error as a fault of the matching kind.
func wrapSDKError(err error, operation string) error {
	if err == nil {
		return nil
	}
	if _, noKey := errors.AsType[*types.NoSuchKey](err); noKey {
		return fault.Wrap(fault.NotFound, err, "%s", operation)
	}
	v, ok := errors.AsType[smithy.APIError](err)
	if ok && v.ErrorCode() == "NotFound" { // the response to a HEAD has no body that names the error
		return fault.Wrap(fault.NotFound, err, "%s", operation)
	}
	if ok && v.ErrorCode() == "AccessDenied" {
		return fault.Wrap(fault.Internal, errors.New(v.ErrorCode()), "%s", operation)
	}
	return fault.Wrap(fault.Unavailable, err, "%s", operation)
}

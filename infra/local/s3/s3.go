// Package s3 replaces Amazon S3 in the local stack. It serves path-style buckets from plain files to the SDK, the AWS CLI and
// browsers with presigned URLs.
//
// An object is on the disk before its put is answered with 200, and so survives a kill. The server supports the parts of S3 that
// the stack uses: conditional puts, ranges, multipart uploads, checksums in requests and responses, aws-chunked bodies, the
// expiry of presigned URLs, the policy of presigned forms, and an event for every created object. It has no versions and no
// ACLs, and it does not check signatures: every client that can reach the port has full access.
//
// The routes and the XML come from gofakes3. Its backends keep objects in memory or lose data on a kill, so files.go has our
// own. The features that gofakes3 lacks are in front.go and form.go, which handle a request first.
package s3

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// defaultMaxObject is 50 MiB: room for the largest mail, of 40 MB.
const defaultMaxObject = 50 << 20

// Config configures a Server. Only Dir is required.
type Config struct {
	Dir       string            // the folder of the objects
	MaxObject int64             // limit in bytes of an object, also of a multipart upload; 0 means 50 MiB
	Notify    func(Event) error // called after an object is on the disk and before the response; may be nil
}

// Server is an http.Handler that speaks the S3 protocol. Serve it at the root of an origin, because it uses the whole path.
type Server struct {
	files  *files
	max    int64
	notify func(Event) error
	s3     http.Handler
}

// New opens the folder and loads the index of the objects in it. It creates the folder if needed.
func New(cfg Config) (*Server, error) {
	f, err := openFiles(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("local s3: %w", err)
	}
	s := &Server{files: f, max: cfg.MaxObject, notify: cfg.Notify}
	if s.max == 0 {
		s.max = defaultMaxObject
	}
	if s.notify == nil {
		s.notify = func(Event) error { return nil }
	}
	s.s3 = gofakes3.New(&backend{s}, gofakes3.WithTimeSkewLimit(0), gofakes3.WithInsecureCORS()).Server()
	return s, nil
}

// CreateBucket creates a bucket. An existing bucket is not an error.
func (s *Server) CreateBucket(name string) error {
	if err := gofakes3.ValidateBucketName(name); err != nil {
		return fmt.Errorf("bucket %q: %w", name, err)
	}
	err := s.files.createBucket(name)
	if gofakes3.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Put stores an object without HTTP, as another AWS service would. When it returns nil, the object is durable and Notify was
// called.
func (s *Server) Put(bucket, key string, content []byte) error {
	header := map[string]string{"Content-Type": "application/octet-stream"}
	_, err := s.storeAndNotify(eventPut, bucket, key, func() (*object, error) {
		return s.files.putObject(bucket, key, header, bytes.NewReader(content), int64(len(content)), nil)
	})
	return err
}

// storeAndNotify stores an object and calls Notify. If Notify fails, the object stays and the caller gets the error. The client
// then repeats the put, as after a lost connection.
func (s *Server) storeAndNotify(event, bucket, key string, store func() (*object, error)) (*object, error) {
	o, err := store()
	if err != nil {
		return nil, err
	}
	err = s.notify(Event{
		Name: event, Bucket: bucket, Key: key, Size: o.Size, ETag: o.etag(), Time: time.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("notify %s of %s: %w", event, bucket, err)
	}
	return o, nil
}

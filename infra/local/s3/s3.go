// Package s3 stands in for Amazon S3 in the local stack: path-style buckets on plain files, for the SDK, the AWS CLI and
// presigned URLs in a browser.
//
// What is answered with 200 is on the disk, and survives a kill. Everything the stack rests on is here: conditional puts,
// ranges, multipart uploads, checksums both ways, aws-chunked bodies, the expiry of presigned URLs, the policy of presigned
// forms, and an event for every object made. Versions, ACLs and signatures are not: whoever can reach the port may do
// anything.
//
// The protocol's routes and XML are gofakes3's. Its own backends hold objects in memory, or lose what a kill interrupts, so
// the files are ours; and so is what it does not know, which front.go does before it.
package s3

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// defaultMaxObject is what the stack needs: a mail of 40 MB, with room.
const defaultMaxObject = 50 << 20

// Config says where a server keeps its objects. Only Dir is needed.
type Config struct {
	Dir       string            // the folder of the objects
	MaxObject int64             // bytes, also of all parts of an upload together; 0 is 50 MiB
	Notify    func(Event) error // called when an object is on the disk and before that is answered; may be nil
}

// Server is the stand-in, as an http.Handler. Mount it at the root: it looks at the whole path.
type Server struct {
	files  *files
	max    int64
	notify func(Event) error
	s3     http.Handler
}

// New opens the folder, with whatever objects it holds.
func New(cfg Config) (*Server, error) {
	f, err := open(cfg.Dir)
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

// CreateBucket makes a bucket, and is content when it is there.
func (s *Server) CreateBucket(name string) error {
	if err := gofakes3.ValidateBucketName(name); err != nil {
		return err
	}
	err := s.files.createBucket(name)
	if gofakes3.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Put stores an object as another AWS service would, without HTTP: durable, and announced, when it returns.
func (s *Server) Put(bucket, key string, content []byte) error {
	header := map[string]string{"Content-Type": "application/octet-stream"}
	_, err := s.create(eventPut, bucket, key, func() (*object, error) {
		return s.files.put(bucket, key, header, bytes.NewReader(content), int64(len(content)), nil)
	})
	return err
}

// create stores an object and announces it. When the announcement fails the object stays and the caller gets the error: he
// puts it again, as somebody would whose put was cut off.
func (s *Server) create(event, bucket, key string, store func() (*object, error)) (*object, error) {
	o, err := store()
	if err != nil {
		return nil, err
	}
	err = s.notify(Event{
		Name: event, Bucket: bucket, Key: key, Size: o.Size, ETag: o.etag(), Time: time.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("announce: %w", err)
	}
	return o, nil
}

package s3

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // a checksum that S3 offers
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

const tooLarge = "Your proposed upload exceeds the maximum allowed size"

// ServeHTTP does what gofakes3 leaves out, and hands on the rest.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if expired(r.URL.Query(), time.Now()) {
		refuse(w, http.StatusForbidden, "AccessDenied", "Request has expired")
		return
	}
	if bucket, ok := isForm(r); ok {
		s.postForm(w, r, bucket)
		return
	}
	if err := unwrap(r); err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	if r.ContentLength > s.max {
		refuse(w, http.StatusBadRequest, "EntityTooLarge", tooLarge)
		return
	}
	s.s3.ServeHTTP(bare{w}, r)
}

// bare sends no checksum with an answer that has no body: a client would
// compare the two.
type bare struct{ http.ResponseWriter }

func (b bare) WriteHeader(status int) {
	if status == http.StatusNotModified {
		b.Header().Del("X-Amz-Checksum-Crc32")
		b.Header().Del("X-Amz-Checksum-Type")
	}
	b.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (b bare) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// expired reads the two parameters that bound a presigned URL.
func expired(query url.Values, now time.Time) bool {
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil {
		return false // not presigned
	}
	signed, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	return err != nil || now.After(signed.Add(time.Duration(seconds)*time.Second))
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(gofakes3.ErrorResponse{Code: gofakes3.ErrorCode(code), Message: message})
}

// unwrap takes the aws-chunked coding off a body, and has its checksum verified while it is read.
func unwrap(r *http.Request) error {
	trailer := func(string) string { return "" }
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
		if err != nil || size < 0 {
			return errors.New("x-amz-decoded-content-length is missing")
		}
		chunks := &chunked{from: bufio.NewReader(r.Body), trailer: http.Header{}}
		r.Body, trailer = body{chunks, r.Body}, chunks.trailer.Get
		r.ContentLength = size
		r.Header.Set("Content-Length", strconv.FormatInt(size, 10))
		r.Header.Del("X-Amz-Content-Sha256") // or gofakes3 would take off what is off
		unwrapEncoding(r.Header)
	}
	for name, newHash := range checksums {
		inHeader := r.Header.Get(name)
		if inHeader != "" || strings.EqualFold(r.Header.Get("X-Amz-Trailer"), name) {
			want := func() string { return inHeader + trailer(name) } // one of them is empty
			r.Body = body{&verified{from: r.Body, sum: newHash(), want: want}, r.Body}
		}
	}
	return nil
}

// unwrapEncoding leaves the encoding of the object itself.
func unwrapEncoding(h http.Header) {
	var own []string
	for _, name := range strings.Split(h.Get("Content-Encoding"), ",") {
		if name = strings.TrimSpace(name); name != "" && name != "aws-chunked" {
			own = append(own, name)
		}
	}
	h.Del("Content-Encoding")
	if len(own) > 0 {
		h.Set("Content-Encoding", strings.Join(own, ","))
	}
}

type body struct {
	io.Reader
	io.Closer
}

// checksums are those that a client may send, by header or trailer.
var checksums = map[string]func() hash.Hash{
	"X-Amz-Checksum-Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"X-Amz-Checksum-Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"X-Amz-Checksum-Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"X-Amz-Checksum-Sha1":      sha1.New,
	"X-Amz-Checksum-Sha256":    sha256.New,
}

// verified fails instead of ending when what was read has another checksum than the client said.
type verified struct {
	from io.Reader
	sum  hash.Hash
	want func() string // known at the end
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.from.Read(p)
	_, _ = v.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && v.want() != base64.StdEncoding.EncodeToString(v.sum.Sum(nil)) {
		return n, gofakes3.ErrBadDigest
	}
	return n, err
}

// chunked reads the aws-chunked coding: "<size in hex>[;chunk-signature=...]", the bytes, ... "0", and trailers.
type chunked struct {
	from    *bufio.Reader
	left    int64 // bytes of the chunk at hand
	begun   bool
	ended   bool
	trailer http.Header
}

func (c *chunked) Read(p []byte) (int, error) {
	for c.left == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n, err := c.from.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = gofakes3.ErrIncompleteBody
	}
	return n, err
}

// next reads up to the bytes of the next chunk, or to the end.
func (c *chunked) next() error {
	if c.begun {
		if _, err := c.line(); err != nil { // that ends the bytes
			return err
		}
	}
	c.begun = true
	header, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(header, ";")
	if c.left, err = strconv.ParseInt(size, 16, 64); err != nil || c.left < 0 {
		return gofakes3.ErrIncompleteBody
	}
	if c.left > 0 {
		return nil
	}
	c.ended = true
	for {
		line, err := c.line()
		if errors.Is(err, gofakes3.ErrIncompleteBody) || line == "" {
			return nil // some clients leave out the last line end
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			c.trailer.Set(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
}

func (c *chunked) line() (string, error) {
	line, err := c.from.ReadSlice('\n')
	if err != nil {
		return "", gofakes3.ErrIncompleteBody
	}
	return string(bytes.TrimRight(line, "\r\n")), nil
}

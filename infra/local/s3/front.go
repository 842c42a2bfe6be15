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

const tooLargeMessage = "Your proposed upload exceeds the maximum allowed size"

// ServeHTTP handles presigned expiry, forms, aws-chunked bodies and the size limit, and passes other requests to gofakes3.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isExpired(r.URL.Query(), time.Now()) {
		writeError(w, http.StatusForbidden, "AccessDenied", "Request has expired")
		return
	}
	if bucket, ok := formBucket(r); ok {
		s.postForm(w, r, bucket)
		return
	}
	if err := decodeBody(r); err != nil {
		writeError(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	if r.ContentLength > s.max {
		writeError(w, http.StatusBadRequest, "EntityTooLarge", tooLargeMessage)
		return
	}
	s.s3.ServeHTTP(bare{w}, r)
}

// bare removes the checksum headers from a 304 response. It has no body, and a client would compare the checksum with that.
type bare struct{ http.ResponseWriter }

func (b bare) WriteHeader(status int) {
	if status == http.StatusNotModified {
		b.Header().Del("X-Amz-Checksum-Crc32")
		b.Header().Del("X-Amz-Checksum-Type")
	}
	b.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the wrapped writer, for [http.ResponseController].
func (b bare) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// isExpired reports whether a presigned URL has expired or has no valid date. It is false for a URL that is not presigned.
func isExpired(query url.Values, now time.Time) bool {
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil {
		return false // not presigned
	}
	signed, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	return err != nil || now.After(signed.Add(time.Duration(seconds)*time.Second))
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(gofakes3.ErrorResponse{Code: gofakes3.ErrorCode(code), Message: message})
}

// decodeBody replaces the request body by one that decodes aws-chunked coding and verifies the checksum while it is read.
func decodeBody(r *http.Request) error {
	trailer := func(string) string { return "" }
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
		if err != nil || size < 0 {
			return errors.New("x-amz-decoded-content-length is missing")
		}
		chunks := &chunkedReader{from: bufio.NewReader(r.Body), trailer: http.Header{}}
		r.Body = body{chunks, r.Body}
		trailer = chunks.trailer.Get
		r.ContentLength = size
		r.Header.Set("Content-Length", strconv.FormatInt(size, 10))
		r.Header.Del("X-Amz-Content-Sha256") // or gofakes3 would decode the body again
		removeChunkedCoding(r.Header)
	}
	for name, newHash := range checksums {
		inHeader := r.Header.Get(name)
		if inHeader != "" || strings.EqualFold(r.Header.Get("X-Amz-Trailer"), name) {
			want := func() string { return inHeader + trailer(name) } // at least one is empty
			r.Body = body{&verifyingReader{from: r.Body, sum: newHash(), want: want}, r.Body}
		}
	}
	return nil
}

// removeChunkedCoding removes aws-chunked from Content-Encoding and leaves the encodings of the object itself.
func removeChunkedCoding(h http.Header) {
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

// checksums are the checksum headers (or trailers) that a client can send.
var checksums = map[string]func() hash.Hash{
	"X-Amz-Checksum-Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"X-Amz-Checksum-Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"X-Amz-Checksum-Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"X-Amz-Checksum-Sha1":      sha1.New,
	"X-Amz-Checksum-Sha256":    sha256.New,
}

// verifyingReader is a reader that fails with ErrBadDigest at the end if the bytes do not have the checksum that the client sent.
type verifyingReader struct {
	from io.Reader
	sum  hash.Hash
	want func() string // called at the end, because a trailer comes last
}

func (v *verifyingReader) Read(p []byte) (int, error) {
	n, err := v.from.Read(p)
	_, _ = v.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && v.want() != base64.StdEncoding.EncodeToString(v.sum.Sum(nil)) {
		return n, gofakes3.ErrBadDigest
	}
	return n, err
}

// chunkedReader decodes aws-chunked coding: for each chunk a line "<size in hex>[;chunk-signature=...]" and its bytes, then a chunk of
// size 0 and the trailers.
type chunkedReader struct {
	from    *bufio.Reader
	left    int64 // unread bytes of the current chunk
	begun   bool
	ended   bool
	trailer http.Header
}

func (c *chunkedReader) Read(p []byte) (int, error) {
	for c.left == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.nextChunk(); err != nil {
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

// nextChunk reads the header of the next chunk. After the last chunk it reads the trailers.
func (c *chunkedReader) nextChunk() error {
	if c.begun {
		if _, err := c.readLine(); err != nil { // the line end after the bytes
			return err
		}
	}
	c.begun = true
	header, err := c.readLine()
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
		line, err := c.readLine()
		if errors.Is(err, gofakes3.ErrIncompleteBody) || line == "" {
			return nil // some clients omit the last line end
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			c.trailer.Set(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
}

func (c *chunkedReader) readLine() (string, error) {
	line, err := c.from.ReadSlice('\n')
	if err != nil {
		return "", gofakes3.ErrIncompleteBody
	}
	return string(bytes.TrimRight(line, "\r\n")), nil
}

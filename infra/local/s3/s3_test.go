package s3_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/heard-intake/heard/infra/local/s3"
)

const bucket = "heard-mail"

func TestPut_RoundTrip(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"plain key":           "inbound/abc",
		"special characters":  "a b/c+d&e=f?g#h%20i:j",
		"path outside folder": "../../etc/passwd",
		"repeated slashes":    "/a//b/",
		"non-ASCII letters":   "naïef/日本/😀",
		"longest key":         strings.Repeat("k", 1024),
		"upper case":          "INBOUND/ABC",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := startServer(t, s3.Config{})
			want := []byte("hallo " + name)
			put, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
				Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(want),
				ContentType: aws.String("text/plain; charset=utf-8"), ContentDisposition: aws.String(`attachment; filename="a.txt"`),
				Metadata: map[string]string{"mailbox": "help"},
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := db.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			if content := readBody(t, got.Body); !bytes.Equal(content, want) {
				t.Errorf("content %q, want %q", content, want)
			}
			if *got.ContentType != "text/plain; charset=utf-8" || *got.ContentDisposition != `attachment; filename="a.txt"` {
				t.Errorf("got headers %s, %s, want those of the put", *got.ContentType, *got.ContentDisposition)
			}
			if got.Metadata["mailbox"] != "help" || len(got.Metadata) != 1 {
				t.Errorf("got metadata %v, want mailbox=help", got.Metadata)
			}
			if *got.ETag != *put.ETag {
				t.Errorf("got ETag %s, want %s of the put", *got.ETag, *put.ETag)
			}
			head, err := db.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			if *head.ContentLength != int64(len(want)) || head.Metadata["mailbox"] != "help" {
				t.Errorf("head: got %d bytes and metadata %v, want %d and mailbox=help", *head.ContentLength, head.Metadata, len(want))
			}
		})
	}
}

func TestGet_NotFound(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	_, err := db.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("none")})
	if _, ok := errors.AsType[*types.NoSuchKey](err); !ok {
		t.Errorf("get: got %v, want NoSuchKey", err)
	}
	_, err = db.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("none")})
	if _, ok := errors.AsType[*types.NotFound](err); !ok {
		t.Errorf("head: got %v, want NotFound", err)
	}
	_, err = db.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("no-such"), Key: aws.String("a")})
	checkErrorCode(t, err, "NoSuchBucket")
}

func TestPut_IfNoneMatchConcurrent(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	var mu sync.Mutex
	var won []string
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			body := fmt.Sprint(i)
			_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
				Bucket: aws.String(bucket), Key: aws.String("once"), Body: strings.NewReader(body), IfNoneMatch: aws.String("*"),
			})
			if err == nil {
				mu.Lock()
				won = append(won, body)
				mu.Unlock()
				return
			}
			checkErrorCode(t, err, "PreconditionFailed")
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d puts succeeded, want 1", len(won))
	}
	if got := getObject(t, db, "once"); string(got) != won[0] {
		t.Errorf("got content %q, want %q of the successful put", got, won[0])
	}
}

func TestGet_Range(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	putObject(t, db, "abc", "0123456789")
	for asked, want := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-2": "89", "bytes=8-99": "89"} {
		got, err := db.GetObject(t.Context(), &awss3.GetObjectInput{
			Bucket: aws.String(bucket), Key: aws.String("abc"), Range: &asked,
		})
		if err != nil {
			t.Fatal(err)
		}
		if content := readBody(t, got.Body); string(content) != want {
			t.Errorf("%s: got %q, want %q", asked, content, want)
		}
	}
	_, err := db.GetObject(t.Context(), &awss3.GetObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("abc"), Range: aws.String("bytes=10-"),
	})
	checkErrorCode(t, err, "InvalidRange")
}

func TestList_PagesAndFolders(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	for _, key := range []string{"a/1", "a/2", "a/b/3", "b", "c/4", "c/5", "d", "/e"} {
		putObject(t, db, key, key)
	}
	for name, c := range map[string]struct {
		prefix, delimiter, want string
	}{
		"no prefix":            {"", "", "/e a/1 a/2 a/b/3 b c/4 c/5 d"},
		"prefix":               {"a/", "", "a/1 a/2 a/b/3"},
		"top folders":          {"", "/", "/ a/ b c/ d"},
		"one folder":           {"a/", "/", "a/1 a/2 a/b/"},
		"start of folder name": {"c", "/", "c/"},
		"unknown prefix":       {"x", "/", ""},
		"leading slash":        {"/", "/", "/e"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int32{1, 2, 1000} {
				if got := listKeys(t, db, c.prefix, c.delimiter, size); strings.Join(got, " ") != c.want {
					t.Errorf("pages of %d: %v, want %s", size, got, c.want)
				}
			}
		})
	}
}

func TestDelete_SingleAndMulti(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	for _, key := range []string{"a", "b", "c", "d"} {
		putObject(t, db, key, key)
	}
	if _, err := db.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("a")}); err != nil {
		t.Fatal(err)
	}
	out, err := db.DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{
		Bucket: aws.String(bucket),
		Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("b")}, {Key: aws.String("c")}, {Key: aws.String("none")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Deleted) != 3 || len(out.Errors) != 0 {
		t.Errorf("deleted %d with %d errors, want 3 with 0", len(out.Deleted), len(out.Errors))
	}
	if got := listKeys(t, db, "", "", 10); !slices.Equal(got, []string{"d"}) {
		t.Errorf("got keys %v after the deletes, want [d]", got)
	}
}

func TestCopy_ContentAndHeaders(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("a b+c"), Body: strings.NewReader("hallo"),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"n": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.CopyObject(t.Context(), &awss3.CopyObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("copy"), CopySource: aws.String(bucket + "/" + url.QueryEscape("a b+c")),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("copy")})
	if err != nil {
		t.Fatal(err)
	}
	if content := readBody(t, got.Body); string(content) != "hallo" || *got.ContentType != "text/plain" || got.Metadata["n"] != "1" {
		t.Errorf("copy is %q, %s, %v", content, *got.ContentType, got.Metadata)
	}
}

func TestMultipartUpload_Complete(t *testing.T) {
	t.Parallel()
	var events []s3.Event
	dir := t.TempDir()
	db := startServer(t, s3.Config{Dir: dir, Notify: func(e s3.Event) error {
		events = append(events, e)
		return nil
	}})
	first, second := make([]byte, 5<<20), []byte("the end")
	_, _ = rand.Read(first)
	up, err := db.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{
		Bucket: aws.String(bucket), Key: aws.String("big"), ContentType: aws.String("image/png"),
	})
	if err != nil {
		t.Fatal(err)
	}
	uploadPart := func(number int32, content []byte) types.CompletedPart {
		part, err := db.UploadPart(t.Context(), &awss3.UploadPartInput{
			Bucket: aws.String(bucket), Key: aws.String("big"), UploadId: up.UploadId, PartNumber: &number, Body: bytes.NewReader(content),
		})
		if err != nil {
			t.Fatal(err)
		}
		return types.CompletedPart{PartNumber: &number, ETag: part.ETag}
	}
	stale := uploadPart(2, []byte("not the end"))
	done := []types.CompletedPart{uploadPart(1, first), uploadPart(2, second)}

	db = startServer(t, s3.Config{Dir: dir, Notify: func(e s3.Event) error {
		events = append(events, e)
		return nil
	}}) // an upload survives a restart of the server
	list, err := db.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: aws.String(bucket), Key: aws.String("big"), UploadId: up.UploadId})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Parts) != 2 || *list.Parts[1].ETag != *done[1].ETag || *list.Parts[0].Size != 5<<20 {
		t.Errorf("got parts %+v, want part 1 of 5 MiB and the second upload of part 2", list.Parts)
	}
	complete := func(parts ...types.CompletedPart) error {
		_, err := db.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
			Bucket: aws.String(bucket), Key: aws.String("big"), UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	}
	checkErrorCode(t, complete(done[0], stale), "InvalidPart")
	checkErrorCode(t, complete(done[1], done[0]), "InvalidPartOrder")
	if err := complete(done...); err != nil {
		t.Fatal(err)
	}
	checkErrorCode(t, complete(done...), "NoSuchUpload")
	if got := getObject(t, db, "big"); !bytes.Equal(got, append(first, second...)) {
		t.Errorf("got %d bytes, want the two parts joined (%d bytes)", len(got), len(first)+len(second))
	}
	if len(events) != 1 || events[0].Name != "ObjectCreated:CompleteMultipartUpload" {
		t.Errorf("got events %+v, want one CompleteMultipartUpload", events)
	}
}

func TestMultipartUpload_Abort(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	up, err := db.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String("big")})
	if err != nil {
		t.Fatal(err)
	}
	count := func() int {
		out, err := db.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Uploads)
	}
	if count() != 1 {
		t.Error("the upload is not listed")
	}
	_, err = db.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{
		Bucket: aws.String(bucket), Key: aws.String("big"), UploadId: up.UploadId,
	})
	if err != nil {
		t.Fatal(err)
	}
	if count() != 0 {
		t.Error("the upload is still listed")
	}
	_, err = db.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{
		Bucket: aws.String(bucket), Key: aws.String("big"), UploadId: aws.String("../buckets/" + bucket),
	})
	checkErrorCode(t, err, "NoSuchUpload")
}

func TestPut_SizeLimit(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	content := make([]byte, 50<<20)
	_, _ = rand.Read(content)
	putObject(t, db, "large", string(content))
	if got := getObject(t, db, "large"); !bytes.Equal(got, content) {
		t.Error("the content of the object changed")
	}
	_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("larger"), Body: bytes.NewReader(append(content, 0)),
	})
	checkErrorCode(t, err, "EntityTooLarge")
}

func TestPresignedURL_HeadersAndExpiry(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	putObject(t, db, "a b", "hallo")
	signed, err := awss3.NewPresignClient(db).PresignGetObject(t.Context(), &awss3.GetObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("a b"),
		ResponseContentType: aws.String("image/jpeg"), ResponseContentDisposition: aws.String(`inline; filename="foto.jpg"`),
	}, awss3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	reply := fetchURL(t, signed.URL)
	if content := readBody(t, reply.Body); string(content) != "hallo" {
		t.Errorf("content %q", content)
	}
	if got := reply.Header.Get("Content-Type"); got != "image/jpeg" {
		t.Errorf("Content-Type %s", got)
	}
	if got := reply.Header.Get("Content-Disposition"); got != `inline; filename="foto.jpg"` {
		t.Errorf("Content-Disposition %s", got)
	}

	old, err := url.Parse(signed.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := old.Query()
	query.Set("X-Amz-Date", time.Now().UTC().Add(-2*time.Minute).Format("20060102T150405Z"))
	old.RawQuery = query.Encode()
	reply = fetchURL(t, old.String())
	if content := readBody(t, reply.Body); reply.StatusCode != http.StatusForbidden || !bytes.Contains(content, []byte("Request has expired")) {
		t.Errorf("expired URL: got %d, %s, want 403 Request has expired", reply.StatusCode, content)
	}
}

func TestServeHTTP_NoSDKWarnings(t *testing.T) {
	t.Parallel()
	var complaints bytes.Buffer
	db := startServer(t, s3.Config{}, func(o *awss3.Options) { o.Logger = logging.NewStandardLogger(&complaints) })
	putObject(t, db, "a", "hallo")
	getObject(t, db, "a")
	if complaints.Len() > 0 {
		t.Error(complaints.String())
	}
}

func TestPut_Checksum(t *testing.T) {
	t.Parallel()
	db := startServer(t, s3.Config{})
	for name, sum := range map[string]func(*awss3.PutObjectInput, string){
		"CRC32":  func(in *awss3.PutObjectInput, s string) { in.ChecksumCRC32 = &s },
		"SHA256": func(in *awss3.PutObjectInput, s string) { in.ChecksumSHA256 = &s },
	} {
		in := &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("bad"), Body: strings.NewReader("hallo")}
		sum(in, "AAAAAA==")
		_, err := db.PutObject(t.Context(), in)
		if checkErrorCode(t, err, "BadDigest"); t.Failed() {
			t.Fatal(name)
		}
	}
	if got := listKeys(t, db, "", "", 10); len(got) != 0 {
		t.Errorf("got stored keys %v, want none", got)
	}
	for _, algorithm := range types.ChecksumAlgorithm("").Values() {
		if strings.HasPrefix(string(algorithm), "XX") || algorithm == "SHA512" || algorithm == "MD5" {
			continue // the server does not verify these algorithms
		}
		_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
			Bucket: aws.String(bucket), Key: aws.String("good"), Body: strings.NewReader("hallo"), ChecksumAlgorithm: algorithm,
		})
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// TestDecodeBody_ChunkedBySDK sends an aws-chunked body. The SDK uses this coding over TLS for a body that it cannot read twice.
func TestDecodeBody_ChunkedBySDK(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(openServer(t, s3.Config{}))
	t.Cleanup(server.Close)
	db := newClient(server.URL, func(o *awss3.Options) { o.HTTPClient = server.Client() })
	content := make([]byte, 200_000)
	_, _ = rand.Read(content)
	_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("stream"), ContentEncoding: aws.String("gzip"),
		Body: struct{ io.Reader }{bytes.NewReader(content)}, ContentLength: aws.Int64(int64(len(content))),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("stream")})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readBody(t, got.Body), content) || *got.ContentEncoding != "gzip" {
		t.Errorf("the content changed, or its encoding %s is not gzip", *got.ContentEncoding)
	}
}

func TestDecodeBody_ChunkedErrors(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(openServer(t, s3.Config{}))
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"valid body":     {"5;chunk-signature=0\r\nhallo\r\n0\r\nx-amz-checksum-crc32:uXIx0Q==\r\n\r\n", http.StatusOK},
		"wrong checksum": {"5\r\nhallo\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", http.StatusBadRequest},
		"no checksum":    {"5\r\nhallo\r\n0\r\n\r\n", http.StatusBadRequest},
		"invalid size":   {"hallo", http.StatusBadRequest},
		"truncated body": {"5\r\nhal", http.StatusBadRequest},
		"body too long":  {"6\r\nhallo!\r\n0\r\nx-amz-checksum-crc32:bwZvoA==\r\n\r\n", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/"+bucket+"/chunks", strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
			r.Header.Set("X-Amz-Decoded-Content-Length", "5")
			r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
			reply, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if content := readBody(t, reply.Body); reply.StatusCode != c.want {
				t.Errorf("status %d, want %d: %s", reply.StatusCode, c.want, content)
			}
		})
	}
}

func TestPut_NotifiesBeforeResponse(t *testing.T) {
	t.Parallel()
	var events []s3.Event
	fail := errors.New("the queue is away")
	db := startServer(t, s3.Config{Notify: func(e s3.Event) error {
		events = append(events, e)
		if e.Key == "lost" {
			return fail
		}
		return nil
	}})
	putObject(t, db, "inbound/a b", "hallo")
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	got := events[0]
	got.Time = time.Time{}
	want := s3.Event{Name: "ObjectCreated:Put", Bucket: bucket, Key: "inbound/a b", Size: 5, ETag: "598d4c200461b81522a3328565c25f7c"}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("lost")}, func(o *awss3.Options) {
		o.RetryMaxAttempts = 1
	})
	checkErrorCode(t, err, "InternalError")
}

// serverDirEnv is set in the child process of TestPut_SurvivesKill, to the data folder.
const serverDirEnv = "HEARD_TEST_S3_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverDirEnv); dir != "" {
		serveForever(dir)
	}
	os.Exit(m.Run())
}

func openServer(t testing.TB, cfg s3.Config) *s3.Server {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	s, err := s3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	return s
}

func startServer(t testing.TB, cfg s3.Config, options ...func(*awss3.Options)) *awss3.Client {
	t.Helper()
	server := httptest.NewServer(openServer(t, cfg))
	t.Cleanup(server.Close)
	return newClient(server.URL, options...)
}

func newClient(endpoint string, options ...func(*awss3.Options)) *awss3.Client {
	return awss3.New(awss3.Options{
		Region:                     "eu-west-1",
		BaseEndpoint:               &endpoint,
		UsePathStyle:               true,
		Credentials:                credentials.NewStaticCredentialsProvider("local", "secret", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}, options...)
}

func putObject(t testing.TB, db *awss3.Client, key, content string) {
	t.Helper()
	_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
}

func getObject(t testing.TB, db *awss3.Client, key string) []byte {
	t.Helper()
	out, err := db.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return readBody(t, out.Body)
}

func listKeys(t testing.TB, db *awss3.Client, prefix, delimiter string, size int32) []string {
	t.Helper()
	var keys []string
	pages := awss3.NewListObjectsV2Paginator(db, &awss3.ListObjectsV2Input{
		Bucket: aws.String(bucket), Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &size,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
		for _, p := range page.CommonPrefixes {
			keys = append(keys, *p.Prefix)
		}
	}
	slices.Sort(keys)
	return keys
}

func readBody(t testing.TB, body io.ReadCloser) []byte {
	t.Helper()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	_ = body.Close()
	return content
}

func fetchURL(t testing.TB, address string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reply.Body.Close() })
	return reply
}

func checkErrorCode(t testing.TB, err error, want string) {
	t.Helper()
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

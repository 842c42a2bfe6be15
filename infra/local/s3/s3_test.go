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

func TestAnObjectComesBackAsItWent(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"with a plain key":                 "inbound/abc",
		"with spaces and signs":            "a b/c+d&e=f?g#h%20i:j",
		"with a key that is a path":        "../../etc/passwd",
		"with slashes in a row":            "/a//b/",
		"with letters from elsewhere":      "naïef/日本/😀",
		"with a key as long as may be":     strings.Repeat("k", 1024),
		"with another case of another key": "INBOUND/ABC",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := start(t, s3.Config{})
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
			if content := read(t, got.Body); !bytes.Equal(content, want) {
				t.Errorf("content %q, want %q", content, want)
			}
			if *got.ContentType != "text/plain; charset=utf-8" || *got.ContentDisposition != `attachment; filename="a.txt"` {
				t.Errorf("headers %s, %s", *got.ContentType, *got.ContentDisposition)
			}
			if got.Metadata["mailbox"] != "help" || len(got.Metadata) != 1 {
				t.Errorf("metadata %v", got.Metadata)
			}
			if *got.ETag != *put.ETag {
				t.Errorf("ETag %s, put with %s", *got.ETag, *put.ETag)
			}
			head, err := db.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			if *head.ContentLength != int64(len(want)) || head.Metadata["mailbox"] != "help" {
				t.Errorf("head: %d bytes, %v", *head.ContentLength, head.Metadata)
			}
		})
	}
}

func TestWhatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
	_, err := db.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("none")})
	if _, ok := errors.AsType[*types.NoSuchKey](err); !ok {
		t.Errorf("get: %v", err)
	}
	_, err = db.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("none")})
	if _, ok := errors.AsType[*types.NotFound](err); !ok {
		t.Errorf("head: %v", err)
	}
	_, err = db.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("no-such"), Key: aws.String("a")})
	wantCode(t, err, "NoSuchBucket")
}

func TestIfNoneMatchLetsOneOfManyWin(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
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
			wantCode(t, err, "PreconditionFailed")
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d puts won, want 1", len(won))
	}
	if got := get(t, db, "once"); string(got) != won[0] {
		t.Errorf("holds %q, won by %q", got, won[0])
	}
}

func TestARangeIsAPartOfTheWhole(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
	put(t, db, "abc", "0123456789")
	for asked, want := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-2": "89", "bytes=8-99": "89"} {
		got, err := db.GetObject(t.Context(), &awss3.GetObjectInput{
			Bucket: aws.String(bucket), Key: aws.String("abc"), Range: &asked,
		})
		if err != nil {
			t.Fatal(err)
		}
		if content := read(t, got.Body); string(content) != want {
			t.Errorf("%s gave %q, want %q", asked, content, want)
		}
	}
	_, err := db.GetObject(t.Context(), &awss3.GetObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("abc"), Range: aws.String("bytes=10-"),
	})
	wantCode(t, err, "InvalidRange")
}

func TestAListGoesByPageAndFolder(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
	for _, key := range []string{"a/1", "a/2", "a/b/3", "b", "c/4", "c/5", "d", "/e"} {
		put(t, db, key, key)
	}
	for name, c := range map[string]struct {
		prefix, delimiter, want string
	}{
		"everything":           {"", "", "/e a/1 a/2 a/b/3 b c/4 c/5 d"},
		"below a prefix":       {"a/", "", "a/1 a/2 a/b/3"},
		"the folders":          {"", "/", "/ a/ b c/ d"},
		"a folder":             {"a/", "/", "a/1 a/2 a/b/"},
		"what a name begins":   {"c", "/", "c/"},
		"nothing":              {"x", "/", ""},
		"below a leading dash": {"/", "/", "/e"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int32{1, 2, 1000} {
				if got := list(t, db, c.prefix, c.delimiter, size); strings.Join(got, " ") != c.want {
					t.Errorf("pages of %d: %v, want %s", size, got, c.want)
				}
			}
		})
	}
}

func TestObjectsAreDeletedOneByOneAndTogether(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
	for _, key := range []string{"a", "b", "c", "d"} {
		put(t, db, key, key)
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
	if got := list(t, db, "", "", 10); !slices.Equal(got, []string{"d"}) {
		t.Errorf("left %v, want d", got)
	}
}

func TestACopyHasContentAndHeaders(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
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
	if content := read(t, got.Body); string(content) != "hallo" || *got.ContentType != "text/plain" || got.Metadata["n"] != "1" {
		t.Errorf("copy is %q, %s, %v", content, *got.ContentType, got.Metadata)
	}
}

func TestAnUploadInPartsIsOneObject(t *testing.T) {
	t.Parallel()
	var events []s3.Event
	dir := t.TempDir()
	db := start(t, s3.Config{Dir: dir, Notify: func(e s3.Event) error {
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

	db = start(t, s3.Config{Dir: dir, Notify: func(e s3.Event) error {
		events = append(events, e)
		return nil
	}}) // an upload outlives the server that began it
	list, err := db.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: aws.String(bucket), Key: aws.String("big"), UploadId: up.UploadId})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Parts) != 2 || *list.Parts[1].ETag != *done[1].ETag || *list.Parts[0].Size != 5<<20 {
		t.Errorf("parts %+v", list.Parts)
	}
	complete := func(parts ...types.CompletedPart) error {
		_, err := db.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
			Bucket: aws.String(bucket), Key: aws.String("big"), UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	}
	wantCode(t, complete(done[0], stale), "InvalidPart")
	wantCode(t, complete(done[1], done[0]), "InvalidPartOrder")
	if err := complete(done...); err != nil {
		t.Fatal(err)
	}
	wantCode(t, complete(done...), "NoSuchUpload")
	if got := get(t, db, "big"); !bytes.Equal(got, append(first, second...)) {
		t.Errorf("%d bytes, not the parts in a row", len(got))
	}
	if len(events) != 1 || events[0].Name != "ObjectCreated:CompleteMultipartUpload" {
		t.Errorf("events %+v", events)
	}
}

func TestAnUploadCanBeGivenUp(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
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
	wantCode(t, err, "NoSuchUpload")
}

func TestAnObjectOf50MBFitsAndMoreDoesNot(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
	content := make([]byte, 50<<20)
	_, _ = rand.Read(content)
	put(t, db, "large", string(content))
	if got := get(t, db, "large"); !bytes.Equal(got, content) {
		t.Error("it came back otherwise")
	}
	_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("larger"), Body: bytes.NewReader(append(content, 0)),
	})
	wantCode(t, err, "EntityTooLarge")
}

func TestAPresignedURLOverridesHeadersAndExpires(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
	put(t, db, "a b", "hallo")
	signed, err := awss3.NewPresignClient(db).PresignGetObject(t.Context(), &awss3.GetObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("a b"),
		ResponseContentType: aws.String("image/jpeg"), ResponseContentDisposition: aws.String(`inline; filename="foto.jpg"`),
	}, awss3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	reply := fetch(t, signed.URL)
	if content := read(t, reply.Body); string(content) != "hallo" {
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
	reply = fetch(t, old.String())
	if content := read(t, reply.Body); reply.StatusCode != http.StatusForbidden || !bytes.Contains(content, []byte("Request has expired")) {
		t.Errorf("after its time: %d, %s", reply.StatusCode, content)
	}
}

func TestTheSDKIsContentWithEveryReply(t *testing.T) {
	t.Parallel()
	var complaints bytes.Buffer
	db := start(t, s3.Config{}, func(o *awss3.Options) { o.Logger = logging.NewStandardLogger(&complaints) })
	put(t, db, "a", "hallo")
	get(t, db, "a")
	if complaints.Len() > 0 {
		t.Error(complaints.String())
	}
}

func TestABodyIsHeldAgainstItsChecksum(t *testing.T) {
	t.Parallel()
	db := start(t, s3.Config{})
	for name, sum := range map[string]func(*awss3.PutObjectInput, string){
		"CRC32":  func(in *awss3.PutObjectInput, s string) { in.ChecksumCRC32 = &s },
		"SHA256": func(in *awss3.PutObjectInput, s string) { in.ChecksumSHA256 = &s },
	} {
		in := &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("bad"), Body: strings.NewReader("hallo")}
		sum(in, "AAAAAA==")
		_, err := db.PutObject(t.Context(), in)
		if wantCode(t, err, "BadDigest"); t.Failed() {
			t.Fatal(name)
		}
	}
	if got := list(t, db, "", "", 10); len(got) != 0 {
		t.Errorf("stored all the same: %v", got)
	}
	for _, algorithm := range types.ChecksumAlgorithm("").Values() {
		if strings.HasPrefix(string(algorithm), "XX") || algorithm == "SHA512" || algorithm == "MD5" {
			continue // which the stand-in does not know, and takes as it comes
		}
		_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
			Bucket: aws.String(bucket), Key: aws.String("good"), Body: strings.NewReader("hallo"), ChecksumAlgorithm: algorithm,
		})
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// TestABodyInChunksIsTakenApart sends what the SDK sends over TLS when it cannot read a body twice.
func TestABodyInChunksIsTakenApart(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(open(t, s3.Config{}))
	t.Cleanup(server.Close)
	db := client(server.URL, func(o *awss3.Options) { o.HTTPClient = server.Client() })
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
	if !bytes.Equal(read(t, got.Body), content) || *got.ContentEncoding != "gzip" {
		t.Errorf("came back otherwise, encoded %s", *got.ContentEncoding)
	}
}

func TestABrokenBodyInChunksIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(open(t, s3.Config{}))
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"whole":                       {"5;chunk-signature=0\r\nhallo\r\n0\r\nx-amz-checksum-crc32:uXIx0Q==\r\n\r\n", http.StatusOK},
		"with another checksum":       {"5\r\nhallo\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", http.StatusBadRequest},
		"without the checksum":        {"5\r\nhallo\r\n0\r\n\r\n", http.StatusBadRequest},
		"with a size that is no size": {"hallo", http.StatusBadRequest},
		"that ends early":             {"5\r\nhal", http.StatusBadRequest},
		"that is longer than it said": {"6\r\nhallo!\r\n0\r\nx-amz-checksum-crc32:bwZvoA==\r\n\r\n", http.StatusBadRequest},
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
			if content := read(t, reply.Body); reply.StatusCode != c.want {
				t.Errorf("%d, want %d: %s", reply.StatusCode, c.want, content)
			}
		})
	}
}

func TestAnEventTellsOfEveryObjectBeforeTheReply(t *testing.T) {
	t.Parallel()
	var events []s3.Event
	fail := errors.New("the queue is away")
	db := start(t, s3.Config{Notify: func(e s3.Event) error {
		events = append(events, e)
		if e.Key == "lost" {
			return fail
		}
		return nil
	}})
	put(t, db, "inbound/a b", "hallo")
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
	wantCode(t, err, "InternalError")
}

// killed is set in the child process of TestWhatWasAcknowledgedSurvivesAKill, to its folder.
const killed = "HEARD_TEST_S3_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		serveForever(dir)
	}
	os.Exit(m.Run())
}

func open(t testing.TB, cfg s3.Config) *s3.Server {
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

func start(t testing.TB, cfg s3.Config, options ...func(*awss3.Options)) *awss3.Client {
	t.Helper()
	server := httptest.NewServer(open(t, cfg))
	t.Cleanup(server.Close)
	return client(server.URL, options...)
}

func client(endpoint string, options ...func(*awss3.Options)) *awss3.Client {
	return awss3.New(awss3.Options{
		Region:                     "eu-west-1",
		BaseEndpoint:               &endpoint,
		UsePathStyle:               true,
		Credentials:                credentials.NewStaticCredentialsProvider("local", "secret", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}, options...)
}

func put(t testing.TB, db *awss3.Client, key, content string) {
	t.Helper()
	_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, db *awss3.Client, key string) []byte {
	t.Helper()
	out, err := db.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return read(t, out.Body)
}

func list(t testing.TB, db *awss3.Client, prefix, delimiter string, size int32) []string {
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

func read(t testing.TB, body io.ReadCloser) []byte {
	t.Helper()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	_ = body.Close()
	return content
}

func fetch(t testing.TB, address string) *http.Response {
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

func wantCode(t testing.TB, err error, want string) {
	t.Helper()
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

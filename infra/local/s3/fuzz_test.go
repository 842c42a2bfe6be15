package s3_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/heard-intake/heard/infra/local/s3"
)

// FuzzDecodeBody_Chunked checks that an accepted object has its announced length, and that any other body gets a 400.
func FuzzDecodeBody_Chunked(f *testing.F) {
	f.Add("5;chunk-signature=0\r\nhallo\r\n0\r\nx-amz-checksum-crc32:uXIx0Q==\r\n\r\n")
	f.Add("2\r\nha\r\n3\r\nllo\r\n0\r\n\r\n")
	f.Add("-1\r\n")
	f.Add("ffffffffffffffff\r\n")
	server, err := s3.New(s3.Config{Dir: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	if err := server.CreateBucket(bucket); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPut, "/"+bucket+"/key", strings.NewReader(body))
		r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		r.Header.Set("X-Amz-Decoded-Content-Length", "5")
		reply := httptest.NewRecorder()
		server.ServeHTTP(reply, r)
		switch reply.Code {
		case http.StatusBadRequest:
		case http.StatusOK:
			got := httptest.NewRecorder()
			server.ServeHTTP(got, httptest.NewRequest(http.MethodGet, "/"+bucket+"/key", nil))
			if got.Body.Len() != 5 {
				t.Errorf("%q was stored as %q, want 5 bytes", body, got.Body)
			}
		default:
			t.Errorf("status %d for %q, want 200 or 400: %s", reply.Code, body, reply.Body)
		}
	})
}

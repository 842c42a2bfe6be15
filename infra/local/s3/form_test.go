package s3_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/s3"
)

func TestPostForm_Policy(t *testing.T) {
	t.Parallel()
	conditions := []any{
		[]any{"content-length-range", 1, 10},
		[]any{"starts-with", "$Content-Type", "image/"},
		map[string]string{"success_action_status": "201"},
	}
	for name, c := range map[string]struct {
		change  func(fields map[string]string)
		expires time.Duration
		content string
		want    int
	}{
		"matching form":      {want: http.StatusCreated, content: "0123456789"},
		"file too large":     {want: http.StatusBadRequest, content: "0123456789a"},
		"empty file":         {want: http.StatusBadRequest},
		"other key":          {want: http.StatusForbidden, content: "a", change: func(f map[string]string) { f["key"] = "other" }},
		"other content type": {want: http.StatusForbidden, content: "a", change: func(f map[string]string) { f["Content-Type"] = "text/html" }},
		"other status":       {want: http.StatusForbidden, content: "a", change: func(f map[string]string) { f["success_action_status"] = "200" }},
		"no policy":          {want: http.StatusForbidden, content: "a", change: func(f map[string]string) { delete(f, "policy") }},
		"expired policy":     {want: http.StatusForbidden, content: "a", expires: -time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(openServer(t, s3.Config{}))
			t.Cleanup(server.Close)
			db := newClient(server.URL)
			signed, err := awss3.NewPresignClient(db).PresignPostObject(t.Context(), &awss3.PutObjectInput{
				Bucket: aws.String(bucket), Key: aws.String("uploads/foto"),
			}, func(o *awss3.PresignPostOptions) {
				o.Conditions = conditions
				o.Expires = time.Minute
				if c.expires != 0 {
					o.Expires = c.expires
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			fields := signed.Values
			fields["Content-Type"], fields["success_action_status"] = "image/png", "201"
			if c.change != nil {
				c.change(fields)
			}
			reply := postForm(t, signed.URL, fields, c.content)
			if body := readBody(t, reply.Body); reply.StatusCode != c.want {
				t.Fatalf("status %d, want %d: %s", reply.StatusCode, c.want, body)
			}
			if c.want != http.StatusCreated {
				return
			}
			if got := getObject(t, db, "uploads/foto"); string(got) != c.content {
				t.Errorf("got content %q, want %q", got, c.content)
			}
		})
	}
}

func postForm(t testing.TB, address string, fields map[string]string, content string) *http.Response {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("file", "foto.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strings.NewReader(content).WriteTo(file); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

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

func TestAFormIsHeldToItsPolicy(t *testing.T) {
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
		"as it says":         {want: http.StatusCreated, content: "0123456789"},
		"with too large":     {want: http.StatusBadRequest, content: "0123456789a"},
		"with nothing":       {want: http.StatusBadRequest},
		"for another key":    {want: http.StatusForbidden, content: "a", change: func(f map[string]string) { f["key"] = "other" }},
		"for another type":   {want: http.StatusForbidden, content: "a", change: func(f map[string]string) { f["Content-Type"] = "text/html" }},
		"for another status": {want: http.StatusForbidden, content: "a", change: func(f map[string]string) { f["success_action_status"] = "200" }},
		"without a policy":   {want: http.StatusForbidden, content: "a", change: func(f map[string]string) { delete(f, "policy") }},
		"after its time":     {want: http.StatusForbidden, content: "a", expires: -time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(open(t, s3.Config{}))
			t.Cleanup(server.Close)
			db := client(server.URL)
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
			reply := post(t, signed.URL, fields, c.content)
			if body := read(t, reply.Body); reply.StatusCode != c.want {
				t.Fatalf("%d, want %d: %s", reply.StatusCode, c.want, body)
			}
			if c.want != http.StatusCreated {
				return
			}
			if got := get(t, db, "uploads/foto"); string(got) != c.content {
				t.Errorf("holds %q, want %q", got, c.content)
			}
		})
	}
}

func post(t testing.TB, address string, fields map[string]string, content string) *http.Response {
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

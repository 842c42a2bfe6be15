package s3_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/s3"
)

var at = time.Date(2026, 3, 1, 9, 30, 0, 123e6, time.UTC)

func TestEvent_JSON(t *testing.T) {
	t.Parallel()
	e := s3.Event{Name: "ObjectCreated:Put", Bucket: bucket, Key: "inbound/naïef a+b=c", Size: 5, ETag: "d41d8", Time: at}
	var got events.S3Event
	if err := json.Unmarshal(e.JSON("mail"), &got); err != nil {
		t.Fatal(err)
	}
	r := got.Records[0]
	if r.S3.Object.URLDecodedKey != e.Key {
		t.Errorf("key %q, want %q", r.S3.Object.URLDecodedKey, e.Key)
	}
	if want := "inbound/na%C3%AFef+a%2Bb%3Dc"; r.S3.Object.Key != want {
		t.Errorf("key %q, want %q", r.S3.Object.Key, want)
	}
	if r.EventName != e.Name || r.S3.Bucket.Name != bucket || r.S3.Object.Size != 5 || !r.EventTime.Equal(at) || r.EventSource != "aws:s3" {
		t.Errorf("record %+v", r)
	}
}

func TestTestEventJSON(t *testing.T) {
	t.Parallel()
	var got map[string]string
	if err := json.Unmarshal(s3.TestEventJSON(bucket, at), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "RequestId")
	delete(got, "HostId")
	want := map[string]string{
		"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-03-01T09:30:00.123Z", "Bucket": bucket,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

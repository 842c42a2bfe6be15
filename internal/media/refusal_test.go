package media_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/internal/media"
	"github.com/heard-intake/heard/internal/message"
)

func TestHandle_AWSRefusals(t *testing.T) {
	t.Parallel()
	const path = "/v1/whatsapp/media/get"
	for name, c := range map[string]struct {
		fault  *graph.Fault
		medium graph.Medium
		tries  int // until it is final; 0 if it never is
		reason string
	}{
		"missing file":       {medium: graph.Medium{ID: "other"}, tries: 3, reason: message.Gone},
		"oversized file":     {medium: graph.Medium{ID: "77", Data: picture, Size: 101 << 20}, tries: 1, reason: message.TooLarge},
		"wrong checksum":     {medium: graph.Medium{ID: "77", Data: []byte("not the picture")}, tries: 3, reason: message.Damaged},
		"missing permission": {fault: &graph.Fault{Status: 403}, medium: graph.Medium{ID: "77", Data: picture}},
		"too many requests":  {fault: &graph.Fault{Status: 429}, medium: graph.Medium{ID: "77", Data: picture}},
		"Meta unavailable":   {fault: &graph.Fault{Status: 502}, medium: graph.Medium{ID: "77", Data: picture}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.graph.AddMedium(c.medium)
			w.graph.Fail(path, c.fault)
			a := image("77")
			a.SHA256 = sum(picture)
			w.storeMessageVia(t, message.WhatsApp, phoneNumberARN, a)
			for try := 1; ; try++ {
				done := w.handleOnce(t)
				if done && try == c.tries {
					break
				}
				if done || c.tries > 0 && try >= c.tries {
					t.Fatalf("after try %d: done %t, want done at try %d", try, done, c.tries)
				}
				w.now = w.now.Add(time.Hour)
				if c.tries == 0 && try == 2 {
					w.graph.Fail(path, nil)
					if !w.handleOnce(t) || w.fileStates(t)[0].State != message.Stored {
						t.Errorf("after the failure ended: got %+v, want stored", w.fileStates(t))
					}
					return
				}
			}
			if got := w.fileStates(t); got[0].State != message.Failed || got[0].Reason != c.reason {
				t.Errorf("files: got %+v, want failed for %s", got, c.reason)
			}
		})
	}
}

func TestHandle_PlatformRefusals(t *testing.T) {
	t.Parallel()
	const lookup, content = "/v24.0/77", "/media/77"
	tests := []struct {
		name    string
		path    string
		fault   *graph.Fault
		medium  graph.Medium
		prepare func(*fixture)
		tries   int    // until it is final; 0: it is not, while the platform keeps the file
		reason  string // then
		wait    time.Duration
	}{
		{name: "missing medium", path: lookup, fault: &graph.Fault{Status: 404, Code: 100, Subcode: 33}, tries: 1, reason: message.Gone},
		{name: "missing medium or permission", path: lookup, fault: &graph.Fault{Status: 400, Code: 100, Subcode: 33}, tries: 10, reason: message.Gone},
		{name: "address that keeps expiring", path: content, fault: &graph.Fault{Status: 404}, tries: 3, reason: message.Gone},
		{name: "refused token", path: lookup, fault: &graph.Fault{Status: 401, Code: 190}, wait: 5 * time.Minute},
		{name: "refused token with status 400", path: lookup, fault: &graph.Fault{Status: 400, Code: 190}, wait: 5 * time.Minute},
		{name: "missing permission, code 10", path: lookup, fault: &graph.Fault{Status: 403, Code: 10}, wait: 5 * time.Minute},
		{name: "token refused by the media server", path: content, fault: &graph.Fault{Status: 401}, wait: 5 * time.Minute},
		{name: "too many requests", path: lookup, fault: &graph.Fault{Status: 429, RetryAfter: "600"}, wait: 10 * time.Minute},
		{name: "too many requests, retry after a year", path: content, fault: &graph.Fault{Status: 429, RetryAfter: "31536000"}, wait: time.Hour},
		{name: "too many requests, code 80007", path: lookup, fault: &graph.Fault{Status: 400, Code: 80007}, wait: time.Minute},
		{name: "platform down", path: lookup, fault: &graph.Fault{Status: 500, Code: 2}},
		{name: "media server down", path: content, fault: &graph.Fault{Status: 503}},
		{name: "stalled response", path: content, fault: &graph.Fault{Stall: true}},
		{name: "unknown status", path: content, fault: &graph.Fault{Status: 418}, tries: 3, reason: message.Refused},
		{name: "redirect to another host", path: content, fault: &graph.Fault{Status: 302, Location: "https://example.com/x"}, tries: 1, reason: message.Blocked},
		{name: "redirect to instance metadata", path: content, fault: &graph.Fault{Status: 302, Location: "http://169.254.169.254/latest/meta-data/"}, tries: 1, reason: message.Blocked},
		{name: "wrong checksum", medium: graph.Medium{SHA256: sum([]byte("other"))}, tries: 3, reason: message.Damaged},
		{name: "file declared as too large", medium: graph.Medium{Size: 200 << 20}, tries: 1, reason: message.TooLarge},
		{name: "empty file", medium: graph.Medium{Data: []byte{}}, tries: 3, reason: message.Damaged},
		{name: "file after seven days", prepare: func(w *fixture) { w.now = at.Add(7*24*time.Hour + time.Second) }, tries: 1, reason: message.Gone},
		{name: "token not set", prepare: func(w *fixture) { w.token.now = "" }, wait: 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			m := tt.medium
			m.ID, m.Type, m.At = "77", "image/png", at
			if m.Data == nil {
				m.Data = picture
			}
			w.graph.AddMedium(m)
			if tt.fault != nil {
				w.graph.Fail(tt.path, tt.fault)
			}
			if tt.prepare != nil {
				tt.prepare(w)
			}
			w.storeMessage(t, message.WhatsApp, image("77"))
			handle := w.handleOnce
			if tt.fault != nil && tt.fault.Stall {
				handle = w.handleBriefly
			}
			for n := 1; n < tt.tries || tt.tries == 0 && n <= 2; n++ {
				if handle(t) || w.fileStates(t)[0].State != message.Pending {
					t.Fatalf("final after try %d: %+v", n, w.fileStates(t))
				}
				w.now = w.now.Add(time.Hour) // longer than any pause
			}
			if tt.tries == 0 {
				if w.delays.all[0] != max(tt.wait, 30*time.Second) || w.delays.all[1] != max(tt.wait, time.Minute) {
					t.Errorf("delays: got %v, want at least %v", w.delays.all, tt.wait)
				}
				w.now = at.Add(7*24*time.Hour + time.Second)
			}
			if !handle(t) {
				t.Fatal("the job is not done, want a final result")
			}
			reason := tt.reason
			if got := w.fileStates(t)[0]; got.State != message.Failed || reason != "" && got.Reason != reason || got.Reason == "" {
				t.Errorf("final state: got %+v, want failed for %s", got, reason)
			}
			if unauthorized := tt.wait == 5*time.Minute; unauthorized != (w.counts.sum["Unauthorized"] > 0) || w.counts.sum["Failed"] != 1 {
				t.Errorf("counts: got %v", w.counts.sum)
			}
			if out, err := w.objects.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("blobs")}); err != nil || len(out.Contents) != 0 {
				t.Errorf("objects in the bucket: got %d, %v, want none", len(out.Contents), err)
			}
		})
	}
}

// handleBriefly is handleOnce in an invocation that ends soon.
func (w *fixture) handleBriefly(t testing.TB) bool {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(media.ResultMargin+300*time.Millisecond))
	defer cancel()
	return w.handleOnce(testWithContext{t, ctx})
}

// testWithContext is a test with another context.
type testWithContext struct {
	testing.TB
	ctx context.Context
}

func (w testWithContext) Context() context.Context { return w.ctx }

func TestHandle_PauseAfterRefusedToken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.token.now, w.token.next = "old", "old"
	w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture})
	w.storeMessage(t, message.WhatsApp, image("77"))
	for range 3 {
		if w.handleOnce(t) {
			t.Fatal("the job is done, want a failure")
		}
	}
	if asked := w.graph.Asked(); len(asked) != 1 {
		t.Errorf("requests: got %v", asked)
	}
	w.token.now = "s3cret" // the operator has set it
	w.now = w.now.Add(5 * time.Minute)
	if !w.handleOnce(t) || w.fileStates(t)[0].State != message.Stored {
		t.Errorf("files: got %+v", w.fileStates(t))
	}
	if w.counts.sum["Unauthorized"] != 1 {
		t.Errorf("counts: got %v", w.counts.sum)
	}
}

func TestHandle_RefreshedToken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.token.now, w.token.next = "old", "s3cret"
	w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture})
	w.storeMessage(t, message.WhatsApp, image("77"))
	if w.handleOnce(t) {
		t.Fatal("the job is done, want a failure")
	}
	w.now = w.now.Add(5 * time.Minute)
	if !w.handleOnce(t) || w.fileStates(t)[0].State != message.Stored {
		t.Errorf("files: got %+v", w.fileStates(t))
	}
}

func TestHandle_RetryDelays(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.graph.Fail("/v24.0/77", &graph.Fault{Status: 500})
	w.storeMessage(t, message.WhatsApp, image("77"))
	for range 12 {
		if w.handleOnce(t) {
			t.Fatal("the job is done, want a failure")
		}
	}
	var seconds []int
	for _, d := range w.delays.all {
		seconds = append(seconds, int(d.Seconds()))
	}
	want := []int{30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600}
	if diff := cmp.Diff(want, seconds); diff != "" {
		t.Error(diff)
	}
}

package media_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/media"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/social"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// A picture, as far as anybody looks.
var picture = []byte("\x89PNG\r\n\x1a\n the rest of a picture")

// counts adds up what was counted.
type counts struct {
	mu  sync.Mutex
	sum map[string]int
}

func (c *counts) Count(_, _ string, counts map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range counts {
		c.sum[k] += v
	}
}

// token is an access token that can change, and those of single accounts.
type token struct {
	now, next string
	own       map[string]string
}

func (t *token) Value(_ context.Context, name string) (string, error) {
	if _, account, ok := strings.Cut(name, ":"); ok {
		if own := t.own[account]; own != "" {
			return own, nil
		}
		return "", fault.New(fault.Internal, "secret: %s is not set", name)
	}
	if t.now == "" {
		return "", fault.New(fault.Internal, "secret: accessToken is not set")
	}
	return t.now, nil
}

func (t *token) Refresh(context.Context) (bool, error) {
	if t.next != "" {
		t.now = t.next
	}
	return true, nil
}

// delays is a queue whose delays are noted, and not waited for.
type delays struct {
	*queue.Queue
	all []time.Duration
}

func (d *delays) Delay(ctx context.Context, receipt string, wait time.Duration) error {
	d.all = append(d.all, wait)
	return errors.Join(d.Queue.Delay(ctx, receipt, wait), d.Queue.Delay(ctx, receipt, 0))
}

// A world is all that the function works with.
type world struct {
	table   *store.Table
	objects *awss3.Client
	queue   *awssqs.Client
	url     string // of the queue
	graph   *graph.Server
	origin  string // of the graph
	delays  *delays
	counts  *counts
	token   *token
	now     time.Time
	handler *media.Handler
	who     identity.CustomerID
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	web := httptest.NewServer(h)
	t.Cleanup(func() { web.CloseClientConnections(); web.Close() })
	return web.URL
}

func newWorld(t testing.TB) *world {
	t.Helper()
	objects, err := s3.New(s3.Config{Dir: t.TempDir(), MaxObject: 101 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := objects.CreateBucket("blobs"); err != nil {
		t.Fatal(err)
	}
	queues, err := sqs.New(sqs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queues.Close() })
	w := &world{table: storetest.New(t), token: &token{now: "s3cret"}, counts: &counts{sum: map[string]int{}}, now: at}
	w.graph = graph.New(graph.Config{Token: "s3cret", Now: func() time.Time { return w.now }, Put: objects.Put})
	w.origin = serve(t, w.graph)
	keys := credentials.NewStaticCredentialsProvider("k", "s", "")
	w.objects = awss3.New(awss3.Options{Region: "eu-west-1", BaseEndpoint: aws.String(serve(t, objects)), UsePathStyle: true, Credentials: keys})
	w.queue = awssqs.New(awssqs.Options{Region: "eu-west-1", BaseEndpoint: aws.String(serve(t, queues)), Credentials: keys})
	made, err := w.queue.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("heard-media")})
	if err != nil {
		t.Fatal(err)
	}
	w.url = *made.QueueUrl
	w.delays = &delays{Queue: queue.At(w.queue, w.url)}
	w.handler = w.newHandler(t, w.origin)
	if w.who, err = w.table.Identify(t.Context(), []identity.Address{jan}, identity.Evidence{Rule: "webhook", At: at}); err != nil {
		t.Fatal(err)
	}
	return w
}

// newHandler is what a function is after it started.
func (w *world) newHandler(t testing.TB, hosts ...string) *media.Handler {
	t.Helper()
	client, err := media.NewClient(hosts)
	if err != nil {
		t.Fatal(err)
	}
	return &media.Handler{
		Store: w.table, Blobs: blob.New(w.objects, "blobs"), Queue: w.delays, Client: client, Graph: w.origin + "/v24.0", Meter: w.counts,
		Tokens: map[contact.Channel]media.Token{contact.WhatsApp: w.token, contact.Messenger: w.token, contact.Instagram: w.token},
		Now:    func() time.Time { return w.now },
		Social: &social.Client{Endpoint: w.origin, Config: aws.Config{
			Region: "eu-west-1", HTTPClient: http.DefaultClient, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
		}},
	}
}

var jan = identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: "31970100000001"}, Assurance: identity.Verified}

// put stores a message of Jan's with files, and gives the function its job.
func (w *world) put(t testing.TB, ch contact.Channel, files ...contact.Attachment) contact.Message {
	t.Helper()
	return w.putVia(t, ch, "", files...)
}

// putVia is put of a message that AWS handed on.
func (w *world) putVia(t testing.TB, ch contact.Channel, via string, files ...contact.Attachment) contact.Message {
	t.Helper()
	const id = "wamid.A"
	m := contact.Message{
		Version: contact.SchemaVersion, ID: contact.NewID(ch, at, id), CustomerID: w.who, Channel: ch, Direction: contact.Inbound, Kind: contact.Image,
		ProviderID: id, Account: "110", Customer: jan, SentAt: at, ReceivedAt: at, Attachments: files, Via: via,
	}
	if _, err := w.table.PutMessage(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	w.want(t, contact.Job{Customer: w.who, Message: m.ID})
	return m
}

func (w *world) want(t testing.TB, job contact.Job) {
	t.Helper()
	body, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.delays.Put(t.Context(), body); err != nil {
		t.Fatal(err)
	}
}

// try lets the function handle what is on the queue, once, as Lambda does. It
// reports whether nothing is left.
func (w *world) try(t testing.TB) bool {
	t.Helper()
	got, err := w.queue.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &w.url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	done := true
	for _, m := range got.Messages {
		resp, err := w.handler.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{
			MessageId: *m.MessageId, Body: *m.Body, ReceiptHandle: *m.ReceiptHandle, Attributes: m.Attributes,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if len(resp.BatchItemFailures) > 0 {
			done = false
			continue
		}
		if _, err := w.queue.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &w.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
	return done
}

// files is what the history shows of the message's files.
func (w *world) files(t testing.TB) []contact.MediaFile {
	t.Helper()
	p, err := w.table.History(t.Context(), identity.Customer{ID: w.who, Members: []identity.CustomerID{w.who}}, contact.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if p.Entries[0].State == nil {
		return nil
	}
	return p.Entries[0].State.Files
}

func (w *world) object(t testing.TB, key string) (content []byte, contentType string) {
	t.Helper()
	out, err := w.objects.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("blobs"), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data, *out.ContentType
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func image(ref string) contact.Attachment {
	return contact.Attachment{Kind: contact.Image, Ref: ref, Type: "image/png", Name: "foto van mij.png"}
}

func TestAFileOfWhatsAppIsFetchedByItsID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.graph.AddMedium(graph.Medium{Type: "image/png", Data: picture})
	a := image(id)
	a.SHA256 = sum(picture)
	m := w.put(t, contact.WhatsApp, a)
	if diff := cmp.Diff([]contact.MediaFile{{State: contact.Pending}}, w.files(t)); diff != "" {
		t.Error("before: ", diff)
	}
	if !w.try(t) {
		t.Fatal("not done")
	}
	want := contact.MediaFile{
		State: contact.Stored, Type: "image/png", Size: int64(len(picture)), SHA256: sum(picture), Name: "foto van mij.png",
		Key: fmt.Sprintf("c/%s/f/%s/0", w.who, w.table.Hash("message", string(m.ID))),
	}
	if diff := cmp.Diff([]contact.MediaFile{want}, w.files(t)); diff != "" {
		t.Error(diff)
	}
	if data, typ := w.object(t, want.Key); !bytes.Equal(data, picture) || typ != "image/png" {
		t.Errorf("object %q of %s", data, typ)
	}
	if w.counts.sum["Fetched"] != 1 || len(w.delays.all) != 0 {
		t.Errorf("counts %v, delays %v", w.counts.sum, w.delays.all)
	}
}

const number = "arn:aws:social-messaging:eu-west-1:123456789012:phone-number-id/0a1b2c"

func TestAFileThatAWSHandedOnIsCopiedByAWSWithoutAToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.token.now = ""
	a := image(w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture}))
	a.SHA256 = sum(picture)
	w.putVia(t, contact.WhatsApp, number, a)
	if !w.try(t) {
		t.Fatal("not done")
	}
	got := w.files(t)
	if len(got) != 1 || got[0].State != contact.Stored || got[0].Type != "image/png" || got[0].SHA256 != sum(picture) || got[0].Size != int64(len(picture)) {
		t.Fatalf("files %+v", got)
	}
	if data, typ := w.object(t, got[0].Key); !bytes.Equal(data, picture) || typ != "image/png" {
		t.Errorf("object %q of %s", data, typ)
	}
}

func TestWhatAWSRefuses(t *testing.T) {
	t.Parallel()
	const path = "/v1/whatsapp/media/get"
	for name, c := range map[string]struct {
		fault  *graph.Fault
		medium graph.Medium
		tries  int // until it is final; 0: it is not
		reason string
	}{
		"a file that is gone":       {medium: graph.Medium{ID: "other"}, tries: 3, reason: contact.Gone},
		"a file that is too large":  {medium: graph.Medium{ID: "77", Data: picture, Size: 101 << 20}, tries: 1, reason: contact.TooLarge},
		"a file that is another":    {medium: graph.Medium{ID: "77", Data: []byte("not the picture")}, tries: 3, reason: contact.Damaged},
		"a permission that is not":  {fault: &graph.Fault{Status: 403}, medium: graph.Medium{ID: "77", Data: picture}},
		"too many requests":         {fault: &graph.Fault{Status: 429}, medium: graph.Medium{ID: "77", Data: picture}},
		"Meta, which does not work": {fault: &graph.Fault{Status: 502}, medium: graph.Medium{ID: "77", Data: picture}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.graph.AddMedium(c.medium)
			w.graph.Fail(path, c.fault)
			a := image("77")
			a.SHA256 = sum(picture)
			w.putVia(t, contact.WhatsApp, number, a)
			for try := 1; ; try++ {
				done := w.try(t)
				if done && try == c.tries {
					break
				}
				if done || c.tries > 0 && try >= c.tries {
					t.Fatalf("done: %t after try %d", done, try)
				}
				w.now = w.now.Add(time.Hour)
				if c.tries == 0 && try == 2 {
					w.graph.Fail(path, nil)
					if !w.try(t) || w.files(t)[0].State != contact.Stored {
						t.Error("not fetched when it could be")
					}
					return
				}
			}
			if got := w.files(t); got[0].State != contact.Failed || got[0].Reason != c.reason {
				t.Errorf("files %+v", got)
			}
		})
	}
}

func TestAnAccountMayHaveATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.token.now, w.token.own = "another's", map[string]string{"110": "s3cret"}
	w.put(t, contact.WhatsApp, image(w.graph.AddMedium(graph.Medium{Type: "image/png", Data: picture})))
	if !w.try(t) || w.files(t)[0].State != contact.Stored {
		t.Errorf("files %+v", w.files(t))
	}
}

func TestFilesOfMessengerAreFetchedByTheirAddressWithoutAToken(t *testing.T) {
	t.Parallel()
	for _, ch := range []contact.Channel{contact.Messenger, contact.Instagram} {
		t.Run(string(ch), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.token.now = ""
			one, two := w.graph.AddMedium(graph.Medium{ID: "1", Type: "image/png", Data: picture}), w.graph.AddMedium(graph.Medium{ID: "2", Type: "text/html", Data: []byte("<html>hoi")})
			w.put(t, ch, contact.Attachment{Kind: contact.Image, URL: w.origin + "/cdn/" + one}, contact.Attachment{Kind: contact.File, URL: w.origin + "/cdn/" + two, Name: "../x/brief.pdf"})
			if !w.try(t) {
				t.Fatal("not done")
			}
			got := w.files(t)
			if len(got) != 2 || got[0].Name != "image.png" || got[1].Name != "_x_brief.pdf" || got[1].Type != "text/html" || got[1].State != contact.Stored {
				t.Errorf("files %+v", got)
			}
		})
	}
}

func TestAWrongFileDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"1", "3"} {
		w.graph.AddMedium(graph.Medium{ID: id, Type: "image/png", Data: picture})
	}
	w.graph.Fail("/cdn/2", &graph.Fault{Status: http.StatusServiceUnavailable, Times: 1})
	var files []contact.Attachment
	for _, id := range []string{"1", "2", "3"} {
		files = append(files, contact.Attachment{Kind: contact.Image, URL: w.origin + "/cdn/" + id})
	}
	w.put(t, contact.Messenger, files...)
	if w.try(t) {
		t.Fatal("done, with a file missing")
	}
	got := w.files(t)
	if got[0].State != contact.Stored || got[1].State != contact.Pending || got[2].State != contact.Stored {
		t.Errorf("after one try %+v", got)
	}
	w.graph.AddMedium(graph.Medium{ID: "2", Type: "image/png", Data: picture})
	if !w.try(t) {
		t.Fatal("not done")
	}
	if got := w.files(t); got[1].State != contact.Stored {
		t.Errorf("after two %+v", got)
	}
	asked := map[string]int{}
	for _, path := range w.graph.Asked() {
		asked[path]++
	}
	if diff := cmp.Diff(map[string]int{"/cdn/1": 1, "/cdn/2": 2, "/cdn/3": 1}, asked); diff != "" {
		t.Error("asked: ", diff)
	}
}

// Every way in which a platform fails, and what it comes to after each try.
func TestWhatAPlatformRefuses(t *testing.T) {
	t.Parallel()
	const lookup, content = "/v24.0/77", "/media/77"
	tests := []struct {
		name    string
		path    string
		fault   *graph.Fault
		medium  graph.Medium
		prepare func(*world)
		tries   int    // until it is final; 0: it is not, while the platform keeps the file
		reason  string // then
		wait    time.Duration
	}{
		{name: "a medium that is gone", path: lookup, fault: &graph.Fault{Status: 404, Code: 100, Subcode: 33}, tries: 1, reason: contact.Gone},
		{name: "a medium that may be gone, or hidden from us", path: lookup, fault: &graph.Fault{Status: 400, Code: 100, Subcode: 33}, tries: 10, reason: contact.Gone},
		{name: "an address that keeps running out", path: content, fault: &graph.Fault{Status: 404}, tries: 3, reason: contact.Gone},
		{name: "a token that is not taken", path: lookup, fault: &graph.Fault{Status: 401, Code: 190}, wait: 5 * time.Minute},
		{name: "a token that is not taken, in the old way", path: lookup, fault: &graph.Fault{Status: 400, Code: 190}, wait: 5 * time.Minute},
		{name: "a permission that is missing", path: lookup, fault: &graph.Fault{Status: 403, Code: 10}, wait: 5 * time.Minute},
		{name: "a token that the media server does not take", path: content, fault: &graph.Fault{Status: 401}, wait: 5 * time.Minute},
		{name: "too many requests", path: lookup, fault: &graph.Fault{Status: 429, RetryAfter: "600"}, wait: 10 * time.Minute},
		{name: "too many requests, for a year", path: content, fault: &graph.Fault{Status: 429, RetryAfter: "31536000"}, wait: time.Hour},
		{name: "too many requests, in Meta's way", path: lookup, fault: &graph.Fault{Status: 400, Code: 80007}, wait: time.Minute},
		{name: "a platform that is down", path: lookup, fault: &graph.Fault{Status: 500, Code: 2}},
		{name: "a media server that is down", path: content, fault: &graph.Fault{Status: 503}},
		{name: "a file that breaks off", path: content, fault: &graph.Fault{Stall: true}},
		{name: "a refusal that nobody knows", path: content, fault: &graph.Fault{Status: 418}, tries: 3, reason: contact.Refused},
		{name: "a redirect to another host", path: content, fault: &graph.Fault{Status: 302, Location: "https://example.com/x"}, tries: 1, reason: contact.Blocked},
		{name: "a redirect to the cloud's own secrets", path: content, fault: &graph.Fault{Status: 302, Location: "http://169.254.169.254/latest/meta-data/"}, tries: 1, reason: contact.Blocked},
		{name: "a checksum that is another's", medium: graph.Medium{SHA256: sum([]byte("other"))}, tries: 3, reason: contact.Damaged},
		{name: "a file that is said to be too large", medium: graph.Medium{Size: 200 << 20}, tries: 1, reason: contact.TooLarge},
		{name: "a file of which nothing comes", medium: graph.Medium{Data: []byte{}}, tries: 3, reason: contact.Damaged},
		{name: "a file after seven days", prepare: func(w *world) { w.now = at.Add(7*24*time.Hour + time.Second) }, tries: 1, reason: contact.Gone},
		{name: "a token that is not set", prepare: func(w *world) { w.token.now = "" }, wait: 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
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
			w.put(t, contact.WhatsApp, image("77"))
			handle := w.try
			if tt.fault != nil && tt.fault.Stall {
				handle = w.tryBriefly
			}
			for n := 1; n < tt.tries || tt.tries == 0 && n <= 2; n++ {
				if handle(t) || w.files(t)[0].State != contact.Pending {
					t.Fatalf("final after try %d: %+v", n, w.files(t))
				}
				w.now = w.now.Add(time.Hour) // whatever pause there is
			}
			if tt.tries == 0 {
				if w.delays.all[0] != max(tt.wait, 30*time.Second) || w.delays.all[1] != max(tt.wait, time.Minute) {
					t.Errorf("delays %v", w.delays.all)
				}
				w.now = at.Add(7*24*time.Hour + time.Second)
			}
			if !handle(t) {
				t.Fatal("not final")
			}
			reason := tt.reason
			if got := w.files(t)[0]; got.State != contact.Failed || reason != "" && got.Reason != reason || got.Reason == "" {
				t.Errorf("final %+v, want reason %s", got, reason)
			}
			if unauthorized := tt.wait == 5*time.Minute; unauthorized != (w.counts.sum["Unauthorized"] > 0) || w.counts.sum["Failed"] != 1 {
				t.Errorf("counts %v", w.counts.sum)
			}
			if out, err := w.objects.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("blobs")}); err != nil || len(out.Contents) != 0 {
				t.Errorf("%d objects are left, %v", len(out.Contents), err)
			}
		})
	}
}

// tryBriefly is try in an invocation that is almost over.
func (w *world) tryBriefly(t testing.TB) bool {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(media.Margin+300*time.Millisecond))
	defer cancel()
	return w.try(within{t, ctx})
}

// within is a test with another context.
type within struct {
	testing.TB
	ctx context.Context
}

func (w within) Context() context.Context { return w.ctx }

func TestTheAddressIsAskedAnewForEachTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture})
	w.graph.Fail("/media/77", &graph.Fault{Status: 503, Times: 2})
	w.put(t, contact.WhatsApp, image("77"))
	for range 2 {
		if w.try(t) {
			t.Fatal("done")
		}
		w.now = w.now.Add(10 * time.Minute) // the address lives for five
	}
	if !w.try(t) || w.files(t)[0].State != contact.Stored {
		t.Fatalf("files %+v", w.files(t))
	}
}

func TestWhileATokenIsRefusedThePlatformIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.token.now, w.token.next = "old", "old"
	w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture})
	w.put(t, contact.WhatsApp, image("77"))
	for range 3 {
		if w.try(t) {
			t.Fatal("done")
		}
	}
	if asked := w.graph.Asked(); len(asked) != 1 {
		t.Errorf("asked %v", asked)
	}
	w.token.now = "s3cret" // the operator has set it
	w.now = w.now.Add(5 * time.Minute)
	if !w.try(t) || w.files(t)[0].State != contact.Stored {
		t.Errorf("files %+v", w.files(t))
	}
	if w.counts.sum["Unauthorized"] != 1 {
		t.Errorf("counts %v", w.counts.sum)
	}
}

func TestARefusedTokenIsReadAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.token.now, w.token.next = "old", "s3cret"
	w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture})
	w.put(t, contact.WhatsApp, image("77"))
	if w.try(t) {
		t.Fatal("done")
	}
	w.now = w.now.Add(5 * time.Minute)
	if !w.try(t) || w.files(t)[0].State != contact.Stored {
		t.Errorf("files %+v", w.files(t))
	}
}

func TestDelaysGrowToSixHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.graph.Fail("/v24.0/77", &graph.Fault{Status: 500})
	w.put(t, contact.WhatsApp, image("77"))
	for range 12 {
		if w.try(t) {
			t.Fatal("done")
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

// sizes serves as many bytes as its path says, with or without saying so.
func sizes(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if r.URL.Query().Has("say") {
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	}
	block := make([]byte, 1<<20)
	for ; n > 0; n -= int64(len(block)) {
		if _, err := w.Write(block[:min(n, int64(len(block)))]); err != nil {
			return
		}
	}
}

func TestAFileIsKeptUpToTheLimitAndNotAByteMore(t *testing.T) {
	t.Parallel()
	const limit = 100 << 20
	for name, tt := range map[string]struct {
		path  string
		state contact.FileState
	}{
		"as large as may be":                  {fmt.Sprint(limit), contact.Stored},
		"one byte more, as the server says":   {fmt.Sprint(limit+1) + "?say", contact.Failed},
		"one byte more, which nobody said":    {fmt.Sprint(limit + 1), contact.Failed},
		"a terabyte, of which nobody said it": {fmt.Sprint(1 << 40), contact.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			origin := serve(t, http.HandlerFunc(sizes))
			w.handler = w.newHandler(t, origin)
			w.put(t, contact.Messenger, contact.Attachment{Kind: contact.Video, URL: origin + "/" + tt.path})
			if !w.try(t) {
				t.Fatal("not done")
			}
			got := w.files(t)[0]
			if got.State != tt.state || got.State == contact.Failed && got.Reason != contact.TooLarge || got.State == contact.Stored && got.Size != limit {
				t.Errorf("file %+v", got)
			}
		})
	}
}

// crash is a bucket after whose first write the process is gone.
type crash struct {
	media.Blobs
	crashed bool
}

func (c *crash) PutFrom(ctx context.Context, key, typ string, r io.ReadSeeker, size int64) error {
	err := c.Blobs.PutFrom(ctx, key, typ, r, size)
	if !c.crashed {
		c.crashed = true
		return errors.New("killed")
	}
	return err
}

func TestAJobThatIsDoneTwiceEndsAsOnceDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture})
	m := w.put(t, contact.WhatsApp, image("77"))
	w.handler.Blobs = &crash{Blobs: w.handler.Blobs}
	if w.try(t) {
		t.Fatal("done by a process that was killed")
	}
	w.handler = w.newHandler(t, w.origin)
	if !w.try(t) {
		t.Fatal("not done")
	}
	first := w.files(t)
	w.want(t, contact.Job{Customer: w.who, Message: m.ID})
	if !w.try(t) {
		t.Fatal("not done again")
	}
	if diff := cmp.Diff(first, w.files(t)); diff != "" {
		t.Error(diff)
	}
	out, err := w.objects.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("blobs")})
	if err != nil || len(out.Contents) != 1 || len(w.graph.Asked()) != 4 {
		t.Errorf("%d objects, asked %v, %v", len(out.Contents), w.graph.Asked(), err)
	}
}

func TestAFileThatIsStoredStaysStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.put(t, contact.WhatsApp, image("77"))
	stored := contact.MediaFile{State: contact.Stored, Type: "image/png", Key: "k"}
	failed := contact.MediaFile{State: contact.Failed, Reason: contact.Gone}
	for _, f := range []contact.MediaFile{failed, stored, failed, stored} {
		_, err := w.table.PutEffect(t.Context(), w.who, contact.Effect{
			Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: contact.Media, At: at, File: &f,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]contact.MediaFile{stored}, w.files(t)); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageThatIsGoneNeedsNoFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, contact.Job{Customer: w.who, Message: contact.NewID(contact.WhatsApp, at, "wamid.gone")})
	w.want(t, contact.Job{Alias: "A#psid#gone"})
	if !w.try(t) || len(w.graph.Asked()) != 0 {
		t.Errorf("asked %v", w.graph.Asked())
	}
}

func TestWhatIsNoJobGoesToTheDeadLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{"", "{}", "no JSON", `{"message":"a","alias":"b"}`} {
		if body == "" {
			body = " "
		}
		if err := w.delays.Put(t.Context(), []byte(body)); err != nil {
			t.Fatal(err)
		}
		if w.try(t) {
			t.Errorf("%q is done", body)
		}
	}
}

func TestAnAttachmentThePlatformLostIsShownSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := image("77")
	a.Mark = "failed"
	w.put(t, contact.WhatsApp, a)
	if !w.try(t) || len(w.graph.Asked()) != 0 {
		t.Errorf("asked %v", w.graph.Asked())
	}
	if diff := cmp.Diff([]contact.MediaFile{{State: contact.Failed, Reason: contact.Lost}}, w.files(t)); diff != "" {
		t.Error(diff)
	}
}

func TestAFileOfAMessageThatLiesInTheBucketIsFetched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.graph.AddMedium(graph.Medium{ID: "1", Type: "image/png", Data: picture})
	whole := contact.Message{
		Version: contact.SchemaVersion, ID: contact.NewID(contact.Messenger, at, "m_1"), CustomerID: w.who, Channel: contact.Messenger,
		Direction: contact.Inbound, Kind: contact.Image, ProviderID: "m_1", Customer: jan, SentAt: at, Text: "the whole text",
		Attachments: []contact.Attachment{{Kind: contact.Image, URL: w.origin + "/cdn/1?" + strings.Repeat("x", 2000)}},
	}
	data, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.handler.Blobs.PutFrom(t.Context(), "c/x/m/1.json", "application/json", bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	preview := whole
	preview.Attachments = []contact.Attachment{{Kind: contact.Image, URL: whole.Attachments[0].URL[:100]}}
	if _, err := w.table.PutMessage(t.Context(), preview, "c/x/m/1.json"); err != nil {
		t.Fatal(err)
	}
	w.want(t, contact.Job{Customer: w.who, Message: whole.ID})
	if !w.try(t) || w.files(t)[0].State != contact.Stored {
		t.Errorf("files %+v", w.files(t))
	}
}

func TestANameIsAskedForOnceAndNeverInTheWayOfAnything(t *testing.T) {
	t.Parallel()
	psid := func(kind identity.Kind) identity.Address {
		return identity.Address{Alias: identity.Alias{Kind: kind, Scope: "page", Value: "7001"}, Assurance: identity.Verified}
	}
	tests := []struct {
		name    string
		kind    identity.Kind
		profile *graph.Profile
		fault   *graph.Fault
		token   string
		want    string
		tries   int
	}{
		{"a person on Messenger", identity.PSID, &graph.Profile{FirstName: "Els", LastName: "Voorbeeld"}, nil, "s3cret", "Els Voorbeeld", 1},
		{"an account on Instagram", identity.IGSID, &graph.Profile{Name: "Els maakt"}, nil, "s3cret", "Els maakt", 1},
		{"a person without a profile", identity.PSID, nil, nil, "s3cret", "", 1},
		{"no token is set", identity.PSID, &graph.Profile{FirstName: "Els"}, nil, "", "", 1},
		{"the platform comes back", identity.PSID, &graph.Profile{FirstName: "Els"}, &graph.Fault{Status: 500, Times: 2}, "s3cret", "Els", 3},
		{"the platform stays away", identity.PSID, &graph.Profile{FirstName: "Els"}, &graph.Fault{Status: 500}, "s3cret", "", 6},
		{"the token is refused", identity.PSID, &graph.Profile{FirstName: "Els"}, nil, "old", "", 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.token.now = tt.token
			if tt.profile != nil {
				w.graph.SetProfile("7001", *tt.profile)
			}
			if tt.fault != nil {
				w.graph.Fail("/v24.0/7001", tt.fault)
			}
			a := psid(tt.kind)
			who, err := w.table.Identify(t.Context(), []identity.Address{a}, identity.Evidence{Rule: "webhook", At: at})
			if err != nil {
				t.Fatal(err)
			}
			w.want(t, contact.Job{Alias: "A#" + string(tt.kind) + "#" + w.table.Hash(string(tt.kind), a.Key())})
			for n := 1; n < tt.tries; n++ {
				if w.try(t) {
					t.Fatalf("done after try %d", n)
				}
				w.now = w.now.Add(time.Hour)
			}
			if !w.try(t) {
				t.Fatal("not done")
			}
			if c, err := w.table.Customer(t.Context(), who); err != nil || c.Name != tt.want {
				t.Errorf("name %q, %v", c.Name, err)
			}
		})
	}
}

func TestTheRegistersNameCountsBeforeThePlatforms(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	plan, err := table.Register(t.Context(), identity.Registration{Account: "K-1", Name: "J. Voorbeeld", At: at})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.PutName(t.Context(), plan.Customer, "Jantje"); err != nil {
		t.Fatal(err)
	}
	if c, err := table.Customer(t.Context(), plan.Customer); err != nil || c.Name != "J. Voorbeeld" {
		t.Errorf("name %q, %v", c.Name, err)
	}
}

func TestNothingOfACustomerIsLogged(t *testing.T) { // not parallel: it watches the log of the program
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(old)
	w := newWorld(t)
	w.put(t, contact.Messenger,
		contact.Attachment{Kind: contact.Image, URL: "http://127.0.0.1:1/secret-address", Name: "secret-name.png"},
		contact.Attachment{Kind: contact.Image, URL: "https://user:secret-password@example.com/secret-path"},
		contact.Attachment{Kind: contact.Image, URL: ":secret"},
		contact.Attachment{Kind: contact.Image, URL: w.origin + "/cdn/secret-id"})
	w.graph.Fail("/cdn/secret-id", &graph.Fault{Status: 500})
	w.handler = w.newHandler(t, w.origin, "http://127.0.0.1:1")
	if w.try(t) {
		t.Fatal("done")
	}
	if log.Len() == 0 || strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "wamid") || strings.Contains(log.String(), "31970") {
		t.Errorf("logged %s", log.String())
	}
}

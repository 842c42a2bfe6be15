package media_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
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

	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/media"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// picture begins like a PNG file.
var picture = []byte("\x89PNG\r\n\x1a\n the rest of a picture")

// countingMeter adds up counts.
type countingMeter struct {
	mu  sync.Mutex
	sum map[string]int
}

func (c *countingMeter) Count(_, _ string, counts map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range counts {
		c.sum[k] += v
	}
}

// fakeToken is an access token that can change, and tokens of single accounts.
type fakeToken struct {
	now, next string
	own       map[string]string
}

func (t *fakeToken) Value(_ context.Context, name string) (string, error) {
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

func (t *fakeToken) Refresh(context.Context) (bool, error) {
	if t.next != "" {
		t.now = t.next
	}
	return true, nil
}

// delayingQueue records delays instead of waiting for them.
type delayingQueue struct {
	*queue.Queue
	all []time.Duration
}

func (d *delayingQueue) Delay(ctx context.Context, receipt string, wait time.Duration) error {
	d.all = append(d.all, wait)
	return errors.Join(d.Queue.Delay(ctx, receipt, wait), d.Queue.Delay(ctx, receipt, 0))
}

// A fixture is a handler with everything that it works with.
type fixture struct {
	table    *store.Table
	objects  *awss3.Client
	queue    *awssqs.Client
	url      string // of the queue
	graph    *graph.Server
	origin   string // of graph
	delays   *delayingQueue
	counts   *countingMeter
	token    *fakeToken
	now      time.Time
	handler  *media.Handler
	customer identity.CustomerID
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	web := httptest.NewServer(h)
	t.Cleanup(func() { web.CloseClientConnections(); web.Close() })
	return web.URL
}

func newFixture(t testing.TB) *fixture {
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
	w := &fixture{table: storetest.New(t), token: &fakeToken{now: "s3cret"}, counts: &countingMeter{sum: map[string]int{}}, now: at}
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
	w.delays = &delayingQueue{Queue: queue.At(w.queue, w.url)}
	w.handler = w.newHandler(t, w.origin)
	if w.customer, err = w.table.Customers.Identify(t.Context(), []identity.Address{jan}, identity.Evidence{Rule: "webhook", At: at}); err != nil {
		t.Fatal(err)
	}
	return w
}

// newHandler returns a handler as after a cold start.
func (w *fixture) newHandler(t testing.TB, hosts ...string) *media.Handler {
	t.Helper()
	client, err := media.NewClient(hosts)
	if err != nil {
		t.Fatal(err)
	}
	return &media.Handler{
		Store: media.Store{Messages: w.table.Messages, Customers: w.table.Customers}, Blobs: blob.New(w.objects, "blobs"), Queue: w.delays, Client: client, Graph: w.origin + "/v24.0", Meter: w.counts,
		Tokens: map[message.Channel]media.Token{message.WhatsApp: w.token, message.Messenger: w.token, message.Instagram: w.token},
		Now:    func() time.Time { return w.now },
		Social: &media.SocialClient{Endpoint: w.origin, Config: aws.Config{
			Region: "eu-west-1", HTTPClient: http.DefaultClient, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
		}},
	}
}

var jan = identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: "31970100000001"}, Assurance: identity.Verified}

// storeMessage stores a message of jan with files, and enqueues its job.
func (w *fixture) storeMessage(t testing.TB, ch message.Channel, files ...message.Attachment) message.Message {
	t.Helper()
	return w.storeMessageVia(t, ch, "", files...)
}

// storeMessageVia is storeMessage for a message that came through AWS.
func (w *fixture) storeMessageVia(t testing.TB, ch message.Channel, via string, files ...message.Attachment) message.Message {
	t.Helper()
	const id = "wamid.A"
	m := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(ch, at, id), CustomerID: w.customer, Channel: ch, Direction: message.Inbound, Kind: message.Image,
		ProviderID: id, Account: "110", Customer: jan, SentAt: at, ReceivedAt: at, Attachments: files, Via: via,
	}
	if _, err := w.table.Messages.Put(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	w.enqueueJob(t, message.Job{Customer: w.customer, Message: m.ID})
	return m
}

func (w *fixture) enqueueJob(t testing.TB, job message.Job) {
	t.Helper()
	body, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.delays.Put(t.Context(), body); err != nil {
		t.Fatal(err)
	}
}

// handleOnce passes each message in the queue to the handler once, as Lambda
// does. It reports whether all jobs are done.
func (w *fixture) handleOnce(t testing.TB) bool {
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

// fileStates returns the file states in the history.
func (w *fixture) fileStates(t testing.TB) []message.MediaFile {
	t.Helper()
	p, err := w.table.Messages.History(t.Context(), identity.Customer{ID: w.customer, Members: []identity.CustomerID{w.customer}}, message.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if p.Entries[0].State == nil {
		return nil
	}
	return p.Entries[0].State.Files
}

func (w *fixture) object(t testing.TB, key string) (content []byte, contentType string) {
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

func image(ref string) message.Attachment {
	return message.Attachment{Kind: message.Image, Ref: ref, Type: "image/png", Name: "foto van mij.png"}
}

package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/heard-intake/heard/infra/local/sqs"
)

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newServer(t testing.TB, c sqs.Config) *sqs.Server {
	t.Helper()
	c.AccountID, c.Region, c.Log = "111122223333", "eu-west-1", slog.New(slog.DiscardHandler)
	s, err := sqs.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// inProcess is an HTTP client that calls a handler without a network.
type inProcess struct{ http.Handler }

func (p inProcess) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	r.Host = r.URL.Host
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

func newClient(endpoint string, h awssqs.HTTPClient) *awssqs.Client {
	return awssqs.New(awssqs.Options{
		Region:           "eu-west-1",
		BaseEndpoint:     aws.String(endpoint),
		HTTPClient:       h,
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
}

// fixture is an SDK client with one queue of a server.
type fixture struct {
	t     testing.TB
	c     *awssqs.Client
	clock *clock
	url   *string
}

// overHTTP starts a server on a socket, like the local stack.
func overHTTP(t *testing.T) *fixture {
	t.Helper()
	clock := newClock()
	srv := httptest.NewServer(newServer(t, sqs.Config{Now: clock.Now}))
	t.Cleanup(srv.Close)
	return &fixture{t: t, clock: clock, c: newClient(srv.URL, srv.Client())}
}

func (f *fixture) queue(name string, attrs map[string]string) *fixture {
	f.t.Helper()
	out, err := f.c.CreateQueue(f.t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attrs})
	if err != nil {
		f.t.Fatal(err)
	}
	return &fixture{t: f.t, c: f.c, clock: f.clock, url: out.QueueUrl}
}

func (f *fixture) fifo(name string, attrs map[string]string) *fixture {
	f.t.Helper()
	all := map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
	for k, v := range attrs {
		all[k] = v
	}
	return f.queue(name, all)
}

func (f *fixture) send(body string) *awssqs.SendMessageOutput {
	f.t.Helper()
	return f.sendInput(&awssqs.SendMessageInput{MessageBody: &body})
}

func (f *fixture) sendTo(group, body string) *awssqs.SendMessageOutput {
	f.t.Helper()
	return f.sendInput(&awssqs.SendMessageInput{MessageBody: &body, MessageGroupId: &group})
}

func (f *fixture) sendInput(in *awssqs.SendMessageInput) *awssqs.SendMessageOutput {
	f.t.Helper()
	in.QueueUrl = f.url
	out, err := f.c.SendMessage(f.t.Context(), in)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f *fixture) receive(most int32) []types.Message {
	f.t.Helper()
	out, err := f.c.ReceiveMessage(f.t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: f.url, MaxNumberOfMessages: most, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Messages
}

// want receives up to ten messages, compares their bodies and returns them.
func (f *fixture) want(bodies ...string) []types.Message {
	f.t.Helper()
	msgs := f.receive(10)
	var got []string
	for _, m := range msgs {
		got = append(got, *m.Body)
	}
	if !equal(got, bodies) {
		f.t.Fatalf("received %q, want %q", got, bodies)
	}
	return msgs
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (f *fixture) delete(m types.Message) error {
	_, err := f.c.DeleteMessage(f.t.Context(), &awssqs.DeleteMessageInput{QueueUrl: f.url, ReceiptHandle: m.ReceiptHandle})
	return err
}

func (f *fixture) hide(m types.Message, seconds int32) error {
	_, err := f.c.ChangeMessageVisibility(f.t.Context(), &awssqs.ChangeMessageVisibilityInput{QueueUrl: f.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
	return err
}

func (f *fixture) attributes() map[string]string {
	f.t.Helper()
	out, err := f.c.GetQueueAttributes(f.t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: f.url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Attributes
}

// counts returns the numbers of visible, in-flight and delayed messages, for
// example "1 0 0".
func (f *fixture) counts() string {
	f.t.Helper()
	a := f.attributes()
	return a["ApproximateNumberOfMessages"] + " " + a["ApproximateNumberOfMessagesNotVisible"] + " " + a["ApproximateNumberOfMessagesDelayed"]
}

func (f *fixture) wantCounts(want string) {
	f.t.Helper()
	if got := f.counts(); got != want {
		f.t.Fatalf("visible, in flight, delayed = %s, want %s", got, want)
	}
}

func (f *fixture) arn() string {
	f.t.Helper()
	return f.attributes()["QueueArn"]
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Fatalf("error %v, want code %s", err, code)
	}
}

func ExampleNew() {
	server, err := sqs.New(sqs.Config{}) // without Dir, in memory
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Close() }()
	client := newClient("http://sqs.example.com", inProcess{server})
	ctx := context.Background()
	queue, err := client.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("intake")})
	if err != nil {
		panic(err)
	}
	_, err = client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("hello")})
	if err != nil {
		panic(err)
	}
	out, err := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl})
	if err != nil {
		panic(err)
	}
	fmt.Println(*queue.QueueUrl)
	fmt.Println(*out.Messages[0].Body)
	// Output:
	// http://sqs.example.com/000000000000/intake
	// hello
}

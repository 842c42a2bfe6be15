package sqs_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/sqs"
)

// poll receives with a wait time of 20 s. It returns the bodies and the time it
// took.
func (f *fixture) poll(ctx context.Context) (bodies []string, took time.Duration, err error) {
	start := time.Now()
	out, err := f.c.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: f.url, WaitTimeSeconds: 20, MaxNumberOfMessages: 10})
	if err != nil {
		return nil, time.Since(start), err
	}
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
	}
	return bodies, time.Since(start), nil
}

func TestReceiveMessage_LongPoll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		before func(f *fixture) (during func()) // during runs 3 s after the start of the poll
		bodies []string
		took   time.Duration
	}{
		{"no message", func(*fixture) func() {
			return func() {}
		}, nil, 20 * time.Second},
		{"message sent", func(f *fixture) func() {
			return func() { f.sendTo("a", "1") }
		}, []string{"1"}, 3 * time.Second},
		{"visibility timeout ends", func(f *fixture) func() {
			f.sendTo("a", "1")
			f.receive(1)
			time.Sleep(20 * time.Second) // time of the bubble
			return func() {}
		}, []string{"1"}, 10 * time.Second},
		{"visibility changed to 0", func(f *fixture) func() {
			f.sendTo("a", "1")
			m := f.receive(1)[0]
			return func() { _ = f.hide(m, 0) }
		}, []string{"1"}, 3 * time.Second},
		{"group unblocked", func(f *fixture) func() {
			f.sendTo("a", "1")
			f.sendTo("a", "2")
			m := f.receive(1)[0]
			return func() { _ = f.delete(m) }
		}, []string{"2"}, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := inBubble(t).fifo("out.fifo", nil)
				during := tt.before(f)
				go func() {
					time.Sleep(3 * time.Second) // time of the bubble
					during()
				}()
				bodies, took, err := f.poll(t.Context())
				if err != nil || !equal(bodies, tt.bodies) || took.Round(100*time.Millisecond) != tt.took {
					t.Errorf("got %q after %v, %v; want %q after %v", bodies, took, err, tt.bodies, tt.took)
				}
			})
		})
	}
}

func TestReceiveMessage_LongPollClientGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := inBubble(t).queue("intake", nil)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if bodies, took, _ := f.poll(ctx); bodies != nil || took != 2*time.Second {
			t.Errorf("got %q after %v, want none after 2s", bodies, took)
		}
		f.send("a")
		f.wantCounts("1 0 0")
	})
}

func TestReceiveMessage_LongPollQueueDeletedAndServerClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, sqs.Config{})
		server := &fixture{t: t, c: newClient("http://sqs.example.com", inProcess{s})}
		gone, kept := server.queue("gone", nil), server.queue("kept", nil)
		go func() {
			time.Sleep(time.Second)
			_, _ = gone.c.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: gone.url})
			time.Sleep(time.Second)
			_ = s.Close()
		}()
		_, took, err := gone.poll(t.Context())
		wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue")
		if took.Round(time.Second) != time.Second {
			t.Errorf("poll of the deleted queue ended after %v, want 1s", took)
		}
		if bodies, took, err := kept.poll(t.Context()); bodies != nil || err != nil || took.Round(time.Second) != time.Second {
			t.Errorf("poll of the closed server: %q, error %v after %v, want none, nil and 1s", bodies, err, took)
		}
		_, err = kept.c.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: kept.url, MessageBody: aws.String("a")})
		wantCode(t, err, "ServiceUnavailable")
	})
}

package sqs_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/infra/local/sqs"
)

// childDir is the environment variable that makes this test binary a server on
// the folder in it.
const childDir = "HEARD_TEST_SQS_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := serveChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func serveChild(dir string) error {
	s, err := sqs.New(sqs.Config{Dir: dir, AccountID: "111122223333", Region: "eu-west-1", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, s)
}

// startChild starts a server process on dir. kill ends it with SIGKILL.
func startChild(t *testing.T, dir string) (f *fixture, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the server did not start:", err)
	}
	own := &http.Transport{MaxIdleConnsPerHost: 32} // closing any httptest server closes the connections of the default transport
	t.Cleanup(own.CloseIdleConnections)
	return &fixture{t: t, c: newClient(strings.TrimSpace(line), &http.Client{Transport: patient{own}})}, kill
}

// patient hides the WriteTo method of a request body. The SDK closes the body
// when it has the response, possibly before net/http has read the end of the
// body. With WriteTo, net/http then sees an error and closes the connection
// under the response. With Read it sees the end of the body.
type patient struct{ http.RoundTripper }

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Body = struct{ io.ReadCloser }{r.Body}
	return p.RoundTripper.RoundTrip(r)
}

// TestServer_KillKeepsAcknowledged kills a server under load three times and
// restarts it on the same folder.
func TestServer_KillKeepsAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acked, gone []string // bodies with an acknowledged send, and with a delete
	f, kill := startChild(t, dir)
	f.queue("intake", nil)
	f.fifo("out.fifo", nil)
	for round := range 3 {
		sent, deleted := load(f, kill, round)
		acked = append(acked, sent...)
		gone = append(gone, deleted...)
		f, kill = startChild(t, dir)
	}
	for _, q := range []*fixture{f.queue("intake", nil), f.fifo("out.fifo", nil)} {
		checkLeft(t, q, acked, gone)
	}
}

// load sends and deletes with several clients until the server is killed after
// 400 acknowledged sends. A body in deleted with prefix "? " has a delete
// without an answer.
func load(f *fixture, kill func(), round int) (sent, deleted []string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var count atomic.Int32
	intake, out := f.queue("intake", nil), f.fifo("out.fifo", nil)
	for worker := range 16 {
		wg.Go(func() {
			q, group := intake, aws.String("g")
			if worker%2 == 0 {
				q, group = out, aws.String(fmt.Sprintf("g%d-%d", round, worker))
			}
			for n := 0; ; n++ {
				body := fmt.Sprintf("%s %d/%d/%05d", filepath.Base(*q.url), round, worker, n)
				if _, err := q.c.SendMessage(f.t.Context(), &awssqs.SendMessageInput{QueueUrl: q.url, MessageBody: &body, MessageGroupId: group}); err != nil {
					return
				}
				mu.Lock()
				sent = append(sent, body)
				mu.Unlock()
				if count.Add(1) == 400 {
					kill()
				}
			}
		})
	}
	wg.Go(func() { // deletes messages of both queues
		for {
			for _, q := range []*fixture{intake, out} {
				got, err := q.c.ReceiveMessage(f.t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: q.url, MaxNumberOfMessages: 2})
				if err != nil {
					return
				}
				for _, m := range got.Messages {
					if err := q.delete(m); err != nil {
						mu.Lock()
						deleted = append(deleted, "? "+*m.Body)
						mu.Unlock()
						return
					}
					mu.Lock()
					deleted = append(deleted, *m.Body)
					mu.Unlock()
				}
			}
		}
	})
	wg.Wait()
	return sent, deleted
}

// checkLeft drains a queue and checks its messages: every acknowledged message
// that was not deleted, none that was, none twice, and groups in order.
func checkLeft(t *testing.T, q *fixture, acked, gone []string) {
	t.Helper()
	left := map[string]bool{}
	last := map[string]string{} // body by group
	for msgs := q.receive(10); len(msgs) > 0; msgs = q.receive(10) {
		for _, m := range msgs {
			group, body := m.Attributes["MessageGroupId"], *m.Body
			if left[body] {
				t.Errorf("%s received twice, want once", body)
			}
			if group != "g" && body <= last[group] {
				t.Errorf("%s received after %s, want before", body, last[group])
			}
			left[body], last[group] = true, body
			if err := q.delete(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	n := 0
	for _, body := range acked {
		if !strings.HasPrefix(body, filepath.Base(*q.url)+" ") {
			continue
		}
		n++
		deleted := slices.Contains(gone, body)
		if deleted == left[body] && !slices.Contains(gone, "? "+body) {
			t.Errorf("%s: deleted %t, received %t, want one of them", body, deleted, left[body])
		}
	}
	if n < 100 || len(left) < 10 {
		t.Errorf("%d messages sent and %d left, want at least 100 and 10", n, len(left))
	}
}

func TestServer_Restart(t *testing.T) {
	t.Parallel()
	clock := newClock()
	config := sqs.Config{Dir: t.TempDir(), Now: clock.Now}
	s := newServer(t, config)
	f := &fixture{t: t, clock: clock, c: newClient("http://sqs.example.com", inProcess{s})}
	f = f.fifo("out.fifo", map[string]string{"VisibilityTimeout": "99"})
	first := f.sendTo("a", "1")
	value := types.MessageAttributeValue{DataType: aws.String("Binary"), BinaryValue: []byte{0xff}}
	f.sendInput(&awssqs.SendMessageInput{MessageBody: aws.String("<2> & 👋"), MessageGroupId: aws.String("a"), MessageAttributes: map[string]types.MessageAttributeValue{"k": value}})
	old := f.want("1", "<2> & 👋")
	if _, err := sqs.New(config); err == nil {
		t.Error("error is nil for a second server on the same folder, want one")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	f.c = newClient("http://sqs.example.com", inProcess{newServer(t, config)})
	if again := f.sendTo("a", "1"); *again.MessageId != *first.MessageId {
		t.Error("the duplicate got a new message id after the restart, want the first id")
	}
	wantCode(t, f.delete(old[0]), "InvalidParameterValue")
	msgs := f.want("1", "<2> & 👋")
	if msgs[0].Attributes["ApproximateReceiveCount"] != "2" || string(msgs[1].MessageAttributes["k"].BinaryValue) != "\xff" {
		t.Errorf("messages after the restart: %+v, want receive count 2 and the binary attribute", msgs)
	}
	if f.attributes()["VisibilityTimeout"] != "99" {
		t.Errorf("attributes after the restart: %v, want VisibilityTimeout 99", f.attributes())
	}
	if next := f.sendTo("a", "3"); *next.SequenceNumber <= msgs[1].Attributes["SequenceNumber"] {
		t.Errorf("sequence number %s after the restart, want a higher one than %s", *next.SequenceNumber, msgs[1].Attributes["SequenceNumber"])
	}
}

// newTwoFrameLog creates a folder whose log holds the messages 1 and 2, in two
// frames. second is the offset of the second frame.
func newTwoFrameLog(t *testing.T) (config sqs.Config, log string, second int64) {
	t.Helper()
	config = sqs.Config{Dir: t.TempDir()}
	log = filepath.Join(config.Dir, "sqs.log")
	s := newServer(t, config)
	f := &fixture{t: t, c: newClient("http://sqs.example.com", inProcess{s})}
	f = f.queue("intake", nil)
	f.send("1")
	info, err := os.Stat(log)
	if err != nil {
		t.Fatal(err)
	}
	f.send("2")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return config, log, info.Size()
}

func TestNew_DamagedLog(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		damage func(log []byte, second int64) []byte
		left   []string // nil if the server must not start
	}{
		{"undamaged", func(log []byte, _ int64) []byte { return log }, []string{"1", "2"}},
		{"last record truncated", func(log []byte, _ int64) []byte { return log[:len(log)-1] }, []string{"1"}},
		{"last header truncated", func(log []byte, second int64) []byte { return log[:second+3] }, []string{"1"}},
		{"last record partly written", func(log []byte, _ int64) []byte { log[len(log)-5] ^= 1; return log }, []string{"1"}},
		{"zeros at the end", func(log []byte, second int64) []byte { clear(log[second:]); return log }, []string{"1"}},
		{"damaged in the middle", func(log []byte, second int64) []byte { log[second-5] ^= 1; return log }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			config, log, second := newTwoFrameLog(t)
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(log, tt.damage(b, second), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.left == nil {
				if _, err := sqs.New(config); err == nil || !strings.Contains(err.Error(), "damaged") {
					t.Errorf("error %v, want one with damaged", err)
				}
				return
			}
			f := &fixture{t: t, c: newClient("http://sqs.example.com", inProcess{newServer(t, config)})}
			f.queue("intake", nil).want(tt.left...)
		})
	}
}

func TestServer_LogCompaction(t *testing.T) {
	t.Parallel()
	config := sqs.Config{Dir: t.TempDir()}
	s := newServer(t, config)
	f := &fixture{t: t, c: newClient("http://sqs.example.com", inProcess{s})}
	f = f.queue("intake", nil)
	f.send("kept")
	if err := f.hide(f.want("kept")[0], 43_200); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 1<<20)
	for range 20 {
		f.send(large)
		if err := f.delete(f.want(large)[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(config.Dir, "sqs.log"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 10<<20 {
		t.Errorf("log of %d bytes after 20 MiB of deleted messages, want at most 10 MiB", info.Size())
	}
	f.c = newClient("http://sqs.example.com", inProcess{newServer(t, config)})
	f.want("kept")
}

func BenchmarkSend(b *testing.B) {
	for _, bb := range []struct {
		name   string
		config sqs.Config
	}{{"durable", sqs.Config{Dir: b.TempDir()}}, {"memory", sqs.Config{}}} {
		b.Run(bb.name, func(b *testing.B) {
			srv := httptest.NewServer(newServer(b, bb.config))
			defer srv.Close()
			own := &http.Transport{MaxIdleConnsPerHost: 64}
			f := &fixture{t: b, c: newClient(srv.URL, &http.Client{Transport: own})}
			f = f.queue("intake", nil)
			body := strings.Repeat("x", 500)
			var wg sync.WaitGroup
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			for range 64 {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := f.c.SendMessage(b.Context(), &awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: &body}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
		})
	}
}

// Package e2e_test tests the whole stack from webhook to API and queue. The
// messages of a customer on all channels become one history, and a complaint that
// many customers share becomes one item on a department's queue.
//
// Most tests share one stack. Each test uses its own customers.
package e2e_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

const root = "../.."

// untrained keeps the classifier from being trained during a test that does not ask for
// it: its guesses would depend on how long the test takes.
var untrained = []string{"train"}

// shared is the stack that most tests share. The first call starts it.
var shared = sync.OnceValues(func() (*stack.Stack, error) {
	return stack.Start(context.Background(), stack.Config{Root: root, Memory: true, Idle: untrained, Lines: canary.line})
})

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := shared(); err == nil {
		if err := s.Close(); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	if found := canary.findSecret(); found != "" {
		fmt.Println("a log line contains personal data or customer text:", found)
		code = 1
	}
	os.Exit(code)
}

// A bench is a stack with an API client.
type bench struct {
	*testing.T
	*stackclient.Client
	stack *stack.Stack
}

// own starts a stack for one test.
func own(t *testing.T, cfg stack.Config) *bench {
	t.Helper()
	cfg.Root = root
	cfg.Idle = untrained
	cfg.Lines = canary.line
	s, err := stack.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return with(t, s)
}

func open(t *testing.T) *bench {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return with(t, s)
}

// with returns a bench for a running stack.
func with(t *testing.T, s *stack.Stack) *bench {
	t.Helper()
	c, err := stackclient.New(t.Context(), s.Stack)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, c, s}
}

// someone returns a new customer. The test run fails if a log line contains the
// customer's data.
func someone() traffic.Person {
	p := traffic.Someone(int(people.Add(1)))
	canary.watch(p)
	return p
}

var people atomic.Int64

// say sends a text of a customer on a channel, or fails the test.
func (b *bench) say(who traffic.Person, ch message.Channel, text string) {
	b.Helper()
	name := id()
	at := time.Now()
	b.taken(func() error { return b.try(b.Context(), who, ch, name, text, at) })
}

// taken repeats a delivery after a 5xx, as the platforms do: on a busy machine a
// function can time out.
func (b *bench) taken(deliver func() error) {
	b.Helper()
	for n := 1; ; n++ {
		err := deliver()
		refused, ok := errors.AsType[*stackclient.StatusError](err)
		switch {
		case err == nil:
			return
		case n < tries && ok && refused.Status >= http.StatusInternalServerError:
			b.Logf("repeat delivery after: %v", err)
		default:
			b.Fatal(err)
		}
	}
}

// tries is the maximum number of attempts of a delivery.
const tries = 10

// try delivers a text of a customer once. Repeating the call with the same id and
// time repeats the same delivery.
func (b *bench) try(ctx context.Context, who traffic.Person, ch message.Channel, id, text string, at time.Time) error {
	said := traffic.Said{From: who, ID: traffic.MID(id), At: at, Text: text}
	switch ch {
	case message.WhatsApp:
		said.ID = traffic.Wamid(who, id)
		return b.SendWebhook(ctx, ch, traffic.WhatsApp(said))
	case message.Messenger:
		return b.SendWebhook(ctx, ch, traffic.Messenger(said))
	case message.Instagram:
		body := strings.Replace(string(traffic.Messenger(said)), `"object":"page"`, `"object":"instagram"`, 1)
		return b.SendWebhook(ctx, ch, []byte(body))
	case message.Email:
		return b.SendMail("", traffic.Mail(who, id+"@example.org", "", "Vraag", text, at))
	default:
		session, err := b.OpenChat(ctx, "")
		if err != nil {
			return err
		}
		return b.PostChatMessage(ctx, session, map[string]string{"id": id, "text": text})
	}
}

// settle waits until the stack has processed everything.
func (b *bench) settle() {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	if err := b.stack.Drained(ctx); err != nil {
		b.Fatal(err)
	}
}

// texts returns the first line of each message of a customer, oldest first.
func (b *bench) texts(alias string) []string {
	b.Helper()
	p, err := b.FindCustomer(b.Context(), alias)
	if err != nil {
		b.Fatal(err)
	}
	messages, err := b.Messages(b.Context(), p.ID, 200)
	if err != nil {
		b.Fatal(err)
	}
	var texts []string
	for _, m := range messages {
		text, _, _ := strings.Cut(m.Text, "\n")
		texts = append(texts, text)
	}
	return texts
}

// items returns the items about a cause on a department's queue.
func (b *bench) items(department, reason, product string) []stackclient.Item {
	b.Helper()
	all, err := b.QueueItems(b.Context(), department, false)
	if err != nil {
		b.Fatal(err)
	}
	var some []stackclient.Item
	for _, i := range all {
		if i.Reason == reason && i.Product == product {
			some = append(some, i)
		}
	}
	return some
}

func id() string { return uuid.Must(uuid.NewV7()).String() }

// canary collects the log lines of functions and searches them for personal data.
var canary = &watcher{}

type watcher struct {
	mu      sync.Mutex
	secrets []string
	lines   []string
}

func (w *watcher) line(l lambda.Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, l.Text)
}

func (w *watcher) watch(p traffic.Person) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// A wamid contains the number in base64, at one of three offsets.
	for skip := range 3 {
		coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + p.Phone))
		w.secrets = append(w.secrets, coded[4:12])
	}
	w.secrets = append(w.secrets, p.Name, p.Phone, p.Mail, p.PSID, p.BSUID)
}

func (w *watcher) findSecret() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.lines {
		for _, secret := range append(w.secrets, "handleiding", "bestelling") {
			if strings.Contains(line, secret) {
				return line
			}
		}
	}
	return ""
}

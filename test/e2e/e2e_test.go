// Package e2e_test holds the whole stack to what it is for: what customers
// say on any channel comes out of the API as one history per customer, and
// what they have in common comes out of a department's queue as one item.
//
// Most tests share one stack, and each has customers of its own.
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

	"github.com/heard-intake/heard/infra/heardctl/client"
	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/test/traffic"
)

const root = "../.."

// shared is the stack of all tests. It starts with the first that asks.
var shared = sync.OnceValues(func() (*stack.Stack, error) {
	return stack.Start(context.Background(), stack.Config{Root: root, Memory: true, Lines: canary.line})
})

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := shared(); err == nil {
		if err := s.Close(); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	if found := canary.found(); found != "" {
		fmt.Println("a log line holds what a customer said or is:", found)
		code = 1
	}
	os.Exit(code)
}

// A bench is a stack, and a client to it.
type bench struct {
	*testing.T
	*client.Client
	stack *stack.Stack
}

// own returns a stack that ends with the test.
func own(t *testing.T, cfg stack.Config) *bench {
	t.Helper()
	cfg.Root, cfg.Lines = root, canary.line
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

// with returns a bench on a stack.
func with(t *testing.T, s *stack.Stack) *bench {
	t.Helper()
	c, err := client.New(t.Context(), s.Stack)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, c, s}
}

// someone returns a customer whom nobody has met, and of whom no log may tell.
func someone() traffic.Person {
	p := traffic.Someone(int(people.Add(1)))
	canary.watch(p)
	return p
}

var people atomic.Int64

// say has a customer say a text on a channel, or fails the test.
func (b *bench) say(who traffic.Person, ch contact.Channel, text string) {
	b.Helper()
	name, at := id(), time.Now()
	b.taken(func() error { return b.try(b.Context(), who, ch, name, text, at) })
}

// taken delivers until it is taken, as the platforms do: a function that was
// given too little of a busy machine answers 500 in time, or too late.
func (b *bench) taken(deliver func() error) {
	b.Helper()
	for n := 1; ; n++ {
		err := deliver()
		refused, ok := errors.AsType[*client.StatusError](err)
		switch {
		case err == nil:
			return
		case n < tries && ok && refused.Status >= http.StatusInternalServerError:
			b.Logf("delivered again after: %v", err)
		default:
			b.Fatal(err)
		}
	}
}

// tries are how often a delivery that fails is made.
const tries = 10

// try has a customer say a text under an id, at a time. To try again is to
// deliver the same again.
func (b *bench) try(ctx context.Context, who traffic.Person, ch contact.Channel, id, text string, at time.Time) error {
	said := traffic.Said{From: who, ID: traffic.MID(id), At: at, Text: text}
	switch ch {
	case contact.WhatsApp:
		said.ID = traffic.Wamid(who, id)
		return b.SendWebhook(ctx, ch, traffic.WhatsApp(said))
	case contact.Messenger:
		return b.SendWebhook(ctx, ch, traffic.Messenger(said))
	case contact.Instagram:
		body := strings.Replace(string(traffic.Messenger(said)), `"object":"page"`, `"object":"instagram"`, 1)
		return b.SendWebhook(ctx, ch, []byte(body))
	case contact.Email:
		return b.SendMail("", traffic.Mail(who, id+"@example.org", "", "Vraag", text, at))
	default:
		session, err := b.Visit(ctx, "")
		if err != nil {
			return err
		}
		return b.Post(ctx, session, map[string]string{"id": id, "text": text})
	}
}

// settle waits until everything that was said has had its effects.
func (b *bench) settle() {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	if err := b.stack.Drained(ctx); err != nil {
		b.Fatal(err)
	}
}

// texts are what a customer's history holds, oldest first.
func (b *bench) texts(alias string) []string {
	b.Helper()
	p, err := b.Find(b.Context(), alias)
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

// items are what is on a department's queue about a cause.
func (b *bench) items(department, reason, product string) []client.Item {
	b.Helper()
	all, err := b.Items(b.Context(), department, false)
	if err != nil {
		b.Fatal(err)
	}
	var some []client.Item
	for _, i := range all {
		if i.Reason == reason && i.Product == product {
			some = append(some, i)
		}
	}
	return some
}

func id() string { return uuid.Must(uuid.NewV7()).String() }

// canary looks for personal data in the lines that functions write.
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
	// A wamid holds the number in base64, at any of three offsets.
	for skip := range 3 {
		coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + p.Phone))
		w.secrets = append(w.secrets, coded[4:12])
	}
	w.secrets = append(w.secrets, p.Name, p.Phone, p.Mail, p.PSID, p.BSUID)
}

func (w *watcher) found() string {
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

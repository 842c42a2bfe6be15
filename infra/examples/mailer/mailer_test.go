package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	localmail "github.com/heard-intake/heard/infra/local/mail"
	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/queue"
)

// A bench is a mailer with queues and a mailbox for one test.
type bench struct {
	*testing.T
	*mailer
	box  chan []byte
	page *httptest.Server
}

func newBench(t *testing.T, language string) *bench {
	t.Helper()
	srv, err := sqs.New(sqs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(func() { web.CloseClientConnections(); web.Close(); _ = srv.Close() })
	b := &bench{T: t, box: make(chan []byte, 10)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	post := localmail.New(localmail.Config{Put: func(_ string, content []byte) error { b.box <- content; return nil }})
	go func() { _ = post.Serve(l) }()
	t.Cleanup(func() { _ = post.Close() })
	b.mailer = &mailer{
		sqs: awssqs.New(awssqs.Options{
			Region: "eu-west-1", BaseEndpoint: &web.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
		}),
		key: bytes.Repeat([]byte("k"), minKeyBytes), now: time.Now, to: "manuals@example.com", from: "heard@example.com", smtp: l.Addr().String(),
		wording: wordings[language], zone: time.UTC, seenFile: filepath.Join(t.TempDir(), "seen.json"),
	}
	for name, attributes := range map[string]map[string]string{
		"heard-problems-documentation.fifo": {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"},
		"heard-updates-documentation":       nil,
	} {
		if _, err := b.sqs.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes}); err != nil {
			t.Fatal(err)
		}
	}
	b.page = httptest.NewServer(b.mailer)
	t.Cleanup(b.page.Close)
	b.url = b.page.URL
	if err := firstError(b.validateSettings(), b.openQueues(t.Context(), "heard", "documentation")); err != nil {
		t.Fatal(err)
	}
	return b
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sendItem sends a version of the problem to the queue of the department.
func (b *bench) sendItem(version int, key string) {
	b.Helper()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p, _ := problem.Open(problem.Seed{
		ID: "p-1", Department: "documentation",
		Names: problem.Names{
			Reason: problem.Label{NL: "Handleiding onduidelijk\r\nBcc: x@example.com", EN: "Manual unclear"}, Product: problem.Label{NL: "Café-apparaat", EN: "Café machine"},
		},
	}, at)
	p.Contacts, p.Customers, p.PerDay = 7, 5, map[string]int{"2026-03-02": 7}
	p.Version = version
	body, err := problem.ItemOf(p, problem.Event{Kind: problem.EventOpened, Department: "documentation"}, []string{"Stap 4 klopt niet"}, "https://api.example.com").Marshal()
	if err != nil {
		b.Fatal(err)
	}
	if err := queue.New(b.sqs, "heard-problems-").Send(b.Context(), "documentation", "p-1", key, body); err != nil {
		b.Fatal(err)
	}
}

// waitForMail waits for the next mail and returns its subject and text.
func (b *bench) waitForMail() (subject, text string) {
	b.Helper()
	select {
	case content := <-b.box:
		m, err := mail.ReadMessage(bytes.NewReader(content))
		if err != nil {
			b.Fatal(err)
		}
		if m.Header.Get("Bcc") != "" || m.Header.Get("Auto-Submitted") == "" {
			b.Errorf("header %v", m.Header)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			b.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil {
			b.Fatal(err)
		}
		return subject, string(body)
	case <-time.After(20 * time.Second):
		b.Fatal("no mail")
		return "", ""
	}
}

// receiveUpdates receives and returns all updates in the queue.
func (b *bench) receiveUpdates() (all []map[string]string) {
	b.Helper()
	for {
		out, err := b.sqs.ReceiveMessage(b.Context(), &awssqs.ReceiveMessageInput{QueueUrl: b.updates, MaxNumberOfMessages: 10})
		if err != nil {
			b.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			var u map[string]string
			if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &u); err != nil {
				b.Fatal(err)
			}
			all = append(all, u)
		}
	}
}

func (b *bench) requestPage(method, link string, form url.Values) (int, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, link, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

var links = regexp.MustCompile(`http://\S+`)

func TestConsumeItems_MailedOnceAndAnswered(t *testing.T) {
	t.Parallel()
	for language, want := range map[string][]string{
		"nl": {"Handleiding onduidelijk", "5 klanten, 7 keer contact", "Stap 4 klopt niet"},
		"en": {"Manual unclear", "5 customers, 7 contacts", "Stap 4 klopt niet"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, language)
			b.sendItem(1, "1")
			b.sendItem(1, "again")
			b.sendItem(2, "2")
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- b.consumeItems(ctx) }()
			subject, text := b.waitForMail()
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("the mail lacks %q:\n%s", w, text)
				}
			}
			if !strings.Contains(subject, "Café") {
				t.Errorf("subject %q", subject)
			}
			b.waitForMail()
			stop()
			if err := <-ended; err == nil {
				t.Error("consumeItems returned nil, want an error of the canceled context")
			}
			if len(b.box) > 0 {
				t.Error("an item was mailed twice")
			}
			found := links.FindAllString(text, -1)
			if len(found) != 2 {
				t.Fatalf("got links %q, want 2", found)
			}
			for _, link := range found { // as a virus scanner does
				if status, _ := b.requestPage(http.MethodGet, link, nil); status != http.StatusOK {
					t.Errorf("got status %d, want 200", status)
				}
			}
			if u := b.receiveUpdates(); len(u) > 0 {
				t.Errorf("got updates %v after GET, want none", u)
			}
			b.requestPage(http.MethodPost, found[0], nil)
			b.requestPage(http.MethodPost, found[0], nil)
			b.requestPage(http.MethodPost, found[1], url.Values{"word": {"<b>Herdruk</b> is besteld"}})
			u := b.receiveUpdates()
			if len(u) != 3 || u[0]["to"] != "acknowledged" || u[0]["id"] != u[1]["id"] || u[2]["comment"] != "<b>Herdruk</b> is besteld" || u[2]["problem"] != "p-1" {
				t.Errorf("updates %v", u)
			}
		})
	}
}

func TestServeHTTP_InvalidLink(t *testing.T) {
	t.Parallel()
	b := newBench(t, "en")
	good := b.signedLink("acknowledge", "p-1")
	b.now = func() time.Time { return time.Now().Add(-linkLifetime - time.Hour) }
	old := b.signedLink("acknowledge", "p-1")
	b.now = time.Now
	for name, link := range map[string]string{
		"other problem": strings.Replace(good, "problem=p-1", "problem=p-2", 1),
		"other action":  strings.Replace(good, "do=acknowledge", "do=answer", 1),
		"later expiry":  regexp.MustCompile(`until=\d+`).ReplaceAllString(good, "until=9999999999"),
		"no signature":  regexp.MustCompile(`&?sign=[^&]*`).ReplaceAllString(good, ""),
		"expired link":  old,
		"no parameters": b.url + "/",
	} {
		if status, body := b.requestPage(http.MethodPost, link, nil); status != http.StatusForbidden || !strings.Contains(body, "expired") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _ := b.requestPage(http.MethodPost, b.signedLink("answer", "p-1"), url.Values{"word": {strings.Repeat("x", maxForm)}}); status == http.StatusOK {
		t.Error("a form over the size limit got 200, want an error")
	}
	if u := b.receiveUpdates(); len(u) > 0 {
		t.Errorf("updates %v", u)
	}
}

func TestValidateSettings(t *testing.T) {
	t.Parallel()
	good := &mailer{key: make([]byte, minKeyBytes), to: "a@example.com", from: "b@example.com", wording: &dutch}
	for name, spoil := range map[string]func(*mailer){
		"short key":        func(m *mailer) { m.key = m.key[1:] },
		"no recipient":     func(m *mailer) { m.to = "" },
		"two recipients":   func(m *mailer) { m.to = "a@example.com, b@example.com" },
		"unknown language": func(m *mailer) { m.wording = wordings["fr"] },
	} {
		m := &mailer{key: good.key, to: good.to, from: good.from, wording: good.wording}
		if spoil(m); m.validateSettings() == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := good.validateSettings(); err != nil {
		t.Error(err)
	}
}

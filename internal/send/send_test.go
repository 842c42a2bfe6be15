package send_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/send"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/telemetry"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var jan = identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "jan@example.com"}, Assurance: identity.Verified}

// fakeMailer returns its errors in order, and accepts every mail after them.
type fakeMailer struct {
	mu     sync.Mutex
	errors []error
	sent   [][]byte
}

func (s *fakeMailer) Send(_ context.Context, from, to, feedback string, raw []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from != "service@support.example.com" || to != jan.Value || !strings.HasPrefix(feedback, "service+") {
		return "", fault.New(fault.Invalid, "from %s to %s, reports to %s", from, to, feedback)
	}
	if len(s.errors) > 0 {
		err := s.errors[0]
		s.errors = s.errors[1:]
		if err != nil {
			return "", err
		}
	}
	s.sent = append(s.sent, raw)
	return "0102-ses@eu-west-1.amazonses.com", nil
}

// recordedDelays holds the delays that were requested of the queue.
type recordedDelays struct{ all []time.Duration }

func (d *recordedDelays) Delay(_ context.Context, _ string, wait time.Duration) error {
	d.all = append(d.all, wait)
	return nil
}

type fixture struct {
	*testing.T
	out     bytes.Buffer
	table   *store.Table
	mailer  *fakeMailer
	queue   *recordedDelays
	handler *send.Handler
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	b := &fixture{T: t, table: storetest.New(t), mailer: &fakeMailer{}, queue: &recordedDelays{}}
	clock := func() time.Time { return now }
	b.handler = &send.Handler{
		Store: b.table.Messages, Mailer: b.mailer, Queue: b.queue, Name: "Voorbeeldwinkel", Now: clock,
		Meter: &telemetry.Meter{Function: "notify", Out: &b.out, Now: clock},
	}
	return b
}

// putAnswer stores an answer that was written a given time ago.
func (b *fixture) putAnswer(id string, ago time.Duration, change func(*message.Message)) message.Message {
	b.Helper()
	who, err := b.table.Customers.Identify(b.Context(), []identity.Address{jan}, identity.Evidence{Rule: "webhook", At: now})
	if err != nil {
		b.Fatal(err)
	}
	m := message.Message{
		Version: message.SchemaVersion, Channel: message.Email, Direction: message.Outbound, Kind: message.Mail, Origin: message.Composed,
		CustomerID: who, Customer: jan, Account: "service@support.example.com", ProviderID: id, MailID: "token" + id + "@support.example.com",
		SentAt: now.Add(-ago), ReceivedAt: now.Add(-ago), Subject: "Re: x", Text: "Morgen.",
		ReplyTo: &message.ReplyTo{References: []string{"m1@example.com"}},
	}
	change(&m)
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	if _, err := b.table.Messages.Put(b.Context(), m, ""); err != nil {
		b.Fatal(err)
	}
	return m
}

// runJob passes the job of a message to the handler, and reports whether SQS is
// asked to redeliver it.
func (b *fixture) runJob(m message.Message) (again bool) {
	b.Helper()
	body, err := json.Marshal(message.Job{Customer: m.CustomerID, Message: m.ID})
	if err != nil {
		b.Fatal(err)
	}
	return b.runBody(string(body))
}

// runJobs runs the job of a message n times and returns the number of requested
// redeliveries.
func (b *fixture) runJobs(m message.Message, n int) (again int) {
	b.Helper()
	for range n {
		if b.runJob(m) {
			again++
		}
	}
	return again
}

func (b *fixture) runBody(body string) (again bool) {
	b.Helper()
	resp, err := b.handler.Handle(b.Context(), events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "1", ReceiptHandle: "r", Body: body, Attributes: map[string]string{"ApproximateReceiveCount": "3"},
	}}})
	if err != nil {
		b.Fatal(err)
	}
	return len(resp.BatchItemFailures) == 1
}

func (b *fixture) readState(m message.Message) message.State {
	b.Helper()
	e, err := b.table.Messages.Get(b.Context(), m.CustomerID, m.ID)
	if err != nil || e.State == nil {
		b.Fatal(e, err)
	}
	return *e.State
}

func unchanged(*message.Message) {}

func TestHandle_RepeatedJob(t *testing.T) {
	t.Parallel()
	b := newFixture(t)
	m := b.putAnswer("1", time.Minute, unchanged)
	for range 3 {
		if b.runJob(m) {
			t.Error("redelivery was requested, want none")
		}
	}
	if len(b.mailer.sent) != 1 || !strings.Contains(string(b.mailer.sent[0]), "From: Voorbeeldwinkel\r\n <service@support.example.com>\r\n") {
		t.Fatalf("mails sent = %q, want one from Voorbeeldwinkel", b.mailer.sent)
	}
	if s := b.readState(m); s.Status != "sent" || s.MailID != "0102-ses@eu-west-1.amazonses.com" {
		t.Errorf("state = %+v, want sent with the Message-ID of SES", s)
	}
	found, err := b.table.Messages.SentMails(t.Context(), []string{"0102-ses@eu-west-1.amazonses.com", strings.ToUpper(m.MailID), "other@example.com"})
	if err != nil || len(found) != 2 || found["0102-ses@eu-west-1.amazonses.com"].ProviderID != "1" || found[strings.ToUpper(m.MailID)].To != jan.Alias {
		t.Errorf("SentMails() = %+v, %v, want the mail under both of its Message-IDs", found, err)
	}
}

func TestHandle_RetryableError(t *testing.T) {
	t.Parallel()
	b := newFixture(t)
	m := b.putAnswer("1", time.Minute, unchanged)
	b.mailer.errors = []error{fault.New(fault.TooMany, "send mail"), fault.New(fault.Unavailable, "send mail")}
	if again := b.runJobs(m, 4); again != 2 {
		t.Errorf("redeliveries requested = %d, want 2", again)
	}
	if len(b.mailer.sent) != 1 || b.readState(m).Status != "sent" {
		t.Errorf("mails sent = %d with state %+v, want 1 with status sent", len(b.mailer.sent), b.readState(m))
	}
	if len(b.queue.all) != 2 || b.queue.all[0] != time.Minute {
		t.Errorf("delays = %v, want two, the first of a minute", b.queue.all)
	}
}

func TestHandle_PermanentFailure(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer error
		ago    time.Duration
		change func(*message.Message)
		code   string
	}{
		"refused by SES":    {fault.New(fault.Invalid, "MessageRejected"), time.Minute, unchanged, "MessageRejected"},
		"older than a day":  {nil, 25 * time.Hour, unchanged, send.TooLate},
		"invalid sender":    {nil, time.Minute, func(m *message.Message) { m.Account = "nobody" }, send.NotAMail},
		"non-ASCII address": {nil, time.Minute, func(m *message.Message) { m.Customer.Value = "jörg@example.com" }, send.NotAMail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newFixture(t)
			b.mailer.errors = []error{tt.answer}
			m := b.putAnswer("1", tt.ago, tt.change)
			if b.runJobs(m, 2) > 0 {
				t.Error("redelivery was requested, want none")
			}
			if s := b.readState(m); s.Status != "failed" || s.Code != tt.code || len(b.mailer.sent) != 0 {
				t.Errorf("state = %+v with %d mails sent, want failed with code %s and none sent", s, len(b.mailer.sent), tt.code)
			}
		})
	}
}

func TestHandle_TroubleMetric(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer  error
		ago     time.Duration
		trouble bool
	}{
		"unknown SES error":     {fault.New(fault.Internal, "send mail"), time.Minute, true},
		"suspended SES account": {fault.New(fault.Forbidden, "AccountSuspendedException"), time.Minute, true},
		"not sent for a day":    {nil, 25 * time.Hour, true},
		"throttling":            {fault.New(fault.TooMany, "send mail"), time.Minute, false},
		"refused mail":          {fault.New(fault.Invalid, "MessageRejected"), time.Minute, false},
		"SES unavailable":       {fault.New(fault.Unavailable, "send mail"), time.Minute, false},
		"no error":              {nil, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newFixture(t)
			b.mailer.errors = []error{tt.answer}
			b.runJob(b.putAnswer("1", tt.ago, unchanged))
			if got := strings.Contains(b.out.String(), `"Trouble"`); got != tt.trouble {
				t.Errorf("metric Trouble written = %t, want %t:\n%s", got, tt.trouble, b.out.String())
			}
		})
	}
}

func TestHandle_TurnTaken(t *testing.T) {
	t.Parallel()
	b := newFixture(t)
	m := b.putAnswer("1", time.Minute, unchanged)
	if turn, err := b.table.Messages.AcquireSendLease(t.Context(), m, now, time.Minute); err != nil || turn != message.Mine {
		t.Fatal(turn, err)
	}
	if !b.runJob(m) || len(b.mailer.sent) != 0 {
		t.Error("sent while another invocation held the turn")
	}
	b.handler.Now = func() time.Time { return now.Add(2 * time.Minute) } // the other turn expired
	if b.runJob(m) || len(b.mailer.sent) != 1 {
		t.Error("not sent after the other turn expired")
	}
}

func TestHandle_AutomaticMailLimit(t *testing.T) {
	t.Parallel()
	b := newFixture(t)
	for n := range send.MaxAutomatic + 2 {
		m := b.putAnswer(string(rune('a'+n)), time.Minute, func(m *message.Message) { m.Automated = "auto-replied" })
		if b.runJobs(m, 2) > 0 {
			t.Error("redelivery was requested, want none")
		}
		if s := b.readState(m); (s.Code == send.TooManyAutomatic) != (n >= send.MaxAutomatic) {
			t.Errorf("automatic mail %d: state = %+v, want code %s after %d mails", n, s, send.TooManyAutomatic, send.MaxAutomatic)
		}
	}
	if len(b.mailer.sent) != send.MaxAutomatic {
		t.Errorf("mails sent = %d, want %d", len(b.mailer.sent), send.MaxAutomatic)
	}
}

func TestHandle_InvalidJobAndErasedMessage(t *testing.T) {
	t.Parallel()
	b := newFixture(t)
	in := b.putAnswer("1", time.Minute, func(m *message.Message) { m.Direction = message.Inbound })
	if !b.runBody("x") || !b.runBody("{}") || !b.runJob(in) {
		t.Error("redelivery of an invalid job was not requested")
	}
	in.ID = message.NewID(message.Email, now, "gone")
	if b.runJob(in) || len(b.mailer.sent) != 0 {
		t.Error("an erased message was sent or its job failed")
	}
}

// files holds the content of stored files by key.
type files map[string]string

func (f files) Get(_ context.Context, key string, _ int64) ([]byte, error) {
	data, ok := f[key]
	if !ok {
		return nil, fault.New(fault.Unavailable, "no answer")
	}
	return []byte(data), nil
}

func TestHandle_FilesAndPage(t *testing.T) {
	t.Parallel()
	b := newFixture(t)
	m := b.putAnswer("1", time.Minute, func(m *message.Message) {
		m.Attachments = []message.Attachment{{Ref: "1", Name: "factuur.txt", Type: "text/plain", Size: 11, SHA256: "aa"}}
		m.Page = 13
	})
	hash := b.table.Hash("message", string(m.ID))
	held := files{m.FileKey(hash, message.PageFile): "<p>Morgen.</p>"}
	b.handler.Blobs = held
	if !b.runJob(m) || len(b.mailer.sent) != 0 {
		t.Fatal("sent without its file, want redelivery requested")
	}
	held[m.FileKey(hash, "0")] = "Een factuur"
	if b.runJob(m) || len(b.mailer.sent) != 1 {
		t.Fatal("not sent after its file was stored")
	}
	raw := string(b.mailer.sent[0])
	for _, part := range []string{"filename=factuur.txt", "RWVuIGZhY3R1dXI=", "<p>Morgen.</p>", "text/plain; charset=utf-8"} {
		if !strings.Contains(raw, part) {
			t.Errorf("mail does not contain %q:\n%s", part, raw)
		}
	}
}

package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/notify"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/telemetry"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var jan = identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "jan@example.com"}, Assurance: identity.Verified}

// ses answers what it is told to, in turn, and an id once it is told nothing.
type ses struct {
	mu      sync.Mutex
	answers []error
	sent    [][]byte
}

func (s *ses) Send(_ context.Context, from, to, feedback string, raw []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from != "service@support.example.com" || to != jan.Value || !strings.HasPrefix(feedback, "service+") {
		return "", fault.New(fault.Invalid, "from %s to %s, reports to %s", from, to, feedback)
	}
	if len(s.answers) > 0 {
		err := s.answers[0]
		s.answers = s.answers[1:]
		if err != nil {
			return "", err
		}
	}
	s.sent = append(s.sent, raw)
	return "0102-ses@eu-west-1.amazonses.com", nil
}

// delays are what the queue was asked to wait.
type delays struct{ all []time.Duration }

func (d *delays) Delay(_ context.Context, _ string, wait time.Duration) error {
	d.all = append(d.all, wait)
	return nil
}

type bench struct {
	*testing.T
	out   bytes.Buffer
	table *store.Table
	ses   *ses
	queue *delays
	h     *notify.Handler
}

func open(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, table: storetest.New(t), ses: &ses{}, queue: &delays{}}
	clock := func() time.Time { return now }
	b.h = &notify.Handler{
		Store: b.table, Mailer: b.ses, Queue: b.queue, Name: "Voorbeeldwinkel", Now: clock,
		Meter: &telemetry.Meter{Function: "notify", Out: &b.out, Now: clock},
	}
	return b
}

// written stores an answer that was written a while ago.
func (b *bench) written(id string, ago time.Duration, change func(*contact.Message)) contact.Message {
	b.Helper()
	who, err := b.table.Identify(b.Context(), []identity.Address{jan}, identity.Evidence{Rule: "webhook", At: now})
	if err != nil {
		b.Fatal(err)
	}
	m := contact.Message{
		Version: contact.SchemaVersion, Channel: contact.Email, Direction: contact.Outbound, Kind: contact.Mail, Origin: contact.Composed,
		CustomerID: who, Customer: jan, Account: "service@support.example.com", ProviderID: id, MailID: "token" + id + "@support.example.com",
		SentAt: now.Add(-ago), ReceivedAt: now.Add(-ago), Subject: "Re: x", Text: "Morgen.",
		ReplyTo: &contact.ReplyTo{References: []string{"m1@example.com"}},
	}
	change(&m)
	m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
	if _, err := b.table.PutMessage(b.Context(), m, ""); err != nil {
		b.Fatal(err)
	}
	return m
}

// job has the handler do the job of a message, and reports whether it comes
// again.
func (b *bench) job(m contact.Message) (again bool) {
	b.Helper()
	body, err := json.Marshal(contact.Job{Customer: m.CustomerID, Message: m.ID})
	if err != nil {
		b.Fatal(err)
	}
	return b.body(string(body))
}

// jobs has the job come n times, and returns how often it is to come again.
func (b *bench) jobs(m contact.Message, n int) (again int) {
	b.Helper()
	for range n {
		if b.job(m) {
			again++
		}
	}
	return again
}

func (b *bench) body(body string) (again bool) {
	b.Helper()
	resp, err := b.h.Handle(b.Context(), events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "1", ReceiptHandle: "r", Body: body, Attributes: map[string]string{"ApproximateReceiveCount": "3"},
	}}})
	if err != nil {
		b.Fatal(err)
	}
	return len(resp.BatchItemFailures) == 1
}

func (b *bench) state(m contact.Message) contact.State {
	b.Helper()
	e, err := b.table.Message(b.Context(), m.CustomerID, m.ID)
	if err != nil || e.State == nil {
		b.Fatal(e, err)
	}
	return *e.State
}

func unchanged(*contact.Message) {}

func TestAnAnswerIsSentOnceHoweverOftenTheJobComes(t *testing.T) {
	t.Parallel()
	b := open(t)
	m := b.written("1", time.Minute, unchanged)
	for range 3 {
		if b.job(m) {
			t.Error("the job comes again")
		}
	}
	if len(b.ses.sent) != 1 || !strings.Contains(string(b.ses.sent[0]), "From: Voorbeeldwinkel\r\n <service@support.example.com>\r\n") {
		t.Fatalf("sent %q", b.ses.sent)
	}
	if s := b.state(m); s.Status != "sent" || s.MailID != "0102-ses@eu-west-1.amazonses.com" {
		t.Errorf("state %+v", s)
	}
	found, err := b.table.SentMails(t.Context(), []string{"0102-ses@eu-west-1.amazonses.com", strings.ToUpper(m.MailID), "other@example.com"})
	if err != nil || len(found) != 2 || found["0102-ses@eu-west-1.amazonses.com"].ProviderID != "1" || found[strings.ToUpper(m.MailID)].To != jan.Alias {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestWhatSESMayTakeLaterIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	b := open(t)
	m := b.written("1", time.Minute, unchanged)
	b.ses.answers = []error{fault.New(fault.TooMany, "send mail"), fault.New(fault.Unavailable, "send mail")}
	if again := b.jobs(m, 4); again != 2 {
		t.Errorf("it came again %d times", again)
	}
	if len(b.ses.sent) != 1 || b.state(m).Status != "sent" {
		t.Errorf("sent %d, %+v", len(b.ses.sent), b.state(m))
	}
	if len(b.queue.all) != 2 || b.queue.all[0] != time.Minute {
		t.Errorf("waits %v", b.queue.all)
	}
}

func TestWhatWillNeverBeSentFailsWithTheReason(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer error
		ago    time.Duration
		change func(*contact.Message)
		code   string
	}{
		"refused by SES":    {fault.New(fault.Invalid, "MessageRejected"), time.Minute, unchanged, "MessageRejected"},
		"a day too late":    {nil, 25 * time.Hour, unchanged, notify.TooLate},
		"no sender":         {nil, time.Minute, func(m *contact.Message) { m.Account = "nobody" }, notify.NotAMail},
		"EAI, beyond ASCII": {nil, time.Minute, func(m *contact.Message) { m.Customer.Value = "jörg@example.com" }, notify.NotAMail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			b.ses.answers = []error{tt.answer}
			m := b.written("1", tt.ago, tt.change)
			if b.jobs(m, 2) > 0 {
				t.Error("it comes again")
			}
			if s := b.state(m); s.Status != "failed" || s.Code != tt.code || len(b.ses.sent) != 0 {
				t.Errorf("state %+v, %d sent", s, len(b.ses.sent))
			}
		})
	}
}

func TestSomebodyIsToldOfWhatDoesNotPassByItself(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer error
		ago    time.Duration
		told   bool
	}{
		"a code that nobody knows":       {fault.New(fault.Internal, "send mail"), time.Minute, true},
		"an account that sends nothing":  {fault.New(fault.Forbidden, "AccountSuspendedException"), time.Minute, true},
		"nothing but throttling all day": {nil, 25 * time.Hour, true},
		"throttling":                     {fault.New(fault.TooMany, "send mail"), time.Minute, false},
		"a mail that is refused":         {fault.New(fault.Invalid, "MessageRejected"), time.Minute, false},
		"a server that is away":          {fault.New(fault.Unavailable, "send mail"), time.Minute, false},
		"nothing":                        {nil, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			b.ses.answers = []error{tt.answer}
			b.job(b.written("1", tt.ago, unchanged))
			if told := strings.Contains(b.out.String(), `"Trouble"`); told != tt.told {
				t.Errorf("told %t:\n%s", told, b.out.String())
			}
		})
	}
}

func TestOnlyOneSendsAtATime(t *testing.T) {
	t.Parallel()
	b := open(t)
	m := b.written("1", time.Minute, unchanged)
	if turn, err := b.table.TakeTurn(t.Context(), m, now, time.Minute); err != nil || turn != contact.Mine {
		t.Fatal(turn, err)
	}
	if !b.job(m) || len(b.ses.sent) != 0 {
		t.Error("sent while another does")
	}
	b.h.Now = func() time.Time { return now.Add(2 * time.Minute) } // the other died
	if b.job(m) || len(b.ses.sent) != 1 {
		t.Error("not sent after the other's turn")
	}
}

func TestAutomaticMailToAnAddressHasALimitADay(t *testing.T) {
	t.Parallel()
	b := open(t)
	for n := range notify.MaxAutomatic + 2 {
		m := b.written(string(rune('a'+n)), time.Minute, func(m *contact.Message) { m.Automated = "auto-replied" })
		if b.jobs(m, 2) > 0 {
			t.Error("it comes again")
		}
		if s := b.state(m); (s.Code == notify.TooManyAutomatic) != (n >= notify.MaxAutomatic) {
			t.Errorf("%d: %+v", n, s)
		}
	}
	if len(b.ses.sent) != notify.MaxAutomatic {
		t.Errorf("%d sent", len(b.ses.sent))
	}
}

func TestWhatIsNoJobComesAgainAndWhatIsErasedDoesNot(t *testing.T) {
	t.Parallel()
	b := open(t)
	in := b.written("1", time.Minute, func(m *contact.Message) { m.Direction = contact.Inbound })
	if !b.body("x") || !b.body("{}") || !b.job(in) {
		t.Error("taken as done")
	}
	in.ID = contact.NewID(contact.Email, now, "gone")
	if b.job(in) || len(b.ses.sent) != 0 {
		t.Error("a message that is not there is no error")
	}
}

// files holds the files of messages.
type files map[string]string

func (f files) Get(_ context.Context, key string, _ int64) ([]byte, error) {
	data, ok := f[key]
	if !ok {
		return nil, fault.New(fault.Unavailable, "no answer")
	}
	return []byte(data), nil
}

func TestAnAnswerLeavesWithItsFilesAndItsPage(t *testing.T) {
	t.Parallel()
	b := open(t)
	m := b.written("1", time.Minute, func(m *contact.Message) {
		m.Attachments = []contact.Attachment{{Ref: "1", Name: "factuur.txt", Type: "text/plain", Size: 11, SHA256: "aa"}}
		m.Page = 13
	})
	hash := b.table.Hash("message", string(m.ID))
	held := files{m.FileKey(hash, contact.PageFile): "<p>Morgen.</p>"}
	b.h.Blobs = held
	if !b.job(m) || len(b.ses.sent) != 0 {
		t.Fatal("sent without its file")
	}
	held[m.FileKey(hash, "0")] = "Een factuur"
	if b.job(m) || len(b.ses.sent) != 1 {
		t.Fatal("not sent")
	}
	raw := string(b.ses.sent[0])
	for _, part := range []string{"filename=factuur.txt", "RWVuIGZhY3R1dXI=", "<p>Morgen.</p>", "text/plain; charset=utf-8"} {
		if !strings.Contains(raw, part) {
			t.Errorf("without %q:\n%s", part, raw)
		}
	}
}

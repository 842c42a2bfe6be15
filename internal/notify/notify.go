// Package notify sends what was written through the API to the customer it is
// for: so far by mail.
//
// A message is stored before anybody is asked to send it, and what became of
// it is an effect on it: sent, with the Message-ID that its recipient sees, or
// failed, with the reason. The queue delivers a job more than once, and to more
// than one of us at a time; only who holds the turn sends. SES cannot be told
// that a second try is the first: a function that dies between SES's answer and
// the note of it sends again, so that an answer rather arrives twice than never
// (docs/adr).
package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/email/compose"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// A Store knows the messages and keeps what became of them. [store.Table] is
// one.
type Store interface {
	Message(ctx context.Context, c identity.CustomerID, id contact.ID) (contact.Entry, error)
	PutEffect(ctx context.Context, c identity.CustomerID, e contact.Effect) (changed bool, err error)
	TakeTurn(ctx context.Context, m contact.Message, now time.Time, lease time.Duration) (contact.SendTurn, error)
	GiveTurn(ctx context.Context, m contact.Message) error
	PutSent(ctx context.Context, mailID string, s contact.SentMail) error
	AllowAutomatic(ctx context.Context, to identity.Alias, at time.Time, m contact.ID, most int) (bool, error)
}

// A Blobs holds the whole of messages that are too large for the table.
// [blob.Bucket] is one.
type Blobs interface {
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
}

// A Mailer sends mails. [ses.Client] is one.
type Mailer interface {
	Send(ctx context.Context, from, to, feedback string, raw []byte) (messageID string, err error)
}

// A Queue shows a message again later. [queue.Queue] is one.
type Queue interface {
	Delay(ctx context.Context, receipt string, d time.Duration) error
}

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Handler sends.
type Handler struct {
	Store  Store
	Blobs  Blobs
	Mailer Mailer
	Queue  Queue
	Name   string // of the organisation, beside our address; may be empty
	Meter  Meter
	Now    func() time.Time
}

// Bounds of sending.
const (
	// MaxAutomatic is how many automatic mails an address gets in a day: two
	// programs that answer each other stop there, whatever they hide.
	MaxAutomatic = 5

	maxWhole  = 8 << 20        // bytes of a message that lies in the bucket
	keptFor   = 24 * time.Hour // an answer that waits longer is no answer
	margin    = 2 * time.Second
	firstWait = 15 * time.Second
	lastWait  = 15 * time.Minute
)

// Codes of messages that have failed, beside those of SES.
const (
	TooLate          = "too-late"           // it could not be sent for a day
	TooManyAutomatic = "too-many-automatic" // the address got its share of automatic mail today
	NotAMail         = "not-a-mail"         // it cannot be written as a mail
)

// Handle sends the messages of a batch. One that may be sent later is shown by
// the queue after a while.
func (h *Handler) Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return batch.Queue(ctx, ev, func(ctx context.Context, m events.SQSMessage) error {
		err := h.do(ctx, m.Body)
		if err == nil {
			return nil
		}
		try, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
		if derr := h.Queue.Delay(ctx, m.ReceiptHandle, wait(try)); derr != nil {
			slog.WarnContext(ctx, "job not delayed", "err", derr) // the queue shows it all the same
		}
		return err
	}), nil
}

// wait returns how long is waited after a try.
func wait(try int) time.Duration { return min(firstWait<<min(max(try-1, 0), 10), lastWait) }

func (h *Handler) do(ctx context.Context, body string) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	var job contact.Job
	if err := json.Unmarshal([]byte(body), &job); err != nil || job.Message == "" || job.Customer == "" {
		return fault.New(fault.Invalid, "not a job")
	}
	e, mailID, err := h.message(ctx, job)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil // erased meanwhile
	}
	if err != nil {
		return err
	}
	m := e.Message
	if m.Channel != contact.Email || m.Direction != contact.Outbound || m.Origin != contact.Composed || m.MailID == "" {
		return fault.New(fault.Invalid, "not a message to send")
	}
	turn, err := h.Store.TakeTurn(ctx, m, h.Now(), lease(ctx))
	switch {
	case err != nil:
		return err
	case turn == contact.Busy:
		return fault.New(fault.Conflict, "somebody else is sending it")
	case turn == contact.Over:
		return h.remember(ctx, m, mailID) // which the first may not have come to
	}
	return h.send(ctx, e)
}

// lease is how long nobody else sends: until this invocation is over.
func lease(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Minute
	}
	return time.Until(deadline) + 2*margin
}

// message returns a message, whole, and the Message-ID that SES gave it.
func (h *Handler) message(ctx context.Context, job contact.Job) (e contact.Entry, mailID string, err error) {
	e, err = h.Store.Message(ctx, job.Customer, job.Message)
	if err != nil {
		return e, "", err
	}
	if e.State != nil {
		mailID = e.State.MailID
	}
	if e.Whole == "" {
		return e, mailID, nil
	}
	data, err := h.Blobs.Get(ctx, e.Whole, maxWhole)
	if err != nil {
		return e, "", err
	}
	e.Message = contact.Message{}
	if err := json.Unmarshal(data, &e.Message); err != nil {
		return e, "", fault.New(fault.Internal, "a whole message cannot be read")
	}
	return e, mailID, nil
}

// enclose adds to l what lies beside the message: its files, and its page.
func (h *Handler) enclose(ctx context.Context, e contact.Entry, l *compose.Letter) error {
	if e.State == nil {
		return nil
	}
	for _, f := range e.State.Files {
		if f.Key == "" {
			return fault.New(fault.Internal, "a file of an answer is missing")
		}
		data, err := h.Blobs.Get(ctx, f.Key, compose.MaxSize)
		if err != nil {
			return err
		}
		l.Files = append(l.Files, compose.File{Name: f.Name, Type: f.Type, Data: data})
	}
	if e.State.Page == nil {
		return nil
	}
	page, err := h.Blobs.Get(ctx, e.State.Page.Key, maxWhole)
	l.HTML = string(page)
	return err
}

// send sends the message of e, and notes what came of it.
func (h *Handler) send(ctx context.Context, e contact.Entry) error {
	m, now := e.Message, h.Now()
	if now.Sub(cmp.Or(m.ReceivedAt, m.SentAt)) > keptFor {
		h.count(trouble)
		return h.failed(ctx, m, TooLate)
	}
	if m.Automated != "" {
		allowed, err := h.Store.AllowAutomatic(ctx, m.Customer.Alias, now, m.ID, MaxAutomatic)
		if err != nil {
			return h.later(ctx, m, err)
		}
		if !allowed {
			return h.failed(ctx, m, TooManyAutomatic)
		}
	}
	l := letter(m, h.Name)
	if err := h.enclose(ctx, e, &l); err != nil {
		return h.later(ctx, m, err)
	}
	raw, err := compose.Mail(l)
	if err != nil {
		slog.WarnContext(ctx, "not a mail", "err", err)
		return h.failed(ctx, m, NotAMail)
	}
	if err := h.remember(ctx, m, m.MailID); err != nil {
		return h.later(ctx, m, err)
	}
	id, err := h.Mailer.Send(ctx, m.Account, m.Customer.Value, l.ReplyTo, raw)
	switch {
	case err != nil && fault.Retryable(err):
		h.count("Delayed")
		return h.later(ctx, m, err)
	case err != nil:
		if fault.KindOf(err) == fault.Forbidden {
			h.count(trouble)
		}
		return h.failed(ctx, m, fault.Message(err))
	}
	h.count("Sent")
	_, err = h.Store.PutEffect(ctx, m.CustomerID, contact.Effect{
		Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: contact.Status, Status: "sent", At: now, MailID: id,
	})
	if err != nil {
		return err
	}
	return h.remember(ctx, m, id)
}

// trouble counts what does not pass by itself: an alarm looks at it, since a
// job that is tried again is no error of the function's.
const trouble = "Trouble"

// later gives the turn back, so that the next try can have it.
func (h *Handler) later(ctx context.Context, m contact.Message, err error) error {
	if fault.KindOf(err) == fault.Internal {
		h.count(trouble)
	}
	if gerr := h.Store.GiveTurn(ctx, m); gerr != nil {
		slog.WarnContext(ctx, "turn not given back", "err", gerr) // it ends by itself
	}
	return err
}

// failed notes that m will never be sent.
func (h *Handler) failed(ctx context.Context, m contact.Message, code string) error {
	h.count("Failed")
	_, err := h.Store.PutEffect(ctx, m.CustomerID, contact.Effect{
		Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: contact.Status, Status: "failed", At: h.Now(), Code: code,
	})
	return err
}

// remember makes m known by a Message-ID, for what is said about it later.
func (h *Handler) remember(ctx context.Context, m contact.Message, mailID string) error {
	if mailID == "" {
		return nil
	}
	return h.Store.PutSent(ctx, mailID, contact.SentMail{Customer: m.CustomerID, Message: m.ID, ProviderID: m.ProviderID, MailID: m.MailID, To: m.Customer.Alias, At: m.SentAt})
}

func (h *Handler) count(what string) {
	h.Meter.Count("Channel", string(contact.Email), map[string]int{what: 1})
}

// letter returns m as a mail. Its token stands in its Message-ID, which SES
// replaces, and in the address that answers and reports go to.
func letter(m contact.Message, name string) compose.Letter {
	token, _, _ := strings.Cut(m.MailID, "@")
	l := compose.Letter{
		From: compose.Person{Name: name, Address: m.Account}, To: compose.Person{Name: m.Name, Address: m.Customer.Value},
		ReplyTo: email.ReplyTo(m.Account, token), ID: m.MailID, Date: m.SentAt, Subject: m.Subject, Text: m.Text, Automatic: m.Automated,
	}
	if m.ReplyTo != nil && len(m.ReplyTo.References) > 0 {
		l.References = m.ReplyTo.References
		l.InReplyTo = l.References[len(l.References)-1]
	}
	return l
}

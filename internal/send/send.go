// Package send sends the outbound messages that were written through the API.
// It sends mail only.
//
// The API stores a message before it queues the job to send it. The result is
// stored as an effect on the message: sent, with the Message-ID that the
// recipient sees, or failed, with a code.
//
// SQS may deliver a job more than once, and to several invocations at the same
// time. Only the invocation that holds the message's turn sends
// (TestHandle_TurnTaken). SES has no idempotency key, so an answer may be sent
// twice but is never lost (docs/adr/0015):
//
//  1. An invocation takes the turn and calls SES.
//  2. SES accepts the mail, and the invocation dies before it stores the effect.
//  3. The turn expires, SQS delivers the job again, and the mail is sent again.
package send

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/email/compose"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
)

// A Store reads messages and stores the results of sending them. [store.Messages]
// implements it.
type Store interface {
	Get(ctx context.Context, c identity.CustomerID, id message.ID) (message.Entry, error)
	PutEffect(ctx context.Context, c identity.CustomerID, e message.Effect) (changed bool, err error)
	AcquireSendLease(ctx context.Context, m message.Message, now time.Time, lease time.Duration) (message.SendTurn, error)
	ReleaseSendLease(ctx context.Context, m message.Message) error
	PutSent(ctx context.Context, mailID string, s message.SentMail) error
	AllowAutomatic(ctx context.Context, to identity.Alias, at time.Time, m message.ID, most int) (bool, error)
}

// A Blobs reads files, and messages that are too large for the table.
// [blob.Bucket] implements it.
type Blobs interface {
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
}

// A Mailer sends mails. [ses.Client] implements it.
type Mailer interface {
	Send(ctx context.Context, from, to, feedback string, raw []byte) (messageID string, err error)
}

// A Queue delays the redelivery of a message. [queue.Queue] implements it.
type Queue interface {
	Delay(ctx context.Context, receipt string, d time.Duration) error
}

// A Meter writes metrics. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Handler is the handler of the send function. All fields except Name are
// required.
type Handler struct {
	Store  Store
	Blobs  Blobs
	Mailer Mailer
	Queue  Queue
	Name   string // display name of the sender: the organisation; may be empty
	Meter  Meter
	Now    func() time.Time
}

// Limits of sending.
const (
	// MaxAutomatic is the number of automatic mails that an address gets in a
	// day. It stops two mail programs that answer each other.
	MaxAutomatic = 5

	maxStoredSize = 8 << 20        // bytes of a message or page in the bucket
	maxAge        = 24 * time.Hour // an older message is not sent any more
	margin        = 2 * time.Second
	minRetryDelay = 15 * time.Second
	maxRetryDelay = 15 * time.Minute
)

// Codes of failed messages. Messages that SES refused have the error code of SES.
const (
	TooLate          = "too-late"           // the message could not be sent for a day
	TooManyAutomatic = "too-many-automatic" // the address has received MaxAutomatic automatic mails today
	NotAMail         = "not-a-mail"         // the message cannot be composed as a mail
)

// Handle processes a batch of jobs. A job that failed is reported to SQS and
// delivered again after a delay of 15 seconds to 15 minutes, which doubles with
// every attempt.
func (h *Handler) Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return lambdabatch.Queue(ctx, ev, func(ctx context.Context, m events.SQSMessage) error {
		err := h.processJob(ctx, m.Body)
		if err == nil {
			return nil
		}
		try, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
		if delayErr := h.Queue.Delay(ctx, m.ReceiptHandle, retryDelay(try)); delayErr != nil {
			slog.WarnContext(ctx, "job not delayed", "err", delayErr) // SQS redelivers it after the visibility timeout
		}
		return err
	}), nil
}

// retryDelay returns the delay after an attempt, which is counted from 1.
func retryDelay(try int) time.Duration {
	return min(minRetryDelay<<min(max(try-1, 0), 10), maxRetryDelay)
}

// processJob sends the message of a job, unless it was sent or has failed
// before.
func (h *Handler) processJob(ctx context.Context, body string) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	var job message.Job
	if err := json.Unmarshal([]byte(body), &job); err != nil || job.Message == "" || job.Customer == "" {
		return fault.New(fault.Invalid, "body is not a job with a message and a customer")
	}
	e, mailID, err := h.loadMessage(ctx, job)
	if fault.Is(err, fault.NotFound) {
		return nil // the message was erased
	}
	if err != nil {
		return err
	}
	m := e.Message
	if !isComposedMail(m) {
		return fault.New(fault.Invalid, "message is not an outbound mail that was composed here")
	}
	turn, err := h.Store.AcquireSendLease(ctx, m, h.Now(), leaseDuration(ctx))
	switch {
	case err != nil:
		return err
	case turn == message.Busy:
		return fault.New(fault.Conflict, "another invocation is sending the message")
	case turn == message.Over:
		return h.indexMessageID(ctx, m, mailID) // the invocation that sent it may have died before this step
	}
	return h.sendComposedMail(ctx, e)
}

// leaseDuration returns how long the turn excludes other invocations: until this
// invocation must have ended.
func leaseDuration(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Minute
	}
	return time.Until(deadline) + 2*margin
}

// isComposedMail reports whether m is a mail that was written through the API.
func isComposedMail(m message.Message) bool {
	if m.Channel != message.Email || m.Direction != message.Outbound {
		return false
	}
	return m.Origin == message.Composed && m.MailID != ""
}

// loadMessage returns a message with its full text, and the Message-ID that SES
// assigned, or "" if SES has not accepted the message yet.
func (h *Handler) loadMessage(ctx context.Context, job message.Job) (e message.Entry, mailID string, err error) {
	e, err = h.Store.Get(ctx, job.Customer, job.Message)
	if err != nil {
		return e, "", err
	}
	if e.State != nil {
		mailID = e.State.MailID
	}
	if e.Whole == "" {
		return e, mailID, nil
	}
	data, err := h.Blobs.Get(ctx, e.Whole, maxStoredSize)
	if err != nil {
		return e, "", fmt.Errorf("whole message %s: %w", e.Whole, err)
	}
	e.Message = message.Message{}
	if err := json.Unmarshal(data, &e.Message); err != nil {
		return e, "", fault.New(fault.Internal, "decode message in bucket: not valid JSON")
	}
	return e, mailID, nil
}

// addAttachments adds the files and the HTML page of the message to l.
func (h *Handler) addAttachments(ctx context.Context, e message.Entry, l *compose.Letter) error {
	if e.State == nil {
		return nil
	}
	for _, f := range e.State.Files {
		if f.Key == "" {
			return fault.New(fault.Internal, "a file of the message is not stored")
		}
		data, err := h.Blobs.Get(ctx, f.Key, compose.MaxSize)
		if err != nil {
			return fmt.Errorf("file %s: %w", f.Key, err)
		}
		l.Files = append(l.Files, compose.File{Name: f.Name, Type: f.Type, Data: data})
	}
	if e.State.Page == nil {
		return nil
	}
	page, err := h.Blobs.Get(ctx, e.State.Page.Key, maxStoredSize)
	if err != nil {
		return fmt.Errorf("HTML of the message: %w", err)
	}
	l.HTML = string(page)
	return nil
}

// sendComposedMail sends the message of e and stores the result. The caller must hold
// the turn.
func (h *Handler) sendComposedMail(ctx context.Context, e message.Entry) error {
	m := e.Message
	now := h.Now()
	if now.Sub(cmp.Or(m.ReceivedAt, m.SentAt)) > maxAge {
		h.countOutcome(metricTrouble)
		return h.markMessageFailed(ctx, m, TooLate)
	}
	if m.Automated != "" {
		allowed, err := h.Store.AllowAutomatic(ctx, m.Customer.Alias, now, m.ID, MaxAutomatic)
		if err != nil {
			return h.releaseTurn(ctx, m, err)
		}
		if !allowed {
			return h.markMessageFailed(ctx, m, TooManyAutomatic)
		}
	}
	l := buildLetter(m, h.Name)
	if err := h.addAttachments(ctx, e, &l); err != nil {
		return h.releaseTurn(ctx, m, err)
	}
	raw, err := compose.Mail(l)
	if err != nil {
		slog.WarnContext(ctx, "mail not composed", "err", err)
		return h.markMessageFailed(ctx, m, NotAMail)
	}
	if err := h.indexMessageID(ctx, m, m.MailID); err != nil {
		return h.releaseTurn(ctx, m, err)
	}
	id, err := h.Mailer.Send(ctx, m.Account, m.Customer.Value, l.ReplyTo, raw)
	switch {
	case err != nil && fault.Retryable(err):
		h.countOutcome("Delayed")
		return h.releaseTurn(ctx, m, err)
	case err != nil:
		if fault.Is(err, fault.Forbidden) {
			h.countOutcome(metricTrouble)
		}
		return h.markMessageFailed(ctx, m, fault.Message(err))
	}
	h.countOutcome("Sent")
	_, err = h.Store.PutEffect(ctx, m.CustomerID, message.Effect{
		Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: message.Status, Status: "sent", At: now, MailID: id,
	})
	if err != nil {
		return fmt.Errorf("mail was sent, but its status is not stored: %w", err)
	}
	return h.indexMessageID(ctx, m, id)
}

// metricTrouble counts failures that do not end by themselves. An alarm watches
// it, because a retried job does not count as an error of the function.
const metricTrouble = "Trouble"

// releaseTurn ends the turn, so that the next attempt can take it, and returns
// err.
func (h *Handler) releaseTurn(ctx context.Context, m message.Message, err error) error {
	if fault.Is(err, fault.Internal) {
		h.countOutcome(metricTrouble)
	}
	if releaseErr := h.Store.ReleaseSendLease(ctx, m); releaseErr != nil {
		slog.WarnContext(ctx, "turn not released; it expires by itself", "err", releaseErr) // the turn expires
	}
	return err
}

// markMessageFailed stores that m failed permanently.
func (h *Handler) markMessageFailed(ctx context.Context, m message.Message, code string) error {
	h.countOutcome("Failed")
	_, err := h.Store.PutEffect(ctx, m.CustomerID, message.Effect{
		Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: message.Status, Status: "failed", At: h.Now(), Code: code,
	})
	if err != nil {
		return fmt.Errorf("record that the mail failed with %s: %w", code, err)
	}
	return nil
}

// indexMessageID makes m findable by a Message-ID, for replies and reports that
// refer to it.
func (h *Handler) indexMessageID(ctx context.Context, m message.Message, mailID string) error {
	if mailID == "" {
		return nil
	}
	err := h.Store.PutSent(ctx, mailID, message.SentMail{Customer: m.CustomerID, Message: m.ID, ProviderID: m.ProviderID, MailID: m.MailID, To: m.Customer.Alias, At: m.SentAt})
	if err != nil {
		return fmt.Errorf("index the Message-ID of a mail: %w", err)
	}
	return nil
}

func (h *Handler) countOutcome(outcome string) {
	h.Meter.Count("Channel", string(message.Email), map[string]int{outcome: 1})
}

// buildLetter returns m as a mail. The token of its Message-ID is also part of the
// Reply-To address, because SES replaces the Message-ID. Replies and reports are
// sent to that address.
func buildLetter(m message.Message, name string) compose.Letter {
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

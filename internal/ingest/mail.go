package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
)

// MaxMail is the size of the largest mail that is read whole, in bytes: the
// 40 MB that SES accepts, plus the header fields that it adds.
const MaxMail = 41 << 20

// mailHeadBytes is how much is read of a mail larger than MaxMail, in bytes.
const mailHeadBytes = 1 << 20

// MarkTooLarge marks a message whose mail is larger than [MaxMail], so that
// only its beginning was read.
const MarkTooLarge = "too-large"

// MailBucket is the bucket that SES writes mails into. [blob.Bucket]
// implements it.
type MailBucket interface {
	// Stat returns the size of an object in bytes, and whether SES encrypted
	// it before storing it. An encrypted object cannot be read.
	Stat(ctx context.Context, key string) (size int64, encrypted bool, err error)
	// Get returns an object of at most limit bytes.
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
	// Begin returns the first n bytes of an object.
	Begin(ctx context.Context, key string, n int64) ([]byte, error)
}

// ParsedMail is a mail after parsing: its messages, and access to its files.
type ParsedMail struct {
	Delivery    message.Delivery
	Quarantine  string                                  // why the raw mail goes into quarantine too; empty if it was read whole
	File        func(ref string) (data []byte, ok bool) // the content of an attachment
	Page        func() string                           // the HTML, safe to show; empty for a mail without HTML
	OwnMailIDs  []string                                // Message-IDs in it that may be of mails we sent, the likeliest first
	Report      bool                                    // a mail server wrote it about a mail we sent
	HardBounces []identity.Alias                        // addresses that the report proves will never work
}

// MailHandler ingests the mails in a bucket, and SES's events about the mails
// that we sent. Raw mails stay in the bucket, and each message names the key.
type MailHandler struct {
	Bucket MailBucket
	Prefix string // of the keys, for announcements that contain only SES's id of the mail
	// Parse returns the messages and files of a mail. notice is SES's own
	// record of it, {"mail": ..., "receipt": ...}, or nil if only S3 announced
	// the mail.
	Parse func(ctx context.Context, raw []byte, notice json.RawMessage) (ParsedMail, error)
	// ParseEvent reads an event of SES about a mail that we sent.
	ParseEvent func(event []byte) (SendingEvent, error)
	Ingester   *Ingester
	Sent       SentMails // the mails that we sent; nil if this stack sends none
	Meter      Meter
}

// MailEvent is the input of the email function: a batch of SQS, or an event of
// SNS, SES or S3. Its records announce mails, or report on mails that we sent.
type MailEvent struct {
	Records []json.RawMessage
}

// Handle ingests the mails that an event announces. For an SQS batch it
// returns an [events.SQSEventResponse], so that only failed messages are
// delivered again. Any other event fails as a whole, and may safely be
// repeated.
func (h *MailHandler) Handle(ctx context.Context, ev MailEvent) (any, error) {
	if q, ok := sqsBatch(ev); ok {
		return lambdabatch.Queue(ctx, q, func(ctx context.Context, m events.SQSMessage) error {
			return h.ingestAnnouncement(ctx, []byte(m.Body))
		}), nil
	}
	whole, err := json.Marshal(ev)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "encode the event")
	}
	if err := h.ingestAnnouncement(ctx, whole); err != nil {
		slog.ErrorContext(ctx, "mail not ingested", "kind", fault.KindOf(err), "err", err)
		return nil, err
	}
	return map[string]string{"disposition": "CONTINUE"}, nil // SES requires it from functions that it calls synchronously
}

// sqsBatch returns ev as an SQS batch, if all its records are SQS messages.
func sqsBatch(ev MailEvent) (events.SQSEvent, bool) {
	var q events.SQSEvent
	for _, r := range ev.Records {
		var m events.SQSMessage
		if err := json.Unmarshal(r, &m); err != nil || m.EventSource != "aws:sqs" {
			return events.SQSEvent{}, false
		}
		q.Records = append(q.Records, m)
	}
	return q, true
}

// ingestAnnouncement ingests everything that one announcement names. A failure
// does not stop the rest.
func (h *MailHandler) ingestAnnouncement(ctx context.Context, body []byte) error {
	all, err := parseAnnouncement(body, h.Prefix)
	if err != nil {
		return fmt.Errorf("announcement of mails: %w", err)
	}
	var errs []error
	for _, a := range all {
		tally, err := h.ingestArrival(ctx, a)
		h.Meter.Count("Channel", string(message.Email), tally.Counts())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		slog.InfoContext(ctx, "mail ingested", "in", tally.In, "stored", tally.Stored, "duplicate", tally.Duplicate, "quarantined", tally.Quarantined)
	}
	return errors.Join(errs...)
}

func (h *MailHandler) ingestArrival(ctx context.Context, a mailArrival) (Tally, error) {
	if a.sendingEvent != nil {
		return h.ingestSendingEvent(ctx, a.sendingEvent)
	}
	tally, err := h.ingestMail(ctx, a)
	if err != nil {
		return tally, fmt.Errorf("mail %s: %w", a.key, err)
	}
	return tally, nil
}

// ingestMail ingests one mail. A mail that cannot be read stays in the bucket,
// and a case of the quarantine names it.
func (h *MailHandler) ingestMail(ctx context.Context, a mailArrival) (Tally, error) {
	src := Source{Channel: message.Email, Object: a.key}
	size, encrypted, err := h.Bucket.Stat(ctx, a.key)
	if err != nil {
		return Tally{}, err
	}
	if encrypted {
		return h.Ingester.QuarantineUnreadable(ctx, src, "encrypted by SES before it was stored: remove the key from the S3 action of the receipt rule")
	}
	parsed, err := h.parseMail(ctx, a, size)
	if err != nil {
		gone := fault.Is(err, fault.NotFound) // a case of the quarantine could not be replayed
		if gone || fault.Retryable(err) {
			return Tally{}, err
		}
		return h.Ingester.QuarantineUnreadable(ctx, src, fault.Message(err))
	}
	for i := range parsed.Delivery.Messages {
		parsed.Delivery.Messages[i].Source = a.key
	}
	if err := h.linkToSentMail(ctx, &parsed); err != nil {
		return Tally{}, err
	}
	src.Mail = &parsed
	tally, err := h.Ingester.Ingest(ctx, parsed.Delivery, src)
	if err == nil && parsed.Quarantine != "" {
		err = h.Ingester.quarantine(ctx, src, h.Ingester.Now().UTC(), []string{parsed.Quarantine})
	}
	return tally, err
}

// parseMail reads and parses a mail of size bytes. Of a mail above [MaxMail]
// it reads the beginning, which names the sender and the subject, and leaves
// out the attachments.
func (h *MailHandler) parseMail(ctx context.Context, a mailArrival, size int64) (ParsedMail, error) {
	if size <= MaxMail {
		raw, err := h.Bucket.Get(ctx, a.key, MaxMail)
		if err != nil {
			return ParsedMail{}, err
		}
		return h.Parse(ctx, raw, a.notice)
	}
	raw, err := h.Bucket.Begin(ctx, a.key, mailHeadBytes)
	if err != nil {
		return ParsedMail{}, err
	}
	parsed, err := h.Parse(ctx, raw, a.notice)
	parsed.Quarantine = fault.New(fault.TooLarge, "the mail has %d bytes, and at most %d are read", size, MaxMail).Error()
	parsed.File = nil
	parsed.Page = nil
	for i := range parsed.Delivery.Messages {
		m := &parsed.Delivery.Messages[i]
		m.Mark = MarkTooLarge
		m.Attachments = nil // the last one is cut off
	}
	return parsed, err
}

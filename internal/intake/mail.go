package intake

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// MaxMail is the largest mail that is read whole, in bytes: the 40 MB that SES
// takes, and what it writes above them.
const MaxMail = 41 << 20

// headOfMail is how much is read of a larger one, in bytes.
const headOfMail = 1 << 20

// MarkTooLarge is the mark of a message of whose mail the beginning was read.
const MarkTooLarge = "too-large"

// setUpObject is what SES writes when a receipt rule is made; it is no mail.
const setUpObject = "AMAZON_SES_SETUP_NOTIFICATION"

// A MailBucket is where SES puts mails. [blob.Bucket] is one.
type MailBucket interface {
	// Stat returns how large an object is, and whether it was encrypted
	// before it was stored, so that nothing can be read of it.
	Stat(ctx context.Context, key string) (size int64, sealed bool, err error)
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
	// Begin reads the first bytes of an object.
	Begin(ctx context.Context, key string, n int64) ([]byte, error)
}

// A Letter is a mail that was read.
type Letter struct {
	Delivery contact.Delivery
	Unread   string                                  // why its raw form is a case of quarantine, too; empty when it was read whole
	File     func(ref string) (data []byte, ok bool) // the content of an attachment
	Page     func() string                           // its HTML, safe to show; empty when there is none
	Ours     []string                                // Message-IDs in it that may be of mail of ours, the likeliest to be meant first
	Report   bool                                    // a server's, about mail of ours
	Hard     bool                                    // the report says that the address will never work
}

// A Mail takes in mails that lie in a bucket. The raw mail stays there; every
// message says where.
type Mail struct {
	Bucket MailBucket
	Prefix string // of the keys, for announcements that have the mail's id only
	// Read returns what a mail holds. The notice is what SES says of it
	// beside, {"mail": ..., "receipt": ...}; nil when only S3 announced it.
	Read func(ctx context.Context, raw []byte, notice json.RawMessage) (Letter, error)
	// Told reads what SES says of a mail that it sent for us.
	Told  func(event []byte) (Told, error)
	Taker *Taker
	Sent  Sent // our own mail; nil when there is none
	Meter Meter
}

// Told is what SES says of one mail of ours.
type Told struct {
	Ours    []string         // Message-IDs under which it may be known
	Effects []contact.Effect // what became of it, for each recipient
	Hard    bool             // the address will never work
}

// A MailEvent is what announces mails, or says what became of ours: a batch of
// a queue, or an event of SNS, SES or S3.
type MailEvent struct {
	Records []json.RawMessage
}

// Handle takes the mails that an event announces. Of a batch of a queue those
// that cannot be taken come again without their neighbours; any other event
// comes again whole, which is safe.
func (h *Mail) Handle(ctx context.Context, ev MailEvent) (any, error) {
	if q, ok := queued(ev); ok {
		return batch.Queue(ctx, q, func(ctx context.Context, m events.SQSMessage) error { return h.announced(ctx, []byte(m.Body)) }), nil
	}
	whole, err := json.Marshal(ev)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "not an event")
	}
	if err := h.announced(ctx, whole); err != nil {
		slog.ErrorContext(ctx, "mail not taken", "kind", fault.KindOf(err), "err", err)
		return nil, err
	}
	return map[string]string{"disposition": "CONTINUE"}, nil // which SES wants of functions that it waits for
}

// queued returns the batch of a queue that an event is.
func queued(ev MailEvent) (events.SQSEvent, bool) {
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

// announced takes the mails of an announcement, each, whatever becomes of the
// others.
func (h *Mail) announced(ctx context.Context, body []byte) error {
	all, err := arrivals(body, h.Prefix)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range all {
		tally, err := h.takeEither(ctx, a)
		h.Meter.Count("Channel", string(contact.Email), tally.Counts())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		slog.InfoContext(ctx, "mail taken", "in", tally.In, "stored", tally.Stored, "duplicate", tally.Duplicate, "quarantined", tally.Quarantined)
	}
	return errors.Join(errs...)
}

// takeEither takes a mail, or what is said of one of ours.
func (h *Mail) takeEither(ctx context.Context, a arrival) (Tally, error) {
	if a.told != nil {
		return h.became(ctx, a.told)
	}
	return h.take(ctx, a)
}

// An arrival is a mail that was announced, or what became of one of ours.
type arrival struct {
	key    string
	notice json.RawMessage // what SES says of it; nil when S3 announced it
	told   json.RawMessage // SES's event about a mail of ours; nil for a mail that came
}

// An announcement is all that may announce mails, in one shape.
type announcement struct {
	Event            string          // of S3, when it tries a notification out
	NotificationType string          // of SES
	EventType        string          // of SES, about mail that it sent
	Type, Message    string          // of SNS, in a queue
	RequestPayload   json.RawMessage // an event that was given up on, back from the dead letters
	Records          []struct {
		S3  *events.S3Entity
		SES json.RawMessage
		SNS *struct{ Message string }
	}
}

var errNoAnnouncement = fault.New(fault.Invalid, "not an announcement of mail")

// arrivals returns the mails that an announcement is about: an event of S3 or
// SES, or a notification of SES, as they are or handed on by SNS. There are
// none in what the services send to try it out, "Successfully validated SNS
// topic" among it.
func arrivals(body []byte, prefix string) ([]arrival, error) {
	var a announcement
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, errNoAnnouncement
	}
	switch {
	case a.Event == "s3:TestEvent", a.NotificationType == "AmazonSnsSubscriptionSucceeded":
		return nil, nil
	case a.NotificationType == "Received":
		return received(body, prefix)
	case a.EventType != "", a.NotificationType != "":
		return []arrival{{told: body}}, nil
	case a.Type == "Notification":
		return handedOn(a.Message, prefix)
	case a.RequestPayload != nil:
		return arrivals(a.RequestPayload, prefix)
	case a.Records == nil:
		return nil, errNoAnnouncement
	}
	var all []arrival
	for _, r := range a.Records {
		var some []arrival
		err := errNoAnnouncement
		switch {
		case r.S3 != nil:
			some, err = created(r.S3.Object.Key)
		case r.SES != nil:
			some, err = received(r.SES, prefix)
		case r.SNS != nil:
			some, err = handedOn(r.SNS.Message, prefix)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// handedOn returns what SNS hands on, which is JSON once more.
func handedOn(message, prefix string) ([]arrival, error) {
	if strings.HasPrefix(message, "Successfully validated SNS topic") {
		return nil, nil
	}
	var inner announcement
	if err := json.Unmarshal([]byte(message), &inner); err != nil || inner.Type == "Notification" {
		return nil, errNoAnnouncement
	}
	for _, r := range inner.Records {
		if r.SNS != nil {
			return nil, errNoAnnouncement
		}
	}
	return arrivals([]byte(message), prefix)
}

// received returns the mail of a notification of SES. One of a rule's Lambda
// action does not say where the mail lies, but under its id it does.
func received(notice json.RawMessage, prefix string) ([]arrival, error) {
	var n struct {
		Mail    struct{ MessageID string }
		Receipt struct{ Action struct{ ObjectKey string } }
	}
	if err := json.Unmarshal(notice, &n); err != nil || n.Mail.MessageID == "" {
		return nil, errNoAnnouncement
	}
	key := n.Receipt.Action.ObjectKey
	if key == "" {
		key = prefix + n.Mail.MessageID
	}
	if strings.HasSuffix(key, setUpObject) {
		return nil, nil
	}
	return []arrival{{key: key, notice: notice}}, nil
}

// created returns the mail that S3 announces under a key.
func created(escaped string) ([]arrival, error) {
	key, err := url.QueryUnescape(escaped)
	if err != nil || key == "" {
		return nil, fault.New(fault.Invalid, "a key that is not URL-encoded")
	}
	if strings.HasSuffix(key, setUpObject) {
		return nil, nil
	}
	return []arrival{{key: key}}, nil
}

// take takes one mail. One that cannot be read is kept where it lies, as a
// case of quarantine.
func (h *Mail) take(ctx context.Context, a arrival) (Tally, error) {
	src := Source{Channel: contact.Email, Object: a.key}
	size, sealed, err := h.Bucket.Stat(ctx, a.key)
	switch {
	case err != nil:
		return Tally{}, err
	case sealed:
		return h.Taker.Unreadable(ctx, src, "encrypted by SES before it was stored: take the key out of the receipt rule")
	}
	letter, err := h.read(ctx, a, size)
	if err != nil && (fault.Retryable(err) || fault.KindOf(err) == fault.NotFound) { // gone since: there is nothing to keep as a case
		return Tally{}, err
	}
	if err != nil {
		return h.Taker.Unreadable(ctx, src, fault.Message(err))
	}
	for i := range letter.Delivery.Messages {
		letter.Delivery.Messages[i].Source = a.key
	}
	if err := h.attach(ctx, &letter); err != nil {
		return Tally{}, err
	}
	src.Letter = &letter
	tally, err := h.Taker.Take(ctx, letter.Delivery, src)
	if err == nil && letter.Unread != "" {
		err = h.Taker.quarantine(ctx, src, h.Taker.Now().UTC(), []string{letter.Unread})
	}
	return tally, err
}

// read reads a mail: of one that is too large the beginning, so that it is
// known who wrote and about what.
func (h *Mail) read(ctx context.Context, a arrival, size int64) (Letter, error) {
	if size <= MaxMail {
		raw, err := h.Bucket.Get(ctx, a.key, MaxMail)
		if err != nil {
			return Letter{}, err
		}
		return h.Read(ctx, raw, a.notice)
	}
	raw, err := h.Bucket.Begin(ctx, a.key, headOfMail)
	if err != nil {
		return Letter{}, err
	}
	letter, err := h.Read(ctx, raw, a.notice)
	letter.Unread = fault.New(fault.TooLarge, "a mail of %d bytes, at most %d", size, MaxMail).Error()
	letter.File, letter.Page = nil, nil
	for i := range letter.Delivery.Messages {
		m := &letter.Delivery.Messages[i]
		m.Mark, m.Attachments = MarkTooLarge, nil // of which the last is torn
	}
	return letter, err
}

package intake

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// MaxMail is the largest mail taken, in bytes: what SES takes.
const MaxMail = 40 << 20

// setUpObject is what SES writes when a receipt rule is made; it is no mail.
const setUpObject = "AMAZON_SES_SETUP_NOTIFICATION"

// A MailBucket is where SES puts mails. [blob.Bucket] is one.
type MailBucket interface {
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
}

// A Mail takes in mails that lie in a bucket. The raw mail stays there; every
// message says where.
type Mail struct {
	Bucket MailBucket
	// Normalize returns what a mail holds, and why its raw form has to be kept
	// in quarantine as well; empty when it was read whole.
	Normalize func(raw []byte) (d contact.Delivery, unread string, err error)
	Taker     *Taker
	Meter     Meter
}

// Handle takes a batch of announcements by S3. A mail that cannot be taken is
// announced again, without its neighbours.
func (h *Mail) Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return batch.Queue(ctx, ev, func(ctx context.Context, m events.SQSMessage) error {
		keys, err := announced(m.Body)
		if err != nil {
			return err
		}
		for _, key := range keys {
			tally, err := h.take(ctx, key)
			h.Meter.Count("Channel", string(contact.Email), tally.Counts())
			if err != nil {
				return err
			}
			slog.InfoContext(ctx, "mail taken", "in", tally.In, "stored", tally.Stored, "duplicate", tally.Duplicate, "quarantined", tally.Quarantined)
		}
		return nil
	}), nil
}

// announced returns the keys of the mails that a message of S3 announces;
// none for its test event.
func announced(body string) ([]string, error) {
	var ev struct {
		Event   string
		Records []events.S3EventRecord
	}
	if err := json.Unmarshal([]byte(body), &ev); err != nil {
		return nil, fault.New(fault.Invalid, "not an event of S3")
	}
	if ev.Records == nil && ev.Event != "s3:TestEvent" {
		return nil, fault.New(fault.Invalid, "not an event of S3")
	}
	var keys []string
	for _, r := range ev.Records {
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return nil, fault.New(fault.Invalid, "a key that is not URL-encoded")
		}
		if !strings.HasSuffix(key, setUpObject) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// take takes one mail. One that is too large to read is kept where it lies,
// as a case of quarantine.
func (h *Mail) take(ctx context.Context, key string) (Tally, error) {
	src := Source{Channel: contact.Email, Object: key}
	raw, err := h.Bucket.Get(ctx, key, MaxMail)
	if fault.KindOf(err) == fault.TooLarge && err != nil {
		return h.Taker.Unreadable(ctx, src, fault.Message(err))
	}
	if err != nil {
		return Tally{}, err
	}
	d, unread, err := h.Normalize(raw)
	if err != nil {
		return h.Taker.Unreadable(ctx, src, fault.Message(err))
	}
	for i := range d.Messages {
		d.Messages[i].Source = key
	}
	tally, err := h.Taker.Take(ctx, d, src)
	if err == nil && unread != "" {
		err = h.Taker.quarantine(ctx, src, h.Taker.Now().UTC(), []string{unread})
	}
	return tally, err
}

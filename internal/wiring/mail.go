package wiring

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/ingest"
)

// MailTokens returns a function that reads the keys of the tokens in our mails,
// from the secret that MAIL_SECRET names.
func MailTokens(cfg aws.Config) func(context.Context) (email.Tokens, error) {
	keys := Secret(cfg, "MAIL_SECRET")
	return func(ctx context.Context) (email.Tokens, error) {
		values, err := keys.Values(ctx, "tokenKey")
		if err != nil {
			return email.Tokens{}, err
		}
		t := email.Tokens{Key: []byte(values[0])}
		if len(values) > 1 {
			t.Previous = []byte(values[1])
		}
		return t, nil
	}
}

// MailStaff returns a function that reports whether an address belongs to our
// own people: it, or its domain, is in MAIL_STAFF. Entries that are neither an
// address nor a domain are logged and ignored.
func MailStaff() func(address string) bool {
	list, err := email.ParseAddressList(config.Or("MAIL_STAFF", ""))
	if err != nil {
		slog.Warn("MAIL_STAFF has an entry that is neither a mail address nor a domain; the entry is ignored", "err", err)
	}
	return list.Has
}

// MailForms returns a function that reports whether web forms and relays send
// from an address: it, or its domain, is in MAIL_FORMS. It panics if an entry
// is neither, because the mails of that form would all become one customer.
func MailForms() func(address string) bool {
	list, err := email.ParseAddressList(config.Or("MAIL_FORMS", ""))
	if err != nil {
		panic("config: MAIL_FORMS: " + fault.Message(err))
	}
	return list.Has
}

// KnownForms is [MailForms] for a function that receives no mail. An entry that is
// neither an address nor a domain is logged and ignored: it stops the email
// function, and need not stop this one.
func KnownForms() func(address string) bool {
	list, err := email.ParseAddressList(config.Or("MAIL_FORMS", ""))
	if err != nil {
		slog.Warn("MAIL_FORMS has an entry that is neither a mail address nor a domain; the entry is ignored", "err", err)
	}
	return list.Has
}

// MailParser returns the function that parses mails for [ingest.MailHandler].
func MailParser(cfg aws.Config) func(ctx context.Context, raw []byte, notice json.RawMessage) (ingest.ParsedMail, error) {
	tokens := MailTokens(cfg)
	staff := MailStaff()
	forms := MailForms()
	domain := config.Or("MAIL_DOMAIN", "")
	return func(ctx context.Context, raw []byte, notice json.RawMessage) (ingest.ParsedMail, error) {
		keys, err := tokens(ctx)
		if err != nil {
			return ingest.ParsedMail{}, err
		}
		env := email.EnvelopeFromHeaders(raw)
		env.AddNotice(notice)
		env.Tokens = keys
		env.Staff = staff
		env.Forms = forms
		env.Domain = domain
		d, p, err := email.Normalize(raw, env)
		return ingest.ParsedMail{
			Delivery:    d,
			Quarantine:  p.Quarantine,
			File:        p.FileContent,
			Page:        p.SafeHTML,
			OwnMailIDs:  p.OwnMailIDs,
			Report:      p.Report != nil,
			HardBounces: p.HardBounces,
		}, err
	}
}

// ReadSendingEvent reads an event of SES about a mail that we sent, for
// [ingest.MailHandler].
func ReadSendingEvent(event []byte) (ingest.SendingEvent, error) {
	ev, err := email.ReadSendingEvent(event)
	return ingest.SendingEvent(ev), err
}

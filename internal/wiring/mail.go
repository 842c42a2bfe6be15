package wiring

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/intake"
)

// MailTokens returns what reads the keys that sign the tokens of our mail,
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

// MailStaff returns what reports whether an address belongs to one of our own
// people, from the addresses and domains in MAIL_STAFF.
func MailStaff() func(address string) bool {
	list, err := email.ParseAddressList(config.Or("MAIL_STAFF", ""))
	if err != nil {
		slog.Warn("MAIL_STAFF has an entry that is neither a mail address nor a domain; it is ignored", "err", err)
	}
	return list.Has
}

// MailForms returns what reports whether an address is one that web forms and
// relays send from, from the addresses and domains in MAIL_FORMS. It panics
// when an entry is neither: the mails of that form would become one customer.
func MailForms() func(address string) bool {
	list, err := email.ParseAddressList(config.Or("MAIL_FORMS", ""))
	if err != nil {
		panic("config: MAIL_FORMS: " + fault.Message(err))
	}
	return list.Has
}

// MailReader returns what reads mails for [intake.Mail].
func MailReader(cfg aws.Config) func(ctx context.Context, raw []byte, notice json.RawMessage) (intake.Letter, error) {
	tokens := MailTokens(cfg)
	staff, forms, domain := MailStaff(), MailForms(), config.Or("MAIL_DOMAIN", "")
	return func(ctx context.Context, raw []byte, notice json.RawMessage) (intake.Letter, error) {
		keys, err := tokens(ctx)
		if err != nil {
			return intake.Letter{}, err
		}
		env := email.EnvelopeFromHeaders(raw)
		env.Announced(notice)
		env.Tokens, env.Staff, env.Forms, env.Domain = keys, staff, forms, domain
		d, p, err := email.Normalize(raw, env)
		return intake.Letter{
			Delivery: d, Unread: p.Quarantine, File: p.Part, Page: p.SafeHTML, Ours: p.Ours, Report: p.Report != nil, Hard: p.Hard,
		}, err
	}
}

// MailTold reads what SES says of a mail that it sent, for [intake.Mail].
func MailTold(event []byte) (intake.Told, error) {
	t, err := email.ReadTold(event)
	return intake.Told(t), err
}

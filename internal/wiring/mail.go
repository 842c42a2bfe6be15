package wiring

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/config"
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

// MailStaff reports whether an address is that of one of our own people: the
// addresses and domains that MAIL_STAFF lists.
func MailStaff() func(address string) bool {
	var list []string
	for v := range strings.SplitSeq(config.Or("MAIL_STAFF", ""), ",") {
		if v = strings.ToLower(strings.TrimSpace(v)); v != "" {
			list = append(list, v)
		}
	}
	return func(address string) bool {
		address = strings.ToLower(address)
		_, domain, _ := strings.Cut(address, "@")
		return slices.Contains(list, address) || slices.Contains(list, domain)
	}
}

// MailReader returns what reads mails for [intake.Mail].
func MailReader(cfg aws.Config) func(ctx context.Context, raw []byte, notice json.RawMessage) (intake.Letter, error) {
	tokens, staff := MailTokens(cfg), MailStaff()
	return func(ctx context.Context, raw []byte, notice json.RawMessage) (intake.Letter, error) {
		keys, err := tokens(ctx)
		if err != nil {
			return intake.Letter{}, err
		}
		env := email.EnvelopeFromHeaders(raw)
		env.Announced(notice)
		env.Tokens, env.Staff = keys, staff
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

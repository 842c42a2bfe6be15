// Package ses hands mails to Amazon SES.
package ses

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/heard-intake/heard/internal/fault"
)

// A Mail is one mail for one recipient.
type Mail struct {
	From     string // a mailbox of the verified domain
	To       string
	Feedback string // where bounces and complaints go
	Raw      []byte
}

// A Client sends in one region.
type Client struct{ api *sesv2.Client }

// New returns a client. The API has no token that makes a second try the same
// as the first, so that the SDK's own tries must be off.
func New(api *sesv2.Client) *Client { return &Client{api: api} }

// Send sends a mail and returns the Message-ID, without brackets, that SES puts
// in place of its own. An error is [fault.Invalid] when SES will never send
// it, [fault.TooMany] when it may later, and else [fault.Unavailable].
func (c *Client) Send(ctx context.Context, m Mail) (messageID string, err error) {
	out, err := c.api.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress:               &m.From,
		FeedbackForwardingEmailAddress: &m.Feedback,
		Destination:                    &types.Destination{ToAddresses: []string{m.To}},
		Content:                        &types.EmailContent{Raw: &types.RawMessage{Data: m.Raw}},
	}, func(o *sesv2.Options) { o.RetryMaxAttempts = 1 })
	if err != nil {
		return "", failed(err)
	}
	if out.MessageId == nil || *out.MessageId == "" {
		return "", fault.New(fault.Unavailable, "SES named no mail")
	}
	return *out.MessageId + "@" + domain(c.api.Options().Region), nil
}

// domain is what SES puts behind its ids.
func domain(region string) string {
	if region == "us-east-1" {
		return "email.amazonses.com"
	}
	return region + ".amazonses.com"
}

// failed gives an error of SES its kind. Its words may name an address, so
// that only its code is kept.
func failed(err error) error {
	v, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fault.Wrap(fault.Unavailable, err, "send mail")
	}
	code := v.ErrorCode()
	switch code {
	case "MessageRejected", "BadRequestException":
		return fault.Wrap(fault.Invalid, errors.New(code), "%s", code)
	case "TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling":
		return fault.Wrap(fault.TooMany, errors.New(code), "send mail")
	}
	return fault.Wrap(fault.Unavailable, errors.New(code), "send mail")
}

// Package ses hands mails to Amazon SES.
package ses

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/heard-intake/heard/internal/fault"
)

// A Client sends in one region.
type Client struct {
	api *sesv2.Client
	set *string // the configuration set, which says who is told what became of a mail; nil for none
}

// answerTime is how long SES may take: a try given up too soon sends twice.
const answerTime = 20 * time.Second

// New returns a client. The API has no token that makes a second try the same
// as the first, so that the SDK makes none. A configuration set may be empty.
func New(cfg aws.Config, configurationSet string) *Client {
	c := &Client{api: sesv2.NewFromConfig(cfg, func(o *sesv2.Options) {
		o.Retryer = aws.NopRetryer{}
		o.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = answerTime })
	})}
	if configurationSet != "" {
		c.set = &configurationSet
	}
	return c
}

// Send sends a raw mail from a mailbox of the verified domain to one recipient;
// bounces and complaints go to the feedback address. It returns the Message-ID, without brackets, that SES puts
// in place of its own. An error is [fault.Invalid] when SES will never send
// it, [fault.TooMany] when it may later, and else [fault.Unavailable].
func (c *Client) Send(ctx context.Context, from, to, feedback string, raw []byte) (messageID string, err error) {
	out, err := c.api.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress:               &from,
		FeedbackForwardingEmailAddress: &feedback,
		ConfigurationSetName:           c.set,
		Destination:                    &types.Destination{ToAddresses: []string{to}},
		Content:                        &types.EmailContent{Raw: &types.RawMessage{Data: raw}},
	})
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

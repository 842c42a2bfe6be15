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
	api              *sesv2.Client
	configurationSet *string // the configuration set, which says who is told what became of a mail; nil for none
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
		c.configurationSet = &configurationSet
	}
	return c
}

// Send sends a raw mail from a mailbox of the verified domain to one recipient;
// bounces and complaints go to the feedback address. It returns the Message-ID, without brackets, that SES puts
// in place of its own. An error is [fault.Invalid] when SES will never send
// it, [fault.Forbidden] when it will send nothing of ours, [fault.TooMany] and [fault.Unavailable] when it may
// later, and [fault.Internal] when it may once somebody has seen to it: a refusal of our credentials, a paused account,
// or what nobody thought of.
func (c *Client) Send(ctx context.Context, from, to, feedback string, raw []byte) (messageID string, err error) {
	out, err := c.api.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress:               &from,
		FeedbackForwardingEmailAddress: &feedback,
		ConfigurationSetName:           c.configurationSet,
		Destination:                    &types.Destination{ToAddresses: []string{to}},
		Content:                        &types.EmailContent{Raw: &types.RawMessage{Data: raw}},
	})
	if err != nil {
		return "", classifyError(err)
	}
	if out.MessageId == nil || *out.MessageId == "" {
		return "", fault.New(fault.Unavailable, "SES named no mail")
	}
	return *out.MessageId + "@" + messageIDDomain(c.api.Options().Region), nil
}

// domain is what SES puts behind its ids.
func messageIDDomain(region string) string {
	if region == "us-east-1" {
		return "email.amazonses.com"
	}
	return region + ".amazonses.com"
}

// kinds says what SES's errors mean for a mail. The account's and the domain's
// are final, too: whoever waits for the answer is to hear soon that none came.
var faultKinds = map[string]fault.Kind{
	"MessageRejected":     fault.Invalid,
	"BadRequestException": fault.Invalid,

	"AccountSuspendedException":          fault.Forbidden,
	"MailFromDomainNotVerifiedException": fault.Forbidden,
	"NotFoundException":                  fault.Forbidden, // the configuration set

	"TooManyRequestsException": fault.TooMany,
	"LimitExceededException":   fault.TooMany,
	"ThrottlingException":      fault.TooMany,
	"Throttling":               fault.TooMany,
	"SendingPausedException":   fault.Internal,
}

// failed gives an error of SES its kind. Its words may name an address, so
// that only its code is kept.
func classifyError(err error) error {
	code := "no answer"
	status := 0
	if v, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		code = "no code"
		status = v.HTTPStatusCode()
	}
	if v, ok := errors.AsType[smithy.APIError](err); ok {
		code = v.ErrorCode()
	}
	kind, known := faultKinds[code]
	switch {
	case known:
	case status == http.StatusTooManyRequests:
		kind = fault.TooMany
	case status == 0, status >= http.StatusInternalServerError, status == http.StatusRequestTimeout:
		return fault.Wrap(fault.Unavailable, unansweredCause(err, code), "send mail")
	default:
		kind = fault.Internal
	}
	if kind == fault.Invalid || kind == fault.Forbidden {
		return fault.New(kind, "%s", code)
	}
	return fault.Wrap(kind, errors.New(code), "send mail")
}

// cause is why there was no answer, or the code of one.
func unansweredCause(err error, code string) error {
	if _, answered := errors.AsType[*awshttp.ResponseError](err); answered {
		return errors.New(code)
	}
	return err
}

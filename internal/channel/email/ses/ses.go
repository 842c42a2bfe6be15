// Package ses sends mails through Amazon SES.
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

// A Client sends mails in one AWS region.
type Client struct {
	api              *sesv2.Client
	configurationSet *string // names where SES publishes delivery events; may be nil
}

// answerTime is how long to wait for a response of SES. A mail may be sent
// twice if we give up too early and try again.
const answerTime = 20 * time.Second

// New returns a client. The SDK's retries are off, because SES has no
// idempotency token and a retry could send a mail twice. configurationSet may
// be empty.
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

// Send sends a raw mail from a mailbox of the verified domain to one
// recipient. Bounces and complaints are sent to the feedback address. Send
// returns the Message-ID, without brackets, which SES puts in place of the
// mail's own.
//
// The kind of an error says whether to try again:
//   - [fault.Invalid]: SES will never send this mail.
//   - [fault.Forbidden]: SES sends none of our mails, for instance because
//     the
//
// domain is not verified.
//   - [fault.TooMany] and [fault.Unavailable]: a later try may succeed.
//   - [fault.Internal]: a later try may succeed after an operator has solved
//     the
//
// problem, such as refused credentials or paused sending. Unknown errors have
// this kind.
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
		return "", fault.New(fault.Unavailable, "the response of SES has no message id")
	}
	return *out.MessageId + "@" + messageIDDomain(c.api.Options().Region), nil
}

// messageIDDomain returns the domain of the Message-IDs that SES assigns in a
// region.
func messageIDDomain(region string) string {
	if region == "us-east-1" {
		return "email.amazonses.com"
	}
	return region + ".amazonses.com"
}

// faultKinds maps the error codes of SES to fault kinds. Problems of the
// account or the domain are final too, so that the agent who waits for the
// result is notified soon.
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

// classifyError returns an error of SES with its kind. It keeps only the code,
// because the text may contain an address.
func classifyError(err error) error {
	code := "no response"
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

// unansweredCause returns err if SES did not respond, and else only the code.
func unansweredCause(err error, code string) error {
	if _, answered := errors.AsType[*awshttp.ResponseError](err); answered {
		return errors.New(code)
	}
	return err
}

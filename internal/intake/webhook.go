package intake

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/webhook"
)

// MaxWebhook is the largest webhook taken, in bytes: Meta's own limit of 3 MB
// (WhatsApp webhooks overview), and a margin.
const MaxWebhook = 3<<20 + 256<<10

// Secrets gives the values of a secret, current first. [secret.Secret] is one.
type Secrets interface {
	Values(ctx context.Context, name string) ([]string, error)
	Refresh(ctx context.Context) (bool, error)
}

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Webhook takes in the webhooks of one channel of Meta's.
type Webhook struct {
	Channel   contact.Channel
	Secrets   Secrets // "appSecret" signs, "verifyToken" is for the handshake
	Normalize func(body []byte) (contact.Delivery, error)
	Taker     *Taker
	Meter     Meter
}

// Handle answers one request. A POST is answered 200 only when everything in
// it is stored or in quarantine; 401 for a bad signature, 413 for one that is
// too large, and 503 when something could not be stored, so that it is sent
// again. Whatever is signed and not understood is kept, and answered 200. A
// refused caller learns nothing.
func (h *Webhook) Handle(ctx context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	if req.RequestContext.HTTP.Method == http.MethodGet {
		return h.handshake(ctx, req), nil
	}
	tally, err := h.take(ctx, req)
	h.Meter.Count("Channel", string(h.Channel), tally.Counts())
	if err != nil {
		slog.WarnContext(ctx, "webhook not taken", "channel", h.Channel, "kind", fault.KindOf(err), "err", err)
		return events.APIGatewayV2HTTPResponse{StatusCode: webhookStatus(err)}, nil
	}
	slog.InfoContext(ctx, "webhook taken", "channel", h.Channel, "in", tally.In, "stored", tally.Stored,
		"duplicate", tally.Duplicate, "quarantined", tally.Quarantined)
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK}, nil
}

// webhookStatus is what a platform is told. A mistake of ours is 503: the
// platform is to try again.
func webhookStatus(err error) int {
	switch fault.KindOf(err) {
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	default:
		return http.StatusServiceUnavailable
	}
}

func (h *Webhook) handshake(ctx context.Context, req events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	tokens, err := h.Secrets.Values(ctx, "verifyToken")
	if err != nil {
		slog.ErrorContext(ctx, "handshake failed", "channel", h.Channel, "err", err)
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusServiceUnavailable}
	}
	challenge, err := webhook.Challenge(req.QueryStringParameters, tokens...)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{StatusCode: fault.HTTPStatus(err)}
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": "text/plain", "X-Content-Type-Options": "nosniff"},
		Body:       challenge,
	}
}

func (h *Webhook) take(ctx context.Context, req events.APIGatewayV2HTTPRequest) (Tally, error) {
	body, err := rawBody(req, MaxWebhook)
	if err != nil {
		return Tally{}, err
	}
	if err := h.verify(ctx, body, header(req, webhook.SignatureHeader)); err != nil {
		return Tally{}, err
	}
	src := Source{Channel: h.Channel, Raw: body, Type: "application/json"}
	d, err := h.Normalize(body)
	if err != nil {
		return h.Taker.Unreadable(ctx, src, fault.Message(err))
	}
	return h.Taker.Take(ctx, d, src)
}

// verify checks the signature, once more with the newest secret when it
// fails.
func (h *Webhook) verify(ctx context.Context, body []byte, signature string) error {
	secrets, err := h.Secrets.Values(ctx, "appSecret")
	if err != nil {
		return err
	}
	err = webhook.Verify(body, signature, secrets...)
	if fault.KindOf(err) != fault.Unauthorized || err == nil {
		return err
	}
	fresh, rerr := h.Secrets.Refresh(ctx)
	if rerr != nil || !fresh {
		return err
	}
	if secrets, rerr = h.Secrets.Values(ctx, "appSecret"); rerr != nil {
		return rerr
	}
	return webhook.Verify(body, signature, secrets...)
}

// rawBody returns the bytes that the sender sent and signed.
func rawBody(req events.APIGatewayV2HTTPRequest, limit int) ([]byte, error) {
	n := len(req.Body)
	if req.IsBase64Encoded {
		n = base64.StdEncoding.DecodedLen(n) - 2
	}
	if n > limit {
		return nil, fault.New(fault.TooLarge, "the body has more than %d bytes", limit)
	}
	if !req.IsBase64Encoded {
		return []byte(req.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(req.Body)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the body is not base64")
	}
	return body, nil
}

// header returns a header, whatever the case of its name: an HTTP API lowers
// it, other front doors do not.
func header(req events.APIGatewayV2HTTPRequest, name string) string {
	if v, ok := req.Headers[name]; ok {
		return v
	}
	for k, v := range req.Headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

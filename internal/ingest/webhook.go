package ingest

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

// MaxWebhook is the size of the largest webhook accepted, in bytes: Meta's own
// limit of 3 MB (WhatsApp webhooks overview), and a margin.
const MaxWebhook = 3<<20 + 256<<10

// Secrets reads the values of a secret, the current one first.
// [secret.Secret] implements it.
type Secrets interface {
	Values(ctx context.Context, name string) ([]string, error)
	// Refresh reads the secret again, at most every ten seconds, and reports
	// whether it did.
	Refresh(ctx context.Context) (bool, error)
}

// Meter records counts as metrics. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// WebhookHandler ingests the webhooks of one Meta channel.
type WebhookHandler struct {
	Channel   message.Channel
	Secrets   Secrets // "appSecret" signs webhooks; "verifyToken" is for the handshake
	Normalize func(body []byte) (message.Delivery, error)
	Ingester  *Ingester
	Meter     Meter
}

// Handle answers one request. A GET is Meta's handshake. A POST is answered
//
//   - 200 if every element is stored or in quarantine. A signed body that
//     cannot be read is put into quarantine and answered 200 too.
//   - 401 for a bad signature.
//   - 413 for a body above [MaxWebhook].
//   - 503 if something could not be stored, so that Meta sends it again.
//
// Answers to a POST have no body, so a refused caller learns nothing.
func (h *WebhookHandler) Handle(ctx context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	if req.RequestContext.HTTP.Method == http.MethodGet {
		return h.answerHandshake(ctx, req), nil
	}
	tally, err := h.ingestRequest(ctx, req)
	h.Meter.Count("Channel", string(h.Channel), tally.Counts())
	if err != nil {
		slog.WarnContext(ctx, "webhook not ingested", "channel", h.Channel, "kind", fault.KindOf(err), "err", err)
		return events.APIGatewayV2HTTPResponse{StatusCode: statusFor(err)}, nil
	}
	slog.InfoContext(ctx, "webhook ingested", "channel", h.Channel, "in", tally.In, "stored", tally.Stored,
		"duplicate", tally.Duplicate, "quarantined", tally.Quarantined)
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK}, nil
}

// statusFor returns the HTTP status for an error. A failure on our side is
// 503, so that the platform tries again.
func statusFor(err error) int {
	switch fault.KindOf(err) {
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	default:
		return http.StatusServiceUnavailable
	}
}

func (h *WebhookHandler) answerHandshake(ctx context.Context, req events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	tokens, err := h.Secrets.Values(ctx, "verifyToken")
	if err != nil {
		slog.ErrorContext(ctx, "handshake failed", "channel", h.Channel, "err", err)
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusServiceUnavailable}
	}
	challenge, err := meta.Challenge(req.QueryStringParameters, tokens...)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{StatusCode: fault.HTTPStatus(err)}
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": "text/plain", "X-Content-Type-Options": "nosniff"},
		Body:       challenge,
	}
}

func (h *WebhookHandler) ingestRequest(ctx context.Context, req events.APIGatewayV2HTTPRequest) (Tally, error) {
	body, err := rawBody(req, MaxWebhook)
	if err != nil {
		return Tally{}, err
	}
	if err := h.verifySignature(ctx, body, headerValue(req, meta.SignatureHeader)); err != nil {
		return Tally{}, err
	}
	src := Source{Channel: h.Channel, Raw: body, Type: "application/json"}
	d, err := h.Normalize(body)
	if err != nil {
		return h.Ingester.QuarantineUnreadable(ctx, src, fault.Message(err))
	}
	return h.Ingester.Ingest(ctx, d, src)
}

// verifySignature checks the signature of body. If it does not match, the
// secret is read again, and the new value is tried once.
func (h *WebhookHandler) verifySignature(ctx context.Context, body []byte, signature string) error {
	secrets, err := h.Secrets.Values(ctx, "appSecret")
	if err != nil {
		return err
	}
	err = meta.Verify(body, signature, secrets...)
	if !fault.Is(err, fault.Unauthorized) {
		return err
	}
	refreshed, refreshErr := h.Secrets.Refresh(ctx)
	if refreshErr != nil || !refreshed {
		return err
	}
	secrets, refreshErr = h.Secrets.Values(ctx, "appSecret")
	if refreshErr != nil {
		return refreshErr
	}
	return meta.Verify(body, signature, secrets...)
}

// rawBody returns the bytes that the sender signed. More than limit bytes are
// [fault.TooLarge].
func rawBody(req events.APIGatewayV2HTTPRequest, limit int) ([]byte, error) {
	n := len(req.Body)
	if req.IsBase64Encoded {
		n = base64.StdEncoding.DecodedLen(n) - 2
	}
	if n > limit {
		return nil, fault.New(fault.TooLarge, "the body is larger than %d bytes", limit)
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

// headerValue returns a header by its name in any case. An HTTP API of API
// Gateway lowers the case of names; a REST API does not.
func headerValue(req events.APIGatewayV2HTTPRequest, name string) string {
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

package ingest

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

// SNSHandler ingests a channel's events that an AWS service, such as End User
// Messaging Social, publishes through SNS. The platform's signature is not in
// them. Only the subscribed topic may invoke the function, which proves their
// origin.
type SNSHandler struct {
	Channel   message.Channel
	Normalize func(message []byte) (message.Delivery, error)
	Ingester  *Ingester
	Meter     Meter
}

// Handle ingests every notification of an event. After an error Lambda
// delivers all of them again, which is safe. After the last attempt the event
// goes to the function's on-failure destination.
func (h *SNSHandler) Handle(ctx context.Context, ev events.SNSEvent) error {
	var failures []error
	for _, r := range ev.Records {
		tally, err := h.ingestMessage(ctx, []byte(r.SNS.Message))
		h.Meter.Count("Channel", string(h.Channel), tally.Counts())
		if err != nil {
			slog.ErrorContext(ctx, "notification not ingested", "channel", h.Channel, "kind", fault.KindOf(err), "err", err)
			failures = append(failures, err)
			continue
		}
		slog.InfoContext(ctx, "notification ingested", "channel", h.Channel, "in", tally.In, "stored", tally.Stored,
			"duplicate", tally.Duplicate, "quarantined", tally.Quarantined)
	}
	return errors.Join(failures...)
}

func (h *SNSHandler) ingestMessage(ctx context.Context, message []byte) (Tally, error) {
	src := Source{Channel: h.Channel, Raw: message, Type: "application/json"}
	d, err := h.Normalize(message)
	if err != nil {
		return h.Ingester.QuarantineUnreadable(ctx, src, fault.Message(err))
	}
	return h.Ingester.Ingest(ctx, d, src)
}

// Event is the input of a function with two triggers: an HTTP request of API
// Gateway, or notifications of SNS.
type Event struct {
	events.APIGatewayV2HTTPRequest
	events.SNSEvent
}

// RouteEvents returns a Lambda handler that passes notifications to sns and
// requests to webhooks.
func RouteEvents(webhooks *WebhookHandler, sns *SNSHandler) func(context.Context, Event) (any, error) {
	return func(ctx context.Context, ev Event) (any, error) {
		if len(ev.Records) > 0 {
			return nil, sns.Handle(ctx, ev.SNSEvent)
		}
		return webhooks.Handle(ctx, ev.APIGatewayV2HTTPRequest)
	}
}

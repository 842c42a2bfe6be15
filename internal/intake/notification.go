package intake

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// A Notified takes in what another service of AWS hands on of a channel
// through SNS. Nothing in it is signed by the platform: that only the
// subscribed topic may invoke the function is what proves it.
type Notified struct {
	Channel   contact.Channel
	Normalize func(message []byte) (contact.Delivery, error)
	Taker     *Taker
	Meter     Meter
}

// Handle takes the notifications of one event. Its error makes Lambda deliver
// all of them again, which is safe; after the last try the event goes to the
// function's on-failure destination.
func (h *Notified) Handle(ctx context.Context, ev events.SNSEvent) error {
	var failures []error
	for _, r := range ev.Records {
		tally, err := h.take(ctx, []byte(r.SNS.Message))
		h.Meter.Count("Channel", string(h.Channel), tally.Counts())
		if err != nil {
			slog.ErrorContext(ctx, "notification not taken", "channel", h.Channel, "kind", fault.KindOf(err), "err", err)
			failures = append(failures, err)
			continue
		}
		slog.InfoContext(ctx, "notification taken", "channel", h.Channel, "in", tally.In, "stored", tally.Stored,
			"duplicate", tally.Duplicate, "quarantined", tally.Quarantined)
	}
	return errors.Join(failures...)
}

func (h *Notified) take(ctx context.Context, message []byte) (Tally, error) {
	src := Source{Channel: h.Channel, Raw: message, Type: "application/json"}
	d, err := h.Normalize(message)
	if err != nil {
		return h.Taker.Unreadable(ctx, src, fault.Message(err))
	}
	return h.Taker.Take(ctx, d, src)
}

// An Event is what a function gets that has both ways in: a request, or
// notifications.
type Event struct {
	events.APIGatewayV2HTTPRequest
	events.SNSEvent
}

// Either returns a handler of events that hands notifications to one and
// requests to the other.
func Either(requests *Webhook, notifications *Notified) func(context.Context, Event) (any, error) {
	return func(ctx context.Context, ev Event) (any, error) {
		if len(ev.Records) > 0 {
			return nil, notifications.Handle(ctx, ev.SNSEvent)
		}
		return requests.Handle(ctx, ev.APIGatewayV2HTTPRequest)
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

// deliverEvent delivers one event through the intake, or an answer through the
// API.
func (s *stage) deliverEvent(ctx context.Context, m weekEvent) error {
	if m.purpose == outgoing {
		return s.recordAnswer(ctx, m)
	}
	d, err := s.buildDelivery(m)
	if err != nil {
		return fmt.Errorf("build a delivery of %s by %s: %w", m.purpose, m.channel, err)
	}
	if m.purpose == inbound {
		ctx = context.WithValue(ctx, customerKey{}, m.customer)
	}
	tally, err := s.ingester.Ingest(ctx, d, ingest.Source{Channel: m.channel})
	if err != nil {
		return fmt.Errorf("%s by %s: %w", m.purpose, m.channel, err)
	}
	if tally.In != 1 || tally.Stored != 1 {
		return fmt.Errorf("%s by %s: got tally %+v, want one stored element", m.purpose, m.channel, tally)
	}
	return nil
}

type customerKey struct{}

// Identify identifies a customer, and notes the id by customer number.
func (s *stage) Identify(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (identity.CustomerID, error) {
	id, err := s.Customers.Identify(ctx, addresses, ev)
	if n, ok := ctx.Value(customerKey{}).(int); ok {
		s.mu.Lock()
		s.known[n] = id
		s.mu.Unlock()
	}
	return id, err
}

func (s *stage) buildDelivery(m weekEvent) (message.Delivery, error) {
	p := traffic.Someone(m.customer)
	said := traffic.Said{From: p, ID: traffic.MID(m.id), At: m.at, Text: m.text}
	if m.purpose == status {
		return statusDelivery(p, m)
	}
	switch m.channel {
	case message.WhatsApp:
		said.ID = traffic.Wamid(p, m.id)
		return whatsapp.Normalize(traffic.WhatsApp(said))
	case message.Messenger:
		return messenger.Normalize(traffic.Messenger(said))
	case message.Email:
		raw := traffic.Mail(p, m.id+"@example.org", "", "Vraag over mijn bestelling", m.text, m.at)
		raw = traffic.AddSESHeaders(raw, traffic.SESMessageID(m.id), p, m.at)
		d, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		for i := range d.Messages {
			d.Messages[i].Source = "in/" + traffic.SESMessageID(m.id)
		}
		return d, err
	default:
		return webchat.Normalize(traffic.Site, p.Visitor, traffic.Chat(traffic.DeterministicUUIDv7(m.at, m.id), m.text), m.at)
	}
}

// statusDelivery returns the status of an answer: for WhatsApp from a webhook, for
// the other channels as a hand-made effect of the same shape.
func statusDelivery(p traffic.Person, m weekEvent) (message.Delivery, error) {
	id := answerID(p, m)
	if m.channel == message.WhatsApp {
		return whatsapp.Normalize(traffic.WhatsAppStatus(p, id, m.text, m.at))
	}
	return message.Delivery{Effects: []message.Effect{{
		Channel: m.channel, Customer: customerAddress(p, m.channel), Target: id, Kind: message.Status, Status: m.text, At: m.at,
	}}}, nil
}

// answerID returns the platform's id of the answer in the conversation of m.
func answerID(p traffic.Person, m weekEvent) string {
	switch m.channel {
	case message.WhatsApp:
		return traffic.Wamid(p, m.id)
	case message.Messenger:
		return traffic.MID(m.id)
	default:
		return traffic.SESMessageID(m.id)
	}
}

func customerAddress(p traffic.Person, ch message.Channel) identity.Address {
	a := identity.Alias{Kind: identity.Visitor, Scope: traffic.Site, Value: p.Visitor}
	switch ch {
	case message.Messenger:
		a = identity.Alias{Kind: identity.PSID, Scope: traffic.Page, Value: p.PSID}
	case message.Email:
		a = identity.Alias{Kind: identity.Email, Value: p.Mail}
	default: // web chat
	}
	return identity.Address{Alias: a, Assurance: identity.Verified}
}

// recordAnswer registers an answer through the API, as a help desk does for an
// answer that it sent itself. The answer counts as received one second after it
// was sent, and is noted for the next batch of triage.
func (s *stage) recordAnswer(ctx context.Context, m weekEvent) error {
	s.mu.Lock()
	id := string(s.known[m.customer])
	s.mu.Unlock()
	body, err := json.Marshal(map[string]string{
		"delivery": "recorded", "channel": string(m.channel), "providerId": answerID(traffic.Someone(m.customer), m),
		"sentAt": m.at.Format(time.RFC3339), "text": m.text, "author": "agent-7",
	})
	if err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	agents := s.agents
	agents.Now = func() time.Time { return m.at.Truncate(time.Second).Add(time.Second) }
	resp, err := httpapi.Lambda(agents.Handler())(ctx, events.APIGatewayV2HTTPRequest{
		RouteKey: "POST /v1/customers/{id}/messages", RawPath: "/v1/customers/" + id + "/messages", Body: string(body),
		Headers: map[string]string{"content-type": "application/json"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodPost, Path: "/v1/customers/" + id + "/messages"},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
				JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{
					"sub": "help-desk", "scope": httpapi.WriteCustomers, "exp": fmt.Sprint(time.Now().Add(time.Hour).Unix()),
				}},
			},
		},
	})
	if err != nil {
		return fmt.Errorf("record an answer: %w", err)
	}
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("record an answer: status %d, want 201: %s", resp.StatusCode, resp.Body)
	}
	var stored message.Message
	if err := json.Unmarshal([]byte(resp.Body), &stored); err != nil {
		return fmt.Errorf("read recorded answer: %w", err)
	}
	s.noteStored(stored, true)
	return nil
}

package agentapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

const decisionRoute = "POST /v1/customers/{id}/decisions"

// decisionsOf returns the decisions that triage reads for one id of a customer.
func (s *stack) decisionsOf(c identity.CustomerID) []contact.Decision {
	s.T.Helper()
	nearby, err := s.Table.Contacts.NearbyContacts(s.T.Context(), c, now, 8, true)
	if err != nil {
		s.T.Fatal(err)
	}
	return nearby.Decisions
}

func TestDecideMessage(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	m := s.Says(phone(1), message.WhatsApp, 90, "Top, bedankt!")
	yes := true
	no := false
	for _, step := range []struct {
		name          string
		body          map[string]any
		asks, machine *bool
	}{
		{"no answer needed", map[string]any{"asks": false}, &no, nil},
		{"the same again", map[string]any{"asks": false}, &no, nil},
		{"it does need one", map[string]any{"asks": true}, &yes, nil},
		{"a person wrote it", map[string]any{"machine": false}, &yes, &no},
		{"both", map[string]any{"asks": false, "machine": true}, &no, &yes},
		{"asks withdrawn", map[string]any{"asks": nil}, nil, &yes},
		{"machine withdrawn", map[string]any{"machine": nil}, nil, nil},
	} {
		step.body["messageId"] = m.ID
		var got contact.Decision
		s.Do(call{Route: decisionRoute, Path: id(m.CustomerID), Body: step.body}).Into(http.StatusOK, &got)
		want := contact.Decision{Customer: m.CustomerID, Message: m.ID, Asks: step.asks, Machine: step.machine, By: "agent-7", At: now.Truncate(time.Millisecond)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", step.name, diff)
		}
		if diff := cmp.Diff([]contact.Decision{want}, s.decisionsOf(m.CustomerID)); diff != "" {
			t.Errorf("%s: stored (-want +got):\n%s", step.name, diff)
		}
	}
}

// TestDecideMessage_Merged decides about a message of a customer who was merged. Every
// id works, and the decision is stored with the message.
func TestDecideMessage_Merged(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stands, other := s.Merged(1)
	page, err := s.Table.Messages.History(t.Context(), identity.Customer{ID: stands, Members: []identity.CustomerID{stands, other}}, message.Query{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		for _, path := range []identity.CustomerID{stands, other} {
			var got contact.Decision
			s.Do(call{Route: decisionRoute, Path: id(path), Body: map[string]any{"messageId": e.ID, "machine": false}}).Into(http.StatusOK, &got)
			if got.Customer != e.CustomerID {
				t.Errorf("by %s: stored under %s, want %s", path, got.Customer, e.CustomerID)
			}
		}
	}
	if len(page.Entries) == 0 {
		t.Fatal("got no messages")
	}
}

func TestDecideMessage_Refused(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	m := s.Says(phone(1), message.WhatsApp, 90, "Waar blijft mijn pakket?")
	other := s.Says(phone(2), message.WhatsApp, 90, "Waar blijft mijn pakket?")
	ours := s.Put(message.Message{Channel: message.WhatsApp, Direction: message.Outbound, Customer: phone(1), Text: "Morgen."}, 60)
	for _, tt := range []struct {
		name   string
		body   map[string]any
		status int
		detail string
	}{
		{"no decision", map[string]any{"messageId": m.ID}, 400, "asks or machine is needed"},
		{"no message", map[string]any{"asks": false}, 400, "messageId must be"},
		{"malformed id", map[string]any{"messageId": "x", "asks": false}, 400, "messageId must be"},
		{"long id", map[string]any{"messageId": "1772442000000:whatsapp:" + strings.Repeat("a", 300), "asks": false}, 400, "messageId must be"},
		{"text", map[string]any{"messageId": m.ID, "asks": "no"}, 400, "asks must be true, false or null"},
		{"number", map[string]any{"messageId": m.ID, "machine": 0}, 400, "machine must be true, false or null"},
		{"unknown member", map[string]any{"messageId": m.ID, "ask": false}, 400, "ask"},
		{"unknown message", map[string]any{"messageId": "1772442000000:whatsapp:wamid.X", "asks": false}, 404, "no such message"},
		{"message of another customer", map[string]any{"messageId": other.ID, "asks": false}, 404, "no such message"},
		{"message of ours", map[string]any{"messageId": ours.ID, "asks": false}, 400, "leave asks out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.Do(call{Route: decisionRoute, Path: id(m.CustomerID), Body: tt.body}).ExpectRefusal(tt.status, tt.detail)
		})
	}
	if got := s.decisionsOf(m.CustomerID); len(got) != 0 {
		t.Errorf("stored: got %+v, want nothing", got)
	}
	s.Do(call{Route: decisionRoute, Path: id("01a0c4a5-d580-7abc-8def-0123456789ab"), Body: map[string]any{"messageId": m.ID, "asks": false}}).ExpectRefusal(http.StatusNotFound, "no such customer")
	s.Do(call{Route: decisionRoute, Path: id(m.CustomerID), Body: map[string]any{"messageId": ours.ID, "machine": true}}).Expect(http.StatusOK)
}

package chatapi_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
)

// writesMuch stores n messages of a customer on WhatsApp, all within the last
// two hours.
func (s *stack) writesMuch(who identity.CustomerID, n int) {
	s.T.Helper()
	failed := make(chan error, n)
	lambdabatch.Each(n, 32, func(i int) {
		m := message.Message{
			Version: message.SchemaVersion, CustomerID: who, Channel: message.WhatsApp, Direction: message.Inbound, Kind: message.Text,
			Customer: phone(1), ProviderID: fmt.Sprintf("wamid.HBgLMzE5NzAxMDAwMDE-%05d", i), SentAt: now.Add(-time.Duration(i) * time.Second), Text: "x",
		}
		m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
		if _, err := s.Table.Messages.Put(s.T.Context(), m, ""); err != nil {
			failed <- err
		}
	})
	close(failed)
	for err := range failed {
		s.T.Fatal(err)
	}
}

// A page of the store ends after 1,000 messages. The newest messages here are
// all of another channel.
func TestConversation_BehindMuchOfAnotherChannel(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	v := s.visit(nil, "")
	v.says(23*60, "eerst in de chat")
	s.writesMuch(v.customer(), 1250)
	p := v.reads(nil)
	if len(p.Messages) != 1 || p.Messages[0].Text != "eerst in de chat" || !p.Complete {
		t.Errorf("the first page has %d messages, complete %v, want the one of the chat", len(p.Messages), p.Complete)
	}
}

// The cursor of a chat page can be made of a message of another channel.
func TestConversation_CursorIsOpaque(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	v := s.visit(nil, "")
	v.says(23*60, "eerst in de chat")
	who := v.customer()
	s.writesMuch(who, 5100)
	p := v.reads(map[string]string{"limit": "1"})
	if len(p.Messages) != 0 || p.Complete {
		t.Fatalf("the first page has %d messages, complete %v, want none and more to come", len(p.Messages), p.Complete)
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"whatsapp", "wamid", string(who), "#17"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("%q is readable in the cursor %q", secret, raw)
		}
	}
	if p = v.reads(map[string]string{"limit": "1", "cursor": p.Cursor}); len(p.Messages) != 1 {
		t.Errorf("the next page has %d messages, want 1", len(p.Messages))
	}
}

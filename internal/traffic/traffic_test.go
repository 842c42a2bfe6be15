package traffic_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/traffic"
)

func TestPayloads_Normalize(t *testing.T) {
	t.Parallel()
	p, at := traffic.Someone(5), time.Now().UTC().Truncate(time.Second)
	said := traffic.Said{From: p, ID: traffic.Wamid(p, "one"), At: at, Text: "hoi"}
	raw := traffic.AddSESHeaders(traffic.Mail(p, "one@example.org", "", "Vraag", "hoi", at), traffic.SESMessageID("one"), p, at)
	id := traffic.DeterministicUUIDv7(at, "one")
	tests := []struct {
		name      string
		normalize func() (message.Delivery, error)
		addresses int // 0 for an effect
	}{
		{"WhatsApp text", func() (message.Delivery, error) { return whatsapp.Normalize(traffic.WhatsApp(said)) }, 2},
		{"WhatsApp status", func() (message.Delivery, error) {
			return whatsapp.Normalize(traffic.WhatsAppStatus(p, said.ID, "read", at))
		}, 0},
		{"Messenger text", func() (message.Delivery, error) { return messenger.Normalize(traffic.Messenger(said)) }, 1},
		{"Messenger watermark", func() (message.Delivery, error) {
			return messenger.Normalize(traffic.MessengerWatermark(p, "read", at))
		}, 0},
		{"mail", func() (message.Delivery, error) {
			d, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
			return d, err
		}, 1},
		{"chat post", func() (message.Delivery, error) {
			return webchat.Normalize(traffic.Site, p.Visitor, traffic.Chat(id, "hoi"), at)
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := tt.normalize()
			if err != nil {
				t.Fatal(err)
			}
			if tt.addresses == 0 {
				if len(d.Effects) != 1 || d.Elements() != 1 {
					t.Fatalf("got %+v, want one effect", d)
				}
				return
			}
			if len(d.Messages) != 1 || d.Elements() != 1 {
				t.Fatalf("got %+v, want one message", d)
			}
			m := d.Messages[0]
			if !strings.HasPrefix(m.Text, "hoi") || !m.SentAt.Equal(at) || len(m.Addresses()) != tt.addresses || m.Customer.Assurance != identity.Verified {
				t.Errorf("got message %+v, want text hoi of %s with %d verified addresses", m, at, tt.addresses)
			}
		})
	}
}

func TestOpenings_Reasons(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	shop, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range traffic.Openings {
		if got := shop.Classify(l.Text, taxonomy.Hints{}).Reason; got != l.Reason {
			t.Errorf("%q: got reason %q, want %q", l.Text, got, l.Reason)
		}
	}
	for _, text := range traffic.FollowUps {
		if got := shop.Classify(text, taxonomy.Hints{}).Reason; got != "" {
			t.Errorf("%q: got reason %q, want none", text, got)
		}
	}
}

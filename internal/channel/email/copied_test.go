package email_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// TestNormalize_CopiedAnswer reads mails of our own people with our mailbox in Cc
// or Bcc. They are answers to the customer in To.
func TestNormalize_CopiedAnswer(t *testing.T) {
	t.Parallel()
	const mia = "From: Mia <mia@shop.example>\n"
	const cees = "To: Cees <cees@example.net>\n"
	for _, tt := range []struct {
		name, header, dmarc string
		customer            string
		direction           message.Direction
		passive             bool
	}{
		{"in Cc", mia + cees + "Cc: klantenservice@support.example.com", "PASS", "cees@example.net", message.Outbound, false},
		{"in Bcc", mia + cees, "PASS", "cees@example.net", message.Outbound, false},
		{"an answer", mia + cees + "In-Reply-To: <vraag@example.net>\nSubject: Re: Retour", "PASS", "cees@example.net", message.Outbound, false},
		{"a colleague in Cc", mia + cees + "Cc: piet@shop.example, klantenservice@support.example.com", "PASS", "cees@example.net", message.Outbound, false},
		{"a colleague in To", mia + "To: cees@example.net, piet@shop.example", "PASS", "cees@example.net", message.Outbound, false},
		{"the customer twice in To", mia + "To: cees@example.net, Cees <Cees@Example.net>", "PASS", "cees@example.net", message.Outbound, false},
		{"of another mailbox of ours", "From: verkoop@support.example.com\n" + cees, "PASS", "cees@example.net", message.Outbound, false},

		{"forged", mia + cees + "Cc: klantenservice@support.example.com", "FAIL", "mia@shop.example", message.Inbound, false},
		{"of a stranger", "From: eva@example.org\n" + cees + "Cc: klantenservice@support.example.com", "PASS", "eva@example.org", message.Inbound, false},
		{"to us", mia + "To: klantenservice@support.example.com\nCc: cees@example.net", "PASS", "mia@shop.example", message.Inbound, false},
		{"to us and the customer", mia + "To: klantenservice@support.example.com, cees@example.net", "PASS", "mia@shop.example", message.Inbound, false},
		{"to a colleague", mia + "To: piet@shop.example", "PASS", "mia@shop.example", message.Inbound, false},
		{"to two customers", mia + "To: cees@example.net, eva@example.org", "PASS", "mia@shop.example", message.Inbound, true},
		{"an automatic receipt", mia + cees + "Auto-Submitted: auto-replied", "PASS", "mia@shop.example", message.Inbound, true},
		{"a system of ours", "From: no-reply@shop.example\n" + cees, "PASS", "no-reply@shop.example", message.Inbound, false},
		{"a forward", mia + cees + "Subject: Fwd: Retour", "PASS", "mia@shop.example", message.Inbound, false},
		{"through a list", mia + cees + "List-Id: <praat.lijst.example>", "PASS", "mia@shop.example", message.Inbound, false},
		{"of a form", "From: formulier@shop.example\n" + cees + "Reply-To: eva@example.org", "PASS", "eva@example.org", message.Inbound, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := fromForm(t, tt.dmarc)
			env.Domain = "support.example.com"
			d, _ := normalize(t, tt.header+"\n\nUw geld is overgemaakt.\n", env)
			m := d.Messages[0]
			if m.Customer.Value != tt.customer || m.Direction != tt.direction || m.Passive != tt.passive {
				t.Errorf("got %s of %s, passive %v; want %s of %s, passive %v", m.Direction, m.Customer.Value, m.Passive, tt.direction, tt.customer, tt.passive)
			}
			if tt.direction == message.Inbound {
				return
			}
			if m.Origin != message.Echo || m.Author == "" || m.Customer.Assurance != identity.Verified || m.Name != "" {
				t.Errorf("got origin %s, author %q, assurance %s and name %q; want an echo by the colleague, for a verified address without a name", m.Origin, m.Author, m.Customer.Assurance, m.Name)
			}
			if !m.NoReply || m.Mark == email.MarkNoAuthor {
				t.Errorf("got no reply %v and mark %q, want true and no mark", m.NoReply, m.Mark)
			}
		})
	}
}

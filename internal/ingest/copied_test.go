package ingest_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
)

// TestMailHandler_CopiedAnswer receives a colleague's mail to a customer, with a
// copy to us. It is in the history that has the customer's own mails, and the
// colleague has no history.
func TestMailHandler_CopiedAnswer(t *testing.T) {
	t.Parallel()
	const receivedBySES = "Received: from mx.example by inbound-smtp.eu-west-1.amazonaws.com with SMTP id ID for info@winkel.example; Mon, 02 Mar 2026 09:00:00 +0000 (UTC)\r\n" +
		"X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\nAuthentication-Results: amazonses.com; dmarc=RESULT header.from=DOMAIN;\r\n"
	header := func(id, dmarc, domain string) string {
		return strings.NewReplacer("ID", id, "RESULT", dmarc, "DOMAIN", domain).Replace(receivedBySES)
	}
	for name, dmarc := range map[string]string{"a verified customer": "pass", "a claimed customer": "fail", "an unknown customer": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := newMail(w)
			h.Sent = w.table.Messages
			h.Parse = func(_ context.Context, raw []byte, _ json.RawMessage) (ingest.ParsedMail, error) {
				env := email.EnvelopeFromHeaders(raw)
				env.Staff = func(address string) bool { return strings.HasSuffix(address, "@kantoor.example") }
				d, p, err := email.Normalize(raw, env)
				return ingest.ParsedMail{Delivery: d, File: p.FileContent, Page: p.SafeHTML}, err
			}
			want := 1
			keys := []string{"in/answer"}
			if dmarc != "" {
				w.hold(t, "in/question", header("question12345678", dmarc, "voorbeeld.example")+"From: jan@voorbeeld.example\r\nTo: info@winkel.example\r\nMessage-ID: <q@voorbeeld.example>\r\n\r\nWaar blijft het?\r\n")
				keys = []string{"in/question", "in/answer"}
				want = 2
			}
			w.hold(t, "in/answer", header("answer1234567890", "pass", "kantoor.example")+"From: Mia <mia@kantoor.example>\r\nTo: Jan <jan@voorbeeld.example>\r\nCc: info@winkel.example\r\nIn-Reply-To: <q@voorbeeld.example>\r\nMessage-ID: <a@kantoor.example>\r\n\r\nHet komt morgen.\r\n")
			for _, key := range keys {
				if failed := failedOf(t, h, event(queued(key, encoded(byS3(key))))); len(failed) != 0 {
					t.Fatalf("got failed messages %v, want none", failed)
				}
			}
			history := w.history(t, janMail)
			var answers int
			for _, e := range history {
				if e.Direction == message.Outbound {
					answers++
					if e.Author != "mia@kantoor.example" || e.Origin != message.Echo {
						t.Errorf("got author %q and origin %s, want mia@kantoor.example and echo", e.Author, e.Origin)
					}
				}
			}
			if len(history) != want || answers != 1 {
				t.Errorf("got %d messages and %d answers, want %d and 1", len(history), answers, want)
			}
			if of := w.history(t, identity.Alias{Kind: identity.Email, Value: "mia@kantoor.example"}); len(of) != 0 {
				t.Errorf("got %d messages of the colleague, want none", len(of))
			}
		})
	}
}

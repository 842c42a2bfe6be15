package ingest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
)

// newSNSHandler returns a handler of WhatsApp notifications.
func newSNSHandler(w *world) *ingest.SNSHandler {
	return &ingest.SNSHandler{Channel: message.WhatsApp, Normalize: whatsapp.NormalizeSNS, Ingester: w.hook.Ingester, Meter: w.counts}
}

// notification returns a Lambda event of SNS, with one message of AWS End User
// Messaging Social for each webhook entry.
func notification(t testing.TB, entries ...string) []byte {
	t.Helper()
	var records []any
	for _, e := range entries {
		message, err := json.Marshal(map[string]any{
			"context": map[string]any{}, "whatsAppWebhookEntry": e, "aws_account_id": "123456789012", "messageId": "m-1",
		})
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, map[string]any{
			"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:eu-west-1:123456789012:social:1",
			"Sns": map[string]any{"Type": "Notification", "MessageId": "n-1", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:social", "Message": string(message), "Timestamp": "2026-03-02T09:00:00.000Z"},
		})
	}
	data, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// entry returns one entry of a webhook.
func entry(messages ...string) string {
	var hook struct{ Entry []json.RawMessage }
	if err := json.Unmarshal([]byte(hookBody(messages...)), &hook); err != nil {
		panic(err)
	}
	return string(hook.Entry[0])
}

// invoke calls the whatsapp function's handler as Lambda does.
func invoke(t testing.TB, w *world, event []byte) (any, error) {
	t.Helper()
	var ev ingest.Event
	if err := json.Unmarshal(event, &ev); err != nil {
		t.Fatal(err)
	}
	return ingest.RouteEvents(w.hook, newSNSHandler(w))(t.Context(), ev)
}

func TestSNSHandler_Redelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if status := w.signed(t, hookBody(said("A", "hoi"))); status != http.StatusOK {
		t.Fatal(status)
	}
	for range 2 {
		if _, err := invoke(t, w, notification(t, entry(said("A", "hoi"), said("B", "nog iets")))); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.history(t, jan); len(got) != 2 {
		t.Errorf("got %d messages, want 2", len(got))
	}
	if w.counts.sum["Stored"] != 2 || w.counts.sum["Duplicate"] != 3 {
		t.Errorf("got counts %v, want 2 stored and 3 duplicates", w.counts.sum)
	}
}

func TestRouteEvents_Request(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := `{"version":"2.0","requestContext":{"http":{"method":"POST"}},"headers":{"x-hub-signature-256":"sha256=00"},"body":"{}"}`
	resp, err := invoke(t, w, []byte(request))
	if got, ok := resp.(events.APIGatewayV2HTTPResponse); err != nil || !ok || got.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %v and error %v, want status 401", resp, err)
	}
}

func TestSNSHandler_UnreadableMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := invoke(t, w, notification(t, "not JSON", entry(said("A", "hoi"), "4"))); err != nil {
		t.Fatal(err)
	}
	if w.counts.sum["Quarantined"] != 2 || w.counts.sum["Stored"] != 1 {
		t.Errorf("got counts %v, want 2 quarantined and 1 stored", w.counts.sum)
	}
	for _, key := range w.stored(t) {
		if !strings.HasPrefix(key, "quarantine/whatsapp/") {
			t.Errorf("got key %s, want it in the quarantine", key)
		}
	}
}

func TestSNSHandler_StoreOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newSNSHandler(w)
	n.Ingester = &ingest.Ingester{Store: storeWithOutage(w.table), Blobs: w.blobs, Now: time.Now}
	var ev events.SNSEvent
	if err := json.Unmarshal(notification(t, entry(said("A", "een")), entry(said("B", "twee"))), &ev); err != nil {
		t.Fatal(err)
	}
	if err := n.Handle(t.Context(), ev); err == nil {
		t.Fatal("during the outage: got no error, want one")
	}
	if err := n.Handle(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if got := w.history(t, jan); len(got) != 2 {
		t.Errorf("got %d messages, want 2", len(got))
	}
}

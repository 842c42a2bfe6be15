package intake_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/intake"
)

func newNotified(w *world) *intake.SNSHandler {
	return &intake.SNSHandler{Channel: contact.WhatsApp, Normalize: whatsapp.NormalizeSNS, Ingester: w.hook.Ingester, Meter: w.counts}
}

// notification is an event of SNS with messages of AWS End User Messaging
// Social, as Lambda gets it.
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

// entry is one entry of a webhook.
func entry(messages ...string) string {
	var hook struct{ Entry []json.RawMessage }
	if err := json.Unmarshal([]byte(hookBody(messages...)), &hook); err != nil {
		panic(err)
	}
	return string(hook.Entry[0])
}

// invoke calls the function as Lambda does.
func invoke(t testing.TB, w *world, event []byte) (any, error) {
	t.Helper()
	var ev intake.Event
	if err := json.Unmarshal(event, &ev); err != nil {
		t.Fatal(err)
	}
	return intake.RouteEvents(w.hook, newNotified(w))(t.Context(), ev)
}

func TestANotificationIsTakenOnceAlsoWhenTheWebhookBroughtItBefore(t *testing.T) {
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
		t.Errorf("%d messages", len(got))
	}
	if w.counts.sum["Stored"] != 2 || w.counts.sum["Duplicate"] != 3 {
		t.Errorf("counts %v", w.counts.sum)
	}
}

func TestAFunctionWithTwoWaysInAnswersRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := `{"version":"2.0","requestContext":{"http":{"method":"POST"}},"headers":{"x-hub-signature-256":"sha256=00"},"body":"{}"}`
	resp, err := invoke(t, w, []byte(request))
	if got, ok := resp.(events.APIGatewayV2HTTPResponse); err != nil || !ok || got.StatusCode != http.StatusUnauthorized {
		t.Errorf("%v %v", resp, err)
	}
}

func TestANotificationThatCannotBeReadIsKeptWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := invoke(t, w, notification(t, "not JSON", entry(said("A", "hoi"), "4"))); err != nil {
		t.Fatal(err)
	}
	if w.counts.sum["Quarantined"] != 2 || w.counts.sum["Stored"] != 1 {
		t.Errorf("counts %v", w.counts.sum)
	}
	for _, key := range w.stored(t) {
		if !strings.HasPrefix(key, "quarantine/whatsapp/") {
			t.Errorf("key %s", key)
		}
	}
}

func TestANotificationThatCouldNotBeStoredIsAnErrorSoThatItComesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNotified(w)
	n.Ingester = &intake.Ingester{Store: &outage{Table: w.table, down: 1}, Blobs: w.blobs, Now: time.Now}
	var ev events.SNSEvent
	if err := json.Unmarshal(notification(t, entry(said("A", "een")), entry(said("B", "twee"))), &ev); err != nil {
		t.Fatal(err)
	}
	if err := n.Handle(t.Context(), ev); err == nil {
		t.Fatal("taken, and not stored")
	}
	if err := n.Handle(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if got := w.history(t, jan); len(got) != 2 {
		t.Errorf("%d messages", len(got))
	}
}

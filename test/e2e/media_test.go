package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

// picture returns the webhook of a WhatsApp message with a picture.
func picture(who traffic.Person, medium string) []byte {
	hook := string(traffic.WhatsApp(traffic.Said{From: who, ID: traffic.Wamid(who, id()), At: time.Now(), Text: "PICTURE"}))
	hook = strings.Replace(hook, `"text":{"body":"PICTURE"}`, fmt.Sprintf(`"image":{"id":%q,"mime_type":"image/png"}`, medium), 1)
	return []byte(strings.Replace(hook, `"type":"text"`, `"type":"image"`, 1))
}

// TestFetch_FilesAndNames checks that data that is not in a webhook is fetched from
// the platform and is in the history: the file of a message and the name of a
// person.
func TestFetch_FilesAndNames(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan, els := someone(), someone()
	medium := b.stack.Graph.AddMedium(graph.Medium{Type: "image/png", Data: []byte("\x89PNG\r\n\x1a\n a picture")})
	b.stack.Graph.SetProfile(els.PSID, graph.Profile{FirstName: "Els", LastName: "Voorbeeld-Graph"})
	if err := b.SendWebhook(t.Context(), message.WhatsApp, picture(jan, medium)); err != nil {
		t.Fatal(err)
	}
	b.say(els, message.Messenger, "hallo")
	b.settle()

	found, err := b.FindCustomer(t.Context(), "phone:"+jan.Phone)
	if err != nil {
		t.Fatal(err)
	}
	history, err := b.Messages(t.Context(), found.ID, 1)
	if err != nil || len(history) != 1 || history[0].State == nil || len(history[0].State.Files) != 1 {
		t.Fatalf("history %+v %v", history, err)
	}
	file := history[0].State.Files[0]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, file.URL, nil)
	if err != nil || file.State != message.Stored {
		t.Fatalf("file %+v %v", file, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.HasSuffix(string(body), "a picture") || resp.Header.Get("Content-Type") != "image/png" || resp.Header.Get("Content-Disposition") != "inline; filename=image.png" {
		t.Errorf("%d %q %v %v", resp.StatusCode, body, resp.Header, err)
	}

	if found, err = b.FindCustomer(t.Context(), "psid:"+traffic.Page+":"+els.PSID); err != nil || found.Name != "Els Voorbeeld-Graph" {
		t.Errorf("found %+v %v", found, err)
	}
}

// TestDeliver_EndUserMessagingSocial checks that WhatsApp messages from AWS End User
// Messaging Social and from webhooks are in one history. The files come from AWS,
// not from Meta.
func TestDeliver_EndUserMessagingSocial(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	medium := b.stack.Graph.AddMedium(graph.Medium{Type: "image/png", Data: []byte("\x89PNG\r\n\x1a\n a picture")})
	hook := picture(jan, medium)
	b.say(jan, message.WhatsApp, "hallo")
	for range 2 {
		if err := b.SendDelivery(t.Context(), message.WhatsApp, handedOn(t, hook)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.SendDelivery(t.Context(), message.WhatsApp, hook); err != nil {
		t.Fatal(err)
	}
	b.settle()
	found, err := b.FindCustomer(t.Context(), "phone:"+jan.Phone)
	if err != nil {
		t.Fatal(err)
	}
	history, err := b.Messages(t.Context(), found.ID, 10)
	if err != nil || len(history) != 2 {
		t.Fatalf("history %+v %v", history, err)
	}
	asked := false
	for _, path := range b.stack.Graph.Asked() {
		asked = asked || strings.HasSuffix(path, "/"+medium)
	}
	for _, m := range history {
		if m.Kind == message.Image && (m.State == nil || len(m.State.Files) != 1 || m.State.Files[0].State != message.Stored || asked) {
			t.Errorf("got file %+v (requested from Meta: %t), want a stored file from AWS", m.State, asked)
		}
	}
}

// handedOn returns a webhook as AWS End User Messaging Social publishes it.
func handedOn(t *testing.T, hook []byte) []byte {
	t.Helper()
	var h struct{ Entry []json.RawMessage }
	if err := json.Unmarshal(hook, &h); err != nil {
		t.Fatal(err)
	}
	message, err := json.Marshal(map[string]any{
		"context": map[string]any{"MetaPhoneNumberIds": []map[string]string{{
			"metaPhoneNumberId": traffic.PhoneID, "arn": "arn:aws:social-messaging:eu-west-1:000000000000:phone-number-id/0a1b2c",
		}}},
		"whatsAppWebhookEntry": string(h.Entry[0]), "aws_account_id": "000000000000", "messageId": id(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return message
}

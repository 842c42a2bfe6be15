package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/test/traffic"
)

// picture returns the webhook of a message that is a picture.
func picture(who traffic.Person, medium string) []byte {
	hook := string(traffic.WhatsApp(traffic.Said{From: who, ID: traffic.Wamid(who, id()), At: time.Now(), Text: "PICTURE"}))
	hook = strings.Replace(hook, `"text":{"body":"PICTURE"}`, fmt.Sprintf(`"image":{"id":%q,"mime_type":"image/png"}`, medium), 1)
	return []byte(strings.Replace(hook, `"type":"text"`, `"type":"image"`, 1))
}

// What a webhook leaves out is fetched from the platform, and a history has
// it: the file of a message, and the name of a person.
func TestFilesAndNamesComeFromThePlatform(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan, els := someone(), someone()
	medium := b.stack.Graph.AddMedium(graph.Medium{Type: "image/png", Data: []byte("\x89PNG\r\n\x1a\n a picture")})
	b.stack.Graph.SetProfile(els.PSID, graph.Profile{FirstName: "Els", LastName: "Voorbeeld-Graph"})
	if err := b.SendWebhook(t.Context(), contact.WhatsApp, picture(jan, medium)); err != nil {
		t.Fatal(err)
	}
	b.say(els, contact.Messenger, "hallo")
	b.settle()

	found, err := b.Find(t.Context(), "phone:"+jan.Phone)
	if err != nil {
		t.Fatal(err)
	}
	history, err := b.Messages(t.Context(), found.ID, 1)
	if err != nil || len(history) != 1 || history[0].State == nil || len(history[0].State.Files) != 1 {
		t.Fatalf("history %+v %v", history, err)
	}
	file := history[0].State.Files[0]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, file.URL, nil)
	if err != nil || file.State != contact.Stored {
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

	if found, err = b.Find(t.Context(), "psid:"+traffic.Page+":"+els.PSID); err != nil || found.Name != "Els Voorbeeld-Graph" {
		t.Errorf("found %+v %v", found, err)
	}
}

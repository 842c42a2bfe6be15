package agentapi_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/heard-intake/heard/internal/message"
)

func TestFiles_Links(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	m := s.Put(message.Message{
		Channel: message.WhatsApp, Direction: message.Inbound, Customer: phone(1),
		Attachments: []message.Attachment{{Kind: message.Image, Ref: "1"}, {Kind: message.File, Ref: "2"}, {Kind: message.File, Ref: "3"}, {Kind: message.File, Ref: "4"}},
	}, 5)
	files := []message.MediaFile{
		{State: message.Stored, Type: "image/png", Name: "café.png", Key: "c/x/f/y/0"},
		{State: message.Stored, Type: "text/html", Name: "brief.html", Key: "c/x/f/y/1"},
		{State: message.Failed, Reason: message.Gone},
	}
	for i, f := range files {
		if f.Key != "" {
			if err := s.Blobs.PutFrom(t.Context(), f.Key, f.Type, bytes.NewReader([]byte(f.Name)), int64(len(f.Name))); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Table.Messages.PutEffect(t.Context(), m.CustomerID, message.Effect{
			Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: message.Media, At: now, Index: i, File: &f,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var p page
	tag := s.Do(call{Route: historyRoute, Path: id(m.CustomerID)}).Into(http.StatusOK, &p).Header["ETag"]
	again := call{Route: historyRoute, Path: id(m.CustomerID), Headers: map[string]string{"if-none-match": tag}}
	s.Do(again).Expect(http.StatusNotModified) // though its links are others
	got := p.Messages[0].State.Files
	if len(got) != 4 || got[2].Reason != message.Gone || got[2].URL != "" || got[3].State != message.Pending {
		t.Fatalf("files %+v", got)
	}
	for i, want := range []string{`inline; filename*=utf-8''caf%C3%A9.png`, `attachment; filename=brief.html`} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, got[i].URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || string(body) != files[i].Name ||
			resp.Header.Get("Content-Type") != files[i].Type || resp.Header.Get("Content-Disposition") != want {
			t.Errorf("%d %s %v %v", resp.StatusCode, body, resp.Header, err)
		}
	}
}

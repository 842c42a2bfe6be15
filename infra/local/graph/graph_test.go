package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/infra/local/graph"
)

// callAPI sends a request and returns the status and the body of the response.
func callAPI(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", "image/png")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func startServer(t *testing.T, cfg graph.Config) (*graph.Server, string) {
	t.Helper()
	s := graph.New(cfg)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, web.URL
}

func TestServeMedium_Expires(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	_, url := startServer(t, graph.Config{Token: "secret", Now: func() time.Time { return now }})
	if status, _ := callAPI(t, "PUT", url+"/media/77", "", "a picture"); status != http.StatusOK {
		t.Fatal(status)
	}
	if status, _ := callAPI(t, "GET", url+"/v24.0/77", "wrong", ""); status != http.StatusUnauthorized {
		t.Errorf("status %d with a wrong token", status)
	}
	status, body := callAPI(t, "GET", url+"/v24.0/77?phone_number_id=110", "secret", "")
	var m struct {
		URL    string `json:"url"`
		Type   string `json:"mime_type"`
		SHA256 string `json:"sha256"`
		Size   int    `json:"file_size"`
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil || status != http.StatusOK || m.Type != "image/png" || m.Size != 9 || len(m.SHA256) != 64 {
		t.Fatalf("%d %s %v", status, body, err)
	}
	if status, body := callAPI(t, "GET", m.URL, "secret", ""); status != http.StatusOK || body != "a picture" {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := callAPI(t, "GET", m.URL, "", ""); status != http.StatusUnauthorized {
		t.Errorf("status %d without a token", status)
	}
	if status, body := callAPI(t, "GET", url+"/cdn/77", "", ""); status != http.StatusOK || body != "a picture" {
		t.Errorf("%d %s from the open server", status, body)
	}
	now = now.Add(6 * time.Minute)
	if status, _ := callAPI(t, "GET", m.URL, "secret", ""); status != http.StatusNotFound {
		t.Errorf("status %d after five minutes", status)
	}
	now = now.Add(7 * 24 * time.Hour)
	if status, _ := callAPI(t, "GET", url+"/v24.0/77", "secret", ""); status != http.StatusNotFound {
		t.Errorf("status %d after seven days", status)
	}
}

func TestSendMessage(t *testing.T) {
	t.Parallel()
	s, url := startServer(t, graph.Config{})
	status, body := callAPI(t, "POST", url+"/v24.0/110/messages", "any", `{"messaging_product":"whatsapp","to":"+31970100000001","type":"text","text":{"body":"Hoi"}}`)
	if status != http.StatusOK || !strings.Contains(body, `"wa_id":"31970100000001"`) || !strings.Contains(body, "wamid.") {
		t.Errorf("%d %s", status, body)
	}
	status, body = callAPI(t, "POST", url+"/v24.0/me/messages", "any", `{"recipient":{"id":"7"},"message":{"text":"Hoi"}}`)
	if status != http.StatusOK || !strings.Contains(body, `"recipient_id":"7"`) {
		t.Errorf("%d %s", status, body)
	}
	for _, wrong := range []string{"", "x", "{}"} {
		if status, _ := callAPI(t, "POST", url+"/v24.0/110/messages", "any", wrong); status != http.StatusBadRequest {
			t.Errorf("%q: status %d", wrong, status)
		}
	}
	sent := s.Sent()
	if len(sent) != 2 || sent[0].From != "110" || !strings.Contains(body, sent[1].ID) {
		t.Errorf("sent %+v", sent)
	}
}

func TestServeObject_Profile(t *testing.T) {
	t.Parallel()
	s, url := startServer(t, graph.Config{})
	s.SetProfile("7", graph.Profile{FirstName: "Els", LastName: "Voorbeeld"})
	if status, body := callAPI(t, "GET", url+"/v24.0/7?fields=first_name,last_name", "any", ""); status != http.StatusOK || !strings.Contains(body, `"first_name":"Els"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := callAPI(t, "GET", url+"/v24.0/8?fields=first_name", "any", ""); status != http.StatusBadRequest || !strings.Contains(body, "2018218") {
		t.Errorf("%d %s", status, body)
	}
}

func TestFail_Times(t *testing.T) {
	t.Parallel()
	s, url := startServer(t, graph.Config{})
	s.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: []byte("x")})
	s.Fail("/v24.0/77", &graph.Fault{Status: http.StatusTooManyRequests, Code: 80007, RetryAfter: "60", Times: 2})
	var got []int
	for range 3 {
		status, _ := callAPI(t, "GET", url+"/v24.0/77", "any", "")
		got = append(got, status)
	}
	if got[0] != 429 || got[1] != 429 || got[2] != 200 || len(s.Asked()) != 3 {
		t.Errorf("got %v, asked %v", got, s.Asked())
	}
}

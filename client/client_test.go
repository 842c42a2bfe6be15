package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/heard-intake/heard/client"
)

// newTestClient returns a client of a server that gives the answers in order and
// then repeats the last one. It also returns the waits that the client made.
func newTestClient(t *testing.T, answers ...http.HandlerFunc) (*client.Client, *[]time.Duration) {
	t.Helper()
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := answers[min(n, len(answers)-1)]
		n++
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	var waits []time.Duration
	return &client.Client{URL: srv.URL, Token: client.Fixed("t"), Wait: func(_ context.Context, d time.Duration) error {
		waits = append(waits, d)
		return nil
	}}, &waits
}

func respondWith(status int, retryAfter, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestDo_RetryAfter(t *testing.T) {
	t.Parallel()
	c, waits := newTestClient(t, respondWith(429, "7", `{"kind":"too_many"}`), respondWith(503, "1", ""), respondWith(429, "", `{"message":"Too Many Requests"}`),
		respondWith(200, "", `{"id":"a","ids":["a"]}`))
	who, err := c.Customer(t.Context(), "a")
	if err != nil || who.ID != "a" {
		t.Fatal(who, err)
	}
	if want := []time.Duration{7 * time.Second, time.Second, 3 * time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("waited %v, want %v", *waits, want)
	}
}

func TestError_Fields(t *testing.T) {
	t.Parallel()
	c, waits := newTestClient(t, respondWith(404, "", `{"kind":"not_found","detail":"no customer has this alias","remedy":"check","instance":"urn:heard:request:1"}`))
	_, err := c.Find(t.Context(), client.Alias{Kind: "phone", Value: "31970100678"})
	e, ok := errors.AsType[*client.Error](err)
	if !ok || !client.IsNotFound(err) || e.Kind != "not_found" || e.Remedy != "check" || e.Instance == "" || len(*waits) != 0 {
		t.Errorf("Find() error = %+v after waits %v, want all fields of the problem document and no wait", err, *waits)
	}
	c, _ = newTestClient(t, respondWith(401, "", `{"message":"Unauthorized"}`))
	if _, err := c.Problem(t.Context(), "p"); err == nil || err.Error() != "HTTP 401: Unauthorized" {
		t.Errorf("Problem() error = %v, want %q", err, "HTTP 401: Unauthorized")
	}
}

func TestDo_GivesUp(t *testing.T) {
	t.Parallel()
	c, waits := newTestClient(t, respondWith(503, "2", `{"detail":"later"}`))
	if _, err := c.Customer(t.Context(), "a"); err == nil || len(*waits) != 4 {
		t.Errorf("Customer() error = %v after waits %v, want an error after 4 waits", err, *waits)
	}
	c, _ = newTestClient(t, respondWith(503, "3600", ""))
	c.Wait = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Customer(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("Customer() error = %v, want %v", err, context.Canceled)
	}
}

func TestHistory_PageWithoutCursor(t *testing.T) {
	t.Parallel()
	c, _ := newTestClient(t, respondWith(200, "", `{"messages":[{"id":"1"}],"complete":false}`))
	n := 0
	for _, err := range c.History(t.Context(), "a", client.HistoryQuery{}) {
		if n++; n == 2 && err == nil {
			t.Fatal("second step of the sequence has no error")
		}
	}
	if n != 2 {
		t.Errorf("steps = %d, want 2", n)
	}
}

func TestDecide_Request(t *testing.T) {
	t.Parallel()
	var got string
	c, _ := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = r.Method + " " + r.URL.Path + " " + string(body)
		_, _ = w.Write([]byte(`{"messageId":"1","asks":false,"by":"agent-7","at":"2026-03-01T10:00:00Z"}`))
	})
	no := false
	decided, err := c.Decide(t.Context(), "a", client.Decision{MessageID: "1", Asks: &no})
	if err != nil {
		t.Fatal(err)
	}
	if want := `POST /v1/customers/a/decisions {"messageId":"1","asks":false}`; got != want {
		t.Errorf("request: got %s, want %s", got, want)
	}
	if decided.By != "agent-7" || decided.Asks == nil || *decided.Asks {
		t.Errorf("decision: got %+v, want asks false by agent-7", decided)
	}
}

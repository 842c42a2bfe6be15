package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/heard-intake/heard/client"
)

// replies serves its answers one after the other, the last one for ever.
func replies(t *testing.T, answers ...http.HandlerFunc) (*client.Client, *[]time.Duration) {
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

func refuse(status int, retryAfter, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestWhatTheServerAsksToRepeatIsRepeatedAsLateAsItSays(t *testing.T) {
	t.Parallel()
	c, waits := replies(t, refuse(429, "7", `{"kind":"too_many"}`), refuse(503, "1", ""), refuse(429, "", `{"message":"Too Many Requests"}`),
		refuse(200, "", `{"id":"a","ids":["a"]}`))
	who, err := c.Customer(t.Context(), "a")
	if err != nil || who.ID != "a" {
		t.Fatal(who, err)
	}
	if want := []time.Duration{7 * time.Second, time.Second, 3 * time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("waited %v, want %v", *waits, want)
	}
}

func TestARefusalSaysWhatToDo(t *testing.T) {
	t.Parallel()
	c, waits := replies(t, refuse(404, "", `{"kind":"not_found","detail":"no customer has this alias","remedy":"check","instance":"urn:heard:request:1"}`))
	_, err := c.Find(t.Context(), client.Alias{Kind: "phone", Value: "31970100678"})
	e, ok := errors.AsType[*client.Error](err)
	if !ok || !client.IsNotFound(err) || e.Kind != "not_found" || e.Remedy != "check" || e.Instance == "" || len(*waits) != 0 {
		t.Errorf("%+v, waits %v", err, *waits)
	}
	c, _ = replies(t, refuse(401, "", `{"message":"Unauthorized"}`))
	if _, err := c.Problem(t.Context(), "p"); err == nil || err.Error() != "HTTP 401: Unauthorized" {
		t.Error(err)
	}
}

func TestAServerThatStaysDownIsGivenUpOn(t *testing.T) {
	t.Parallel()
	c, waits := replies(t, refuse(503, "2", `{"detail":"later"}`))
	if _, err := c.Customer(t.Context(), "a"); err == nil || len(*waits) != 4 {
		t.Errorf("%v after %v", err, *waits)
	}
	c, _ = replies(t, refuse(503, "3600", ""))
	c.Wait = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Customer(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAPageThatNeitherEndsNorGoesOnIsAnError(t *testing.T) {
	t.Parallel()
	c, _ := replies(t, refuse(200, "", `{"messages":[{"id":"1"}],"complete":false}`))
	n := 0
	for _, err := range c.History(t.Context(), "a", client.HistoryQuery{}) {
		if n++; n == 2 && err == nil {
			t.Fatal("no error")
		}
	}
	if n != 2 {
		t.Errorf("%d steps", n)
	}
}

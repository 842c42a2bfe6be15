package agentapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/agentapi"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/message"
)

func TestLimiter_SharedByEnvironments(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	at := now
	clock := func() time.Time { return at }
	environments := make([]*agentapi.API, 3)
	for i := range environments {
		a := *s.Agents
		a.Limiter, a.Now = &httpapi.Limiter{Counter: s.Table, PerMinute: 300}, clock
		environments[i] = &a
	}
	path := id(s.Says(phone(1), message.WhatsApp, 5, "hallo").CustomerID)
	ask := func(n int, claims map[string]string) answer {
		s.Agents = environments[n%len(environments)]
		return s.Do(call{Route: profileRoute, Path: path, Claims: claims})
	}
	passed := 0
	for n := range 400 {
		if a := ask(n, nil); a.Status == http.StatusOK {
			passed++
		} else if a.ExpectRefusal(http.StatusTooManyRequests, "300 requests a minute"); a.Header["Retry-After"] != "60" {
			t.Fatalf("Retry-After %q", a.Header["Retry-After"])
		}
	}
	if passed != 300 {
		t.Errorf("%d requests passed, want 300", passed)
	}
	other := with(map[string]string{"sub": "agent-8"})
	ask(0, other).Expect(http.StatusOK)
	ask(0, with(map[string]string{"scope": "none"})).Expect(http.StatusForbidden)
	at = now.Add(59*time.Second + 900*time.Millisecond)
	if a := ask(0, nil).Expect(http.StatusTooManyRequests); a.Header["Retry-After"] != "1" {
		t.Errorf("Retry-After %q at the end of the minute", a.Header["Retry-After"])
	}
	at = now.Add(time.Minute)
	ask(0, nil).Expect(http.StatusOK)
}

// broken is a counter whose writes fail.
type broken struct{}

func (broken) IncrementRate(context.Context, string, time.Time, int) (int, error) {
	return 0, errors.New("no table")
}

func TestLimiter_CountFails(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Agents.Limiter = &httpapi.Limiter{Counter: broken{}, PerMinute: 1}
	path := id(s.Says(phone(1), message.WhatsApp, 5, "hallo").CustomerID)
	for range 3 {
		s.Do(call{Route: profileRoute, Path: path}).Expect(http.StatusOK)
	}
}

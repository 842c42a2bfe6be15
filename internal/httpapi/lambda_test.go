package httpapi_test

import (
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/httpapi"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newEvent returns an event as API Gateway sends it for a route.
func newEvent(routeKey string, change func(*events.APIGatewayV2HTTPRequest)) events.APIGatewayV2HTTPRequest {
	method, path, _ := strings.Cut(routeKey, " ")
	ev := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: routeKey, RawPath: path, Headers: map[string]string{}}
	ev.RequestContext.RequestID = "req-1"
	ev.RequestContext.HTTP.Method = method
	ev.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{"sub": "agent-7", "scope": "customers:read"}},
	}
	if change != nil {
		change(&ev)
	}
	return ev
}

func invoke(t testing.TB, h http.Handler, ev events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	resp, err := httpapi.Lambda(h)(t.Context(), ev)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestLambda_PathParameters(t *testing.T) {
	t.Parallel()
	var got string
	h := httpapi.NewHandler(httpapi.Config{Now: time.Now, Routes: []httpapi.Route{{
		Pattern: "GET /v1/customers/{id}/messages",
		Serve: func(_ context.Context, r *httpapi.Request) (httpapi.Response, error) {
			got = r.PathValue("id")
			return httpapi.Response{}, nil
		},
	}}})
	for name, id := range map[string]string{
		"plain": "0193", "slash": "a/b", "percent": "100%", "encoded slash": "a%2Fb", "dot": ".", "two dots": "..", "space and plus": "a +b",
		"question mark": "a?b", "two bytes": "é", "braces": "{id}",
	} {
		got = ""
		resp := invoke(t, h, newEvent("GET /v1/customers/{id}/messages", func(ev *events.APIGatewayV2HTTPRequest) {
			ev.PathParameters = map[string]string{"id": id}
		}))
		if resp.StatusCode != http.StatusOK || got != id {
			t.Errorf("%s: got status %d and id %q, want 200 and %q", name, resp.StatusCode, got, id)
		}
	}
}

func TestLambda_Request(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	})
	invoke(t, h, newEvent("POST /chat/messages", func(ev *events.APIGatewayV2HTTPRequest) {
		ev.RawQueryString = "a=1&a=2&b=x;y"
		ev.QueryStringParameters = map[string]string{"a": "1,2", "b": "x;y"}
		ev.Headers = map[string]string{"content-type": "text/plain", "if-none-match": `"a","b"`}
		ev.Cookies = []string{"a=1", "b=2"}
		ev.Body = base64.StdEncoding.EncodeToString([]byte("\xff\x00"))
		ev.IsBase64Encoded = true
	}))
	if got.Method != http.MethodPost || got.URL.Path != "/chat/messages" {
		t.Errorf("got %s %s, want POST /chat/messages", got.Method, got.URL.Path)
	}
	wantHeader := http.Header{"Content-Type": {"text/plain"}, "If-None-Match": {`"a","b"`}, "Cookie": {"a=1; b=2"}}
	if diff := cmp.Diff(wantHeader, got.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"a": "1,2", "b": "x;y"} {
		if value := got.URL.Query().Get(name); value != want {
			t.Errorf("parameter %s = %q, want %q", name, value, want)
		}
	}
	if string(body) != "\xff\x00" {
		t.Errorf("body = %q, want ff 00", body)
	}
}

func TestLambda_Response(t *testing.T) {
	t.Parallel()
	resp := invoke(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Add("Vary", "Origin")
		w.Header().Add("Vary", "Accept")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte("\xff\x00"))
	}), newEvent("GET /", nil))
	want := events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusAccepted, Headers: map[string]string{"Vary": "Origin,Accept"}, Cookies: []string{"a=1", "b=2"}, Body: "/wA=", IsBase64Encoded: true,
	}
	if diff := cmp.Diff(want, resp); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

func newEcho(limiter *httpapi.Limiter) *httpapi.Handler {
	echo := func(_ context.Context, r *httpapi.Request) (httpapi.Response, error) {
		body, err := r.ReadBody(5)
		return httpapi.Response{Body: string(body)}, err
	}
	return httpapi.NewHandler(httpapi.Config{Limiter: limiter, Now: func() time.Time { return now }, Routes: []httpapi.Route{
		{Pattern: "GET /v1/items/{id}", Scope: httpapi.ReadCustomers, Serve: echo},
		{Pattern: "POST /v1/items/{id}", Scope: httpapi.ReadCustomers, Serve: echo},
		{Pattern: "PUT /v1/items/account/{number}", Scope: httpapi.WriteRegister, Serve: echo},
	}})
}

func TestHandler_Refusals(t *testing.T) {
	t.Parallel()
	h := newEcho(nil)
	for name, tt := range map[string]struct {
		route   string
		change  func(*events.APIGatewayV2HTTPRequest)
		status  int
		detail  string
		headers map[string]string
	}{
		"unknown path":   {"GET /v1/nothing", nil, 404, "there is no such path", nil},
		"empty segment":  {"GET /v1//items", nil, 404, "there is no such path", nil},
		"dots":           {"GET /v1/items/../items/1", nil, 404, "there is no such path", nil},
		"trailing slash": {"GET /v1/items/1/", nil, 404, "there is no such path", nil},
		"method":         {"DELETE /v1/items/1", nil, 405, "this path allows only GET, POST", map[string]string{"Allow": "GET, POST"}},
		"HEAD":           {"HEAD /v1/items/1", nil, 405, "this path allows only GET, POST", map[string]string{"Allow": "GET, POST"}},
		"literal path":   {"DELETE /v1/items/account/1", nil, 405, "this path allows only PUT", map[string]string{"Allow": "PUT"}},
		"scope": {
			"PUT /v1/items/account/1", nil, 403, "the token lacks the scope register:write",
			map[string]string{"WWW-Authenticate": `Bearer error="insufficient_scope", scope="register:write"`},
		},
		"no token": {
			"GET /v1/items/1", func(ev *events.APIGatewayV2HTTPRequest) { ev.RequestContext.Authorizer = nil }, 401, "a valid token is needed",
			map[string]string{"WWW-Authenticate": "Bearer"},
		},
		"large body": {"POST /v1/items/1", func(ev *events.APIGatewayV2HTTPRequest) { ev.Body = "123456" }, 413, "the body must have at most 5 bytes", nil},
		"not base64": {
			"POST /v1/items/1", func(ev *events.APIGatewayV2HTTPRequest) { ev.Body, ev.IsBase64Encoded = "!", true }, 400, "the body is not base64", nil,
		},
		"large base64 body": {
			"POST /v1/items/1", func(ev *events.APIGatewayV2HTTPRequest) { ev.Body, ev.IsBase64Encoded = "MTIzNDU2", true }, 413, "the body must have at most 5 bytes", nil,
		},
	} {
		resp := invoke(t, h, newEvent(tt.route, tt.change))
		if resp.StatusCode != tt.status || !strings.Contains(resp.Body, tt.detail) {
			t.Errorf("%s: got %d %s, want %d and %q", name, resp.StatusCode, resp.Body, tt.status, tt.detail)
		}
		if got := resp.Headers["Content-Type"]; got != "application/problem+json" {
			t.Errorf("%s: Content-Type = %q, want application/problem+json", name, got)
		}
		for header, want := range tt.headers {
			if got := resp.Headers[header]; got != want {
				t.Errorf("%s: %s = %q, want %q", name, header, got, want)
			}
		}
	}
}

// TestHandler_Server serves the handler without API Gateway. A route with a scope
// refuses the request, because nothing has verified a token.
func TestHandler_Server(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	newEcho(nil).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v1/items/1", nil))
	if rec.Code != http.StatusUnauthorized {
		t.Errorf("status = %d, want 401: %s", rec.Code, rec.Body)
	}
}

func TestHandler_ETag(t *testing.T) {
	t.Parallel()
	h := newEcho(nil)
	first := invoke(t, h, newEvent("GET /v1/items/1", nil))
	tag := first.Headers["ETag"]
	if first.StatusCode != http.StatusOK || tag == "" {
		t.Fatalf("got %d with ETag %q, want 200 with one", first.StatusCode, tag)
	}
	for header, want := range map[string]int{
		tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, strings.Trim(tag, `"`): 200,
	} {
		resp := invoke(t, h, newEvent("GET /v1/items/1", func(ev *events.APIGatewayV2HTTPRequest) { ev.Headers["if-none-match"] = header }))
		if resp.StatusCode != want || (want == http.StatusNotModified) != (resp.Body == "") {
			t.Errorf("If-None-Match %s: got %d %q, want %d", header, resp.StatusCode, resp.Body, want)
		}
	}
	if got := invoke(t, h, newEvent("POST /v1/items/1", nil)).Headers["ETag"]; got != "" {
		t.Errorf("ETag of a POST = %q, want none", got)
	}
}

// BenchmarkLambda serves a request that reads a body, from event to response.
// It replaces the default logger, so it does not run beside tests.
func BenchmarkLambda(b *testing.B) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(before)
	handle := httpapi.Lambda(newEcho(nil))
	ev := newEvent("POST /v1/items/{id}", func(ev *events.APIGatewayV2HTTPRequest) {
		ev.PathParameters = map[string]string{"id": "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f"}
		ev.Headers = map[string]string{
			"accept": "*/*", "authorization": "Bearer x", "content-type": "application/json", "host": "api.example.com", "user-agent": "help-desk/1.0",
			"x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e", "x-forwarded-for": "205.255.255.176", "x-forwarded-port": "443",
		}
		ev.Body = "12345"
	})
	b.ReportAllocs()
	for b.Loop() {
		if resp, err := handle(b.Context(), ev); err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp, err)
		}
	}
}

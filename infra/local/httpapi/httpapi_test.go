package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/httpapi"
	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/golden"
)

// An invoker is a function that serves as httpapi.Invoker for all functions.
type invoker func(ctx context.Context, function string, event []byte) (response []byte, functionError string, err error)

func (f invoker) Invoke(ctx context.Context, function string, event []byte) ([]byte, string, error) {
	return f(ctx, function, event)
}

func respondWith(s string) invoker {
	return func(context.Context, string, []byte) ([]byte, string, error) { return []byte(s), "", nil }
}

func serve(api template.HTTPAPI, f httpapi.Invoker, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	httpapi.New(httpapi.Config{API: api, Functions: f}).ServeHTTP(rec, r)
	return rec
}

func api(routes ...template.Route) template.HTTPAPI {
	return template.HTTPAPI{ID: "Api", Name: "api", Stage: "$default", Routes: routes}
}

func ExampleNew() {
	gateway := httpapi.New(httpapi.Config{
		API:       api(template.Route{Method: "GET", Path: "/customers/{id}", Function: "agentapi"}),
		Functions: respondWith(`{"statusCode": 200, "body": "hello"}`),
	})
	rec := httptest.NewRecorder()
	gateway.ServeHTTP(rec, httptest.NewRequest("GET", "/customers/7", nil))
	fmt.Println(rec.Code, rec.Body)
	rec = httptest.NewRecorder()
	gateway.ServeHTTP(rec, httptest.NewRequest("GET", "/unknown", nil))
	fmt.Println(rec.Code, rec.Body)
	// Output:
	// 200 hello
	// 404 {"message":"Not Found"}
}

func TestGateway_Events(t *testing.T) {
	t.Parallel()
	routes := api(
		template.Route{Method: "POST", Path: "/whatsapp", Function: "f"},
		template.Route{Method: "GET", Path: "/customers/{id}", Function: "f"},
		template.Route{Method: "ANY", Path: "/files/{path+}", Function: "f"},
		template.Route{Function: "f"},
	)
	for _, tc := range []struct {
		name, method, target, body string
		header                     http.Header
	}{
		{"json-body", "POST", "/whatsapp", `{"text":"é \u00e9"}`, http.Header{
			"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"test/1"},
			"X-Hub-Signature-256": {"sha256=00"}, "X-Two": {"a", "b,c"}, "Connection": {"close"},
		}},
		{"form-body", "POST", "/whatsapp", "a=1&b=2", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		{"body-of-no-type", "POST", "/whatsapp", "hello", nil},
		{"binary-body", "POST", "/whatsapp", "\xff\x00", http.Header{"Content-Type": {"application/octet-stream"}}},
		{"query-and-cookies", "GET", "/customers/c%201?tag=a&tag=b%26&empty=&bare&x=%C3%A9", "",
			http.Header{"Cookie": {"one=1; two=2", "three=3"}, "X-Forwarded-For": {"203.0.113.9"}}},
		{"greedy-path", "PUT", "/files/a/b%2Fc", "", nil},
		{"default-route", "DELETE", "/other%3Fx/y", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tc.method, tc.target, strings.NewReader(tc.body))
			r.Header = tc.header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			var event map[string]any
			rec := serve(routes, invoker(func(_ context.Context, _ string, e []byte) ([]byte, string, error) {
				return []byte("{}"), "", json.Unmarshal(e, &event)
			}), r)
			if rec.Code != http.StatusOK {
				t.Fatalf("status %d, want 200", rec.Code)
			}
			rc := event["requestContext"].(map[string]any)
			if rc["requestId"] != rec.Header().Get("Apigw-Requestid") {
				t.Errorf("request id %v in the event, headers %v, want equal ids", rc["requestId"], rec.Header())
			}
			if _, err := time.Parse("02/Jan/2006:15:04:05 -0700", rc["time"].(string)); err != nil {
				t.Error(err)
			}
			rc["requestId"], rc["time"], rc["timeEpoch"] = "id", "time", 0
			event["headers"].(map[string]any)["x-amzn-trace-id"] = "trace"
			golden.JSON(t, filepath.Join("testdata", tc.name+".golden.json"), event)
		})
	}
}

func TestGateway_MostSpecificRoute(t *testing.T) {
	t.Parallel()
	routes := api(
		template.Route{Function: "default"},
		template.Route{Method: "ANY", Path: "/{proxy+}", Function: "greedy"},
		template.Route{Method: "GET", Path: "/customers/{id}", Function: "param"},
		template.Route{Method: "ANY", Path: "/customers/me", Function: "any-literal"},
		template.Route{Method: "GET", Path: "/customers/me", Function: "literal"},
		template.Route{Method: "POST", Path: "/customers/{id}/notes/{rest+}", Function: "notes"},
	)
	for _, tc := range []struct{ method, path, want string }{
		{"GET", "/customers/me", "literal"},
		{"PUT", "/customers/me", "any-literal"},
		{"GET", "/customers/7", "param"},
		{"PUT", "/customers/7", "greedy"},
		{"POST", "/customers/7/notes/1/2", "notes"},
		{"GET", "/customers/", "greedy"},
		{"GET", "/customers/7/", "greedy"},
		{"GET", "/else/where", "greedy"},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			t.Parallel()
			var got string
			serve(routes, invoker(func(_ context.Context, f string, _ []byte) ([]byte, string, error) {
				got = f
				return []byte("{}"), "", nil
			}), httptest.NewRequest(tc.method, tc.path, nil))
			if got != tc.want {
				t.Errorf("invoked function %q, want %q", got, tc.want)
			}
		})
	}
}

func TestGateway_Responses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, answer string
		status       int
		body         string
		header       map[string]string
	}{
		{"all fields", `{"statusCode":404,"headers":{"content-type":"text/html","X-A":"b"},"body":"<p>"}`, 404, "<p>",
			map[string]string{"Content-Type": "text/html", "X-A": "b"}},
		{"base64 body", `{"statusCode":200,"body":"/wA=","isBase64Encoded":true}`, 200, "\xff\x00", nil},
		{"no content type", `{"statusCode":200,"body":"x"}`, 200, "x", map[string]string{"Content-Type": "text/plain;charset=UTF-8"}},
		{"cookies", `{"statusCode":204,"cookies":["a=1; Secure"]}`, 204, "", map[string]string{"Set-Cookie": "a=1; Secure"}},
		{"status code as string", `{"statusCode":"202"}`, 202, "", nil},
		{"JSON without status code", `{"a":1}`, 200, `{"a":1}`, map[string]string{"Content-Type": "application/json"}},
		{"JSON string", `"hello"`, 200, "hello", map[string]string{"Content-Type": "application/json"}},
		{"number as header", `{"statusCode":200,"headers":{"X-N":7}}`, 200, "", map[string]string{"X-N": "7"}},
		{"invalid JSON", `hello`, 500, `{"message":"Internal Server Error"}`, map[string]string{"Content-Type": "application/json"}},
		{"invalid status code", `{"statusCode":"OK"}`, 500, `{"message":"Internal Server Error"}`, nil},
		{"status code out of range", `{"statusCode":99}`, 500, `{"message":"Internal Server Error"}`, nil},
		{"object as body", `{"statusCode":200,"body":{}}`, 500, `{"message":"Internal Server Error"}`, nil},
		{"invalid base64", `{"statusCode":200,"body":"?","isBase64Encoded":true}`, 500, `{"message":"Internal Server Error"}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			rec := serve(api(template.Route{Function: "f"}), respondWith(tc.answer), httptest.NewRequest("GET", "/", nil))
			if rec.Code != tc.status || rec.Body.String() != tc.body {
				t.Errorf("got %d %q, want %d %q", rec.Code, rec.Body, tc.status, tc.body)
			}
			for k, want := range tc.header {
				if got := rec.Header().Get(k); got != want {
					t.Errorf("%s: %q, want %q", k, got, want)
				}
			}
		})
	}
}

func TestGateway_Errors(t *testing.T) {
	t.Parallel()
	ok := respondWith("{}")
	one := api(template.Route{Method: "POST", Path: "/x", Function: "f", Timeout: time.Millisecond})
	for _, tc := range []struct {
		name    string
		f       invoker
		request *http.Request
		status  int
		message string
	}{
		{"unknown path", ok, httptest.NewRequest("POST", "/y", nil), 404, "Not Found"},
		{"unknown method", ok, httptest.NewRequest("GET", "/x", nil), 404, "Not Found"},
		{"headers over 10,240 bytes", ok, withHeader(httptest.NewRequest("POST", "/x", nil), "X-A", strings.Repeat("a", 10_300)),
			431, "Request Header Fields Too Large"},
		{"body over 10 MB", ok, httptest.NewRequest("POST", "/x", strings.NewReader(strings.Repeat("a", 10<<20+1))),
			413, "Request Entity Too Large"},
		{"event over 6 MB", ok, httptest.NewRequest("POST", "/x", strings.NewReader(strings.Repeat("a", 6<<20))),
			413, "Request Entity Too Large"},
		{"function error", func(context.Context, string, []byte) ([]byte, string, error) {
			return []byte(`{"errorMessage":"secret"}`), "Unhandled", nil
		}, httptest.NewRequest("POST", "/x", nil), 500, "Internal Server Error"},
		{"timeout", func(ctx context.Context, _ string, _ []byte) ([]byte, string, error) {
			<-ctx.Done()
			return nil, "", ctx.Err()
		}, httptest.NewRequest("POST", "/x", nil), 503, "Service Unavailable"},
		{"throttled function", func(context.Context, string, []byte) ([]byte, string, error) {
			return nil, "", errors.New("throttled")
		}, httptest.NewRequest("POST", "/x", nil), 503, "Service Unavailable"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			rec := serve(one, tc.f, tc.request)
			if want := `{"message":"` + tc.message + `"}`; rec.Code != tc.status || rec.Body.String() != want {
				t.Errorf("got %d %s, want %d %s", rec.Code, rec.Body, tc.status, want)
			}
		})
	}
}

func withHeader(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

func TestGateway_ThrottledRoute(t *testing.T) {
	t.Parallel()
	g := httpapi.New(httpapi.Config{Functions: respondWith("{}"), API: api(
		template.Route{Method: "GET", Path: "/slow", Throttle: template.Throttle{Rate: 0.001, Burst: 2}},
		template.Route{Method: "GET", Path: "/free"},
	)})
	var codes []int
	for _, path := range []string{"/slow", "/slow", "/slow", "/free"} {
		rec := httptest.NewRecorder()
		g.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		codes = append(codes, rec.Code)
	}
	if diff := cmp.Diff([]int{200, 200, 429, 200}, codes); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

func TestGateway_CORS(t *testing.T) {
	t.Parallel()
	shop := &template.CORS{
		AllowOrigins: []string{"https://shop.example.com"}, AllowMethods: []string{"GET", "POST"},
		AllowHeaders: []string{"authorization"}, AllowCredentials: true, MaxAge: time.Minute,
	}
	all := &template.CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}}
	for _, tc := range []struct {
		name, method, origin string
		cors                 *template.CORS
		status               int
		allow                string
	}{
		{"preflight", "OPTIONS", "https://shop.example.com", shop, 204, "https://shop.example.com"},
		{"preflight of another origin", "OPTIONS", "https://evil.example.net", shop, 204, ""},
		{"request", "GET", "https://shop.example.com", shop, 200, "https://shop.example.com"},
		{"request of another origin", "GET", "https://evil.example.net", shop, 200, ""},
		{"wildcard origin", "GET", "https://evil.example.net", all, 200, "*"},
		{"no origin", "GET", "", all, 200, ""},
		{"preflight without CORS configuration", "OPTIONS", "https://shop.example.com", nil, 404, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := api(template.Route{Method: "GET", Path: "/x"})
			a.CORS = tc.cors
			r := httptest.NewRequest(tc.method, "/x", nil)
			if tc.origin != "" {
				r.Header.Set("Origin", tc.origin)
				r.Header.Set("Access-Control-Request-Method", "GET")
			}
			rec := serve(a, respondWith(`{"statusCode":200,"headers":{"access-control-allow-origin":"mine"}}`), r)
			if got := rec.Header().Get("Access-Control-Allow-Origin"); rec.Code != tc.status || got != tc.allow {
				t.Errorf("got %d and origin %q, want %d and %q", rec.Code, got, tc.status, tc.allow)
			}
			if tc.status == 204 && tc.allow != "" && rec.Header().Get("Access-Control-Allow-Methods") != "GET,POST" {
				t.Errorf("headers %v, want Access-Control-Allow-Methods GET,POST", rec.Header())
			}
		})
	}
}

func TestGateway_RealFunction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := lambda.Build(t.Context(), "testdata", dir, []string{"page"}); err != nil {
		t.Fatal(err)
	}
	m, err := lambda.New(lambda.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	f := lambda.Function{Name: "page", Bootstrap: filepath.Join(dir, "page"), Timeout: 30 * time.Second}
	if err := m.Add(f); err != nil {
		t.Fatal(err)
	}
	iss := newIssuer(t)
	a := api(template.Route{Method: "PUT", Path: "/notes/{id}", Function: "page", Authorizer: "Agents"})
	a.Authorizers = []template.Authorizer{{Name: "Agents", Issuer: iss.URL(), Audience: []string{"heard"}}}
	server := httptest.NewServer(httpapi.New(httpapi.Config{API: a, Functions: lambda.Sync{Manager: m}}))
	t.Cleanup(server.Close)

	token, err := iss.Token(issuer.Claims{Subject: "agent-1", Audience: "heard"})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/notes/7", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "text/plain")
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body strings.Builder
	if err := resp.Write(&body); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 201 || !strings.HasSuffix(body.String(), "PUT 7 hello") ||
		resp.Header.Get("X-Subject") != "agent-1" || len(resp.Cookies()) != 2 {
		t.Errorf("response %s, want status 201, X-Subject agent-1, two cookies and body \"PUT 7 hello\"", body.String())
	}
}

// Package api answers what agent tools, departments and chat pages ask over
// HTTP: [Agents] is one history per customer and who waits, [Departments] is
// the problems, [Chat] is a visitor's conversation. infra/openapi.yaml says
// the same for those who call.
//
// API Gateway has matched the route and verified the token before a request
// comes here. Scopes are checked again all the same: a route whose scope was
// forgotten in the template must not be open.
//
// Every refusal is a problem document (RFC 9457), which says what to do
// differently and nothing of what went wrong inside. What a request holds is
// never logged.
package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
)

// Scopes a token may carry.
const (
	ReadCustomers  = "customers:read"
	WriteCustomers = "customers:write"
	WriteIdentity  = "identity:write"
	WriteRegister  = "register:write"
	ReadProblems   = "problems:read"
	WriteProblems  = "problems:write"
	// AllProblems widens ReadProblems and WriteProblems to every department. It
	// grants neither of them.
	AllProblems = "problems:all"
)

// A route is one operation of a handler H.
type route[H any] struct {
	scope string // that the token must have; empty: do checks its caller itself
	do    func(H, context.Context, *request) (reply, error)
}

// routes are the operations of H by route key: "GET /v1/customers/{id}".
type routes[H any] map[string]route[H]

// A reply is the answer to a request that succeeded.
type reply struct {
	status int // 0 is 200
	body   any
	etag   string // of a GET; empty: made from the body
}

// margin is how long before the end of an invocation its work is given up, so
// that there is time to say so.
const margin = 500 * time.Millisecond

// serve answers one request to h.
func serve[H any](ctx context.Context, h H, rs routes[H], l *Limiter, now time.Time, ev events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	r := &request{ev: ev, now: now.UTC()}
	resp, err := run(ctx, h, rs, l, r)
	if err != nil {
		resp = refused(err, ev.RequestContext.RequestID)
	}
	report(ctx, ev, resp.StatusCode, err)
	return resp
}

func run[H any](ctx context.Context, h H, rs routes[H], l *Limiter, r *request) (events.APIGatewayV2HTTPResponse, error) {
	to, ok := rs[r.ev.RouteKey]
	if !ok {
		return events.APIGatewayV2HTTPResponse{}, unrouted(slices.Sorted(maps.Keys(rs)), r.ev)
	}
	if to.scope != "" {
		if err := r.allow(to.scope); err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		if err := l.take(ctx, r.caller(), r.now); err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
	}
	out, err := to.do(h, ctx, r)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return respond(r, out)
}

// report logs what was asked by route and what came of it. A refusal's text
// may repeat the caller's words, so only a failure of ours is told.
func report(ctx context.Context, ev events.APIGatewayV2HTTPRequest, status int, err error) {
	log := slog.With("route", ev.RouteKey, "status", status, "request", ev.RequestContext.RequestID)
	switch {
	case status >= http.StatusInternalServerError:
		log.ErrorContext(ctx, "request failed", "kind", fault.KindOf(err), "err", err)
	case err != nil:
		log.InfoContext(ctx, "request refused", "kind", fault.KindOf(err))
	default:
		log.InfoContext(ctx, "request answered")
	}
}

func respond(r *request, out reply) (events.APIGatewayV2HTTPResponse, error) {
	body, err := encode(out.body)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	resp := events.APIGatewayV2HTTPResponse{
		StatusCode: max(out.status, http.StatusOK),
		Headers:    headers("application/json"),
		Body:       string(body),
	}
	if r.ev.RequestContext.HTTP.Method != http.MethodGet && out.etag == "" {
		return resp, nil
	}
	if out.etag == "" {
		out.etag = etag(body)
	}
	resp.Headers["ETag"] = out.etag
	if r.ev.RequestContext.HTTP.Method == http.MethodGet && matches(r.header("if-none-match"), out.etag) {
		resp.StatusCode, resp.Body = http.StatusNotModified, ""
		delete(resp.Headers, "Content-Type")
	}
	return resp, nil
}

// etag returns the tag of what an answer is made of.
func etag(parts ...[]byte) string {
	sum := sha256.Sum256(bytes.Join(parts, []byte{0}))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// matches reports whether an If-None-Match header names etag. A proxy that
// compresses an answer makes its tag a weak one.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// headers returns what stands on every answer: it is about a person, and is
// kept by nobody on the way.
func headers(contentType string) map[string]string {
	return map[string]string{
		"Content-Type":           contentType,
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
	}
}

// unrouted tells that there is no such operation, and which there are on the
// same path.
func unrouted(keys []string, ev events.APIGatewayV2HTTPRequest) error {
	var methods []string
	for _, key := range keys {
		method, pattern, _ := strings.Cut(key, " ")
		if fits(pattern, ev.RequestContext.HTTP.Path) {
			methods = append(methods, method)
		}
	}
	if methods == nil {
		return fault.New(fault.NotFound, "there is no such address")
	}
	allow := strings.Join(methods, ", ")
	return &refusal{
		error:   fault.New(fault.Invalid, "this address takes %s", allow),
		status:  http.StatusMethodNotAllowed,
		headers: map[string]string{"Allow": allow},
	}
}

// fits reports whether a path is one of a pattern: "/v1/customers/{id}".
func fits(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || w != "" && w[0] == '{' && g != "" })
}

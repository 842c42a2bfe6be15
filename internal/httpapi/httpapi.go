// Package httpapi is the kit of Heard's HTTP APIs: [http.Handler]s that run on
// Lambda behind an API Gateway HTTP API. [Lambda] turns events into requests,
// and [Handler] does what every route has in common.
//
// A package with an API lists its routes and serves them:
//
//	routes := []httpapi.Route{{
//		Pattern: "GET /v1/customers/{id}",
//		Scope:   httpapi.ReadCustomers,
//		Serve: func(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
//			return httpapi.Response{Body: map[string]string{"id": r.PathValue("id")}}, nil
//		},
//	}}
//	handler := httpapi.NewHandler(httpapi.Config{Routes: routes, Now: time.Now})
//	lambda.Start(httpapi.Lambda(handler))
//
// The request
//
//	GET /v1/customers/0193…?limit=500
//	Authorization: Bearer <token with the scope customers:read>
//
// is refused with a problem document (RFC 9457), because a page has at most
// 200 items:
//
//	HTTP/1.1 400 Bad Request
//	Content-Type: application/problem+json
//	Cache-Control: no-store
//
//	{"detail":"limit must be a number from 1 to 200","kind":"invalid",
//	 "instance":"urn:heard:request:JKJaXmPLvHcESHA=", …}
//
// # What happens to a request
//
//  1. [http.ServeMux] finds the route. Without one the answer is 404, or 405
//     with Allow when the path takes other methods.
//  2. The token's claims must have the route's scope, else 401 or 403. API
//     Gateway has verified the token and its scopes. They are checked again,
//     so that a route whose scope is missing in the template is not open.
//  3. [Limiter] counts the request for the token's subject, else 429.
//  4. The route runs. Its context ends half a second before the invocation
//     does, so that a slow table is answered with 503 instead of a time-out.
//  5. The response is written with an ETag if the method is GET. A request
//     whose If-None-Match names that tag gets 304 without a body.
//  6. One line is logged: route pattern, status, request id. It never has the
//     path, the query, a header or the body, which can hold personal data.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// A Route is one operation of an API.
type Route struct {
	Pattern string // method and path as http.ServeMux takes them: "GET /v1/customers/{id}"
	Scope   string // required of the token; empty: Serve checks its caller itself
	Serve   func(context.Context, *Request) (Response, error)
}

// patternMethod returns the method of the route's pattern.
func (r Route) patternMethod() string {
	method, _, _ := strings.Cut(r.Pattern, " ")
	return method
}

// Config configures a [Handler].
type Config struct {
	Routes  []Route
	Limiter *Limiter // of routes with a scope; nil: no limit
	Now     func() time.Time
}

// A Handler serves the routes of an API.
type Handler struct {
	mux     *http.ServeMux
	routes  []Route
	methods []string // of the routes, sorted, each once
	limiter *Limiter
	now     func() time.Time
}

// NewHandler returns a handler of the routes in c. It panics if two patterns
// conflict, as [http.ServeMux.Handle] does.
func NewHandler(c Config) *Handler {
	h := &Handler{mux: http.NewServeMux(), routes: c.Routes, limiter: c.Limiter, now: c.Now}
	for _, route := range c.Routes {
		h.mux.Handle(route.Pattern, endpoint{h, route})
		if !slices.Contains(h.methods, route.patternMethod()) {
			h.methods = append(h.methods, route.patternMethod())
		}
	}
	slices.Sort(h.methods)
	h.mux.HandleFunc("/", h.serveUnrouted)
	return h
}

// Scopes returns the scope of each route, by pattern.
func (h *Handler) Scopes() map[string]string {
	scopes := map[string]string{}
	for _, route := range h.routes {
		scopes[route.Pattern] = route.Scope
	}
	return scopes
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isCleanPath(r.URL.EscapedPath()) {
		h.serveUnrouted(w, r) // ServeMux would redirect to another address
		return
	}
	h.mux.ServeHTTP(w, r)
}

// isCleanPath reports whether a path has no empty segments and no dots that lead
// elsewhere.
func isCleanPath(escaped string) bool {
	cleaned := path.Clean(escaped)
	return escaped == cleaned || escaped == cleaned+"/"
}

// deadlineMargin is how long before the end of an invocation a route must
// stop, so that there is time left to answer.
const deadlineMargin = 500 * time.Millisecond

// An endpoint serves one route.
type endpoint struct {
	handler *Handler
	route   Route
}

func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != e.route.patternMethod() { // ServeMux takes HEAD for GET
		e.handler.serveUnrouted(w, r)
		return
	}
	ctx := r.Context()
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-deadlineMargin))
		defer cancel()
	}
	request := &Request{Request: r, Now: e.handler.now().UTC()}
	response, err := e.serveRoute(ctx, request)
	var a answer
	if err == nil {
		a, err = response.renderAnswer(r)
	}
	if err != nil {
		a = problemAnswer(err, request.RequestID())
	}
	a.writeTo(w)
	logRequest(ctx, e.route.Pattern, request.RequestID(), a.status, err)
}

// serveRoute checks the caller and runs the route.
func (e endpoint) serveRoute(ctx context.Context, r *Request) (Response, error) {
	if e.route.Scope != "" {
		if err := r.requireScope(e.route.Scope); err != nil {
			return Response{}, err
		}
		if err := e.handler.limiter.admitRequest(ctx, r.Caller(), r.Now); err != nil {
			return Response{}, err
		}
	}
	return e.route.Serve(ctx, r)
}

// serveUnrouted refuses a request that no route takes: with 405 and the
// allowed methods if others than the request's have a route, else with 404.
func (h *Handler) serveUnrouted(w http.ResponseWriter, r *http.Request) {
	err := fault.New(fault.NotFound, "there is no such path")
	if methods := h.allowedMethods(r); len(methods) > 0 {
		allow := strings.Join(methods, ", ")
		err = &Refusal{
			Err:     fault.New(fault.Invalid, "this path allows only %s", allow),
			Status:  http.StatusMethodNotAllowed,
			Headers: map[string]string{"Allow": allow},
		}
	}
	id := gatewayOf(r.Context()).requestID
	a := problemAnswer(err, id)
	a.writeTo(w)
	logRequest(r.Context(), "none", id, a.status, err)
}

// allowedMethods returns the methods that the path of r has routes for.
func (h *Handler) allowedMethods(r *http.Request) []string {
	if !isCleanPath(r.URL.EscapedPath()) {
		return nil
	}
	var allowed []string
	for _, method := range h.methods {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := h.mux.Handler(probe); strings.HasPrefix(pattern, method+" ") {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// logRequest logs one request by its route's pattern. The text of a refusal
// may repeat the caller's words, so only the error of a 5xx is logged.
func logRequest(ctx context.Context, pattern, requestID string, status int, err error) {
	log := slog.With("route", pattern, "status", status, "request", requestID)
	switch {
	case status >= http.StatusInternalServerError:
		log.ErrorContext(ctx, "request failed", "kind", fault.KindOf(err), "err", err)
	case err != nil:
		log.InfoContext(ctx, "request refused", "kind", fault.KindOf(err))
	default:
		log.InfoContext(ctx, "request answered")
	}
}

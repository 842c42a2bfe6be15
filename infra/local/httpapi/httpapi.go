// Package httpapi implements an API Gateway HTTP API for the local stack. It
// receives HTTP requests and invokes functions with them as events.
//
// Functions get the same events as on AWS, payload format 2.0, including its
// peculiarities: the path is decoded, the body is base64 unless its content
// type is one of a few, and all claims are strings. Callers get the same error
// responses as from AWS.
package httpapi

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/heard-intake/heard/infra/local/template"
)

// Limits of API Gateway and Lambda, in bytes.
const (
	maxHeader = 10_240
	maxBody   = 10 << 20
	maxEvent  = 6 << 20
)

// maxTimeout is AWS's limit for the time of an integration.
const maxTimeout = 30 * time.Second

// An Invoker invokes a Lambda function.
type Invoker interface {
	// Invoke returns the function's response. functionError is set if the
	// function ran and failed, err if it did not run.
	Invoke(ctx context.Context, function string, payload []byte) (response []byte, functionError string, err error)
}

// Config configures a [Gateway].
type Config struct {
	API       template.HTTPAPI
	Functions Invoker
	AccountID string
	Client    *http.Client // for the token issuers; the default has a timeout of 10 s (AWS: 1.5 s), enough for a busy laptop
}

// A Gateway is an http.Handler that serves one HTTP API.
type Gateway struct {
	api         template.HTTPAPI
	functions   Invoker
	account     string
	routes      []route
	authorizers map[string]*authorizer
}

// New returns the gateway of cfg.API.
func New(cfg Config) *Gateway {
	g := &Gateway{
		api:         cfg.API,
		functions:   cfg.Functions,
		account:     cmp.Or(cfg.AccountID, "000000000000"),
		routes:      newRoutes(cfg.API.Routes),
		authorizers: map[string]*authorizer{},
	}
	client := cfg.Client
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	for _, a := range cfg.API.Authorizers {
		g.authorizers[a.Name] = newAuthorizer(a, client)
	}
	return g
}

// ServeHTTP checks the request, invokes the function of its route and writes
// the function's response.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := newRequestID()
	w.Header().Set("Apigw-Requestid", id)
	if headerSize(r) > maxHeader {
		writeError(w, http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
		return
	}
	if g.applyCORS(w, r) {
		return
	}
	path, _, _ := strings.Cut(r.URL.Path, "?") // AWS cuts the path at a decoded question mark
	route, params := matchRoute(g.routes, r.Method, path)
	if route == nil {
		writeError(w, http.StatusNotFound, "Not Found")
		return
	}
	if !route.bucket.takeToken(time.Now()) {
		writeError(w, http.StatusTooManyRequests, "Too Many Requests")
		return
	}
	identity, ok := g.authorizeRequest(w, r, route)
	if !ok {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			writeError(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		}
		return
	}
	event := g.newEvent(r, route, path, body)
	event.PathParameters = params
	event.RequestContext.RequestID = id
	event.RequestContext.Authorizer = identity
	g.invokeIntegration(w, r, route, event)
}

// authorizeRequest checks the request's token if the route has an authorizer.
// If it returns false, it has written the error response.
func (g *Gateway) authorizeRequest(w http.ResponseWriter, r *http.Request, route *route) (*identity, bool) {
	if route.Authorizer == "" {
		return nil, true
	}
	jwt, err := g.authorizers[route.Authorizer].checkToken(r, route.Scopes)
	if err == nil {
		return &identity{jwt}, true
	}
	w.Header().Set("Www-Authenticate", err.challenge)
	writeError(w, err.status, err.message)
	return nil, false
}

// invokeIntegration invokes the route's function and writes its response.
func (g *Gateway) invokeIntegration(w http.ResponseWriter, r *http.Request, route *route, e *event) {
	payload, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	if len(payload) > maxEvent { // the status that AWS returns here is not documented
		writeError(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	// The function continues if the client disconnects.
	timeout := min(cmp.Or(route.Timeout, maxTimeout), maxTimeout)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), timeout)
	defer cancel()
	out, functionError, err := g.functions.Invoke(ctx, route.Function, payload)
	if err != nil {
		writeError(w, http.StatusServiceUnavailable, "Service Unavailable")
		return
	}
	if functionError != "" {
		writeError(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	writeResponse(w, out)
}

// writeError writes an error response in API Gateway's form.
func writeError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, message)
}

func headerSize(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("Host") + len(r.Host)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

// newRequestID returns a random id of 16 characters, like AWS's.
func newRequestID() string {
	var b [11]byte
	_, _ = rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

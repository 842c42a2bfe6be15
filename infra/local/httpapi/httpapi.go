// Package httpapi is an API Gateway HTTP API for the local stack: it stands
// before the functions, takes HTTP requests and hands them on as events.
//
// It gives the functions the very events that AWS gives, payload format 2.0,
// with its oddities (a decoded path, base64 where the content type is not one
// of a few, claims that are all text), and the callers the same refusals.
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

// What API Gateway and Lambda accept, in bytes.
const (
	maxHeader = 10_240
	maxBody   = 10 << 20
	maxEvent  = 6 << 20
)

// maxTimeout is the longest that an integration may take.
const maxTimeout = 30 * time.Second

// An Invoker invokes a Lambda function.
type Invoker interface {
	// Invoke returns the function's response. functionError is set when the
	// function failed, err when it was not reached.
	Invoke(ctx context.Context, function string, payload []byte) (response []byte, functionError string, err error)
}

// Config is what a gateway needs beside its API.
type Config struct {
	API       template.HTTPAPI
	Functions Invoker
	AccountID string
	Client    *http.Client // to the issuers; default with a timeout of 10 s: AWS gives 1.5 s, a busy laptop needs more
}

// A Gateway serves one HTTP API.
type Gateway struct {
	api         template.HTTPAPI
	functions   Invoker
	account     string
	routes      []route
	authorizers map[string]*authorizer
}

// New makes the gateway of an API.
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

// ServeHTTP answers one request.
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
	path, _, _ := strings.Cut(r.URL.Path, "?") // AWS cuts at a decoded one
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

// authorize answers a request that may not pass.
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

// integrate calls the function and gives back what it answers.
func (g *Gateway) invokeIntegration(w http.ResponseWriter, r *http.Request, route *route, e *event) {
	payload, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts and numbers only
	}
	if len(payload) > maxEvent { // how AWS answers here is not documented
		writeError(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	// The caller's going away does not end the function.
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

// refuse answers as API Gateway does itself.
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

// requestID is 16 characters, as AWS's are.
func newRequestID() string {
	var b [11]byte
	_, _ = rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
)

// An EventHandler answers the events of an API Gateway HTTP API, payload
// format 2.0. Its error is always nil.
type EventHandler func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Lambda returns the Lambda handler that serves events with h.
//
// API Gateway has matched the route and decoded the parameters of path and
// query. The request is built from those, so that a handler sees the same
// values as the gateway's authorizer and access log:
//
//   - The path is the route key with its parameters in place, encoded again. A
//     parameter that is "a/b" or ".." stays one segment of the path.
//   - A query parameter that came more than once has one value, joined by
//     commas.
//   - Header names get their canonical form. A header that came more than once
//     has one value, joined by commas, as in [RFC 9110].
//
// A body that is not the base64 it claims to be fails when it is read.
//
// [RFC 9110]: https://www.rfc-editor.org/rfc/rfc9110#section-5.3
func Lambda(h http.Handler) EventHandler {
	return func(ctx context.Context, ev events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		w := &responseWriter{header: make(http.Header, 8)}
		h.ServeHTTP(w, newRequest(ctx, &ev))
		return w.gatewayResponse(), nil
	}
}

// A gateway holds the data of API Gateway about a request.
type gateway struct {
	requestID string
	claims    map[string]string // of the verified token
}

type gatewayKey struct{}

// gatewayOf returns the gateway's data about the request of a context. It is zero
// for a request that did not come through [Lambda].
func gatewayOf(ctx context.Context) gateway {
	g, _ := ctx.Value(gatewayKey{}).(gateway)
	return g
}

func newRequest(ctx context.Context, ev *events.APIGatewayV2HTTPRequest) *http.Request {
	g := gateway{requestID: ev.RequestContext.RequestID}
	if a := ev.RequestContext.Authorizer; a != nil && a.JWT != nil {
		g.claims = a.JWT.Claims
	}
	method, address := eventAddress(ev)
	r := &http.Request{
		Method: method, URL: address, Header: eventHeader(ev), Host: ev.RequestContext.DomainName, RemoteAddr: ev.RequestContext.HTTP.SourceIP,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}
	switch {
	case ev.Body == "":
	case ev.IsBase64Encoded:
		r.Body = io.NopCloser(&base64Reader{encoded: ev.Body})
		r.ContentLength = -1
	default:
		r.Body = io.NopCloser(strings.NewReader(ev.Body))
		r.ContentLength = int64(len(ev.Body))
	}
	return r.WithContext(context.WithValue(ctx, gatewayKey{}, g))
}

// eventAddress returns the method and the URL of an event.
func eventAddress(ev *events.APIGatewayV2HTTPRequest) (method string, address *url.URL) {
	method, pattern, ok := strings.Cut(ev.RouteKey, " ")
	escaped := ""
	if ok && method != "ANY" {
		escaped = fillPattern(pattern, ev.PathParameters)
	} else {
		method = ev.RequestContext.HTTP.Method
	}
	if escaped == "" {
		escaped = ev.RawPath
	}
	address = &url.URL{Path: escaped, RawPath: escaped}
	if strings.IndexByte(escaped, '%') >= 0 {
		if decoded, err := url.PathUnescape(escaped); err == nil {
			address.Path = decoded
		}
	}
	if len(ev.QueryStringParameters) > 0 {
		values := make(url.Values, len(ev.QueryStringParameters))
		for name, value := range ev.QueryStringParameters {
			values[name] = []string{value}
		}
		address.RawQuery = values.Encode()
	}
	return method, address
}

// fillPattern returns the escaped path of a route's pattern with these
// parameters: "/v1/customers/{id}" and "a/b" give "/v1/customers/a%2Fb". It
// returns "" if a parameter is missing.
func fillPattern(pattern string, parameters map[string]string) string {
	if strings.IndexByte(pattern, '{') < 0 {
		return pattern
	}
	var b strings.Builder
	b.Grow(len(pattern) + 48)
	for segment := range strings.SplitSeq(pattern[1:], "/") {
		b.WriteByte('/')
		if !strings.HasPrefix(segment, "{") {
			b.WriteString(segment)
			continue
		}
		value := parameters[strings.Trim(segment, "{+}")]
		switch value {
		case "":
			return ""
		case ".", "..": // would be resolved, unless they are encoded
			b.WriteString(strings.ReplaceAll(value, ".", "%2E"))
		default:
			b.WriteString(url.PathEscape(value))
		}
	}
	return b.String()
}

func eventHeader(ev *events.APIGatewayV2HTTPRequest) http.Header {
	header := make(http.Header, len(ev.Headers)+1)
	values := make([]string, 0, len(ev.Headers))
	for name, value := range ev.Headers {
		values = append(values, value)
		header[http.CanonicalHeaderKey(name)] = values[len(values)-1 : len(values) : len(values)]
	}
	if len(ev.Cookies) > 0 {
		header["Cookie"] = []string{strings.Join(ev.Cookies, "; ")}
	}
	return header
}

// A base64Reader decodes a body when it is first read.
type base64Reader struct {
	encoded string
	decoded *bytes.Reader
}

func (r *base64Reader) Read(p []byte) (int, error) {
	if r.decoded == nil {
		body, err := base64.StdEncoding.DecodeString(r.encoded)
		if err != nil {
			return 0, fault.New(fault.Invalid, "the body is not base64")
		}
		r.decoded = bytes.NewReader(body)
	}
	return r.decoded.Read(p)
}

// A responseWriter keeps a response for API Gateway.
type responseWriter struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// gatewayResponse returns the response for API Gateway. A body that is not
// UTF-8 is encoded in base64.
func (w *responseWriter) gatewayResponse() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	resp := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Body: w.body.String(), Headers: make(map[string]string, len(w.header))}
	for name, values := range w.header {
		switch {
		case name == "Set-Cookie":
			resp.Cookies = values
		case len(values) == 1:
			resp.Headers[name] = values[0]
		default:
			resp.Headers[name] = strings.Join(values, ",")
		}
	}
	if !utf8.ValidString(resp.Body) {
		resp.Body = base64.StdEncoding.EncodeToString([]byte(resp.Body))
		resp.IsBase64Encoded = true
	}
	return resp
}

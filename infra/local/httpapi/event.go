package httpapi

import (
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// An event is a request in payload format 2.0. Like AWS, it omits empty
// optional fields.
type event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	Authorizer   *identity   `json:"authorizer,omitempty"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpContext `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

func (g *Gateway) newEvent(r *http.Request, route *route, path string, body []byte) *event {
	now := time.Now().UTC()
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	e := &event{
		Version:               "2.0",
		RouteKey:              route.Key(),
		RawPath:               path,
		RawQueryString:        r.URL.RawQuery,
		Headers:               eventHeaders(r, source, len(body)),
		QueryStringParameters: queryParameters(r.URL.RawQuery),
		RequestContext: requestContext{
			AccountID:    g.account,
			APIID:        g.api.Name,
			DomainName:   r.Host,
			DomainPrefix: g.api.Name,
			HTTP: httpContext{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
			RouteKey:  route.Key(),
			Stage:     g.api.Stage,
			Time:      now.Format("02/Jan/2006:15:04:05 -0700"),
			TimeEpoch: now.UnixMilli(),
		},
	}
	for _, c := range r.Header.Values("Cookie") {
		for part := range strings.SplitSeq(c, ";") {
			if part = strings.TrimSpace(part); part != "" {
				e.Cookies = append(e.Cookies, part)
			}
		}
	}
	e.Body = string(body)
	if len(body) > 0 && !isTextBody(r.Header.Get("Content-Type"), body) {
		e.Body = base64.StdEncoding.EncodeToString(body)
		e.IsBase64Encoded = true
	}
	return e
}

// isTextBody reports whether AWS passes a body on without base64: text/* and
// three application types. A form, or a body without a content type, is base64.
// AWS does not document its treatment of text that is not UTF-8; here it is
// base64, which loses nothing.
func isTextBody(contentType string, body []byte) bool {
	typ, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		typ, _, _ = strings.Cut(strings.ToLower(contentType), ";")
	}
	switch strings.TrimSpace(typ) {
	case "application/json", "application/xml", "application/javascript":
		return utf8.Valid(body)
	}
	return strings.HasPrefix(typ, "text/") && utf8.Valid(body)
}

// hopByHop are the request headers that API Gateway does not pass on.
var hopByHop = map[string]bool{
	"Connection": true, "Cookie": true, "Expect": true, "Keep-Alive": true, "Proxy-Authenticate": true,
	"Proxy-Authorization": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

func eventHeaders(r *http.Request, source string, size int) map[string]string {
	out := map[string]string{}
	for name, values := range r.Header {
		if !hopByHop[name] {
			out[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	out["host"] = r.Host
	out["content-length"] = strconv.Itoa(size)
	out["x-amzn-trace-id"] = "Root=1-" + strconv.FormatInt(time.Now().Unix(), 16) + "-" + newTraceID()
	if before := out["x-forwarded-for"]; before != "" {
		source = before + ", " + source
	}
	out["x-forwarded-for"] = source
	out["x-forwarded-proto"] = "http"
	out["x-forwarded-port"] = "80"
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		out["x-forwarded-port"] = port
	}
	return out
}

func queryParameters(raw string) map[string]string {
	values, _ := url.ParseQuery(raw) // with an error it returns the valid part
	var out map[string]string
	for k, v := range values {
		out = addParameter(out, k, strings.Join(v, ","))
	}
	return out
}

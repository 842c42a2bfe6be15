package api

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/strictjson"
)

// MaxBody is the largest body taken, in bytes.
const MaxBody = 256 << 10

// A request is what API Gateway hands on, and when it came.
type request struct {
	ev  events.APIGatewayV2HTTPRequest
	now time.Time
}

// header returns a header; API Gateway lowers their names, other front doors
// do not.
func (r *request) header(name string) string {
	if v, ok := r.ev.Headers[name]; ok {
		return v
	}
	for k, v := range r.ev.Headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// param returns a part of the path.
func (r *request) param(name string) string { return r.ev.PathParameters[name] }

// claims returns what the token says; API Gateway makes a text of each claim.
func (r *request) claims() map[string]string {
	if a := r.ev.RequestContext.Authorizer; a != nil && a.JWT != nil {
		return a.JWT.Claims
	}
	return nil
}

// words splits a claim that is a list: by spaces, in brackets when the token
// has it as a list of its own.
func words(claim string) []string { return strings.Fields(strings.Trim(claim, "[]")) }

// caller returns who holds the token.
func (r *request) caller() string { return cmp.Or(r.claims()["sub"], r.claims()["client_id"]) }

// allow refuses a token that is not valid now or lacks the scope.
func (r *request) allow(scope string) error {
	claims := r.claims()
	if r.caller() == "" || expired(claims["exp"], r.now) {
		return fault.New(fault.Unauthorized, "a valid token is needed: Authorization: Bearer <token>")
	}
	if !r.has(scope) {
		return &refusal{error: fault.New(fault.Forbidden, "the token lacks the scope %s", scope), headers: insufficient(scope)}
	}
	return nil
}

// has reports whether the token has a scope.
func (r *request) has(scope string) bool {
	claims := r.claims()
	return slices.Contains(words(cmp.Or(claims["scope"], claims["scp"])), scope)
}

// insufficient returns the headers of the refusal of a token that lacks a
// scope.
func insufficient(scope string) map[string]string {
	return map[string]string{"WWW-Authenticate": fmt.Sprintf("Bearer error=%q, scope=%q", "insufficient_scope", scope)}
}

// expired reports whether a claim of seconds since 1970 lies behind now. API
// Gateway has checked it, and may write a large number as 1.7e+09.
func expired(exp string, now time.Time) bool {
	at, err := strconv.ParseFloat(exp, 64)
	return exp != "" && (err != nil || float64(now.Unix()) >= at)
}

// body returns the body as it was sent.
func (r *request) body(limit int) ([]byte, error) {
	body := []byte(r.ev.Body)
	if r.ev.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.ev.Body); err != nil {
			return nil, fault.New(fault.Invalid, "the body is not base64")
		}
	}
	if len(body) > limit {
		return nil, fault.New(fault.TooLarge, "the body may have %d bytes", limit)
	}
	return body, nil
}

// jsonBody returns the body, which must be called JSON.
func (r *request) jsonBody(limit int) ([]byte, error) {
	typ, params, err := mime.ParseMediaType(r.header("content-type"))
	charset := strings.ToLower(params["charset"])
	if err != nil || typ != "application/json" || charset != "" && charset != "utf-8" {
		return nil, &refusal{
			error:  fault.New(fault.Invalid, "the body must be JSON, with Content-Type: application/json"),
			status: http.StatusUnsupportedMediaType,
		}
	}
	return r.body(limit)
}

// decode reads the body into the struct that v points to. Members that the
// struct lacks are refused: a wrong name would be lost without a word.
func (r *request) decode(v any) error {
	body, err := r.jsonBody(MaxBody)
	if err != nil {
		return err
	}
	return strictjson.Unmarshal(body, v)
}

// A query reads the parameters of a request, and keeps the first mistake.
type query struct {
	values map[string]string
	known  []string
	err    error
}

func (r *request) query() *query { return &query{values: r.ev.QueryStringParameters} }

func (q *query) text(name string) string {
	q.known = append(q.known, name)
	return q.values[name]
}

func (q *query) fail(format string, args ...any) {
	if q.err == nil {
		q.err = fault.New(fault.Invalid, format, args...)
	}
}

// Bounds of a page.
const (
	defaultLimit = 50
	maxLimit     = 200
)

func (q *query) limit() int { return q.number("limit", defaultLimit) }

// number returns a parameter that counts the items of a page.
func (q *query) number(name string, otherwise int) int {
	s := q.text(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxLimit {
		q.fail("%s must be a number from 1 to %d", name, maxLimit)
	}
	return n
}

// oneOf returns a parameter that is empty or one of some values.
func oneOf[S ~string](q *query, name string, values ...S) S {
	v := S(q.text(name))
	if v != "" && !slices.Contains(values, v) {
		q.fail("%s must be one of %s", name, list(values))
	}
	return v
}

func list[S ~string](values []S) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

func (q *query) time(name string) time.Time {
	s := q.text(name)
	if s == "" {
		return time.Time{}
	}
	at, err := instant(name, s)
	if err != nil && q.err == nil {
		q.err = err
	}
	return at
}

// done returns the first mistake. A parameter that nobody asked for is one: a
// filter with a wrong name would show too much.
func (q *query) done() error {
	if q.err != nil {
		return q.err
	}
	for name := range q.values {
		if !slices.Contains(q.known, name) {
			slices.Sort(q.known)
			return fault.New(fault.Invalid, "there is no parameter %q here; known: %s", name, strings.Join(q.known, ", "))
		}
	}
	return nil
}

// maxLead is how far ahead of our clock a time may lie.
const maxLead = 2 * time.Minute

// instant reads a time of the caller's, to the millisecond.
func instant(name, s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || at.UnixMilli() < 0 || at.Year() > 9999 {
		return time.Time{}, fault.New(fault.Invalid, "%s must be a time like 2026-03-01T10:00:00Z", name)
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// clean checks a text of the caller's, see [contact.CleanField].
func clean(name, s string, limit int, needed bool) (string, error) {
	return contact.CleanField(name, s, limit, needed)
}

// printable reports whether s can be an id: ASCII that shows, up to a number
// of bytes.
func printable(s string, limit int) bool {
	return s != "" && len(s) <= limit && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

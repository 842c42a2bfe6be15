package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/strictjson"
)

// MaxBody is the largest body that [Request.DecodeJSON] reads, in bytes.
const MaxBody = 256 << 10

// A Request is a request of a route.
type Request struct {
	*http.Request
	Now time.Time // of the request's arrival, in UTC

	body     []byte
	bodyRead bool
}

// RequestID returns API Gateway's id of the request, and "" without one.
func (r *Request) RequestID() string { return gatewayOf(r.Context()).requestID }

// HasBody reports whether the request came with a body.
func (r *Request) HasBody() bool { return r.ContentLength != 0 }

// ReadBody returns the body, or [fault.TooLarge] if it has more than limit
// bytes. It may be called again.
func (r *Request) ReadBody(limit int) ([]byte, error) {
	if !r.bodyRead {
		if err := r.fetchBody(limit); err != nil {
			return nil, err
		}
	}
	if len(r.body) > limit {
		return nil, errTooLarge(limit)
	}
	return r.body, nil
}

func (r *Request) fetchBody(limit int) error {
	if r.ContentLength > int64(limit) {
		return errTooLarge(limit)
	}
	var body []byte
	var err error
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the body ended too early; send the request again")
	}
	if len(body) > limit {
		return errTooLarge(limit)
	}
	r.body = body
	r.bodyRead = true
	return nil
}

func errTooLarge(limit int) error {
	return fault.New(fault.TooLarge, "the body must have at most %d bytes", limit)
}

// ReadJSON is [Request.ReadBody] for a body whose Content-Type must be JSON. It
// refuses a body that is not UTF-8.
func (r *Request) ReadJSON(limit int) ([]byte, error) {
	typ, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || typ != "application/json" || !isUTF8(params["charset"]) {
		return nil, &Refusal{
			Err:    fault.New(fault.Invalid, "the body must be JSON, with Content-Type: application/json"),
			Status: http.StatusUnsupportedMediaType,
		}
	}
	body, err := r.ReadBody(limit)
	if err != nil {
		return nil, err
	}
	return body, strictjson.CheckUTF8(body)
}

func isUTF8(charset string) bool { return charset == "" || strings.EqualFold(charset, "utf-8") }

// DecodeJSON reads the body into the struct that v points to. A member that
// the struct lacks is refused by name, because it is probably a misspelt one.
func (r *Request) DecodeJSON(v any) error { return r.DecodeLargeJSON(MaxBody, v) }

// DecodeLargeJSON is [Request.DecodeJSON] for a body of up to limit bytes.
func (r *Request) DecodeLargeJSON(limit int, v any) error {
	body, err := r.ReadJSON(limit)
	if err != nil {
		return err
	}
	return strictjson.Unmarshal(body, v)
}

// ParseTime reads a time in RFC 3339 from the member or parameter name, to the
// millisecond and in UTC.
func ParseTime(name, s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || at.UnixMilli() < 0 || at.Year() > 9999 {
		return time.Time{}, fault.New(fault.Invalid, "%s must be a time like 2026-03-01T10:00:00Z", name)
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// CleanText returns the text of the member name without control characters
// and outer spaces. It refuses a text of more than limit bytes, and a blank one
// that is required.
func CleanText(name, s string, limit int, required bool) (string, error) {
	if len(s) > limit {
		return "", fault.New(fault.TooLarge, "%s must have at most %d bytes", name, limit)
	}
	s = strings.TrimSpace(message.Clean(s, limit))
	if required && s == "" {
		return "", fault.New(fault.Invalid, "%s is missing", name)
	}
	return message.Cut(s, limit), nil
}

// IsPrintable reports whether s can be an id: 1 to limit visible ASCII
// characters.
func IsPrintable(s string, limit int) bool {
	if s == "" || len(s) > limit || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

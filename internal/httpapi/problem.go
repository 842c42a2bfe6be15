package httpapi

import (
	"errors"
	"maps"
	"net/http"

	"github.com/heard-intake/heard/internal/fault"
)

// A Refusal is an error that tells the caller more than its kind does.
type Refusal struct {
	Err     error
	Status  int               // 0: that of the kind of Err
	Headers map[string]string // additional headers of the answer
	Members map[string]any    // additional members of the problem document
}

func (r *Refusal) Error() string { return r.Err.Error() }

func (r *Refusal) Unwrap() error { return r.Err }

// problemAnswer returns the problem document of err ([RFC 9457]). Its type is
// about:blank, because title and status name the type of the problem. Programs
// use the member kind.
//
// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
func problemAnswer(err error, requestID string) answer {
	a := answer{status: fault.HTTPStatus(err), headers: commonHeaders("application/problem+json")}
	doc := map[string]any{}
	if r, ok := errors.AsType[*Refusal](err); ok {
		if r.Status != 0 {
			a.status = r.Status
		}
		maps.Copy(a.headers, r.Headers)
		maps.Copy(doc, r.Members)
	}
	switch a.status {
	case http.StatusUnauthorized:
		a.headers["WWW-Authenticate"] = "Bearer"
	case http.StatusServiceUnavailable:
		a.headers["Retry-After"] = "1"
	}
	kind := fault.KindOf(err)
	doc["type"] = "about:blank"
	doc["title"] = http.StatusText(a.status)
	doc["status"] = a.status
	doc["kind"] = kind
	doc["detail"] = problemDetail(err)
	doc["remedy"] = remedyFor(kind)
	if requestID != "" {
		doc["instance"] = "urn:heard:request:" + requestID
	}
	body, err := EncodeJSON(doc)
	if err != nil {
		a.status = http.StatusInternalServerError
	}
	a.body = body
	return a
}

// problemDetail returns the text of an error for the caller. It says nothing
// about a failure inside Heard.
func problemDetail(err error) string {
	switch fault.KindOf(err) {
	case fault.Internal:
		return "an internal error stopped the request"
	case fault.Unavailable:
		return "the request could not be completed now"
	default:
		return fault.Message(err)
	}
}

// remedyFor returns what the caller can do about an error of a kind.
func remedyFor(kind fault.Kind) string {
	switch kind {
	case fault.Invalid:
		return "correct the request as detail says; do not repeat it unchanged"
	case fault.Unauthorized:
		return "get a new token or session, and retry with it"
	case fault.Forbidden:
		return "use a token that has this permission"
	case fault.NotFound:
		return "check the id or path; do not repeat the request unchanged"
	case fault.Conflict:
		return "fetch the current version and retry"
	case fault.TooLarge:
		return "send less, as detail says"
	case fault.TooMany:
		return "retry after the number of seconds in Retry-After"
	case fault.Unavailable:
		return "retry the same request after the number of seconds in Retry-After; a repetition has no second effect"
	default:
		return "retry later; if the error remains, report instance to the operator"
	}
}

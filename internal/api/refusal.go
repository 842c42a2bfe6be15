package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
)

// A refusal is an error with more to tell the caller than its kind does.
type refusal struct {
	error
	status  int               // 0: that of the kind
	headers map[string]string // further headers of the answer
	more    map[string]any    // further members of the problem document
}

func (r *refusal) Unwrap() error { return r.error }

// refused returns the problem document of err (RFC 9457). Its type says no
// more than the status does; kind is for programs.
func refused(err error, requestID string) events.APIGatewayV2HTTPResponse {
	status := fault.HTTPStatus(err)
	out := headers("application/problem+json")
	doc := map[string]any{}
	if r, ok := err.(*refusal); ok { //nolint:errorlint // nothing wraps a refusal
		if r.status != 0 {
			status = r.status
		}
		maps.Copy(out, r.headers)
		maps.Copy(doc, r.more)
	}
	switch status {
	case http.StatusUnauthorized:
		out["WWW-Authenticate"] = "Bearer"
	case http.StatusServiceUnavailable:
		out["Retry-After"] = "1"
	}
	doc["type"] = "about:blank"
	doc["title"] = http.StatusText(status)
	doc["status"] = status
	doc["kind"] = fault.KindOf(err)
	doc["detail"] = detail(err)
	doc["remedy"] = remedy(fault.KindOf(err))
	if requestID != "" {
		doc["instance"] = "urn:heard:request:" + requestID
	}
	body, err := encode(doc)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusInternalServerError, Headers: out}
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: out, Body: string(body)}
}

// detail is what the caller is told in words. What failed behind us is none
// of the caller's business.
func detail(err error) string {
	switch fault.KindOf(err) {
	case fault.Internal:
		return "something went wrong here; the request id helps to find what"
	case fault.Unavailable:
		return "this did not work now; the same request may work later"
	default:
		return fault.Message(err)
	}
}

// remedy is what the caller can do about a failure of a kind.
func remedy(k fault.Kind) string {
	switch k {
	case fault.Invalid:
		return "change the request as detail says; as it is, it never succeeds"
	case fault.Unauthorized:
		return "get a new token or session, and repeat the request with it"
	case fault.Forbidden:
		return "use a token that may do this"
	case fault.NotFound:
		return "check the id or address; repeating does not help"
	case fault.Conflict:
		return "read it again, decide again, and then repeat"
	case fault.TooLarge:
		return "send less, as detail says"
	case fault.TooMany:
		return "wait as many seconds as Retry-After says, and repeat"
	case fault.Unavailable:
		return "repeat the same request after as many seconds as Retry-After says; nothing is done twice"
	default:
		return "repeat later; if it stays so, report the instance"
	}
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode answer")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

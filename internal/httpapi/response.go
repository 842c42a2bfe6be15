package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// A Response is the answer to a request that succeeded.
type Response struct {
	Status int    // 0 is 200
	Body   any    // as JSON
	ETag   string // empty: of a GET, computed from the body
}

// An answer has the status, headers and body of a response.
type answer struct {
	status  int
	headers map[string]string
	body    []byte
}

// writeTo writes a to w. It sets header names as they are: "ETag" would be "Etag" in
// the canonical form of net/http.
func (a answer) writeTo(w http.ResponseWriter) {
	header := w.Header()
	values := make([]string, 0, len(a.headers))
	for name, value := range a.headers {
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a caller who hung up is not an error of ours
}

// renderAnswer returns the answer to r that carries the response.
func (resp Response) renderAnswer(r *http.Request) (answer, error) {
	body, err := EncodeJSON(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: max(resp.Status, http.StatusOK), headers: commonHeaders("application/json"), body: body}
	isGet := r.Method == http.MethodGet
	tag := resp.ETag
	if tag == "" && isGet {
		tag = ComputeETag(body)
	}
	if tag == "" {
		return a, nil
	}
	a.headers["ETag"] = tag
	if isGet && matchesETag(r.Header.Get("If-None-Match"), tag) {
		a.status = http.StatusNotModified
		a.body = nil
		delete(a.headers, "Content-Type")
	}
	return a, nil
}

// ComputeETag returns the tag of a response that depends on these parts alone.
func ComputeETag(parts ...[]byte) string {
	sum := sha256.Sum256(bytes.Join(parts, []byte{0}))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// matchesETag reports whether an If-None-Match header names tag. A proxy that
// compresses a response makes its tag a weak one: W/"…".
func matchesETag(header, tag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		t = strings.TrimSpace(t)
		if t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}

// commonHeaders returns the headers of every answer. Answers are about people,
// so no cache may store them.
func commonHeaders(contentType string) map[string]string {
	return map[string]string{
		"Content-Type":           contentType,
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
	}
}

// EncodeJSON returns v as JSON in which <, > and & are not escaped.
func EncodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode answer")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

package httpapi

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// A response is a function's response in payload format 2.0.
type response struct {
	StatusCode      json.Number                `json:"statusCode"`
	Headers         map[string]json.RawMessage `json:"headers"`
	Cookies         []string                   `json:"cookies"`
	Body            *string                    `json:"body"`
	IsBase64Encoded bool                       `json:"isBase64Encoded"`
}

// writeResponse writes a function's response. JSON without a statusCode is the
// body itself, with status 200. An invalid response becomes status 500.
func writeResponse(w http.ResponseWriter, out []byte) {
	status, body, r, ok := parseResponse(out)
	if !ok {
		writeError(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	for name, raw := range r.Headers {
		if name := http.CanonicalHeaderKey(name); mayFunctionSet(name) {
			w.Header().Set(name, jsonText(raw))
		}
	}
	for _, c := range r.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func parseResponse(out []byte) (status int, body []byte, r response, ok bool) {
	if !json.Valid(out) {
		return 0, nil, r, false
	}
	var probe struct {
		StatusCode json.RawMessage `json:"statusCode"`
	}
	if json.Unmarshal(out, &probe) != nil || probe.StatusCode == nil { // not an object, or without statusCode
		r.Headers = map[string]json.RawMessage{"content-type": json.RawMessage(`"application/json"`)}
		return http.StatusOK, []byte(jsonText(out)), r, true
	}
	if json.Unmarshal(out, &r) != nil {
		return 0, nil, r, false
	}
	status, err := strconv.Atoi(r.StatusCode.String())
	if err != nil || status < 200 || status > 599 {
		return 0, nil, r, false
	}
	if r.Body != nil {
		body = []byte(*r.Body)
	}
	if r.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(string(body)); err != nil {
			return 0, nil, r, false
		}
	}
	return status, body, r, true
}

// jsonText returns the value of a JSON string, and any other JSON unchanged.
func jsonText(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(bytes.TrimSpace(raw))
}

// mayFunctionSet reports whether API Gateway passes on the response header with
// this canonical name. It sets CORS headers and the length itself.
func mayFunctionSet(name string) bool {
	return !hopByHop[name] && name != "Content-Length" && !strings.HasPrefix(name, "Access-Control-")
}

func newTraceID() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

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

// A response is what a function answers, payload format 2.0.
type response struct {
	StatusCode      json.Number                `json:"statusCode"`
	Headers         map[string]json.RawMessage `json:"headers"`
	Cookies         []string                   `json:"cookies"`
	Body            *string                    `json:"body"`
	IsBase64Encoded bool                       `json:"isBase64Encoded"`
}

// respond gives back a function's answer. JSON without a status code is a
// body by itself; what makes no sense is an error of the server.
func writeResponse(w http.ResponseWriter, out []byte) {
	status, body, r, ok := parseResponse(out)
	if !ok {
		writeError(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	for name, raw := range r.Headers {
		if name := http.CanonicalHeaderKey(name); !hopByHop[name] && name != "Content-Length" && !isCORSHeader(name) {
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
	if json.Unmarshal(out, &probe) != nil || probe.StatusCode == nil { // no object, or one without
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

// textOf is a JSON text without its quotes, and any other JSON as it is.
func jsonText(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(bytes.TrimSpace(raw))
}

func isCORSHeader(name string) bool { return strings.HasPrefix(name, "Access-Control-") }

func newTraceID() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

package lambda

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// ServeHTTP serves the part of the Lambda API that invokes functions. The AWS
// CLI and the SDKs can use it.
func (m *Manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.api.ServeHTTP(w, r)
}

func (m *Manager) serveInvoke(w http.ResponseWriter, r *http.Request) {
	name := functionName(r.PathValue("name"))
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxRequest+1))
	if err != nil {
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	if typ := r.Header.Get("X-Amz-Invocation-Type"); cmp.Or(typ, "RequestResponse") != "RequestResponse" {
		m.serveAsyncInvoke(w, name, typ, payload)
		return
	}
	result, err := m.Invoke(r.Context(), name, payload)
	if err != nil {
		writeInvokeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", result.RequestID)
	if result.FunctionError != "" {
		w.Header().Set("X-Amz-Function-Error", result.FunctionError)
	}
	if r.Header.Get("X-Amz-Log-Type") == "Tail" {
		w.Header().Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.LogTail))
	}
	_, _ = w.Write(result.Payload)
}

func (m *Manager) serveAsyncInvoke(w http.ResponseWriter, name, typ string, payload []byte) {
	if typ != "Event" {
		writeAPIError(w, http.StatusBadRequest, "InvalidParameterValueException", "invocation type "+typ+" is not supported")
		return
	}
	id, err := m.InvokeAsync(name, payload)
	if err != nil {
		writeInvokeError(w, err)
		return
	}
	w.Header().Set("X-Amzn-Requestid", id)
	w.WriteHeader(http.StatusAccepted)
}

// functionName returns the bare name from a function name or ARN, with or
// without a qualifier.
func functionName(s string) string {
	if _, after, ok := strings.Cut(s, ":function:"); ok {
		s = after
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}

func writeInvokeError(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrNotFound):
		writeAPIError(w, http.StatusNotFound, "ResourceNotFoundException", err.Error())
	case errors.Is(err, ErrThrottled):
		writeAPIError(w, http.StatusTooManyRequests, "TooManyRequestsException", err.Error())
	case errors.Is(err, ErrTooLarge):
		writeAPIError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", err.Error())
	default:
		writeAPIError(w, http.StatusInternalServerError, "ServiceException", err.Error())
	}
}

func writeAPIError(w http.ResponseWriter, status int, typ, msg string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", typ)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Type": "User", "Message": msg})
}

// Sync invokes functions for callers that need only the answer, such as event
// source mappings and APIs.
type Sync struct{ *Manager }

// Invoke invokes a function, given by name or ARN, and waits for its answer.
// err is set if the function did not run.
func (s Sync) Invoke(ctx context.Context, function string, payload []byte) (response []byte, functionError string, err error) {
	r, err := s.Manager.Invoke(ctx, functionName(function), payload)
	return r.Payload, r.FunctionError, err
}

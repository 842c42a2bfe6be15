package lambda

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// newRuntimeAPI returns the handler of the Lambda Runtime API for all
// processes. AWS_LAMBDA_RUNTIME_API may contain a path, so each process has a
// path of its own on one server.
func (m *Manager) newRuntimeAPI() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(*process, http.ResponseWriter, *http.Request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			m.mu.Lock()
			proc := m.processes[r.PathValue("instance")]
			m.mu.Unlock()
			if proc == nil {
				writeRuntimeError(w, http.StatusForbidden, "InvalidRequest", "unknown instance")
				return
			}
			f(proc, w, r)
		})
	}
	const base = "/{function}/{instance}/2018-06-01/runtime/"
	handle("GET "+base+"invocation/next", (*process).serveNext)
	handle("POST "+base+"invocation/{id}/response", (*process).serveResponse)
	handle("POST "+base+"invocation/{id}/error", (*process).serveInvocationError)
	handle("POST "+base+"init/error", (*process).serveInitError)
	return mux
}

func (p *process) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case p.polled <- struct{}{}:
	default:
	}
	select {
	case inv := <-p.invocations:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", p.function.ARN)
		h.Set("Lambda-Runtime-Trace-Id", inv.traceID)
		_, _ = w.Write(inv.payload)
	case <-r.Context().Done():
	case <-p.exited:
	}
}

func (p *process) serveResponse(w http.ResponseWriter, r *http.Request) {
	inv := p.pendingInvocation(r.PathValue("id"))
	if inv == nil {
		writeRuntimeError(w, http.StatusBadRequest, "InvalidRequestID", "no such invocation is running")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxResponse))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		msg := fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", tooLarge.Limit)
		inv.acceptResult(Result{FunctionError: "Unhandled",
			Payload: errorPayload("Function.ResponseSizeTooLarge", inv.id, msg)})
		writeRuntimeError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", msg)
		return
	}
	if err != nil {
		return // the process is ending; awaitResult reports its exit
	}
	// A handler that returns an io.Reader reports an error in a trailer.
	if r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" {
		payload, _ := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		inv.acceptResult(Result{Payload: payload, FunctionError: "Unhandled"})
	} else {
		inv.acceptResult(Result{Payload: body})
	}
	w.WriteHeader(http.StatusAccepted)
}

func (p *process) serveInvocationError(w http.ResponseWriter, r *http.Request) {
	inv := p.pendingInvocation(r.PathValue("id"))
	if inv == nil {
		writeRuntimeError(w, http.StatusBadRequest, "InvalidRequestID", "no such invocation is running")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxResponse))
	if err != nil {
		body = errorPayload("Runtime.Unknown", inv.id, "the error could not be read")
	}
	inv.acceptResult(Result{Payload: body, FunctionError: "Unhandled"})
	w.WriteHeader(http.StatusAccepted)
}

func (p *process) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxResponse))
	if err != nil {
		return
	}
	select {
	case p.initErrors <- body:
	default:
	}
	w.WriteHeader(http.StatusAccepted)
}

// acceptResult stores the first result; later ones are ignored, as on AWS.
func (v *invocation) acceptResult(r Result) {
	select {
	case v.reply <- r:
	default:
	}
}

func writeRuntimeError(w http.ResponseWriter, status int, typ, msg string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errorType":%q,"errorMessage":%q}`, typ, msg)
}

// Package fault says what kind of failure an error is, so that the edge of
// the system can decide what to do about it: answer 400 or 503, retry or park.
//
// An error without a kind is [Internal]. Code that only passes an error up
// adds context with fmt.Errorf and %w; the kind stays readable underneath.
package fault

import (
	"errors"
	"fmt"
	"net/http"
)

// A Kind is a class of failure.
type Kind string

// The kinds of failure.
const (
	Internal     Kind = "internal"     // a bug, or something nobody thought of
	Invalid      Kind = "invalid"      // this input can never succeed
	Unauthorized Kind = "unauthorized" // the caller did not prove who it is
	Forbidden    Kind = "forbidden"    // the caller is known, and may not do this
	NotFound     Kind = "not_found"    // there is no such thing
	Conflict     Kind = "conflict"     // changed underneath us: read again, then retry
	TooLarge     Kind = "too_large"    // beyond a stated size
	TooMany      Kind = "too_many"     // beyond a stated rate: the same call may succeed later
	Unavailable  Kind = "unavailable"  // a dependency failed: the same call may succeed later
)

// An Error is a failure of a known kind.
type Error struct {
	Kind Kind
	Msg  string // for whoever called; holds no secrets, no internals and nothing of a customer
	Err  error  // the cause, for the log; may be nil
}

// New returns an error of the given kind.
func New(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

// Wrap returns an error of the given kind that was caused by err.
func Wrap(kind Kind, err error, format string, args ...any) error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...), Err: err}
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Msg
	}
	return e.Msg + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost [Error] in err's chain.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Message returns what a caller may be told about err: the message of the
// outermost [Error] in its chain, or "internal error" where there is none.
func Message(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Msg
	}
	return "internal error"
}

// Retryable reports whether the call that gave err may succeed when repeated.
func Retryable(err error) bool {
	switch KindOf(err) {
	case Internal, Conflict, TooMany, Unavailable:
		return true
	default:
		return false
	}
}

// HTTPStatus returns the status code that tells a caller about err.
func HTTPStatus(err error) int {
	switch KindOf(err) {
	case Invalid:
		return http.StatusBadRequest
	case Unauthorized:
		return http.StatusUnauthorized
	case Forbidden:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case TooMany:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

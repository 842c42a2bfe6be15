// Package fault gives errors a kind. The handlers at the edge of the system use
// the kind to choose a reaction: the HTTP status, and whether to retry.
//
// An error without a kind is [Internal]. Code that only returns an error to its
// caller adds context with fmt.Errorf and %w, which keeps the kind.
package fault

import (
	"errors"
	"fmt"
	"net/http"
)

// A Kind classifies a failure. Its value appears in logs and API responses.
type Kind string

// The kinds of failure.
const (
	Internal     Kind = "internal"     // a bug or an unforeseen failure
	Invalid      Kind = "invalid"      // the input can never succeed
	Unauthorized Kind = "unauthorized" // the caller is not authenticated
	Forbidden    Kind = "forbidden"    // the caller is authenticated but not permitted
	NotFound     Kind = "not_found"    // the requested item does not exist
	Conflict     Kind = "conflict"     // a concurrent change: read the item again, then retry
	TooLarge     Kind = "too_large"    // over a stated size limit
	TooMany      Kind = "too_many"     // over a stated rate limit; the same call may succeed later
	Unavailable  Kind = "unavailable"  // a dependency failed; the same call may succeed later
)

// An Error is a failure with a kind.
type Error struct {
	Kind Kind
	Msg  string // for the caller; without secrets, internal details and customer data
	Err  error  // the cause, for logs only; may be nil
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

// Is reports whether err is a failure of that kind: the kind that [KindOf]
// returns. It reports false for a nil error.
func Is(err error, kind Kind) bool {
	return err != nil && KindOf(err) == kind
}

// KindOf returns the kind of the outermost [Error] in err's chain, or [Internal]
// if the chain has no Error. To ask for one kind, use [Is]: KindOf returns
// Internal for a nil error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Message returns the text that a caller may see: the message of the outermost
// [Error] in err's chain. It returns "internal error" if the chain has no Error
// or if its kind is [Internal].
func Message(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Msg
	}
	return "internal error"
}

// Retryable reports whether the call that returned err may succeed when it is
// repeated. [Internal] counts as retryable.
func Retryable(err error) bool {
	switch KindOf(err) {
	case Internal, Conflict, TooMany, Unavailable:
		return true
	default:
		return false
	}
}

// HTTPStatus returns the HTTP status code for the kind of err.
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

package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/heard-intake/heard/internal/fault"
)

func TestKinds_StatusAndRetry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind   fault.Kind
		status int
		retry  bool
	}{
		{fault.Internal, 500, true},
		{fault.Invalid, 400, false},
		{fault.Unauthorized, 401, false},
		{fault.Forbidden, 403, false},
		{fault.NotFound, 404, false},
		{fault.Conflict, 409, true},
		{fault.TooLarge, 413, false},
		{fault.TooMany, 429, true},
		{fault.Unavailable, 503, true},
	}
	for _, tt := range tests {
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			err := fmt.Errorf("outer: %w", fault.Wrap(tt.kind, errors.New("cause"), "said to the caller"))
			if got := fault.HTTPStatus(err); got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
			if got := fault.Retryable(err); got != tt.retry {
				t.Errorf("retryable %v, want %v", got, tt.retry)
			}
			if got := fault.KindOf(err); got != tt.kind {
				t.Errorf("kind %s, want %s", got, tt.kind)
			}
		})
	}
}

func TestIs(t *testing.T) {
	t.Parallel()
	wrapped := fmt.Errorf("outer: %w", fault.New(fault.Conflict, "changed meanwhile"))
	tests := []struct {
		name string
		err  error
		kind fault.Kind
		want bool
	}{
		{"same kind", wrapped, fault.Conflict, true},
		{"other kind", wrapped, fault.Internal, false},
		{"without a kind", errors.New("no kind"), fault.Internal, true},
		{"nil", nil, fault.Internal, false},
	}
	for _, tt := range tests {
		if got := fault.Is(tt.err, tt.kind); got != tt.want {
			t.Errorf("%s: Is(%v, %s) = %v, want %v", tt.name, tt.err, tt.kind, got, tt.want)
		}
	}
}

func TestMessage_HidesCause(t *testing.T) {
	t.Parallel()
	if got := fault.Message(fault.Wrap(fault.Invalid, errors.New("secret"), "no such channel")); got != "no such channel" {
		t.Errorf("Message() of a wrapped fault = %q, want %q", got, "no such channel")
	}
	if got := fault.Message(errors.New("secret")); got != "internal error" {
		t.Errorf("Message() of a plain error = %q, want %q", got, "internal error")
	}
}

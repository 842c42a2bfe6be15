package retry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/retry"
)

func TestOnConflict(t *testing.T) {
	t.Parallel()
	conflict := fault.New(fault.Conflict, "changed meanwhile")
	broken := errors.New("broken")
	tests := []struct {
		name  string
		errs  []error // of the calls, one after the other
		want  error
		calls int
	}{
		{"no error", []error{nil}, nil, 1},
		{"two conflicts", []error{conflict, conflict, nil}, nil, 3},
		{"conflicts only", []error{conflict, conflict, conflict, nil}, conflict, 3},
		{"another error", []error{conflict, broken, nil}, broken, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			err := retry.OnConflict(t.Context(), 3, func() error {
				calls++
				return tt.errs[calls-1]
			})
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if calls != tt.calls {
				t.Errorf("%d calls, want %d", calls, tt.calls)
			}
		})
	}
}

func TestWait_ContextEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // the shortest waits may end first
		if err := retry.Wait(ctx, 7); fault.Is(err, fault.Unavailable) {
			return
		}
	}
	t.Error("Wait() never reports that the context ended")
}

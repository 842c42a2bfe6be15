// Package retry repeats a write that lost against a concurrent one.
package retry

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// Bounds of the waits. Wait waits at most firstWait before the first
// repetition. The bound doubles with every repetition, maxDoubling times.
const (
	firstWait   = 10 * time.Millisecond
	maxDoubling = 6 // to 640 ms
)

// OnConflict calls do until its error is not [fault.Conflict], at most tries
// times, and returns its last error. do must read the changed item itself.
func OnConflict(ctx context.Context, tries int, do func() error) error {
	var err error
	for try := range tries {
		if err := Wait(ctx, try); err != nil {
			return err
		}
		if err = do(); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return err
}

// Wait waits before a try: not before try 0, and a random time before the others,
// so that racing writers separate. The time is at most 10 ms before try 1, 20 ms
// before try 2, 40 ms before try 3 and so on, up to 640 ms. Wait returns
// [fault.Unavailable] when ctx ends first.
func Wait(ctx context.Context, try int) error {
	if try <= 0 {
		return nil
	}
	longest := firstWait << min(try-1, maxDoubling)
	timer := time.NewTimer(rand.N(longest)) //nolint:gosec // spreads tries, guards nothing
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "no time left to repeat a write that lost a race")
	case <-timer.C:
		return nil
	}
}

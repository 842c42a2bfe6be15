package api

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// A Counter counts over all environments of a function. [store.Table] is one.
type Counter interface {
	// Count adds n to what was counted under a name in a minute, and returns
	// the sum.
	IncrementRate(ctx context.Context, name string, minute time.Time, n int) (int, error)
}

// A Limiter lets the subject of a token make so many requests a minute. The
// count is shared by all environments: each takes a share of a hundredth at a
// time, so that most requests cost no write, and the limit is never exceeded.
// What an environment took and does not use is lost with the minute.
//
// A count that fails limits nobody: it guards the table's budget, not what is
// in it. A nil Limiter lets everything through.
type Limiter struct {
	Counter   Counter
	PerMinute int // 0 is no limit

	mu     sync.Mutex
	minute time.Time
	shares map[string]int // what is left of a subject's share; below 0: the minute is spent
}

// shares of a minute's requests are taken at a time.
const sharesOfMinute = 100

// take lets one request of a subject through, or refuses it.
func (l *Limiter) take(ctx context.Context, subject string, now time.Time) error {
	if l == nil || l.PerMinute <= 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(l.minute) {
		l.minute, l.shares = minute, map[string]int{}
	}
	if l.shares[subject] == 0 {
		share, err := l.share(ctx, subject)
		if err != nil {
			slog.WarnContext(ctx, "requests are not counted", "kind", fault.KindOf(err), "err", err)
			return nil
		}
		l.shares[subject] = share
	}
	if l.shares[subject] < 0 {
		return l.spent(now)
	}
	l.shares[subject]--
	return nil
}

// share takes a share of the minute's requests, below 0 when none is left.
func (l *Limiter) share(ctx context.Context, subject string) (int, error) {
	n := max(1, l.PerMinute/sharesOfMinute)
	total, err := l.Counter.IncrementRate(ctx, subject, l.minute, n)
	if left := n - max(0, total-l.PerMinute); left > 0 {
		return left, err
	}
	return -1, err
}

func (l *Limiter) spent(now time.Time) error {
	wait := (l.minute.Add(time.Minute).Sub(now) + time.Second - 1) / time.Second
	return &refusal{
		error:   fault.New(fault.TooMany, "the token's subject may make %d requests a minute", l.PerMinute),
		status:  http.StatusTooManyRequests,
		headers: map[string]string{"Retry-After": strconv.Itoa(int(wait))},
	}
}

package httpapi

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
	// IncrementRate adds n to the count of a name in a minute. It returns the
	// new count.
	IncrementRate(ctx context.Context, name string, minute time.Time, n int) (int, error)
}

// A Limiter limits the requests that each subject of a token makes in a
// minute, over all environments of the function. An environment reserves a
// hundredth of the limit in the shared count at a time: 60 requests at a limit
// of 6,000, for one write. The limit is never exceeded. The rest of a share is
// lost at the end of its minute.
//
// If the count cannot be written, requests pass: the limit protects the
// table's budget, not its data. A nil Limiter admits every request.
type Limiter struct {
	Counter   Counter
	PerMinute int // 0: no limit

	mu     sync.Mutex
	minute time.Time
	shares map[string]int // requests left of a subject's share; negative: the minute's limit is reached
}

// sharesPerMinute is how many shares the limit is reserved in.
const sharesPerMinute = 100

// admitRequest counts one request of a subject, and refuses it above the limit.
func (l *Limiter) admitRequest(ctx context.Context, subject string, now time.Time) error {
	if l == nil || l.PerMinute <= 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(l.minute) {
		l.minute = minute
		l.shares = map[string]int{}
	}
	if l.shares[subject] == 0 {
		share, err := l.reserveShare(ctx, subject)
		if err != nil {
			slog.WarnContext(ctx, "cannot count requests, so the request is allowed", "kind", fault.KindOf(err), "err", err)
			return nil
		}
		l.shares[subject] = share
	}
	if l.shares[subject] < 0 {
		return l.refuseRequest(now)
	}
	l.shares[subject]--
	return nil
}

// reserveShare reserves a share of the minute's requests. It returns -1 when
// none are left.
func (l *Limiter) reserveShare(ctx context.Context, subject string) (int, error) {
	n := max(1, l.PerMinute/sharesPerMinute)
	total, err := l.Counter.IncrementRate(ctx, subject, l.minute, n)
	if left := n - max(0, total-l.PerMinute); left > 0 {
		return left, err
	}
	return -1, err
}

// refuseRequest returns the refusal until the next minute, with the seconds to wait.
func (l *Limiter) refuseRequest(now time.Time) error {
	wait := (l.minute.Add(time.Minute).Sub(now) + time.Second - 1) / time.Second
	return &Refusal{
		Err:     fault.New(fault.TooMany, "the subject of the token may make at most %d requests a minute", l.PerMinute),
		Status:  http.StatusTooManyRequests,
		Headers: map[string]string{"Retry-After": strconv.Itoa(int(wait))},
	}
}

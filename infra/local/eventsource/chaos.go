package eventsource

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
)

// Chaos makes a mapping misbehave in ways that AWS allows. Each field but Seed is a probability from 0 to 1. The zero
// Chaos changes nothing.
//
// The decisions depend only on Seed and on the ids of the delivered records, not on time. The same seed with the same
// records gives the same faults. Chaos never loses a record.
type Chaos struct {
	// Seed selects one of the possible runs.
	Seed uint64
	// Duplicate delivers a batch again after it succeeded: half of the time at once, otherwise after a later batch.
	Duplicate float64
	// Reorder delivers records of different items or message groups out of order. Records of one item or
	// message group stay in order.
	Reorder float64
	// Split makes batches smaller than BatchSize.
	Split float64
	// Concurrent delivers records of different items or message groups at the same time.
	Concurrent float64
	// Throttle refuses an invocation before the function runs, like status 429.
	Throttle float64
	// Lose runs the function and discards its answer, so that a successful batch is retried.
	Lose float64
}

// ErrThrottled is the error of an invocation that Chaos refused.
var ErrThrottled = errors.New("eventsource: throttled by chaos")

// ErrLost is the error of an invocation whose answer Chaos discarded.
var ErrLost = errors.New("eventsource: answer lost by chaos")

// newRandom returns the random numbers for one decision about key. The same arguments give the same numbers.
func (c Chaos) newRandom(decision, key string) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, hashString(decision+"\x00"+key))) //nolint:gosec // repeatable on purpose
}

func hashString(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // a hash cannot fail
	return h.Sum64()
}

// shouldOccur decides whether a fault of probability p happens to key.
func (c Chaos) shouldOccur(p float64, decision, key string) bool {
	return p > 0 && c.newRandom(decision, key).Float64() < p
}

// batchLimiter returns a function that limits the batch beginning with first: to most records, or fewer under Split.
func (c Chaos) batchLimiter(most int) func(first record) int {
	return func(first record) int {
		if most > 1 && c.shouldOccur(c.Split, "split", first.id) {
			return 1 + c.newRandom("size", first.id).IntN(most-1)
		}
		return most
	}
}

// splitLanes distributes records over lanes that may be delivered independently. All records of one key are in one
// lane, in order. concurrent reports whether the lanes may run at the same time; otherwise they run one after the
// other.
func (c Chaos) splitLanes(records []record, parallel int) (lanes [][]record, concurrent bool) {
	first := records[0].id
	n := max(1, parallel)
	concurrent = n > 1
	reorder := c.shouldOccur(c.Reorder, "reorder", first)
	if c.shouldOccur(c.Concurrent, "concurrent", first) {
		n = max(n, 4)
		concurrent = true
	} else if reorder {
		n = max(n, 4)
	}
	lanes = make([][]record, n)
	for _, r := range records {
		i := c.newRandom("lane", r.key).IntN(n)
		lanes[i] = append(lanes[i], r)
	}
	lanes = slices.DeleteFunc(lanes, func(l []record) bool { return len(l) == 0 })
	if reorder {
		c.newRandom("order", first).Shuffle(len(lanes), func(i, j int) { lanes[i], lanes[j] = lanes[j], lanes[i] })
	}
	return lanes, concurrent
}

// wrapInvoker returns an Invoker that applies Throttle and Lose to next.
func (c Chaos) wrapInvoker(next Invoker) Invoker {
	if c.Throttle == 0 && c.Lose == 0 {
		return next
	}
	return &chaosInvoker{Chaos: c, next: next, tries: map[uint64]int{}}
}

type chaosInvoker struct {
	Chaos
	next Invoker

	mu    sync.Mutex
	tries map[uint64]int // by hash of the payload: each try is a new decision; deleted after an answer
}

func (c *chaosInvoker) Invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	id := hashString(function + string(payload))
	c.mu.Lock()
	try := c.tries[id]
	c.tries[id]++
	c.mu.Unlock()

	key := strconv.FormatUint(id, 36) + "." + strconv.Itoa(try)
	if c.shouldOccur(c.Throttle, "throttle", key) {
		return nil, "", ErrThrottled
	}
	response, functionError, err := c.next.Invoke(ctx, function, payload)
	if err == nil && functionError == "" && c.shouldOccur(c.Lose, "lose", key) {
		return nil, "", ErrLost
	}
	if err == nil {
		c.mu.Lock()
		delete(c.tries, id)
		c.mu.Unlock()
	}
	return response, functionError, err
}

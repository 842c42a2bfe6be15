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

// Chaos makes a mapping misbehave as AWS is allowed to. Each field but Seed is a probability from 0 to 1; the zero
// Chaos does nothing. What happens is a function of the seed and of what is delivered, not of time, so that the same
// seed over the same records gives the same trouble. Nothing is ever lost by it.
type Chaos struct {
	// Seed chooses among the possible runs.
	Seed uint64
	// Duplicate delivers a batch a second time after it succeeded: half of them at once, half after later batches.
	Duplicate float64
	// Reorder delivers records of different items (or of different message groups) out of their order. Records of one
	// item, or of one message group, keep theirs.
	Reorder float64
	// Split cuts batches smaller than they need be.
	Split float64
	// Concurrent delivers records of different items (or message groups) at the same time.
	Concurrent float64
	// Throttle refuses an invocation before it begins, as 429 does.
	Throttle float64
	// Lose runs the function and loses its answer, so that what succeeded is tried again.
	Lose float64
}

// ErrThrottled is what an invocation fails with that Chaos refuses.
var ErrThrottled = errors.New("eventsource: throttled by chaos")

// ErrLost is what an invocation fails with whose answer Chaos lost.
var ErrLost = errors.New("eventsource: answer lost by chaos")

// dice returns the random numbers for one decision.
func (c Chaos) newRandom(decision, key string) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, hashString(decision+"\x00"+key))) //nolint:gosec // repeatable on purpose
}

func hashString(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // a hash cannot fail
	return h.Sum64()
}

func (c Chaos) shouldOccur(p float64, decision, key string) bool {
	return p > 0 && c.newRandom(decision, key).Float64() < p
}

// size returns how many records the batch that begins with first may hold.
func (c Chaos) batchLimiter(most int) func(first record) int {
	return func(first record) int {
		if most > 1 && c.shouldOccur(c.Split, "split", first.id) {
			return 1 + c.newRandom("size", first.id).IntN(most-1)
		}
		return most
	}
}

// lanes deals records out to as many lanes as may run at the same time, by key, so that each key stays in one lane and
// in order. concurrent says whether the lanes may run at once or one after the other.
func (c Chaos) splitLanes(records []record, parallel int) (lanes [][]record, concurrent bool) {
	first := records[0].id
	n := max(1, parallel)
	concurrent = n > 1
	reorder := c.shouldOccur(c.Reorder, "reorder", first)
	if c.shouldOccur(c.Concurrent, "concurrent", first) {
		n, concurrent = max(n, 4), true
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

// invoker returns next with Throttle and Lose.
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
	tries map[uint64]int // by payload, so that each try rolls anew; forgotten once answered
}

func (b *chaosInvoker) Invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	id := hashString(function + string(payload))
	b.mu.Lock()
	try := b.tries[id]
	b.tries[id]++
	b.mu.Unlock()

	key := strconv.FormatUint(id, 36) + "." + strconv.Itoa(try)
	if b.shouldOccur(b.Throttle, "throttle", key) {
		return nil, "", ErrThrottled
	}
	response, functionError, err := b.next.Invoke(ctx, function, payload)
	if err == nil && functionError == "" && b.shouldOccur(b.Lose, "lose", key) {
		return nil, "", ErrLost
	}
	if err == nil {
		b.mu.Lock()
		delete(b.tries, id)
		b.mu.Unlock()
	}
	return response, functionError, err
}

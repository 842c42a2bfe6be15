package eventsource

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestChaos_Zero(t *testing.T) {
	t.Parallel()
	f := &function{}
	run(t, StreamConfig{BatchSize: 10, Invoker: f}, stream(25))
	want := []string{"1 2 3 4 5 6 7 8 9 10", "11 12 13 14 15 16 17 18 19 20", "21 22 23 24 25"}
	if diff := cmp.Diff(want, f.calls); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
}

func TestChaos_SameSeed(t *testing.T) {
	t.Parallel()
	calls := func(seed uint64) []string {
		f := &function{}
		run(t, StreamConfig{BatchSize: 5, Invoker: f, Chaos: Chaos{
			Seed: seed, Duplicate: 0.5, Reorder: 0.5, Split: 0.5, Throttle: 0.3, Lose: 0.3,
		}}, stream(40))
		return f.calls
	}
	if diff := cmp.Diff(calls(7), calls(7)); diff != "" {
		t.Errorf("two runs with one seed differ:\n%s", diff)
	}
	if slices.Equal(calls(7), calls(8)) {
		t.Error("invocations with seeds 7 and 8 are equal, want different ones")
	}
}

func TestChaos_Faults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		chaos Chaos
		// check reports whether the fault is visible in the invocations for records 1 to 40 in batches of 10.
		check func(calls []string) bool
	}{
		{"Duplicate", Chaos{Duplicate: 1}, func(calls []string) bool {
			counts := map[string]int{}
			for _, c := range calls {
				counts[c]++
			}
			return len(calls) == 8 && len(counts) == 4
		}},
		{"Reorder", Chaos{Reorder: 1}, func(calls []string) bool {
			return !slices.IsSortedFunc(calls, func(a, b string) int { return firstOf(a) - firstOf(b) })
		}},
		{"Split", Chaos{Split: 1}, func(calls []string) bool { return len(calls) > 4 }},
		{"Lose", Chaos{Lose: 0.5}, func(calls []string) bool { return len(calls) > 4 }},
		{"Throttle", Chaos{Throttle: 0.5}, func(calls []string) bool { return len(calls) == 4 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := &function{}
			saved := run(t, StreamConfig{BatchSize: 10, Invoker: f, Chaos: test.chaos}, stream(40))
			if !test.check(f.calls) {
				t.Errorf("invocations %q do not show the fault", f.calls)
			}
			if len(saved) == 0 || saved[len(saved)-1] != "40" {
				t.Errorf("positions %q, want the last to be 40", saved)
			}
		})
	}
}

func firstOf(call string) int {
	n := 0
	for _, c := range call {
		if c == ' ' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}

func TestWrapInvoker(t *testing.T) {
	t.Parallel()
	f := &function{}
	bad := Chaos{Throttle: 1}.wrapInvoker(f)
	if _, _, err := bad.Invoke(t.Context(), "f", marshalEvent(stream(1))); !errors.Is(err, ErrThrottled) || len(f.calls) != 0 {
		t.Errorf("error %v after %d invocations, want ErrThrottled after none", err, len(f.calls))
	}
	bad = Chaos{Lose: 1}.wrapInvoker(f)
	if _, _, err := bad.Invoke(t.Context(), "f", marshalEvent(stream(1))); !errors.Is(err, ErrLost) || len(f.calls) != 1 {
		t.Errorf("error %v after %d invocations, want ErrLost after one", err, len(f.calls))
	}
}

// Every invocation waits until all lanes have begun one. If the lanes did not run at the same time, the test would hang.
func TestChaosConcurrent(t *testing.T) {
	t.Parallel()
	chaos := Chaos{Concurrent: 1}
	records := stream(40)
	lanes, _ := chaos.splitLanes(records, 1)
	var begun sync.WaitGroup
	begun.Add(len(lanes))
	run(t, StreamConfig{BatchSize: len(records), Chaos: chaos, Invoker: invokerFunc(func() {
		begun.Done()
		begun.Wait()
	})}, records)
}

// invokerFunc is an Invoker that always succeeds.
type invokerFunc func()

func (f invokerFunc) Invoke(context.Context, string, []byte) ([]byte, string, error) {
	f()
	return nil, "", nil
}

func TestSplitLanes_KeyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := stream(rapid.IntRange(1, 60).Draw(t, "records"))
		for i := range records {
			records[i].key = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "key")
		}
		parallel := rapid.IntRange(1, 10).Draw(t, "parallel")
		lanes, concurrent := drawChaos(t).splitLanes(records, parallel)
		if parallel > 1 && !concurrent {
			t.Errorf("%d lanes for ParallelizationFactor %d are not concurrent, want concurrent", len(lanes), parallel)
		}
		lane, count := map[string]int{}, 0
		for i, l := range lanes {
			last := 0
			for _, r := range l {
				if at, known := lane[r.key]; known && at != i {
					t.Errorf("key %s is in two lanes, want one", r.key)
				}
				lane[r.key] = i
				if n, _ := strconv.Atoi(r.id); n < last {
					t.Errorf("record %s is out of order", r.id)
				} else {
					last = n
				}
				count++
			}
		}
		if count != len(records) {
			t.Errorf("%d records in the lanes, want %d", count, len(records))
		}
	})
}

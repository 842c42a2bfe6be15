package triage_test

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// putMany stores messages, many at a time.
func putMany(t testing.TB, table *store.Table, ms []message.Message) {
	t.Helper()
	const writers = 16
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < len(ms); i += writers {
				if _, err := table.Messages.Put(t.Context(), ms[i], ""); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// cpuTime returns how much CPU the process has used.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// longStory returns n messages of one customer in one open contact. All name
// the same cause, and none of them can be quoted, so that each is looked at.
func longStory(customer, n int) []message.Message {
	ms := make([]message.Message, n)
	for i := range ms {
		ms[i] = says(customer, i, time.Duration(i)*time.Second, fmt.Sprintf("Ik snap mijn factuur niet, plorkzwa%c", 'a'+i%26))
		ms[i].Name = "Wibrandus Oudehaske"
	}
	return ms
}

// BenchmarkHandle_LongContact measures a merge and one more message of a
// customer by the length of the customer's one open contact.
func BenchmarkHandle_LongContact(b *testing.B) {
	for _, n := range []int{500, 1000, 2000, 5000} {
		ms := longStory(1, n)
		more := says(1, n, time.Duration(n)*time.Second, "En nog iets over mijn factuur")
		b.Run(fmt.Sprintf("merge/messages=%d", n), func(b *testing.B) {
			cpu := time.Duration(0)
			for b.Loop() {
				b.StopTimer()
				tr, table := newTriage(b)
				putMany(b, table, ms)
				put(b, table, says(2, 0, 0, "Hallo?"))
				if _, err := table.Customers.MergeCustomers(b.Context(), "c002", "c001", identity.Decision{By: "agent", Why: "test", At: time.Now()}); err != nil {
					b.Fatal(err)
				}
				before := cpuTime(b)
				b.StartTimer()
				if resp, err := tr.Handle(b.Context(), changeOf("c001", "c002")); err != nil || len(resp.BatchItemFailures) > 0 {
					b.Fatal(resp, err)
				}
				cpu += cpuTime(b) - before
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		})
		b.Run(fmt.Sprintf("message/messages=%d", n), func(b *testing.B) {
			cpu := time.Duration(0)
			for b.Loop() {
				b.StopTimer()
				tr, table := newTriage(b)
				putMany(b, table, ms)
				handle(b, tr, ms[0])
				put(b, table, more)
				before := cpuTime(b)
				b.StartTimer()
				handle(b, tr, more)
				cpu += cpuTime(b) - before
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// A customer of 5,000 messages who is merged does not keep a neighbour in the
// batch, or a message behind it, from being triaged within the time limit of
// infra/template.yaml.
func TestHandle_LongContactIsMerged(t *testing.T) {
	t.Parallel()
	const n, limit = 5000, 60 * time.Second
	tr, table := newTriage(t)
	dead := newDeadQueue(t)
	tr.Dead = dead.letters()
	ms := longStory(1, n)
	putMany(t, table, ms)
	neighbour, behind := says(3, 0, 0, unclear), says(4, 0, 0, unclear)
	put(t, table, says(2, 0, 0, "Hallo?"), neighbour, behind)
	if _, err := table.Customers.MergeCustomers(t.Context(), "c002", "c001", identity.Decision{By: "agent", Why: "test", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	merged := changeOf("c001", "c002")
	merged.Records = append(merged.Records, batchOf(neighbour).Records...)
	merged.Records[2].Change.SequenceNumber = "2"
	for _, ev := range []events.DynamoDBEvent{merged, batchOf(behind), batchOf(ms[n-1])} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		resp, err := tr.Handle(ctx, ev)
		if err != nil || len(resp.BatchItemFailures) > 0 || ctx.Err() != nil {
			t.Errorf("delivered again %+v, error %v, limit %v", resp.BatchItemFailures, err, ctx.Err())
		}
		cancel()
	}
	wantContacts(t, table, "c002", neighbour.CustomerID, behind.CustomerID)
	if got := dead.take(t); len(got) > 0 {
		t.Errorf("dead letters %+v, want none", got)
	}
}

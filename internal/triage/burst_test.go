package triage_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/triage"
)

// redelivered handles a batch and, like Lambda, handles it again while it fails.
func redelivered(t *testing.T, tr *triage.Triage, ev events.DynamoDBEvent) {
	for range 20 {
		resp, err := tr.Handle(t.Context(), ev)
		if err != nil {
			t.Error(err)
			return
		}
		if len(resp.BatchItemFailures) == 0 {
			return
		}
	}
	t.Error("a batch failed 20 times")
}

// A burst has many contacts about one reason: 5,000 with HEARD_BURST=5000, else
// fewer. Four shards deliver them concurrently, in any order, every batch twice.
// One problem opens and counts each contact once.
func TestHandle_BurstIsCountedExactly(t *testing.T) {
	t.Parallel()
	contacts := 240
	if text := os.Getenv("HEARD_BURST"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 10 {
			t.Fatalf("HEARD_BURST is %q; give a number from 10", text)
		}
		contacts = n
	}
	tr, table := newTriage(t)
	const shards, batch = 4, 20
	var by [shards][]message.Message
	for n := range contacts { // every tenth customer writes twice, in one contact
		m := says(n, 1, time.Duration(n)*12*time.Millisecond, unclear)
		m.CustomerID = identity.CustomerID(fmt.Sprintf("c%05d", n))
		by[n%shards] = append(by[n%shards], m)
		if n%10 == 0 {
			again := says(n, 2, time.Duration(n)*12*time.Millisecond+time.Minute, "Ik begrijp mijn factuur echt niet")
			again.CustomerID = m.CustomerID
			by[n%shards] = append(by[n%shards], again)
		}
	}
	begun := time.Now()
	var wg sync.WaitGroup
	for _, ms := range by {
		wg.Go(func() {
			rand.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
			for some := range slices.Chunk(ms, batch) {
				put(t, table, some...)
				for range 2 {
					redelivered(t, tr, batchOf(some...))
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d contacts, twice, in %s", contacts, time.Since(begun).Round(time.Millisecond))
	ps := problems(t, table, "billing")
	if len(ps) != 1 || ps[0].Customers != contacts || ps[0].Contacts != contacts {
		t.Fatalf("%d problems: %+v", len(ps), ps)
	}
	if told, _ := problem.Milestone(0, contacts*8/10); ps[0].Milestone < told {
		t.Errorf("last milestone is %d customers of %d", ps[0].Milestone, contacts)
	}
	customers, listed, cursor := 0, 0, ""
	for {
		var page []problem.Affected
		var err error
		if page, cursor, err = table.Problems.AffectedCustomers(t.Context(), ps[0].ID, 1000, cursor); err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			customers++
			listed += len(a.Occurrences)
		}
		if cursor == "" {
			break
		}
	}
	if customers != contacts || listed != contacts {
		t.Errorf("the problem lists %d contacts of %d customers", listed, customers)
	}
	lines, _, err := table.Problems.ProblemLog(t.Context(), ps[0].ID, 100, "")
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range lines {
		if l.Version != len(lines)-i {
			t.Errorf("line %d is of version %d", i, l.Version)
		}
	}
}

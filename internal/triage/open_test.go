package triage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/triage"
)

// A run that opens a problem may die at any of its writes. The repeated batch, or
// a batch with another customer, completes the opening.
func TestOpenProblem_InterruptedOpening(t *testing.T) {
	t.Parallel()
	for _, meanwhile := range []int{0, 1} {
		t.Run(fmt.Sprint("others meanwhile: ", meanwhile), func(t *testing.T) {
			t.Parallel()
			for writes := int64(0); ; writes++ {
				if broke := opensWithin(t, writes, meanwhile); !broke {
					if writes < 8 { // one in the window, the problem, five customers, the completed problem
						t.Errorf("an opening has %d writes, want at least 8", writes)
					}
					return
				}
			}
		})
	}
}

// opensWithin interrupts an opening after some writes, handles messages of other
// customers, and repeats the batch. It reports whether the opening was interrupted.
func opensWithin(t *testing.T, writes int64, others int) (broke bool) {
	t.Helper()
	tr, table := newTriage(t)
	var ms []message.Message
	for c := range 5 + others {
		ms = append(ms, says(c, 1, time.Duration(c)*time.Minute, unclear))
	}
	put(t, table, ms...)
	handle(t, tr, ms[:4]...)
	m := &mortal{}
	m.left.Store(writes)
	tr.Store = m.storeOn(table)
	resp, err := tr.Handle(t.Context(), batchOf(ms[4]))
	if err != nil {
		t.Fatal(err)
	}
	tr.Store = triage.StoreOf(table)
	for _, other := range ms[5:] {
		handle(t, tr, other)
		if ps := problems(t, table, "billing"); len(ps) != 1 || ps[0].Customers < 5 {
			t.Errorf("after %d writes, and before the batch comes again: %+v", writes, ps)
		}
	}
	handle(t, tr, ms[4])
	ps := problems(t, table, "billing")
	if len(ps) != 1 || ps[0].Customers != len(ms) || ps[0].Contacts != len(ms) || ps[0].Version != 1 || ps[0].Opening != "" {
		t.Errorf("after %d writes: %+v", writes, ps)
	}
	return len(resp.BatchItemFailures) > 0
}

// Evidence that an interrupted run recorded is found by the message with which
// the contact began then.
func TestRecord_EarlierMessageAfterKill(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for c := range 5 {
		m := says(c, 1, time.Duration(c)*time.Minute, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	first, second := says(9, 1, time.Hour, "Hallo"), says(9, 2, time.Hour+time.Minute, unclear)
	put(t, table, second)
	m := &mortal{}
	m.left.Store(1) // the customer joins the problem, and the contact is not saved
	tr.Store = m.storeOn(table)
	if resp, err := tr.Handle(t.Context(), batchOf(second)); err != nil || len(resp.BatchItemFailures) == 0 {
		t.Fatalf("triage was not interrupted: %+v, %v", resp, err)
	}
	tr.Store = triage.StoreOf(table)
	put(t, table, first)
	handle(t, tr, first, second)
	if ps := problems(t, table, "billing"); len(ps) != 1 || ps[0].Customers != 6 || ps[0].Contacts != 6 {
		t.Errorf("counted %+v, want 6 contacts of 6 customers", ps)
	}
}

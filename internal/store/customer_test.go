package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// A customer who is read while merges change it is never another person: the id that
// was asked for is always among the members.
func TestGet_DuringMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.says(0, "a", phone(1))
	b := s.says(1, "b", phone(2))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for ctx.Err() == nil {
				c, err := s.table.Customers.Get(t.Context(), b)
				if err != nil && !fault.Is(err, fault.Unavailable) {
					t.Error(err)
				}
				if err == nil && !slices.Contains(c.Members, b) {
					t.Errorf("Get(b) = %s with the members %v, want b among them", c.ID, c.Members)
					cancel()
				}
			}
		})
	}
	for ctx.Err() == nil {
		d := identity.Decision{By: "agent", Why: "test", At: time.Now()}
		if _, err := s.table.Customers.MergeCustomers(t.Context(), a, b, d); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.table.Customers.UnmergeCustomer(t.Context(), b, d); err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
}

package store_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestHistoryCursor_CutPage(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	for i := range 5 {
		if _, err := table.Messages.Put(t.Context(), newMessage("c1", i, "x"), ""); err != nil {
			t.Fatal(err)
		}
	}
	c := identity.Customer{ID: "c1", Members: []identity.CustomerID{"c1"}}
	q := message.Query{Limit: 5}
	all, err := table.Messages.History(t.Context(), c, q)
	if err != nil {
		t.Fatal(err)
	}
	q.Cursor = table.Messages.HistoryCursor(c, q, all.Entries[1])
	rest, err := table.Messages.History(t.Context(), c, q)
	if err != nil || len(rest.Entries) != 3 || rest.Entries[0].ID != all.Entries[2].ID || !rest.Complete {
		t.Error(rest, err)
	}
}

package store_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestALinkMakesSomebodyKnownWhoNeverWrote(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	l := identity.Link{
		From:     identity.Alias{Kind: identity.Visitor, Scope: "shop", Value: "v-1"},
		To:       identity.Alias{Kind: identity.Account, Value: "10042"},
		Evidence: identity.Evidence{Rule: "host-jwt", Ref: "shop", At: start},
	}
	var who identity.CustomerID
	for range 2 {
		got, err := table.Link(t.Context(), l)
		if err != nil || who != "" && got != who {
			t.Fatal(got, who, err)
		}
		who = got
	}
	there, err := table.Exists(t.Context(), who)
	if err != nil || !there {
		t.Error("nobody there", err)
	}
	c, err := table.Customer(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := table.Aliases(t.Context(), c); err != nil || len(all) != 2 {
		t.Error(all, err)
	}
}

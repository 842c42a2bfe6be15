package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestLinkVisitor_NoMessages(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	l := identity.Link{
		From:     identity.Alias{Kind: identity.Visitor, Scope: "shop", Value: "v-1"},
		To:       identity.Alias{Kind: identity.Account, Value: "10042"},
		Evidence: identity.Evidence{Rule: "host-jwt", Ref: "shop", At: start},
	}
	var who identity.CustomerID
	for range 2 {
		got, err := table.Customers.LinkVisitor(t.Context(), l)
		if err != nil || who != "" && got != who {
			t.Fatal(got, who, err)
		}
		who = got
	}
	there, err := table.Customers.Exists(t.Context(), who)
	if err != nil || !there {
		t.Error("nobody there", err)
	}
	c, err := table.Customers.Get(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := table.Customers.Aliases(t.Context(), c); err != nil || len(all) != 2 {
		t.Error(all, err)
	}
}

// hostLink is the site's statement that a visitor has an account.
func hostLink(visitor, account string, at time.Time) identity.Link {
	return identity.Link{
		From:     identity.Alias{Kind: identity.Visitor, Scope: "shop", Value: visitor},
		To:       identity.Alias{Kind: identity.Account, Value: account},
		Evidence: identity.Evidence{Rule: identity.RuleHost, Ref: "shop", At: at},
	}
}

// A customer who signed in more often than any limit keeps one history, and
// the other aliases are still listed.
func TestLinkVisitor_BeyondEveryLimit(t *testing.T) {
	t.Parallel()
	const signIns = 210 // 100 visitors by rule, 200 aliases in a list
	for name, link := range map[string]func(*scene, identity.Link) (identity.CustomerID, error){
		"now": func(s *scene, l identity.Link) (identity.CustomerID, error) {
			return s.table.Customers.LinkVisitor(s.t.Context(), l)
		},
		"as an earlier version noted them": func(s *scene, l identity.Link) (identity.CustomerID, error) {
			return s.table.Customers.Identify(s.t.Context(), []identity.Address{
				{Alias: l.From, Assurance: identity.Verified}, {Alias: l.To, Assurance: identity.Verified},
			}, l.Evidence)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.registers("K-1", phone(1))
			who := s.says(1, "op WhatsApp", phone(1))
			for i := range signIns {
				id, err := link(s, hostLink(fmt.Sprintf("v-%03d", i), "K-1", start.Add(time.Duration(i)*time.Minute)))
				if err != nil || id != who {
					t.Fatalf("sign-in %d is customer %s, want %s (%v)", i, id, who, err)
				}
			}
			one := hostLink("v-new", "K-1", start.Add(signIns*time.Minute))
			if id, err := s.table.Customers.LinkVisitor(t.Context(), one); err != nil || id != who {
				t.Fatalf("the next sign-in is customer %s, want %s (%v)", id, who, err)
			}
			c := s.who(who)
			if len(c.Members) != 1 {
				t.Errorf("the sign-ins made %d ids, want 1", len(c.Members))
			}
			has, err := s.table.Customers.Aliases(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []identity.Address{phone(1), {Alias: one.To, Assurance: identity.Verified}} {
				if !slices.Contains(has, want) {
					t.Errorf("the %s is not listed among %d aliases", want.Kind, len(has))
				}
			}
			if name == "now" {
				if got, want := len(c.Registered), 2; got != want {
					t.Errorf("the profile notes %d aliases, want %d", got, want)
				}
				if newest := (identity.Address{Alias: one.From, Assurance: identity.Verified}); has[2] != newest || len(has) != 22 {
					t.Errorf("the first of %d visitors is %v, want 20, the newest first", len(has)-2, has[2])
				}
			}
			// A rule still joins who has a new alias of the account.
			other, err := s.table.Customers.Identify(t.Context(), []identity.Address{phone(2)}, identity.Evidence{Rule: identity.RuleWebhook, At: start})
			if err != nil {
				t.Fatal(err)
			}
			if plan := s.registers("K-1", phone(1), phone(2)); !slices.Equal(plan.Joined, []identity.CustomerID{other}) {
				t.Errorf("the register joined %v, not %v: %v", plan.Joined, other, plan.Unjoined)
			}
			// The first visitor still writes in the same history.
			old := identity.Address{Alias: hostLink("v-000", "K-1", start).From, Assurance: identity.Verified}
			s.one(who, s.says(2, "van de eerste aanmelding", old))
			// Visitors do not crowd out the aliases of a merged customer.
			merged := s.says(3, "op WhatsApp", phone(3))
			if c, err = s.table.Customers.MergeCustomers(t.Context(), who, merged, identity.Decision{By: "agent", Why: "one", At: start}); err != nil {
				t.Fatal(err)
			}
			if has, err = s.table.Customers.Aliases(t.Context(), c); err != nil || !slices.Contains(has, phone(3)) {
				t.Errorf("the phone of the merged customer is not listed among %d aliases (%v)", len(has), err)
			}
		})
	}
}

func TestLinkVisitor_OtherCustomer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	l := hostLink("v-1", "K-1", start)
	stranger := s.says(1, "nog onbekend", identity.Address{Alias: l.From, Assurance: identity.Verified})
	if _, err := s.table.Customers.LinkVisitor(t.Context(), l); !fault.Is(err, fault.Invalid) {
		t.Errorf("error %v, want one of kind %v", err, fault.Invalid)
	}
	account, _, err := s.table.Customers.FindCustomer(t.Context(), l.To)
	if err != nil || account == stranger {
		t.Errorf("the account is customer %s, not another than %s (%v)", account, stranger, err)
	}
}

func TestSameCustomer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	k, l, m := hostLink("v-1", "K-1", start), hostLink("v-2", "L-1", start), hostLink("v-3", "M-1", start)
	ids := map[string]identity.CustomerID{}
	for _, x := range []identity.Link{k, l, m} {
		id, err := s.table.Customers.LinkVisitor(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		ids[x.To.Value] = id
	}
	if _, err := s.table.Customers.MergeCustomers(t.Context(), ids["K-1"], ids["L-1"], identity.Decision{By: "agent", Why: "one", At: start}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		a, b identity.Alias
		want bool
	}{
		{"a visitor and the account", k.From, k.To, true},
		{"a visitor and a merged account", k.From, l.To, true},
		{"a visitor of a merged account", l.From, k.To, true},
		{"a visitor and another account", m.From, k.To, false},
		{"an unknown visitor", identity.Alias{Kind: identity.Visitor, Scope: "shop", Value: "v-9"}, k.To, false},
		{"a visitor of another site", identity.Alias{Kind: identity.Visitor, Scope: "other", Value: "v-1"}, k.To, false},
		{"an unknown account", k.From, identity.Alias{Kind: identity.Account, Value: "k-1"}, false},
	} {
		if got, err := s.table.Customers.SameCustomer(t.Context(), tt.a, tt.b); err != nil || got != tt.want {
			t.Errorf("%s: %v, want %v (%v)", tt.name, got, tt.want, err)
		}
	}
}

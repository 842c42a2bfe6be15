package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// A scene is a table in which people say things.
type scene struct {
	t     *testing.T
	table *store.Table
	n     int
}

func newScene(t *testing.T) *scene { return &scene{t: t, table: storetest.New(t)} }

// says stores a message of these addresses, so many minutes after the start,
// and returns whose it is.
func (s *scene) says(minute int, text string, addresses ...identity.Address) identity.CustomerID {
	s.t.Helper()
	s.n++
	m := newMessage("", minute, text)
	m.ProviderID = fmt.Sprintf("wamid.scene-%d", s.n)
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	m.Customer, m.Aliases = addresses[0], addresses[1:]
	return s.delivers(m, identity.RuleWebhook)
}

func (s *scene) delivers(m message.Message, rule string) identity.CustomerID {
	s.t.Helper()
	id, err := s.table.Customers.Identify(s.t.Context(), m.Addresses(), identity.Evidence{Rule: rule, Ref: string(m.ID), At: m.SentAt})
	if err != nil {
		s.t.Fatal(err)
	}
	m.CustomerID = id
	if _, err := s.table.Messages.Put(s.t.Context(), m, ""); err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *scene) links(minute int, from, to identity.Address) {
	s.t.Helper()
	_, err := s.table.Customers.Identify(s.t.Context(), []identity.Address{from, to}, identity.Evidence{Rule: identity.RuleSystem, At: start.Add(time.Duration(minute) * time.Minute)})
	if err != nil {
		s.t.Fatal(err)
	}
}

// visits has a site say which account its visitor has, and which addresses it
// has not proven, twice.
func (s *scene) visits(visitor, account string, claimed ...identity.Alias) identity.CustomerID {
	s.t.Helper()
	link := identity.Link{
		From: identity.Alias{Kind: identity.Visitor, Scope: "shop", Value: visitor}, To: identity.Alias{Kind: identity.Account, Value: account},
		Evidence: identity.Evidence{Rule: identity.RuleHost, Ref: "shop", At: start},
	}
	var who identity.CustomerID
	for range 2 {
		var err error
		if who, err = s.table.Customers.LinkVisitor(s.t.Context(), link); err != nil {
			s.t.Fatal(err)
		}
		if err := s.table.Customers.PutClaimedAliases(s.t.Context(), who, claimed, link.Evidence); err != nil {
			s.t.Fatal(err)
		}
	}
	return who
}

func (s *scene) registers(account string, addresses ...identity.Address) identity.Plan {
	s.t.Helper()
	r := identity.Registration{Account: account, Name: "Jan Voorbeeld", At: start}
	for _, a := range addresses {
		if a.Kind == identity.Phone {
			r.Phones = append(r.Phones, a.Alias)
		} else {
			r.Mails = append(r.Mails, a.Alias)
		}
	}
	plan, err := s.table.Customers.RegisterCustomer(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return plan
}

func (s *scene) who(id identity.CustomerID) identity.Customer {
	s.t.Helper()
	c, err := s.table.Customers.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *scene) one(ids ...identity.CustomerID) {
	s.t.Helper()
	for _, id := range ids[1:] {
		if s.who(id).ID != s.who(ids[0]).ID {
			s.t.Errorf("%v are not one customer", ids)
		}
	}
}

// apart checks that a is not b, and for which reasons b is suggested for a;
// none when it is not.
func (s *scene) apart(a, b identity.CustomerID, reasons ...string) {
	s.t.Helper()
	if s.who(a).ID == s.who(b).ID {
		s.t.Errorf("%s and %s were joined", a, b)
		return
	}
	all, err := s.table.Customers.Suggestions(s.t.Context(), s.who(a))
	if err != nil {
		s.t.Fatal(err)
	}
	var got []string
	for _, g := range all {
		if g.Customer == s.who(b).ID {
			got = g.Reasons
		}
	}
	if !slices.Equal(got, reasons) {
		s.t.Errorf("suggested for %v, want %v", got, reasons)
	}
}

func claimed(a identity.Address) identity.Address {
	a.Assurance = identity.Claimed
	return a
}

func mail(local string) identity.Address {
	return verified(identity.Email, "", local+"@voorbeeld.example")
}

func bsuid(n int) identity.Address { return verified(identity.BSUID, "waba", fmt.Sprintf("NL.%d", n)) }

// In each case, evidence that proves too little would show a customer
// another's history.
func TestIdentify_WeakEvidence(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*scene){
		"a forged From": func(s *scene) {
			victim, forger := s.says(1, "x", mail("jan")), s.says(2, "x", claimed(mail("jan")))
			s.apart(forger, victim, identity.ReasonClaimed)
			s.apart(victim, forger, identity.ReasonClaimed)
		},
		"a mail address that is typed into a chat": func(s *scene) {
			victim := s.says(1, "x", mail("jan"))
			visitor := s.says(2, "mail mij op Jan@Voorbeeld.example.", verified(identity.Visitor, "shop", "v1"))
			s.apart(visitor, victim, identity.ReasonTyped)
		},
		"an address that a site claims for its visitor": func(s *scene) {
			victim := s.says(1, "x", mail("jan"))
			forger := s.says(2, "x", claimed(mail("jan")))
			visitor := s.visits("v1", "K-9", mail("jan").Alias, phone(9).Alias, mail("info").Alias)
			s.apart(visitor, victim, identity.ReasonClaimed)
			s.apart(victim, visitor, identity.ReasonClaimed)
			s.apart(forger, visitor, identity.ReasonClaimed)
			// Messages from these addresses go to the customer who proved them.
			s.apart(s.says(3, "x", phone(9)), visitor, identity.ReasonClaimed)
			if got := s.says(4, "x", claimed(mail("jan"))); got != forger {
				t.Errorf("a forged mail went to %s", got)
			}
			if got := s.says(5, "x", mail("jan")); got != victim {
				t.Errorf("a mail went to %s", got)
			}
			if got := s.says(6, "x", mail("info")); got == visitor {
				t.Error("a role mailbox is the visitor's")
			}
		},
		"an address that a site claims for two": func(s *scene) {
			a, b := s.visits("v1", "K-1", mail("jan").Alias), s.visits("v2", "K-2", mail("jan").Alias)
			s.apart(a, b, identity.ReasonClaimed)
			s.apart(b, a, identity.ReasonClaimed)
		},
		"a claimed address beside a proven one": func(s *scene) {
			victim := s.says(1, "x", mail("jan"))
			s.apart(s.says(2, "x", phone(1), claimed(mail("jan"))), victim)
		},
		"a phone that a family shares": func(s *scene) {
			father := s.registers("K-1", phone(1), mail("jan")).Customer
			son := s.registers("K-2", phone(1), mail("piet")).Customer
			s.apart(son, father, identity.ReasonName, identity.ReasonShared)
			s.apart(s.registers("K-2", phone(1), mail("piet")).Customer, father, identity.ReasonName, identity.ReasonShared)
			s.apart(s.registers("K-3", phone(1)).Customer, father, identity.ReasonName, identity.ReasonShared)
		},
		"info@": func(s *scene) {
			s.registers("K-1", mail("info"), mail("jan"))
			s.registers("K-2", mail("info"), mail("piet"))
			a, b := s.says(1, "x", mail("jan")), s.says(2, "x", mail("piet"))
			s.apart(a, b, identity.ReasonName)
			s.apart(s.says(3, "x", mail("info")), a)
		},
		"a test number": func(s *scene) {
			test := verified(identity.Phone, "", "15550001234")
			a := s.says(1, "x", bsuid(1), test)
			s.apart(s.says(2, "x", bsuid(2), test), a)
			zero := verified(identity.Phone, "", "31000000000")
			s.apart(s.registers("K-1", zero, mail("jan")).Customer, s.registers("K-2", zero, mail("piet")).Customer, identity.ReasonName)
		},
		"two ways to write a number that two accounts have": func(s *scene) {
			long, short := verified(identity.Phone, "", "5511987654321"), verified(identity.Phone, "", "551187654321")
			a := s.registers("K-1", long).Customer
			s.apart(s.registers("K-2", short).Customer, a, identity.ReasonVariant, identity.ReasonName, identity.ReasonShared)
		},
		"a number that was given out again": func(s *scene) {
			old := s.says(1, "x", phone(1), bsuid(1))
			fresh := s.says(2, "x", phone(1), bsuid(2))
			s.apart(fresh, old, identity.RuleWebhook)
			for n := range 3 {
				if again := s.says(3+n, "x", phone(1), bsuid(2)); again != fresh {
					t.Errorf("the new one's message went to %s", again)
				}
			}
		},
		"a number that became one which somebody else used before": func(s *scene) {
			a, b := s.says(1, "x", phone(1)), s.says(2, "x", phone(2))
			s.links(10, phone(1), phone(2))
			s.apart(a, b, identity.RuleSystem)
		},
		"a register that ties two who wrote": func(s *scene) {
			a, b := s.says(1, "x", phone(1)), s.says(2, "x", mail("jan"))
			s.registers("K-1", phone(1), mail("jan"))
			s.apart(a, b, identity.RuleRegister)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(newScene(t))
		})
	}
}

// The stories of WhatsApp's ids, by what goes wrong elsewhere.
func TestIdentify_WhatsAppUsers(t *testing.T) {
	t.Parallel()
	parent := verified(identity.ParentBSUID, "", "NL.ENT.1")
	for name, play := range map[string]func(*scene){
		"who is known by phone is lost when only the user id comes": func(s *scene) {
			s.one(s.says(1, "x", phone(1)), s.says(2, "x", phone(1), bsuid(1)), s.says(3, "x", bsuid(1)))
		},
		"a parent user id makes a stranger": func(s *scene) {
			s.one(s.says(1, "x", bsuid(1)), s.says(2, "x", bsuid(1), parent), s.says(3, "x", parent))
		},
		"phone and user id come apart first and stay two": func(s *scene) {
			a, b := s.says(1, "x", phone(1)), s.says(2, "x", bsuid(1))
			s.one(a, b, s.says(3, "x", phone(1), bsuid(1)))
			if _, _, err := s.table.Customers.UnmergeCustomer(t.Context(), b, identity.Decision{By: "agent", Why: "test", At: start}); err != nil {
				t.Fatal(err)
			}
			s.says(4, "x", bsuid(1), phone(1))
			s.apart(a, b)
		},
		"two with a number each become one by a message that names both": func(s *scene) {
			a := s.says(1, "x", phone(1))
			b := s.says(2, "x", phone(2), bsuid(1))
			s.says(3, "x", phone(1), bsuid(1))
			s.apart(a, b, identity.RuleWebhook)
		},
		"a new user id makes a stranger": func(s *scene) {
			a := s.says(1, "x", phone(1), bsuid(1))
			s.links(2, bsuid(1), bsuid(2))
			s.one(a, s.says(3, "x", bsuid(2)), s.says(4, "x", phone(1), bsuid(2)))
		},
		"a new user id that wrote before it was told makes a stranger": func(s *scene) {
			a := s.says(1, "x", phone(1), bsuid(1))
			b := s.says(3, "x", bsuid(2))
			s.links(2, bsuid(1), bsuid(2))
			s.one(a, b)
		},
		"a new number makes a stranger": func(s *scene) {
			a := s.says(1, "x", phone(1))
			s.links(2, phone(1), phone(2))
			s.one(a, s.says(3, "x", phone(2)))
		},
		"a Mexican number with and without its 1 makes two": func(s *scene) {
			s.one(s.says(1, "x", verified(identity.Phone, "", "5215512345678")), s.says(2, "x", verified(identity.Phone, "", "525512345678")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(newScene(t))
		})
	}
}

func TestAliasDetails_WholeHistory(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.says(1, "x", phone(1))
	s.says(2, "x", phone(1), bsuid(1))
	s.says(3, "x", phone(1))
	all, err := s.table.Customers.AliasDetails(t.Context(), s.who(who))
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	for _, k := range all {
		if k.Rule != identity.RuleWebhook || k.Ref == "" || len(k.Links) != 1 || k.Links[0].Ref == "" {
			t.Errorf("%s: %+v", k.Kind, k)
		}
	}
}

func TestPutClaimedAliases_UntilProven(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.visits("v1", "K-1", mail("jan").Alias, mail("info").Alias)
	found, assurance, err := s.table.Customers.FindCustomer(t.Context(), mail("jan").Alias)
	if err != nil || found != who || assurance != identity.Claimed {
		t.Error(found, assurance, err)
	}
	all, err := s.table.Customers.AliasDetails(t.Context(), s.who(who))
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, k := range all {
		if k.Assurance == identity.Claimed {
			shown++
			if k.Alias != mail("jan").Alias || k.Rule != identity.RuleHost || k.Ref != "shop" || !k.At.Equal(start) {
				t.Errorf("%+v", k)
			}
		}
	}
	if shown != 1 || len(all) != 3 {
		t.Errorf("%+v", all)
	}
	if has, err := s.table.Customers.Aliases(t.Context(), s.who(who)); err != nil || len(has) != 2 {
		t.Error("what is claimed is no alias to answer to", has, err)
	}
	proved := s.says(1, "x", mail("jan"))
	if found, assurance, err := s.table.Customers.FindCustomer(t.Context(), mail("jan").Alias); err != nil || found != proved || assurance != identity.Verified {
		t.Error(found, assurance, err)
	}
}

func TestPutClaimedAliases_Limit(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var many []identity.Alias
	for n := range 30 {
		many = append(many, mail(fmt.Sprint("jan", n)).Alias)
	}
	if n := len(s.who(s.visits("v1", "K-1", many...)).Claimed); n != 20 {
		t.Errorf("%d are kept", n)
	}
}

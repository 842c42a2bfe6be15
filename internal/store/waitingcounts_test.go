package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestCountWaiting(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	if none, err := table.Contacts.WaitingCounts(t.Context()); err != nil || !none.At.IsZero() {
		t.Errorf("before the first count: got %+v, %v, want no time", none, err)
	}
	at := start.Add(24 * time.Hour)
	wait := func(n int, department, severity string) identity.CustomerID {
		t.Helper()
		k := contact.Contact{
			ID: fmt.Sprint("k", n), Customer: identity.CustomerID(fmt.Sprint("c", n)), Start: start, WaitingSince: start.Add(time.Duration(n) * time.Minute),
			Department: department, Severity: severity, Channels: []message.Channel{message.WhatsApp},
		}
		if err := table.Contacts.Save(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		return k.Customer
	}
	hold := func(c identity.CustomerID, kind contact.PartyKind, id string, until time.Time) {
		t.Helper()
		claim := contact.Claim{Customer: c, Version: 1, Holder: &contact.Party{Kind: kind, ID: id}, Since: start, Until: until}
		if err := table.Contacts.SaveClaim(t.Context(), claim, nil); err != nil {
			t.Fatal(err)
		}
	}
	wait(1, "billing", "normal")
	hold(wait(2, "billing", contact.Critical), contact.Agent, "els#1", at.Add(time.Minute))
	hold(wait(3, "logistics", ""), contact.Team, "returns", at.Add(time.Minute))
	hold(wait(4, "logistics", ""), contact.Agent, "jan", at.Add(-time.Minute))
	hold("c99", contact.Agent, "piet", at.Add(time.Minute)) // who does not wait
	if err := table.Contacts.CountWaiting(t.Context(), []string{"billing", "logistics", "it"}, at); err != nil {
		t.Fatal(err)
	}
	got, err := table.Contacts.WaitingCounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := contact.WaitingCounts{
		At: at,
		Departments: []contact.DepartmentCount{
			{Department: "billing", Contacts: 2, Critical: 1, Free: 1, Oldest: start.Add(time.Minute)},
			{Department: "logistics", Contacts: 2, Free: 1, Oldest: start.Add(3 * time.Minute)},
		},
		Holders: []contact.HolderCount{
			{Party: contact.Party{Kind: contact.Agent, ID: "els#1"}, Contacts: 1},
			{Party: contact.Party{Kind: contact.Team, ID: "returns"}, Contacts: 1},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// A released claim is no longer counted.
func TestCountWaiting_Released(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	at := start.Add(time.Hour)
	k := contact.Contact{ID: "k", Customer: "c1", Start: start, WaitingSince: start, Department: "billing", Channels: []message.Channel{message.WhatsApp}}
	if err := table.Contacts.Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	held := contact.Claim{Customer: "c1", Version: 1, Holder: &contact.Party{Kind: contact.Agent, ID: "els"}, Until: at.Add(time.Hour)}
	if err := table.Contacts.SaveClaim(t.Context(), held, nil); err != nil {
		t.Fatal(err)
	}
	if err := table.Contacts.SaveClaim(t.Context(), contact.Claim{Customer: "c1", Version: 2}, []contact.Claim{held}); err != nil {
		t.Fatal(err)
	}
	if err := table.Contacts.CountWaiting(t.Context(), []string{"billing"}, at); err != nil {
		t.Fatal(err)
	}
	got, err := table.Contacts.WaitingCounts(t.Context())
	if err != nil || len(got.Holders) != 0 || got.Departments[0].Free != 1 {
		t.Errorf("counts %+v, %v, want one free contact", got, err)
	}
}

package detection_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
)

var shop = mustTaxonomy("../../infra/taxonomy.yaml")

func mustTaxonomy(file string) *taxonomy.Taxonomy {
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	t, err := taxonomy.Load(data)
	if err != nil {
		panic(err)
	}
	return t
}

func newDetector(table *store.Table) *detection.Detector {
	m := telemetry.NewMeter("triage")
	m.Out = io.Discard
	return &detection.Detector{
		Store: detection.StoreOf(table), Taxonomy: shop, Zone: time.UTC, Meter: m, Now: time.Now, Levels: &detection.LevelCache{},
	}
}

// newContact returns a contact of one message about an unclear invoice.
func newContact(customer identity.CustomerID, at time.Time) contact.Contact {
	m := message.Message{
		ID: message.NewID(message.WhatsApp, at, string(customer)), CustomerID: customer,
		Direction: message.Inbound, SentAt: at, Text: "Ik snap mijn factuur niet",
	}
	return contact.Contact{
		ID: contact.IDOf(m.ID), Customer: customer, Start: at, Messages: []message.Message{m},
		Causes: []contact.Cause{{Reason: "invoice-unclear", Department: "billing", Message: m.ID}},
	}
}

func ExampleDetector_Compare() {
	d := &detection.Detector{Taxonomy: shop, Zone: time.UTC}
	k := newContact("c1", time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC))
	changes := d.Compare(context.Background(), identity.Customer{ID: "c1"}, nil, []contact.Contact{k}, nil)
	for cause, evidence := range changes {
		added := evidence[0].Added[0]
		fmt.Printf("%s: %s on %s: %q\n", cause.Reason, added.Customer, added.Day, added.Quote)
	}
	// Output: invoice-unclear: c1 on 2026-03-01: "Ik snap mijn factuur niet"
}

func TestCompare_RemovesDroppedContact(t *testing.T) {
	t.Parallel()
	d := &detection.Detector{Taxonomy: shop, Zone: time.UTC}
	k := newContact("c1", time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC))
	stored := []contact.Contact{k}
	evs := d.Compare(t.Context(), identity.Customer{ID: "c1"}, stored, nil, stored)[detection.Cause{Reason: "invoice-unclear"}]
	if len(evs) != 1 || len(evs[0].Added) != 0 || len(evs[0].Removed) != 1 || evs[0].Removed[0].Contact != k.ID {
		t.Errorf("Compare = %+v, want one removal of contact %s", evs, k.ID)
	}
}

func TestCompare_SameContactGivesNoEvidence(t *testing.T) {
	t.Parallel()
	d := &detection.Detector{Taxonomy: shop, Zone: time.UTC}
	stored := []contact.Contact{newContact("c1", time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC))}
	if got := d.Compare(t.Context(), identity.Customer{ID: "c1"}, stored, stored, nil); len(got) != 0 {
		t.Errorf("Compare = %+v, want no evidence", got)
	}
}

func TestRecord_RepeatedEvidence(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	d := newDetector(table)
	var all []detection.Changes
	for i := range 5 {
		id := identity.CustomerID(fmt.Sprint("c", i))
		k := newContact(id, time.Now().UTC().Add(-time.Duration(i)*time.Minute))
		all = append(all, d.Compare(t.Context(), identity.Customer{ID: id}, nil, []contact.Contact{k}, nil))
	}
	for range 2 {
		for i, failures := range d.Record(t.Context(), all) {
			if failures != nil {
				t.Fatalf("Record fails for changes %d: %v", i, failures)
			}
		}
		id, err := table.Causes.ProblemOfCause(t.Context(), "invoice-unclear", "")
		if err != nil || id == "" {
			t.Fatalf("problem %q, error %v, want a problem", id, err)
		}
		p, err := table.Problems.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if p.Customers != 5 || p.Contacts != 5 {
			t.Errorf("the problem has %d contacts of %d customers, want 5 of 5", p.Contacts, p.Customers)
		}
	}
}

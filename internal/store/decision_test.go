package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestDecide_RoundTrip(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	ctx := t.Context()
	at := time.UnixMilli(1772442000000).UTC()
	first := message.ID("1772442000000:email:1/klantenservice@support.example.com")
	second := message.ID("1772442060000:whatsapp:wamid.A")
	yes := true
	no := false
	for _, d := range []contact.DecisionChange{
		{Customer: "c", Message: first, Asks: contact.No, By: "agent-7", At: at},
		{Customer: "c", Message: second, Asks: contact.Yes, Machine: contact.No, By: "agent-7", At: at},
		{Customer: "c", Message: second, Asks: contact.Withdraw, By: "agent-8", At: at.Add(time.Minute)},
		{Customer: "d", Message: first, Machine: contact.Yes, By: "agent-9", At: at},
	} {
		if _, err := table.Contacts.Decide(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Contacts.PutCorrection(ctx, contact.Correction{Customer: "c", Message: first, At: at}); err != nil {
		t.Fatal(err)
	}
	k := contact.Contact{ID: "k", Customer: "c", Start: at}
	if err := table.Contacts.Save(ctx, k); err != nil {
		t.Fatal(err)
	}
	got, err := table.Contacts.NearbyContacts(ctx, "c", at, 8, true)
	if err != nil {
		t.Fatal(err)
	}
	want := []contact.Decision{
		{Customer: "c", Message: second, Machine: &no, By: "agent-8", At: at.Add(time.Minute)},
		{Customer: "c", Message: first, Asks: &no, By: "agent-7", At: at},
	}
	if diff := cmp.Diff(want, got.Decisions); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	if len(got.Corrections) != 1 || len(got.Contacts) != 1 {
		t.Errorf("beside the decisions: got %d corrections and %d contacts, want one of each", len(got.Corrections), len(got.Contacts))
	}
	other, err := table.Contacts.NearbyContacts(ctx, "d", at, 8, true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]contact.Decision{{Customer: "d", Message: first, Machine: &yes, By: "agent-9", At: at}}, other.Decisions); diff != "" {
		t.Errorf("decisions of another customer (-want +got):\n%s", diff)
	}
}

// TestDecide_Concurrent lets two agents decide about different things of a message at
// the same time. Both decisions remain.
func TestDecide_Concurrent(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	at := time.UnixMilli(1772442000000).UTC()
	id := message.ID("1772442000000:whatsapp:wamid.A")
	var running sync.WaitGroup
	for _, d := range []contact.DecisionChange{
		{Customer: "c", Message: id, Asks: contact.Yes, By: "agent-7", At: at},
		{Customer: "c", Message: id, Machine: contact.No, By: "agent-8", At: at},
	} {
		running.Go(func() {
			if _, err := table.Contacts.Decide(t.Context(), d); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	got, err := table.Contacts.NearbyContacts(t.Context(), "c", at, 8, true)
	if err != nil || len(got.Decisions) != 1 {
		t.Fatalf("got %d decisions and error %v, want 1", len(got.Decisions), err)
	}
	d := got.Decisions[0]
	if d.Asks == nil || !*d.Asks {
		t.Errorf("asks: got %v, want true", d.Asks)
	}
	if d.Machine == nil || *d.Machine {
		t.Errorf("machine: got %v, want false", d.Machine)
	}
}

// TestNearbyContacts_ManyDecisions reads more decisions than a page of the query holds.
func TestNearbyContacts_ManyDecisions(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	at := time.UnixMilli(1772442000000).UTC()
	const count = 50
	for i := range count {
		sentAt := at.Add(time.Duration(i) * time.Second)
		d := contact.DecisionChange{Customer: "c", Message: message.NewID(message.WhatsApp, sentAt, "a"), Asks: contact.No, By: "agent-7", At: at}
		if _, err := table.Contacts.Decide(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Contacts.Save(t.Context(), contact.Contact{ID: "k", Customer: "c", Start: at}); err != nil {
		t.Fatal(err)
	}
	got, err := table.Contacts.NearbyContacts(t.Context(), "c", at, 8, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Decisions) != count || len(got.Contacts) != 1 {
		t.Errorf("got %d decisions and %d contacts, want %d and 1", len(got.Decisions), len(got.Contacts), count)
	}
}

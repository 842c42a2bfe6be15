package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// TestRepeatedEchoes scans echoes that repeat: an away message that comes at once, a text
// that staff send later, and messages that do not count.
func TestRepeatedEchoes(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	number := 0
	put := func(customer int, after time.Duration, ch message.Channel, dir message.Direction, origin message.Origin, text string) {
		t.Helper()
		number++
		m := message.Message{
			Version: message.SchemaVersion, Channel: ch, Direction: dir, Kind: message.Text, CustomerID: identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e%02d", customer)),
			ProviderID: fmt.Sprintf("%02d", 100-number), SentAt: at.Add(after), Text: text, Origin: origin,
			Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: "31970100001"}, Assurance: identity.Verified},
		}
		m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
		if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
			t.Fatal(err)
		}
	}
	const (
		away  = "We zijn gesloten tot 9 uur."
		often = "Uw pakket is verzonden."
		ours  = "Wij zoeken het uit."
		mail  = "Bedankt voor uw mail."
	)
	for customer := range 5 {
		put(customer, 0, message.WhatsApp, message.Inbound, "", "Hallo?")
		put(customer, time.Duration(customer)*time.Second, message.WhatsApp, message.Outbound, message.Echo, []string{away, "we zijn  gesloten tot 9 uur. "}[customer%2])
		put(customer, time.Hour, message.Messenger, message.Outbound, message.Echo, often)
		put(customer, time.Hour, message.WhatsApp, message.Outbound, message.Composed, ours)
		put(customer, time.Hour, message.Email, message.Outbound, message.Echo, mail)
		put(customer, 2*time.Hour, message.WhatsApp, message.Outbound, message.Echo, fmt.Sprintf("Dag klant %d", customer))
		put(customer, 3*time.Hour, message.WhatsApp, message.Outbound, message.Echo, "")
	}
	put(0, 4*time.Hour, message.WhatsApp, message.Outbound, message.Echo, away) // without a question before it
	for customer := range 4 {
		put(customer, 5*time.Hour, message.WhatsApp, message.Outbound, message.Echo, "Vier keer hetzelfde")
	}
	progress := 0
	got, examined, whole, err := table.Messages.RepeatedEchoes(t.Context(), 5, 1000, func(n int) { progress = n })
	if err != nil {
		t.Fatal(err)
	}
	want := []store.RepeatedEcho{{Text: often, Customers: 5, Messages: 5}, {Text: away, Customers: 5, Messages: 6, AtOnce: 5}}
	for i := range got {
		if got[i].Customers == 5 && got[i].AtOnce > 0 {
			got[i].Text = away // the case of the last customer's
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("echoes (-want +got):\n%s", diff)
	}
	if !whole || progress != examined || examined == 0 {
		t.Errorf("got %d items examined, %d in progress and whole %v; want equal numbers and true", examined, progress, whole)
	}
	if _, examined, whole, err = table.Messages.RepeatedEchoes(t.Context(), 5, 3, func(int) {}); err != nil || examined != 3 || whole {
		t.Errorf("at most 3: got %d items examined, whole %v and error %v; want 3 and false", examined, whole, err)
	}
}

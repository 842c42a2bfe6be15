package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/schedule"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// wantFilled fails if an exported field of v is zero, so that a round trip
// covers a field that is added later.
func wantFilled(t *testing.T, v any) {
	t.Helper()
	s := reflect.ValueOf(v)
	for i := range s.NumField() {
		if f := s.Type().Field(i); f.IsExported() && s.Field(i).IsZero() {
			t.Errorf("%s.%s: got the zero value, want the test to set it", s.Type(), f.Name)
		}
	}
}

func wantSame(t *testing.T, got, want any, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written and read (-want +got):\n%s", diff)
	}
}

func TestTable_RoundTrip(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	ctx := t.Context()
	at := time.UnixMilli(1772442000000).UTC()
	later := at.Add(time.Hour)
	messageID := message.ID("1772442000000:email:1")
	mail := identity.Alias{Kind: identity.Email, Value: "jan@voorbeeld.example"}

	t.Run("correction", func(t *testing.T) {
		want := store.Filled[contact.Correction](t)
		want.Message = messageID
		want.At = at
		if err := table.Contacts.PutCorrection(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, _, err := table.Contacts.Corrections(ctx, at, time.Time{}, 10, "")
		wantSame(t, got, []contact.Correction{want}, err)
	})
	t.Run("quarantined delivery", func(t *testing.T) {
		want := message.QuarantinedDelivery{Hash: "hash", Channel: message.Email, At: at, Object: "quarantine/1", Reasons: []string{"a", "b"}}
		wantFilled(t, want)
		if err := table.Messages.PutQuarantined(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, err := table.Messages.Quarantined(ctx)
		wantSame(t, got, []message.QuarantinedDelivery{want}, err)
	})
	t.Run("due entry", func(t *testing.T) {
		want := schedule.Entry{Kind: schedule.Split, Of: "p", At: at, PK: "P#p", SK: "D#" + string(schedule.Split)}
		wantFilled(t, want)
		if err := table.Schedule.PutDue(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, _, err := table.Schedule.Due(ctx, later, 10, "")
		wantSame(t, got, []schedule.Entry{want}, err)
	})
	t.Run("deferred event", func(t *testing.T) {
		want := contact.DeferredEvent{Customer: "c", Contact: "k", Start: at, At: later, Message: messageID, Order: "1"}
		wantFilled(t, want)
		if err := table.Schedule.PutDeferredEvents(ctx, at, "name", []contact.DeferredEvent{want}); err != nil {
			t.Fatal(err)
		}
		entries, _, err := table.Schedule.Due(ctx, at.Add(time.Hour), 10, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []contact.DeferredEvent
		for _, e := range entries {
			if e.Kind == schedule.Contact {
				got, err = table.Schedule.DeferredEvents(ctx, e)
			}
		}
		wantSame(t, got, []contact.DeferredEvent{want}, err)
	})
	t.Run("sent mail", func(t *testing.T) {
		want := message.SentMail{Customer: "c", Message: messageID, ProviderID: "1", MailID: "<1@x>", To: mail, At: at}
		wantFilled(t, want)
		if err := table.Messages.PutSent(ctx, "<1@x>", want); err != nil {
			t.Fatal(err)
		}
		got, err := table.Messages.SentMails(ctx, []string{"<1@x>"})
		wantSame(t, got, map[string]message.SentMail{"<1@x>": want}, err)
	})
	t.Run("address mark", func(t *testing.T) {
		want := message.AddressMark{Kind: "bounce", Code: "550", At: at}
		wantFilled(t, want)
		if err := table.Messages.MarkAddress(ctx, mail, want); err != nil {
			t.Fatal(err)
		}
		got, ok, err := table.Messages.AddressMark(ctx, mail, later)
		wantSame(t, got, want, err)
		if !ok {
			t.Error("got no mark, want one")
		}
	})
	t.Run("occurrence", func(t *testing.T) {
		want := problem.Occurrence{Customer: "c", Contact: "k", Day: "2026-03-02", Hour: "09", At: at, Quote: "Ik snap het niet", Expires: later}
		if _, err := table.Causes.PutOccurrence(ctx, "r", "p", want); err != nil {
			t.Fatal(err)
		}
		want.Expires = time.Time{} // only DynamoDB reads it
		got, err := table.Causes.Occurrences(ctx, "r", "p", "2026-03-02", "2026-03-03", 10, at)
		wantSame(t, got, []problem.Occurrence{want}, err)
	})
	t.Run("announced candidate", func(t *testing.T) {
		want := store.Filled[problem.AnnouncedCandidate](t)
		want.Expires = later
		want.Contacts[0].Words = nil // not stored: hints hold them
		want.Contacts[0].Expires = time.Time{}
		if err := table.Candidates.Announce(ctx, want, 0); err != nil {
			t.Fatal(err)
		}
		got, count, err := table.Candidates.Announced(ctx, at)
		wantSame(t, got, []problem.AnnouncedCandidate{want}, err)
		if count != 1 {
			t.Errorf("got %d announcements, want 1", count)
		}
	})
	t.Run("registration", func(t *testing.T) {
		want := identity.Registration{
			Account: "1001", Name: "Jan Jansen", Locale: "nl", Mails: []identity.Alias{mail}, At: at,
			Phones: []identity.Alias{{Kind: identity.Phone, Value: "31970100001"}}, Orders: []identity.Order{{Number: "42", Products: []string{"p"}}},
		}
		wantFilled(t, want)
		plan, err := table.Customers.RegisterCustomer(ctx, want)
		if err != nil {
			t.Fatal(err)
		}
		c, err := table.Customers.GetConsistently(ctx, plan.Customer)
		wantSame(t, []string{c.Account, c.Name, c.Locale}, []string{want.Account, want.Name, want.Locale}, err)
		products, err := table.Customers.OrderProducts(ctx, "42")
		wantSame(t, products, want.Orders[0].Products, err)
		aliases, err := table.Customers.Aliases(ctx, c)
		if err != nil || len(aliases) != 3 {
			t.Errorf("got %d aliases, %v, want account, phone and mail", len(aliases), err)
		}
	})
}

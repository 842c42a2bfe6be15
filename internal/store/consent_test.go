package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
)

func TestAConsentOfEitherOfTwoWhoAreOneCountsByItsTime(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a, b := s.says(1, "x", phone(1)), s.says(2, "x", bsuid(1))
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
	put := func(c identity.CustomerID, k identity.Consent) {
		t.Helper()
		if err := s.table.PutConsent(t.Context(), c, k); err != nil {
			t.Fatal(err)
		}
	}
	stop := identity.Consent{Channel: "whatsapp", Account: "a#1", Category: "marketing_messages", At: at(5)}
	resume := stop
	resume.Granted, resume.At = true, at(4)
	put(a, stop)
	put(b, resume)
	tie := identity.Consent{Channel: "messenger", Category: "notification_messages", Granted: true, At: at(6)}
	put(a, tie)
	tie.Granted = false
	put(a, tie)
	s.one(a, b, s.says(3, "x", phone(1), bsuid(1)))
	c, err := s.table.Customer(t.Context(), a)
	if diff := cmp.Diff([]identity.Consent{tie, stop}, c.Consents); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

package ingest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
)

// marketingPreference returns a webhook with Jan's choice about marketing messages.
func marketingPreference(number, value string, at int64) string {
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"waba","changes":[{"field":"user_preferences","value":{
		"messaging_product":"whatsapp","metadata":{"phone_number_id":%q},"contacts":[{"profile":{"name":"Jan Voorbeeld"},"wa_id":"31970100000001"}],
		"user_preferences":[{"wa_id":"31970100000001","detail":"x","category":"marketing_messages","value":%q,"timestamp":%d}]}}]}]}`, number, value, at)
}

func TestWebhookHandler_ConsentInAnyOrder(t *testing.T) {
	t.Parallel()
	want := []identity.Consent{
		{Channel: "whatsapp", Account: "110", Category: "marketing_messages", At: time.Unix(1790000020, 0).UTC()},
		{Channel: "whatsapp", Account: "111", Category: "marketing_messages", Granted: true, At: time.Unix(1790000010, 0).UTC()},
	}
	said := []string{
		marketingPreference("110", "stop", 1790000000), marketingPreference("110", "resume", 1790000010), marketingPreference("110", "stop", 1790000020),
		marketingPreference("111", "signup", 1790000010), marketingPreference("111", "perhaps", 1790000030),
	}
	backwards := slices.Clone(said)
	slices.Reverse(backwards)
	for name, order := range map[string][]string{"in order": said, "backwards": backwards, "twice": append(backwards, said...)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, body := range order {
				if got := w.signed(t, body); got != 200 {
					t.Fatalf("got status %d, want 200", got)
				}
			}
			id, _, err := w.table.Customers.FindCustomer(t.Context(), jan)
			if err != nil {
				t.Fatal(err)
			}
			c, err := w.table.Customers.Get(t.Context(), id)
			if diff := cmp.Diff(want, c.Consents); diff != "" || err != nil {
				t.Errorf("consents (error %v, -want +got):\n%s", err, diff)
			}
			if n := len(w.history(t, jan)); n != 0 {
				t.Errorf("got %d messages of preferences, want none", n)
			}
		})
	}
}

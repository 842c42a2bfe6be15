package intake_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
)

// prefers returns a webhook that says what a customer wants of marketing.
func prefers(number, value string, at int64) string {
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"waba","changes":[{"field":"user_preferences","value":{
		"messaging_product":"whatsapp","metadata":{"phone_number_id":%q},"contacts":[{"profile":{"name":"Jan Voorbeeld"},"wa_id":"31970100000001"}],
		"user_preferences":[{"wa_id":"31970100000001","detail":"x","category":"marketing_messages","value":%q,"timestamp":%d}]}}]}]}`, number, value, at)
}

func TestAnOptOutIsKeptAsConsentInWhateverOrderItComes(t *testing.T) {
	t.Parallel()
	want := []identity.Consent{
		{Channel: "whatsapp", Account: "110", Category: "marketing_messages", At: time.Unix(1790000020, 0).UTC()},
		{Channel: "whatsapp", Account: "111", Category: "marketing_messages", Granted: true, At: time.Unix(1790000010, 0).UTC()},
	}
	said := []string{
		prefers("110", "stop", 1790000000), prefers("110", "resume", 1790000010), prefers("110", "stop", 1790000020),
		prefers("111", "signup", 1790000010), prefers("111", "perhaps", 1790000030),
	}
	backwards := slices.Clone(said)
	slices.Reverse(backwards)
	for name, order := range map[string][]string{"as it was said": said, "backwards": backwards, "twice": append(backwards, said...)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, body := range order {
				if got := w.signed(t, body); got != 200 {
					t.Fatalf("status %d", got)
				}
			}
			id, _, err := w.table.FindCustomer(t.Context(), jan)
			if err != nil {
				t.Fatal(err)
			}
			c, err := w.table.Customer(t.Context(), id)
			if diff := cmp.Diff(want, c.Consents); diff != "" || err != nil {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
			if n := len(w.history(t, jan)); n != 0 {
				t.Errorf("a preference made %d messages", n)
			}
		})
	}
}

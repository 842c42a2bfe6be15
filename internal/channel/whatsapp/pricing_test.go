package whatsapp_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/message"
)

// TestNormalize_Pricing reads what Meta states with a status about the charge
// for a message.
func TestNormalize_Pricing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, pricing string
		want          *message.Pricing
	}{
		{"per message", `{"billable":true,"pricing_model":"PMP","type":"regular","category":"service"}`, &message.Pricing{Billable: new(true), Type: "regular", Category: "service", Model: "PMP"}},
		{"free within the window", `{"billable":false,"pricing_model":"PMP","type":"free_customer_service","category":"service"}`, &message.Pricing{Billable: new(false), Type: "free_customer_service", Category: "service", Model: "PMP"}},
		{"free after an ad", `{"billable":false,"pricing_model":"PMP","type":"free_entry_point","category":"referral_conversion"}`, &message.Pricing{Billable: new(false), Type: "free_entry_point", Category: "referral_conversion", Model: "PMP"}},
		{"per conversation", `{"billable":true,"pricing_model":"CBP","category":"user_initiated"}`, &message.Pricing{Billable: new(true), Category: "user_initiated", Model: "CBP"}},
		{"without billable, charged", `{"pricing_model":"PMP","type":"regular","category":"marketing"}`, &message.Pricing{Billable: new(true), Type: "regular", Category: "marketing", Model: "PMP"}},
		{"without billable, free", `{"pricing_model":"PMP","type":"free_customer_service","category":"utility"}`, &message.Pricing{Billable: new(false), Type: "free_customer_service", Category: "utility", Model: "PMP"}},
		{"without billable, unknown type", `{"pricing_model":"PMP","type":"new","category":"utility"}`, &message.Pricing{Type: "new", Category: "utility", Model: "PMP"}},
		{"without billable and type", `{"category":"authentication"}`, &message.Pricing{Category: "authentication"}},
		{"billable as a string", `{"billable":"true","category":"utility"}`, &message.Pricing{Billable: new(true), Category: "utility"}},
		{"billable of null", `{"billable":null,"type":"regular"}`, &message.Pricing{Billable: new(true), Type: "regular"}},
		{"empty", `{}`, nil},
		{"null", `null`, nil},
		{"a list", `[]`, nil},
		{"a string", `"free"`, nil},
		{"members of another type", `{"type":{},"category":[],"pricing_model":null}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := read(t, webhook("messages", `"statuses":[{"id":"wamid.a","status":"delivered","timestamp":"1790000000","recipient_id":"`+jan+`","pricing":`+tt.pricing+`}]`))
			if len(d.Effects) != 1 || d.Effects[0].Status != "delivered" {
				t.Fatalf("effects: got %+v, want one status", d.Effects)
			}
			if diff := cmp.Diff(tt.want, d.Effects[0].Pricing); diff != "" {
				t.Errorf("pricing (-want +got):\n%s", diff)
			}
		})
	}
}

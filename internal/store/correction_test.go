package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// A page may have more corrections than DynamoDB reads in one request.
func TestCorrections_LargePage(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	const stored = 130
	for i := range stored {
		at := start.Add(time.Duration(i) * time.Minute)
		c := contact.Correction{Customer: "c", Message: message.NewID(message.WhatsApp, at, fmt.Sprint(i)), Until: at, At: at, By: "els"}
		if err := table.Contacts.PutCorrection(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	got, next, err := table.Contacts.Corrections(t.Context(), time.Time{}, time.Time{}, 200, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != stored || next != "" {
		t.Errorf("got %d corrections and the cursor %q, want %d and none", len(got), next, stored)
	}
}

package store

import (
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// HistoryCursor returns the cursor of a page of [Messages.History] that ends with
// e.
func (t Messages) HistoryCursor(c identity.Customer, q message.Query, e message.Entry) string {
	return t.sealCursor(c.ID, q, entryPlace(e))
}

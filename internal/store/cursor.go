package store

import (
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// HistoryCursor returns the cursor of a page of [Table.History] that ends with
// e.
func (t *Table) HistoryCursor(c identity.Customer, q contact.Query, e contact.Entry) string {
	return t.sealCursor(c.ID, q, entryPlace(e))
}

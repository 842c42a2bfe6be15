package triage

import (
	"context"
	"slices"

	"github.com/heard-intake/heard/internal/contact"
)

// Preview returns a stored contact as it would be if it were classified again
// now. It writes nothing. ok is false when its messages no longer make a contact
// with this id.
func (t *Triage) Preview(ctx context.Context, k contact.Contact) (now contact.Contact, ok bool, err error) {
	p := t.planCustomer(ctx, hint{customer: k.Customer, from: k.Start, reclassifySince: afterAllMessages, reclassifyIDs: []string{k.ID}, historyChanged: true}, false)
	if p.err != nil {
		return k, false, p.err
	}
	sameID := func(x contact.Contact) bool { return x.ID == k.ID }
	if i := slices.IndexFunc(p.save, sameID); i >= 0 {
		return p.save[i], true, nil
	}
	return k, !slices.ContainsFunc(p.drop, sameID), nil
}

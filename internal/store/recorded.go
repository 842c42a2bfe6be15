package store

import (
	"context"
	"strings"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// PutRecorded stores what was registered by hand, and gives back what is
// stored. A message that one of the members has on that channel under the
// same provider id, sent within a day of m, is the same one, whichever way it
// came: an echo of the answer, or the first of two tries. Then nothing is
// written. It can be repeated.
func (t *Table) PutRecordedMessage(ctx context.Context, members []identity.CustomerID, m contact.Message, whole string) (stored contact.Entry, created bool, err error) {
	stored = contact.Entry{Message: m, Whole: whole}
	if err := m.Validate(); err != nil {
		return stored, false, err
	}
	it, err := messageItem(m, whole)
	if err != nil {
		return stored, false, err
	}
	taken, err := t.sameProviderID(ctx, members, m)
	if err == nil && taken == nil {
		taken, err = t.putNew(ctx, it)
	}
	if err != nil || taken == nil {
		return stored, err == nil, err
	}
	stored.Message, stored.Whole, err = readMessage(taken)
	return stored, false, err
}

// sameProviderID returns the message of the members near the time of m that
// its channel calls the same, nil when there is none.
func (t *Table) sameProviderID(ctx context.Context, members []identity.CustomerID, m contact.Message) (item, error) {
	suffix := messageSuffix(m.Channel, contact.ProviderKey(m.ProviderID))
	for _, c := range members {
		in := keyRange(customerPK(c), timeSK(messagePrefix, m.SentAt.Add(-maxDrift)), timeSK(messagePrefix, m.SentAt.Add(maxDrift)))
		in.ConsistentRead = ptr(true)
		var found item
		err := t.query(ctx, in, func(it item) bool {
			if strings.HasSuffix(text(it, skName), suffix) {
				found = it
			}
			return found == nil
		})
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}

package store

import (
	"context"
	"strings"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// PutRecordedMessage stores a message that an agent recorded, and returns the
// stored one. A message of a member with the same channel and provider id, sent
// within a day of m, is the same message: an echo of the answer, or the first
// of two tries. Then nothing is written. It can be repeated.
func (t Messages) PutRecordedMessage(ctx context.Context, members []identity.CustomerID, m message.Message, whole string) (stored message.Entry, created bool, err error) {
	stored = message.Entry{Message: m, Whole: whole}
	if err := m.Validate(); err != nil {
		return stored, false, err
	}
	it, err := messageItem(m, whole)
	if err != nil {
		return stored, false, err
	}
	t.setRegistered(it, m)
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

// sameProviderID returns the members' message near the time of m with the same
// channel and provider id; nil if it does not exist.
func (t Messages) sameProviderID(ctx context.Context, members []identity.CustomerID, m message.Message) (item, error) {
	suffix := messageSuffix(m.Channel, message.ProviderKey(m.ProviderID))
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

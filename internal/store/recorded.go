package store

import (
	"context"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// PutRecordedMessage stores a message that an agent recorded, and returns the
// stored one. A message of c with the same channel and provider id, sent within a
// day of m, is the same message: an echo of the answer, or the first of two
// tries. Then nothing is written. It can be repeated, also after a move of the
// answer's alias.
func (t Messages) PutRecordedMessage(ctx context.Context, c identity.Customer, m message.Message, whole string) (stored message.Entry, created bool, err error) {
	stored = message.Entry{Message: m, Whole: whole}
	if err := m.Validate(); err != nil {
		return stored, false, err
	}
	it, err := messageItem(m, whole)
	if err != nil {
		return stored, false, err
	}
	t.setRegistered(it, m)
	taken, err := t.sameProviderID(ctx, c, m)
	if err == nil && taken == nil {
		taken, err = t.putNew(ctx, it)
	}
	if err != nil || taken == nil {
		return stored, err == nil, err
	}
	stored.Message, stored.Whole, err = readMessage(taken)
	return stored, false, err
}

// FindRecordedMessage returns the stored message that
// [Messages.PutRecordedMessage] takes for m, read consistently.
func (t Messages) FindRecordedMessage(ctx context.Context, c identity.Customer, m message.Message) (stored message.Entry, found bool, err error) {
	it, err := t.sameProviderID(ctx, c, m)
	if err != nil || it == nil {
		return stored, false, err
	}
	stored.Message, stored.Whole, err = readMessage(it)
	return stored, true, err
}

// sameProviderID returns the message of c near the time of m with the same
// channel and provider id; nil if it does not exist. It is stored under a member,
// or under another owner of an alias that moved.
func (t Messages) sameProviderID(ctx context.Context, c identity.Customer, m message.Message) (item, error) {
	suffix := messageSuffix(m.Channel, message.ProviderKey(m.ProviderID))
	for _, under := range partitionsOf(c) {
		in := keyRange(customerPK(under), timeSK(messagePrefix, m.SentAt.Add(-maxDrift)), timeSK(messagePrefix, m.SentAt.Add(maxDrift)))
		in.ConsistentRead = ptr(true)
		var found item
		var bad error
		err := t.query(ctx, in, func(it item) bool {
			if !strings.HasSuffix(text(it, skName), suffix) {
				return true
			}
			isOwn := slices.Contains(c.Members, under)
			if !isOwn {
				var other message.Message
				other, _, bad = readMessage(it)
				isOwn = bad == nil && t.ownsMessage(c, other)
			}
			if isOwn {
				found = it
			}
			return found == nil && bad == nil
		})
		if err := firstError(err, bad); err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}

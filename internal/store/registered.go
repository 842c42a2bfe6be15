package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/message"
)

// setRegistered adds an index entry to a contact that an agent registered with its
// reason and a text, so that [Messages.RegisteredContacts] finds it. A late one has an
// entry already, which [Contacts.ChangesSince] needs, and gets no other.
func (t *core) setRegistered(it item, m message.Message) {
	hasLabel := m.Origin == message.Recorded && m.Reason != "" && m.Text != ""
	if hasLabel && !isLate(it) {
		it[gsiPK] = str(registeredPK)
		it[gsiSK] = str(t.registeredPlace(m))
	}
}

// RegisteredContacts returns the messages by which agents registered contacts with a
// reason and a text since a time, the latest first, at most n. It leaves out those
// that were registered more than an hour after the contact.
func (t Messages) RegisteredContacts(ctx context.Context, since time.Time, n int) ([]message.Message, error) {
	var keys []item
	err := t.query(ctx, &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    exprf("%s = :pk AND %s >= :since", gsiPK, gsiSK),
		ExpressionAttributeValues: item{":pk": str(registeredPK), ":since": str(timeSK("", since))},
		ScanIndexForward:          ptr(false),
		Limit:                     ptr(int32(n)), //nolint:gosec // bounded by the caller
	}, func(it item) bool {
		keys = append(keys, key(text(it, pkName), text(it, skName)))
		return len(keys) < n
	})
	if err != nil {
		return nil, fmt.Errorf("read registered contacts: %w", err)
	}
	var out []message.Message
	items, err := t.batchGet(ctx, keys, false)
	if err != nil {
		return nil, fmt.Errorf("read registered contacts: %w", err)
	}
	for _, it := range items {
		m, _, err := readMessage(it)
		if err != nil {
			return nil, fmt.Errorf("read registered contacts: %w", err)
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b message.Message) int {
		return cmp.Or(b.SentAt.Compare(a.SentAt), strings.Compare(string(a.ID), string(b.ID)))
	})
	return out, nil
}

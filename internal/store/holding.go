package store

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// An AliasHolding says whether an alias belongs to a customer at a time and now.
// Both are true for an alias that the customer never owned: a message with that
// alias belongs to the customer under whom it is stored.
type AliasHolding struct {
	Then  bool
	Now   bool
	Owner identity.CustomerID // the customer's id that owned the alias at the time; empty if it never had the alias
}

// AliasHolding returns whether an alias belongs to c at a time and now. It
// differs only for an alias that moved.
func (t Customers) AliasHolding(ctx context.Context, c identity.Customer, a identity.Address, at time.Time) (AliasHolding, error) {
	it, err := t.getItem(ctx, key(t.aliasKey(a), aliasSK), true)
	if err != nil {
		return AliasHolding{}, err
	}
	alias := readAlias(it)
	if it == nil || !alias.everOwnedBy(c.Members) {
		return AliasHolding{Then: true, Now: true}, nil
	}
	h := AliasHolding{Now: slices.Contains(c.Members, alias.currentOwner())}
	if owner := alias.ownerAt(at); slices.Contains(c.Members, owner) {
		h.Then = true
		h.Owner = owner
	}
	return h, nil
}

// Find returns the messages of c with an id, read consistently. Merged customers
// can have several: each of two visitors may choose the same id.
func (t Messages) Find(ctx context.Context, c identity.Customer, id message.ID) ([]message.Entry, error) {
	var out []message.Entry
	for _, under := range partitionsOf(c) {
		e, err := t.Get(ctx, under, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if t.ownsMessage(c, e.Message) {
			out = append(out, e)
		}
	}
	return out, nil
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

func claimItem(c contact.Claim) (item, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode claim")
	}
	it := key(customerPK(c.Customer), claimSK)
	it[attrJSON] = str(string(data))
	it[attrClaimVersion] = num(c.Version)
	if c.Holder != nil {
		it[gsiPK] = str(claimsPK(shardOf(string(c.Customer))))
		it[gsiSK] = str(claimPlace(c))
	}
	return it, nil
}

func readClaim(it item) (contact.Claim, error) {
	var c contact.Claim
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &c); err != nil {
		return c, fault.Wrap(fault.Internal, err, "read claim")
	}
	return c, nil
}

// Claims returns the claims on the members of a customer, read consistently.
func (t Contacts) Claims(ctx context.Context, members []identity.CustomerID) ([]contact.Claim, error) {
	keys := make([]item, len(members))
	for i, m := range members {
		keys[i] = key(customerPK(m), claimSK)
	}
	items, err := t.batchGet(ctx, keys, true)
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	var out []contact.Claim
	for _, it := range items {
		c, err := readClaim(it)
		if err != nil {
			return nil, fmt.Errorf("read claims: %w", err)
		}
		out = append(out, c)
	}
	return out, nil
}

// SaveClaim writes next in place of the claims that were read of all members.
// The claim of next.Customer is replaced, the others are released. It is
// [fault.Conflict] if one of them changed since.
func (t Contacts) SaveClaim(ctx context.Context, next contact.Claim, read []contact.Claim) error {
	own := int64(0)
	writes := make([]types.TransactWriteItem, 1, 1+len(read))
	for _, c := range read {
		switch {
		case c.Customer == next.Customer:
			own = c.Version
		case c.Holder != nil:
			it, err := claimItem(contact.Claim{Customer: c.Customer, Version: c.Version + 1, By: next.By})
			if err != nil {
				return err
			}
			writes = append(writes, types.TransactWriteItem{Put: t.replace(it, c.Version)})
		}
	}
	it, err := claimItem(next)
	if err != nil {
		return err
	}
	put := t.replace(it, own)
	if len(writes) > 1 {
		writes[0] = types.TransactWriteItem{Put: put}
		return t.transact(ctx, writes, "the claim changed")
	}
	_, err = t.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression, ExpressionAttributeValues: put.ExpressionAttributeValues,
	})
	return conditional(err, "write claim", "the claim changed")
}

// replace returns the write of an item in place of the version that was read.
// Version 0 means no item.
func (t Contacts) replace(it item, version int64) *types.Put {
	if version == 0 {
		return &types.Put{TableName: t.name, Item: it, ConditionExpression: onlyNew()}
	}
	return &types.Put{TableName: t.name, Item: it, ConditionExpression: exprf("%s = :v", attrClaimVersion), ExpressionAttributeValues: item{":v": num(version)}}
}

// Waiters returns the names of several customers and the claims on them, not read
// consistently. The claims of a merged customer are under each id that was asked for.
func (t Contacts) Waiters(ctx context.Context, customers []identity.CustomerID) (map[identity.CustomerID]contact.Waiter, error) {
	out := map[identity.CustomerID]contact.Waiter{}
	addClaims := func(id identity.CustomerID, claims ...contact.Claim) {
		w := out[id]
		w.Claims = append(w.Claims, claims...)
		out[id] = w
	}
	others := map[identity.CustomerID][]identity.CustomerID{} // merged with, by asked
	customers = slices.Compact(slices.Sorted(slices.Values(customers)))
	for chunk := range slices.Chunk(customers, 50) {
		var keys []item
		for _, c := range chunk {
			keys = append(keys, key(customerPK(c), claimSK), key(customerPK(c), profileSK))
		}
		items, err := t.batchGet(ctx, keys, false)
		if err != nil {
			return nil, fmt.Errorf("read waiting customers: %w", err)
		}
		for _, it := range items {
			id := customerOf(text(it, pkName))
			if text(it, skName) == claimSK {
				c, err := readClaim(it)
				if err != nil {
					return nil, fmt.Errorf("read waiting customers: %w", err)
				}
				addClaims(id, c)
				continue
			}
			w := out[id]
			w.Name = text(it, attrProfileName)
			out[id] = w
			if into := text(it, attrProfileMergedInto); into != "" {
				others[id] = append(others[id], identity.CustomerID(into))
			}
			for _, m := range set(it, attrProfileMembers) {
				others[id] = append(others[id], identity.CustomerID(m))
			}
		}
	}
	for id, with := range others {
		more, err := t.Claims(ctx, with)
		if err != nil {
			return nil, fmt.Errorf("read waiting customers: %w", err)
		}
		addClaims(id, more...)
	}
	return out, nil
}

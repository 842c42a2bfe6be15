package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// indexName adds a new customer's name to the index, if it is a full name. The
// index has a keyed hash of the name.
func (t Customers) indexName(it item, c identity.CustomerID, name string) {
	if pk, full := t.fullNamePK(name); full {
		it[gsiPK] = str(pk)
		it[gsiSK] = str(string(c))
	}
}

// FindByName returns at most limit ids of customers whose full name this is, in
// the register or as a platform showed it when they were new. Case, accents,
// hyphens and spaces do not matter. A name of one word finds no customer. more
// reports whether there are others. Several of the ids may be those of one
// customer, see [Customers.Get].
func (t Customers) FindByName(ctx context.Context, name string, limit int) (ids []identity.CustomerID, more bool, err error) {
	pk, full := t.fullNamePK(name)
	if !full {
		return nil, false, nil
	}
	err = t.query(ctx, &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    exprf("%s = :pk", gsiPK),
		ExpressionAttributeValues: item{":pk": str(pk)},
	}, func(it item) bool {
		id := identity.CustomerID(text(it, gsiSK))
		switch {
		case slices.Contains(ids, id):
		case len(ids) == limit:
			more = true
		default:
			ids = append(ids, id)
		}
		return !more
	})
	if err != nil || more {
		return ids, more, err
	}
	earlier, err := t.registeredBefore(ctx, name, limit)
	for _, id := range earlier {
		if !slices.Contains(ids, id) && len(ids) < limit {
			ids = append(ids, id)
		}
	}
	return ids, more, err
}

// registeredBefore returns at most limit customers of a name who were registered
// before the index had names, and who have that name now.
func (t Customers) registeredBefore(ctx context.Context, name string, limit int) ([]identity.CustomerID, error) {
	var rows, ids []identity.CustomerID
	in := keyRange(t.namePK(name), " ", "~")
	in.Limit = ptr(int32(limit)) //nolint:gosec // bounded by the API
	err := t.query(ctx, in, func(it item) bool {
		rows = append(rows, identity.CustomerID(text(it, skName)))
		return len(rows) < limit
	})
	if err != nil {
		return nil, fmt.Errorf("read customers of a registered name: %w", err)
	}
	for _, id := range rows {
		c, err := t.Get(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read customers of a registered name: %w", err)
		}
		if identity.NormalizeName(c.Name) == identity.NormalizeName(name) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// FindByOrder returns the customer who placed an order, by its number in the
// register. An unknown number is [fault.NotFound].
func (t Customers) FindByOrder(ctx context.Context, number string) (identity.CustomerID, error) {
	it, err := t.getItem(ctx, key(t.orderPK(strings.TrimSpace(number)), orderSK), false)
	if err != nil {
		return "", fmt.Errorf("read customer of an order: %w", err)
	}
	account, err := identity.NewAlias(identity.Account, "", text(it, attrOrderAccount))
	if err != nil {
		return "", fault.New(fault.NotFound, "the register has no such order")
	}
	id, _, err := t.FindCustomer(ctx, account)
	return id, err
}

// ownerOf returns the customer who has an address now, and false if it is not
// known or free.
func (t Customers) ownerOf(ctx context.Context, a identity.Address) (identity.CustomerID, bool, error) {
	it, err := t.getItem(ctx, key(t.aliasKey(a), aliasSK), true)
	if err != nil || it == nil {
		return "", false, err
	}
	found := readAlias(it)
	free, err := t.isFree(ctx, found)
	return found.currentOwner(), !free, err
}

// FindByAlias returns the customers who have an alias: those who verified it,
// then those who claim it.
func (t Customers) FindByAlias(ctx context.Context, a identity.Alias) ([]identity.CustomerID, error) {
	var ids []identity.CustomerID
	add := func(id identity.CustomerID) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, assurance := range []identity.Assurance{identity.Verified, identity.Claimed} {
		for _, v := range append([]identity.Alias{a}, identity.PhoneVariants(a)...) {
			owner, found, err := t.ownerOf(ctx, identity.Address{Alias: v, Assurance: assurance})
			if err != nil {
				return nil, fmt.Errorf("read customers of an address: %w", err)
			}
			if found {
				add(owner)
			}
		}
	}
	claimants, err := t.claimants(ctx, a)
	for _, id := range claimants {
		add(id)
	}
	return ids, err
}

package store

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/identity"
)

// An address that a customer claims is not an alias, so no message is resolved
// by it. Otherwise a message from a forged address would go to the customer who
// claims that address. It is stored in the profile and under its own hash, so
// that it is found from both.

// maxClaimed bounds how many addresses are claimed for one customer.
const maxClaimed = 20

// PutClaimedAliases stores that addresses are claimed for a customer. A claim
// proves nothing and joins no customers; it becomes a suggestion if another
// customer owns the address. It can be repeated. Blocked addresses are left
// out.
func (t Customers) PutClaimedAliases(ctx context.Context, id identity.CustomerID, claimed []identity.Alias, ev identity.Evidence) error {
	c, err := t.customer(ctx, id, true)
	if err != nil {
		return err
	}
	for _, a := range claimed {
		has := func(k identity.AliasDetail) bool { return k.Alias == a }
		if identity.Blocked(a) || slices.ContainsFunc(c.Claimed, has) {
			continue
		}
		if _, err := t.putNew(ctx, key(t.claimedPK(a), string(id))); err != nil {
			return err
		}
		line := strings.Join([]string{encodeAlias(a), ev.Rule, ev.Ref, timeSK("", ev.At)}, unit)
		_, err := t.update(ctx, &dynamodb.UpdateItemInput{
			Key:                       key(customerPK(id), profileSK),
			UpdateExpression:          exprf("ADD %s :cl", attrProfileClaimed),
			ConditionExpression:       exprf("attribute_not_exists(%[1]s) OR size(%[1]s) < :most", attrProfileClaimed),
			ExpressionAttributeValues: item{":cl": &types.AttributeValueMemberSS{Value: []string{line}}, ":most": num(maxClaimed)},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readClaimed returns the addresses claimed for a customer, the earliest first.
func readClaimed(lines []string) []identity.AliasDetail {
	var out []identity.AliasDetail
	for _, s := range lines {
		p := strings.Split(s, unit)
		if len(p) != 6 {
			continue
		}
		out = append(out, identity.AliasDetail{
			Address:  identity.Address{Alias: identity.Alias{Kind: identity.Kind(p[0]), Scope: p[1], Value: p[2]}, Assurance: identity.Claimed},
			Evidence: identity.Evidence{Rule: p[3], Ref: p[4], At: parseMillis(p[5])},
		})
	}
	slices.SortFunc(out, func(a, b identity.AliasDetail) int { return a.At.Compare(b.At) })
	return slices.CompactFunc(out, func(a, b identity.AliasDetail) bool { return a.Alias == b.Alias })
}

// claimants returns at most maxSuggested customers for whom an address is
// claimed.
func (t Customers) claimants(ctx context.Context, a identity.Alias) ([]identity.CustomerID, error) {
	in := keyRange(t.claimedPK(a), " ", "~")
	in.Limit = ptr(int32(maxSuggested))
	var out []identity.CustomerID
	err := t.query(ctx, in, func(it item) bool {
		out = append(out, identity.CustomerID(text(it, skName)))
		return len(out) < maxSuggested
	})
	return out, err
}

package store

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/identity"
)

// What somebody claims for a customer, beside what proves who it is, is no
// alias: no message is resolved by it, or else whoever writes from a forged
// address would be read the history of the one who claims it. It is kept with
// the customer, and under its own hash, so that it is found from both.

// maxClaimed bounds how many addresses are claimed for one customer.
const maxClaimed = 20

// NoteClaimed keeps that somebody claimed addresses for a customer. It proves
// nothing and joins nobody, and shows as a suggestion where another has the
// address. It can be repeated. Addresses of no one person are left out.
func (t *Table) PutClaimedAliases(ctx context.Context, id identity.CustomerID, claimed []identity.Alias, ev identity.Evidence) error {
	c, err := t.customer(ctx, id, true)
	if err != nil {
		return err
	}
	for _, a := range claimed {
		has := func(k identity.Known) bool { return k.Alias == a }
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

// readClaimed reads what is claimed for a customer, the earliest first.
func readClaimed(lines []string) []identity.Known {
	var out []identity.Known
	for _, s := range lines {
		p := strings.Split(s, unit)
		if len(p) != 6 {
			continue
		}
		out = append(out, identity.Known{
			Address:  identity.Address{Alias: identity.Alias{Kind: identity.Kind(p[0]), Scope: p[1], Value: p[2]}, Assurance: identity.Claimed},
			Evidence: identity.Evidence{Rule: p[3], Ref: p[4], At: parseMillis(p[5])},
		})
	}
	slices.SortFunc(out, func(a, b identity.Known) int { return a.At.Compare(b.At) })
	return slices.CompactFunc(out, func(a, b identity.Known) bool { return a.Alias == b.Alias })
}

// claimants returns for whom an address was claimed, some of them where it is
// many.
func (t *Table) claimants(ctx context.Context, a identity.Alias) ([]identity.CustomerID, error) {
	in := keyRange(t.claimedPK(a), " ", "~")
	in.Limit = ptr(int32(maxSuggested))
	var out []identity.CustomerID
	err := t.query(ctx, in, func(it item) bool {
		out = append(out, identity.CustomerID(text(it, skName)))
		return len(out) < maxSuggested
	})
	return out, err
}

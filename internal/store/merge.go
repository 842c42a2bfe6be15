package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/retry"
)

// maxMembers bounds the number of ids of one customer. Merges form trees: each
// customer is merged into at most one other, and each profile lists the ids
// below it. A history reads the partition of each id.
const maxMembers = 32

// JoinByEvidence merges two customers if the evidence proves that they are one
// person. Weaker evidence becomes a suggestion, and it reports false. It moves
// no data and can be repeated.
func (t Customers) JoinByEvidence(ctx context.Context, a, b identity.CustomerID, ev identity.Evidence) (bool, error) {
	why := ""
	err := t.repeatConflicts(ctx, func() error {
		v, err := t.verdict(ctx, a, b, ev)
		if err != nil || v.into.ID == v.from.ID {
			return err
		}
		if why = v.why; why != "" {
			return nil
		}
		return t.writeMerge(ctx, v.into, v.from, identity.Change{By: identity.ByRule, Rule: ev.Rule, Ref: ev.Ref})
	})
	if err != nil || why == "" {
		return err == nil, err
	}
	if why == WhyApart {
		return false, nil
	}
	return false, t.putSuggestion(ctx, a, b, ev.Rule, ev)
}

// repeatConflicts repeats do while it loses a race.
func (t Customers) repeatConflicts(ctx context.Context, do func() error) error {
	err := retry.OnConflict(ctx, maxTries, do)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap(fault.Unavailable, err, "other requests keep changing the customers; retry")
	}
	return err
}

// Why two customers are not joined by rule.
const (
	WhyMessages = "messages" // both have messages, and the evidence is not a platform's own
	WhyAnother  = "another"  // a platform names both, and each has another alias of one kind
	WhyEarlier  = "earlier"  // an alias became one that was in use before
	WhyLimit    = "limit"    // together they have more aliases of a kind than one person has
	WhyApart    = "apart"    // a person decided that they are two
	WhyMoved    = "moved"    // an alias of one passed to the other, so they are two
)

// A verdict is the decision whether evidence joins two customers.
type verdict struct {
	into, from identity.Customer
	why        string // why not; empty when it does
}

// verdict decides whether evidence joins two customers. It writes nothing.
func (t Customers) verdict(ctx context.Context, a, b identity.CustomerID, ev identity.Evidence) (verdict, error) {
	ca, errA := t.customer(ctx, a, true)
	cb, errB := t.customer(ctx, b, true)
	v := verdict{into: ca, from: cb}
	if err := firstError(errA, errB); err != nil || ca.ID == cb.ID {
		return v, err
	}
	apart, err := t.isDismissed(ctx, ca, cb)
	if err != nil || apart {
		v.why = WhyApart
		return v, err
	}
	if ev.Rule != identity.RuleSystem && haveHandedOver(ca, cb) {
		v.why = WhyMoved
		return v, nil
	}
	if v.why, err = t.tooManyAliases(ctx, ca, cb, ev); err != nil || v.why != "" {
		return v, err
	}
	inA, errA := t.hasMessages(ctx, ca, time.Time{})
	inB, errB := t.hasMessages(ctx, cb, time.Time{})
	if err := firstError(errA, errB); err != nil {
		return v, err
	}
	if inA && inB && !ev.Merges() {
		v.why = WhyMessages
		return v, nil
	}
	if inA && inB && ev.Rule == identity.RuleSystem {
		// The number had another owner who wrote before ev.At: it was given
		// out again.
		earlier, err := t.hasMessages(ctx, cb, ev.At)
		if err != nil || earlier {
			v.why = WhyEarlier
			return v, err
		}
	}
	older := inA == inB && cb.ID < ca.ID
	if (inB && !inA) || older {
		v.into = cb
		v.from = ca
	}
	return v, nil
}

// tooManyAliases returns the reason why two customers have too many aliases of
// one kind to be one person, or an empty text. Visitors whom the site
// proved do not count: each sign-in makes one.
func (t Customers) tooManyAliases(ctx context.Context, a, b identity.Customer, ev identity.Evidence) (string, error) {
	inA, errA := t.aliasesNow(ctx, a)
	inB, errB := t.aliasesNow(ctx, b)
	if err := firstError(errA, errB); err != nil {
		return "", err
	}
	if len(a.Members)+len(b.Members) > maxMembers {
		return WhyLimit, nil
	}
	count := map[identity.Kind]int{}
	for _, x := range slices.Concat(inA, inB) {
		if x.address.Assurance == identity.Verified && !x.hostProven() {
			count[x.address.Kind]++
		}
	}
	for kind, n := range count {
		if n > identity.Limit(kind) {
			return WhyLimit, nil
		}
	}
	if ev.Rule != identity.RuleWebhook {
		return "", nil
	}
	for _, x := range inA {
		for _, y := range inB {
			if cannotShareOwner(x.address, y.address) {
				return WhyAnother, nil
			}
		}
	}
	return "", nil
}

// cannotShareOwner reports whether two aliases cannot belong to one person: both are
// verified, and WhatsApp gives a person only one alias of their kind.
func cannotShareOwner(x, y identity.Address) bool {
	switch x.Kind {
	case identity.Phone, identity.BSUID, identity.ParentBSUID:
		verified := x.Assurance == identity.Verified && y.Assurance == identity.Verified
		sameSpace := x.Kind == y.Kind && x.Scope == y.Scope
		return verified && sameSpace && !slices.Contains(identity.PhoneVariants(x.Alias), y.Alias)
	default:
		return false
	}
}

// MergeCustomers merges the customer from with the customer into, because a
// person decided so. The id of into remains. It moves no data, can be repeated,
// and [Customers.UnmergeCustomer] undoes it.
func (t Customers) MergeCustomers(ctx context.Context, into, from identity.CustomerID, d identity.Decision) (identity.Customer, error) {
	err := t.repeatConflicts(ctx, func() error {
		a, errA := t.customer(ctx, into, true)
		b, errB := t.customer(ctx, from, true)
		if err := firstError(errA, errB); err != nil || a.ID == b.ID {
			return err
		}
		if len(a.Members)+len(b.Members) > maxMembers {
			return fault.New(fault.Invalid, "a customer must have at most %d ids", maxMembers)
		}
		return t.writeMerge(ctx, a, b, identity.Change{At: d.At, By: d.By, Why: d.Why, Rule: identity.RulePerson})
	})
	if err != nil {
		return identity.Customer{}, err
	}
	return t.customer(ctx, into, true)
}

// writeMerge merges the customer from with the customer into, in one
// transaction with the identity change. It is [fault.Conflict] if either
// changed meanwhile.
func (t Customers) writeMerge(ctx context.Context, into, from identity.Customer, ch identity.Change) error {
	ch.Kind = identity.Merged
	ch.Before = [][]identity.CustomerID{into.Members, from.Members}
	ch.After = [][]identity.CustomerID{slices.Concat(into.Members, from.Members)}
	records, err := t.auditWrites(&ch, into.ID, from.ID)
	if err != nil {
		return fmt.Errorf("write the log of identity changes: %w", err)
	}
	merged := mergedSet(from.Members)
	writes := append(records,
		types.TransactWriteItem{Update: &types.Update{
			TableName: t.name, Key: key(customerPK(from.ID), profileSK), UpdateExpression: exprf("SET %s = :mi", attrProfileMergedInto),
			ConditionExpression: exprf("attribute_not_exists(%s) AND %s", attrProfileMergedInto, membersUnchanged(from)), ExpressionAttributeValues: withMembers(from, item{":mi": str(string(into.ID))}),
		}},
		types.TransactWriteItem{Update: &types.Update{
			TableName: t.name, Key: key(customerPK(into.ID), profileSK), UpdateExpression: exprf("ADD %s :more", attrProfileMembers),
			ConditionExpression:       exprf("attribute_not_exists(%s) AND %s", attrProfileMergedInto, membersUnchanged(into)),
			ExpressionAttributeValues: withMembers(into, item{":more": merged}),
		}})
	return t.transact(ctx, writes, "the customers changed")
}

func mergedSet(ids []identity.CustomerID) *types.AttributeValueMemberSS {
	ss := &types.AttributeValueMemberSS{}
	for _, id := range ids {
		ss.Value = append(ss.Value, string(id))
	}
	return ss
}

// membersUnchanged is the condition that the members of c are those that were
// read.
func membersUnchanged(c identity.Customer) string {
	if len(c.Members) == 1 {
		return *exprf("attribute_not_exists(%s)", attrProfileMembers)
	}
	return *exprf("%s = :m", attrProfileMembers)
}

func withMembers(c identity.Customer, values item) item {
	if len(c.Members) > 1 {
		values[":m"] = mergedSet(c.Members[1:])
	}
	return values
}

// UnmergeCustomer splits a merged customer off again, with all who were merged
// into it before. Messages that arrived meanwhile go with the owner of their
// alias. Rules never join the two again. rest is the customer without member,
// apart the one with it.
func (t Customers) UnmergeCustomer(ctx context.Context, member identity.CustomerID, d identity.Decision) (rest, apart identity.Customer, err error) {
	var top identity.CustomerID
	err = t.repeatConflicts(ctx, func() error {
		top, err = t.writeUnmerge(ctx, member, d)
		return err
	})
	if err != nil {
		return rest, apart, err
	}
	rest, errA := t.customer(ctx, top, true)
	apart, errB := t.customer(ctx, member, true)
	return rest, apart, firstError(errA, errB)
}

func (t Customers) writeUnmerge(ctx context.Context, member identity.CustomerID, d identity.Decision) (identity.CustomerID, error) {
	path, err := t.mergePath(ctx, member)
	if err != nil {
		return "", fmt.Errorf("follow the merges: %w", err)
	}
	if len(path) == 1 {
		return "", fault.New(fault.Invalid, "this is the current id of the customer; give an id that was merged into it")
	}
	top := path[len(path)-1]
	cut := append([]string{string(member)}, sorted(set(path[0], attrProfileMembers))...)
	whole := append([]string{string(customerOf(text(top, pkName)))}, sorted(set(top, attrProfileMembers))...)
	kept := slices.DeleteFunc(slices.Clone(whole), func(id string) bool { return slices.Contains(cut, id) })
	ch := identity.Change{
		Kind: identity.Unmerged, At: d.At, By: d.By, Why: d.Why, Rule: identity.RulePerson,
		Before: [][]identity.CustomerID{customers(whole)}, After: [][]identity.CustomerID{customers(kept), customers(cut)},
	}
	writes, err := t.auditWrites(&ch, customerOf(text(top, pkName)), member)
	if err != nil {
		return "", fmt.Errorf("write the log of identity changes: %w", err)
	}
	writes = append(writes, t.without(path[0], attrProfileMergedInto, nil))
	for _, p := range path[1:] {
		writes = append(writes, t.without(p, attrProfileMembers, cut))
	}
	// No rule may merge the member again.
	writes = append(writes, t.dismissalWrites(member, customerOf(text(path[1], pkName)), d)...)
	return customerOf(text(top, pkName)), t.transact(ctx, writes, "the customers changed")
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func customers(ids []string) []identity.CustomerID {
	out := make([]identity.CustomerID, len(ids))
	for i, id := range ids {
		out[i] = identity.CustomerID(id)
	}
	return out
}

// mergePath returns the profiles from a customer up to the one that is merged
// into no other.
func (t Customers) mergePath(ctx context.Context, id identity.CustomerID) ([]item, error) {
	var path []item
	for id != "" {
		it, err := t.getItem(ctx, key(customerPK(id), profileSK), true)
		if err != nil {
			return nil, fmt.Errorf("follow a merge: %w", err)
		}
		if it == nil {
			it = key(customerPK(id), profileSK)
		}
		path = append(path, it)
		if len(path) > maxMembers {
			return nil, fault.New(fault.Internal, "the customer is merged into itself through other customers")
		}
		id = identity.CustomerID(text(it, attrProfileMergedInto))
	}
	return path, nil
}

// without returns the write that takes an attribute, or some of its values, out
// of a profile that must be unchanged. It deletes a profile of which nothing is
// left.
func (t Customers) without(profile item, attr string, values []string) types.TransactWriteItem {
	k := key(text(profile, pkName), profileSK)
	condition, vals := unchanged(profile, attrProfileMergedInto, attrProfileMembers)
	left := slices.DeleteFunc(slices.Clone(set(profile, attr)), func(v string) bool { return slices.Contains(values, v) })
	empty := len(left) == 0 && !slices.ContainsFunc(profileAttrs, func(a string) bool { return a != attr && profile[a] != nil })
	if empty {
		for _, a := range profileAttrs {
			if a != attrProfileMergedInto && a != attrProfileMembers {
				condition += " AND attribute_not_exists(" + nameOf(a) + ")"
			}
		}
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: t.name, Key: k, ConditionExpression: &condition, ExpressionAttributeValues: vals,
			ExpressionAttributeNames: map[string]string{"#l": attrProfileLocale},
		}}
	}
	up := &types.Update{TableName: t.name, Key: k, ConditionExpression: &condition, ExpressionAttributeValues: vals}
	if values == nil {
		up.UpdateExpression = aws.String("REMOVE " + attr)
	} else {
		up.UpdateExpression = aws.String("DELETE " + attr + " :gone")
		vals[":gone"] = &types.AttributeValueMemberSS{Value: values}
	}
	return types.TransactWriteItem{Update: up}
}

// nameOf returns the name of an attribute for an expression. The attribute l is
// written as #l, because DynamoDB reserves the word.
func nameOf(attr string) string {
	if attr == attrProfileLocale {
		return "#l"
	}
	return attr
}

// unchanged returns the condition that attributes are as they were read.
func unchanged(it item, attrs ...string) (string, item) {
	var parts []string
	values := item{}
	for _, a := range attrs {
		if it[a] == nil {
			parts = append(parts, "attribute_not_exists("+a+")")
			continue
		}
		parts = append(parts, a+" = :was"+a)
		values[":was"+a] = it[a]
	}
	return strings.Join(parts, " AND "), values
}

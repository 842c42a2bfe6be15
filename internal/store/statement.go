package store

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/identity"
)

// A statement names several aliases of one person. It holds their owners in the
// table.
type statement struct {
	addresses []identity.Address
	keys      []string
	ev        identity.Evidence
	known     map[string]aliasItem

	keeper identity.CustomerID // customer under whom the message is stored
	owner  identity.CustomerID // owner of the aliases that were unknown
	fresh  bool                // owner is a new customer
	others []identity.CustomerID
	rivals []rival
}

// A rival is a customer who owns one of the aliases but is tied to a different
// account.
type rival struct {
	customer identity.CustomerID
	alias    string // its key
	reason   string
	direct   bool // the alias itself is tied to both
}

// statement reads the owners of the addresses that one statement names. It
// writes nothing. The customer under whom the message is stored follows only
// from facts that never change: the owner of an alias, and its first links.
func (t Customers) statement(ctx context.Context, addresses []identity.Address, keys []string, ev identity.Evidence) (statement, error) {
	s := statement{addresses: addresses, keys: keys, ev: ev}
	var err error
	if s.known, err = t.readAliases(ctx, keys); err != nil {
		return s, err
	}
	candidates := make([]aliasItem, 0, len(keys))
	for _, k := range keys {
		if a, ok := s.known[k]; ok {
			candidates = append(candidates, a)
		}
	}
	for i, a := range addresses {
		if _, ok := s.known[keys[i]]; ok {
			continue
		}
		if v, found, err := t.byVariant(ctx, a); err != nil {
			return s, err
		} else if found {
			candidates = append(candidates, v)
		}
	}
	_, firstKnown := s.known[keys[0]]
	for _, a := range candidates {
		r, err := t.rivals(ctx, s, a)
		if err != nil {
			return s, err
		}
		owner := a.ownerAt(ev.At)
		switch {
		case r.reason != "":
			s.rivals = append(s.rivals, r)
		case s.keeper == "":
			s.keeper = owner
			if firstKnown {
				s.keeper = a.storedUnder(ev.At)
			}
			s.owner = owner
		case owner == s.owner && s.keeper != owner && a.storedUnder(ev.At) == owner:
			s.keeper = owner // this alias did not move, so no reader must look elsewhere
		case owner != s.owner && s.known[a.key].key != "" && !slices.Contains(s.others, owner):
			s.others = append(s.others, owner)
		}
	}
	if s.keeper == "" {
		s.keeper = newCustomer()
		s.owner = s.keeper
		s.fresh = true
	}
	return s, t.keepPlace(ctx, &s, candidates)
}

// rivals returns the owner of alias a as a rival. The rival's reason says why
// the owner cannot be the person of the statement; it is empty if the owner can
// be.
func (t Customers) rivals(ctx context.Context, s statement, a aliasItem) (rival, error) {
	r := rival{customer: a.ownerAt(s.ev.At), alias: a.key}
	if s.ev.Rule == identity.RuleSystem {
		return r, nil // the platform itself says that one became the other
	}
	if a.shared && !s.ev.Merges() {
		r.reason = identity.ReasonShared
		return r, nil
	}
	for i, u := range s.addresses {
		if !identity.Single(u.Kind) || s.keys[i] == a.key || a.isLinked(s.keys[i], s.ev.At) {
			continue
		}
		k, known := s.known[s.keys[i]]
		if known && k.ownerAt(s.ev.At) == r.customer {
			continue
		}
		direct, err := t.tiedToAnother(ctx, a, u, s.ev.At)
		if err != nil {
			return r, err
		}
		if known && !direct && s.ev.Rule == identity.RuleWebhook {
			if direct, err = t.passedOn(ctx, a, k.ownerAt(s.ev.At)); err != nil {
				return r, err
			}
		}
		if direct {
			r.reason = s.ev.Rule
			r.direct = true
			return r, nil
		}
		if another, err := t.hasAnother(ctx, s, r.customer, u); err != nil || another {
			r.reason = s.ev.Rule
			return r, err
		}
	}
	return r, nil
}

// tiedToAnother reports whether an earlier statement linked a, in its period at
// a time, with another alias that has the kind and scope of u.
func (t Customers) tiedToAnother(ctx context.Context, a aliasItem, u identity.Address, at time.Time) (bool, error) {
	var same []string
	for _, k := range a.linked {
		if isAliasKind(k, u.Kind) && k != t.aliasKey(u) && a.isLinked(k, at) {
			same = append(same, k)
		}
	}
	if len(same) == 0 {
		return false, nil
	}
	known, err := t.readAliases(ctx, same)
	for _, k := range known {
		if k.address.Scope == u.Scope {
			return true, err
		}
	}
	return false, err
}

// hasAnother reports whether a customer has another account than u. For
// evidence of a platform it reports false: a merge must not change under which
// customer the platform's messages are stored.
func (t Customers) hasAnother(ctx context.Context, s statement, who identity.CustomerID, u identity.Address) (bool, error) {
	if s.ev.Merges() || u.Kind != identity.Account {
		return false, nil
	}
	c, err := t.Get(ctx, who)
	if err != nil {
		return false, err
	}
	all, err := t.aliasesOf(ctx, c)
	return slices.ContainsFunc(all, func(a aliasItem) bool {
		return a.address.Kind == u.Kind && a.address.Alias != u.Alias && slices.Contains(c.Members, a.currentOwner())
	}), err
}

// linked returns the keys of the aliases that the statement links.
func (s statement) linked() []string {
	return slices.DeleteFunc(slices.Clone(s.keys), func(k string) bool {
		return slices.ContainsFunc(s.rivals, func(r rival) bool { return r.alias == k })
	})
}

// claimAliases writes the unknown aliases and the missing links in one
// transaction.
func (t Customers) claimAliases(ctx context.Context, s statement) (Resolution, bool, error) {
	r := Resolution{Customer: s.keeper, Owner: s.owner, New: s.fresh, Others: s.others}
	linked := s.linked()
	var writes []types.TransactWriteItem
	var taken []string
	for i, a := range s.addresses {
		old, ok := s.known[s.keys[i]]
		switch {
		case !ok:
			taken = append(taken, s.keys[i])
			it := t.writeAlias(a, s.owner, linked, s.ev)
			if i == 0 && s.fresh {
				t.indexName(it, s.owner, s.ev.Name)
			}
			if i == 1 && isNumberChange(s.addresses, s.ev) {
				it[attrAliasStarts] = setOf([]string{timeSK("", s.ev.At)})
			}
			writes = append(writes, types.TransactWriteItem{Put: &types.Put{
				TableName:           t.name,
				Item:                it,
				ConditionExpression: onlyNew(),
			}})
		case slices.Contains(linked, old.key) && !old.linksAll(linked, s.ev.At):
			writes = append(writes, t.linkLater(old, linked, s.ev))
		}
	}
	if len(taken) > 0 && !s.fresh {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName: t.name, Key: key(customerPK(s.owner), profileSK),
			UpdateExpression:          exprf("ADD %s :al", attrProfileAliases),
			ExpressionAttributeValues: item{":al": &types.AttributeValueMemberSS{Value: taken}},
		}})
	}
	if len(writes) > 0 {
		_, err := t.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		if cancelled(err) {
			return r, false, nil
		}
		if err != nil {
			return r, false, sdkError(err, "write aliases")
		}
	}
	return r, true, t.keepRivals(ctx, s)
}

// keepRivals stores rivals as suggestions, and marks an alias that two accounts
// share. A number that a platform names with another user id passes to the
// customer of that user id.
func (t Customers) keepRivals(ctx context.Context, s statement) error {
	for _, r := range s.rivals {
		reason := r.reason
		if r.direct && !s.ev.Merges() {
			reason = identity.ReasonShared
			if err := t.markShared(ctx, s.known[r.alias]); err != nil {
				return err
			}
		}
		if r.direct && s.ev.Rule == identity.RuleWebhook && isAliasKind(r.alias, identity.Phone) {
			if err := t.passNumber(ctx, r.alias, s.owner, s.ev); err != nil {
				return err
			}
		}
		if err := t.putSuggestion(ctx, s.owner, r.customer, reason, s.ev); err != nil {
			return err
		}
	}
	return nil
}

// markShared marks an alias as one of several people.
func (t Customers) markShared(ctx context.Context, a aliasItem) error {
	if a.key == "" || a.shared {
		return nil
	}
	_, err := t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                       key(a.key, aliasSK),
		UpdateExpression:          exprf("SET %s = :b", attrAliasShared),
		ConditionExpression:       exprf("attribute_exists(%s)", pkName),
		ExpressionAttributeValues: item{":b": str(identity.ReasonShared)},
	})
	return err
}
